//! What requests tell beyond leases: boot events, what devices ask, unknown machines, other servers. *IO: the
//! transaction it is given.* Made by `server`, saved by `journal`.

use super::hold_off;
use super::verdict::{Heard, Ignore, Verdict};
use super::wire::{Request, RequestKind};
use crate::model::boot_event::{BootEvent, BootEventKind, DhcpAsked, DhcpExchange};
use crate::model::clock::Timestamp;
use crate::model::device::Device;
use crate::model::network::{Notice, NoticeKind};
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::power::PowerState;
use crate::store::boot_events::{self, NewEvent};
use crate::store::{Result, Transaction, devices, networks, sightings, switches};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A request, and what became of it.
#[derive(Debug)]
pub(super) struct Note {
    /// Who sent it.
    pub(super) sender: Sender,
    /// The request.
    pub(super) request: Arc<Request>,
    /// What it told of the board.
    pub(super) seen: Observation,
    /// What was decided.
    pub(super) verdict: Verdict,
    /// When it was decided.
    pub(super) at: Timestamp,
}

/// Who sent a request.
#[derive(Debug)]
pub(super) enum Sender {
    /// A node, and what the request told that contradicts its row.
    Node(Box<Node>, Option<String>),
    /// A device.
    Device(Box<Device>),
    /// A machine that nobody has entered.
    Stranger,
}

/// Saves a note, but for its boot events, which come behind `events`.
pub(super) fn save(tx: &Transaction<'_>, note: &Note, events: &mut Vec<NewEvent>) -> Result<()> {
    let Note { request, seen, at, .. } = note;
    match &note.sender {
        Sender::Node(node, doubt) => {
            told(tx, node.name.as_str(), note)?;
            if request.kind == RequestKind::Discover && seen.asker == Asker::Firmware {
                judge_hold_off(tx, node, *at)?;
            }
            let doubt = doubt.clone().map(|text| BootEvent::Doubt { text });
            for event in doubt.into_iter().chain([BootEvent::Dhcp(exchange(note))]) {
                let event = NewEvent { node: node.id, at: *at, event };
                if !is_news(tx, &event, events)? {
                    continue;
                }
                if let BootEvent::Doubt { text } = &event.event {
                    tracing::warn!(node = %node.name, "{text}");
                }
                events.push(event);
            }
            Ok(())
        }
        Sender::Device(device) => {
            devices::set_seen(tx, device.mac, *at)?;
            told(tx, &format!("the device {}", device.name), note)
        }
        Sender::Stranger => sightings::record(tx, request.mac, seen, *at),
    }
}

/// What is in doubt is told once.
fn is_news(tx: &Transaction<'_>, new: &NewEvent, events: &[NewEvent]) -> Result<bool> {
    let is_doubt = matches!(new.event, BootEvent::Doubt { .. });
    let is_same = |it: &NewEvent| it.node == new.node && it.event == new.event;
    Ok(!is_doubt || !(events.iter().any(is_same) || boot_events::has(tx, new.node, &new.event)?))
}

/// What was asked and answered, for the node's boot events.
fn exchange(note: &Note) -> DhcpExchange {
    let asked = match note.request.kind {
        RequestKind::Discover => DhcpAsked::Discover,
        RequestKind::Request => DhcpAsked::Request,
        RequestKind::Decline => DhcpAsked::Decline,
        RequestKind::Release => DhcpAsked::Release,
        RequestKind::Inform => DhcpAsked::Inform,
    };
    let (options, answer, why) = (note.request.options.clone(), note.verdict.answer(), note.verdict.text());
    DhcpExchange { asker: note.seen.asker, asked, options, answer, why }
}

/// What a known sender told of others.
fn told(tx: &Transaction<'_>, who: &str, note: &Note) -> Result<()> {
    match note.verdict {
        Verdict::Heard(Heard::Declined(address, _)) => declined(tx, who, address, note.at),
        Verdict::Ignore(Ignore::OtherServer(server)) => heard_of(tx, who, server, note.at),
        Verdict::Answer(_) | Verdict::Heard(_) | Verdict::Ignore(_) => Ok(()),
    }
}

/// Judges when a node's firmware asks, and stores what is wrong. Called before the request itself is noted.
fn judge_hold_off(tx: &Transaction<'_>, node: &Node, now: Timestamp) -> Result<()> {
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
