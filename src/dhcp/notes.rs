//! What requests tell beyond leases: what devices ask, addresses that other servers gave, other servers. *IO: the
//! transaction it is given.* Called by `server`.

use super::hold_off;
use super::responder::Responder;
use super::verdict::{Answer, Heard, Ignore, Verdict};
use super::wire::Request;
use crate::model::boot_event::BootEventKind;
use crate::model::clock::Timestamp;
use crate::model::network::{Notice, NoticeKind};
use crate::model::node::Node;
use crate::model::observation::Observation;
use crate::model::power::PowerState;
use crate::store::boot_events;
use crate::store::{Result, Transaction, devices, networks, nodes, switches};
use std::net::Ipv4Addr;

/// Settles a device's request; none if the sender is no device.
pub(super) fn settle_device(
    tx: &Transaction<'_>,
    responder: &Responder,
    request: &Request,
    seen: &Observation,
    now: Timestamp,
) -> Result<Option<Option<Answer>>> {
    let Some(device) = devices::by_mac(tx, request.mac)? else { return Ok(None) };
    let verdict = responder.respond_device(request, seen, &device, now).verdict;
    devices::set_seen(tx, device.mac, now)?;
    tracing::info!(device = %device.name, answer = verdict.answer().as_str(), "{}", verdict.text());
    let who = format!("the device {}", device.name);
    match verdict {
        Verdict::Answer(answer) => return Ok(Some(Some(*answer))),
        Verdict::Heard(Heard::Declined(address, _)) => declined(tx, &who, address, now)?,
        Verdict::Ignore(Ignore::OtherServer(server)) => heard_of(tx, &who, server, now)?,
        Verdict::Heard(_) | Verdict::Ignore(_) => {}
    }
    Ok(Some(None))
}

/// Saves what a node's request told.
pub(super) fn note(tx: &Transaction<'_>, node: &Node, verdict: &Verdict, now: Timestamp) -> Result<()> {
    let who = &node.name;
    match verdict {
        Verdict::Heard(Heard::Uses(address)) => {
            if nodes::set_address_in_use(tx, node.id, *address, now)? {
                tracing::info!(node = %node.name, %address, "a node uses an address of another DHCP server");
            }
            Ok(())
        }
        Verdict::Heard(Heard::Declined(address, _)) => declined(tx, who.as_str(), *address, now),
        Verdict::Ignore(Ignore::OtherServer(server)) => heard_of(tx, who.as_str(), *server, now),
        Verdict::Answer(_) | Verdict::Heard(_) | Verdict::Ignore(_) => Ok(()),
    }
}

/// Judges when a node's firmware asks, and stores what is wrong. Called before the request itself is noted.
pub(super) fn judge_hold_off(tx: &Transaction<'_>, node: &Node, now: Timestamp) -> Result<()> {
    let Some(port) = node.port else { return Ok(()) };
    let Some((PowerState::On, powered_at)) = switches::port_power(tx, port)?.wanted else { return Ok(()) };
    let heard_before = boot_events::last_at(tx, node.id, BootEventKind::Dhcp)?;
    hold_off::judge(node, powered_at, heard_before, now).map_or(Ok(()), |notice| record(tx, &notice, now))
}

fn declined(tx: &Transaction<'_>, who: &str, address: Ipv4Addr, now: Timestamp) -> Result<()> {
    let notice = Notice {
        kind: NoticeKind::DuplicateAddress,
        subject: address.to_string(),
        seen: format!("{who} was given {address} and found that another machine answers there"),
        advice: format!(
            "Find the other machine (`arping {address}` shows its hardware address) and give it another address, or give {who} another one."
        ),
    };
    record(tx, &notice, now)
}

/// Stores a notice, and says it in the log the first time.
pub(super) fn record(tx: &Transaction<'_>, notice: &Notice, now: Timestamp) -> Result<()> {
    if networks::record_notice(tx, notice, now)? {
        tracing::warn!(kind = notice.kind.as_str(), advice = notice.advice, "{}", notice.seen);
    }
    Ok(())
}

fn heard_of(tx: &Transaction<'_>, who: &str, server: Ipv4Addr, now: Timestamp) -> Result<()> {
    let offered = format!("{who} followed it");
    if networks::record_server(tx, server, None, &offered, now)? {
        tracing::warn!(%server, "another DHCP server is in the nodes' network: {offered}");
    }
    Ok(())
}
