//! DHCP from the board's side: the firmware's exchange and the kernel's. *IO: through a [`Wire`].*

use super::facts::{Facts, Handshake, ServerRule, XidRule};
use super::packet::{Identity, Kind, Lease, Message, Reply};
use super::wire::{Pace, Wire};
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What Linux asks for (ipconfig of klibc and of the kernel).
const KERNEL_LIST: &[u8] = &[1, 3, 6, 12, 15, 17, 26, 28, 42];
const KERNEL_MESSAGE_BYTES: usize = 300;
const KERNEL_DISCOVERS: usize = 6;
const KERNEL_PATIENCE: Duration = Duration::from_secs(4);

/// Asks as the firmware does; none when nobody answered in its time.
pub(super) async fn firmware_lease(
    wire: &mut dyn Wire,
    facts: &Facts,
    identity: &Identity,
    pace: Pace,
) -> io::Result<Option<Lease>> {
    let xid = match facts.xid {
        XidRule::Constant(xid) => xid,
        XidRule::Random => random(),
    };
    let patience = pace.timeout(facts.patience);
    for _ in 0..facts.discovers {
        let message = firmware_message(Kind::Discover, xid, facts, identity, None);
        wire.send_dhcp(&message).await?;
        let offered = |reply: &Reply| reply.kind == Kind::Offer && reply.is_boot_server;
        let Some((offer, source)) = await_reply(wire, xid, identity, patience, offered).await? else {
            continue;
        };
        let taken = match facts.handshake {
            Handshake::OfferOnly => Some(offer.clone()),
            Handshake::Full => {
                let message = firmware_message(Kind::Request, xid, facts, identity, Some(&offer));
                wire.send_dhcp(&message).await?;
                let answered = |reply: &Reply| matches!(reply.kind, Kind::Ack | Kind::Nak);
                let answer = await_reply(wire, xid, identity, patience, answered).await?;
                answer.map(|(reply, _)| reply).filter(|reply| reply.kind == Kind::Ack)
            }
        };
        if let Some(reply) = taken {
            let server = boot_server(facts.server, &offer, source);
            let lease = lease(&reply, server);
            wire.configure(&lease).await?;
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Asks as an ordinary Linux client does; none when nobody answered in its time.
pub async fn kernel_lease(wire: &mut dyn Wire, identity: &Identity, pace: Pace) -> io::Result<Option<Lease>> {
    let xid = random();
    let patience = pace.timeout(KERNEL_PATIENCE);
    for _ in 0..KERNEL_DISCOVERS {
        let mut discover = Message::new(Kind::Discover, xid, identity.mac);
        wire.send_dhcp(&discover.ordinary_options(KERNEL_LIST).finish(KERNEL_MESSAGE_BYTES)).await?;
        let offered = |reply: &Reply| reply.kind == Kind::Offer;
        let Some((offer, source)) = await_reply(wire, xid, identity, patience, offered).await? else {
            continue;
        };
        let mut request = Message::new(Kind::Request, xid, identity.mac);
        request.choosing(offer.address, offer.server_id).ordinary_options(KERNEL_LIST);
        wire.send_dhcp(&request.finish(KERNEL_MESSAGE_BYTES)).await?;
        let answered = |reply: &Reply| matches!(reply.kind, Kind::Ack | Kind::Nak);
        if let Some((reply, _)) = await_reply(wire, xid, identity, patience, answered).await?
            && reply.kind == Kind::Ack
        {
            let lease = lease(&reply, source);
            wire.configure(&lease).await?;
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Gives an address back, as a system that shuts down in order does.
pub async fn release(wire: &mut dyn Wire, identity: &Identity, lease: &Lease) -> io::Result<()> {
    let mut message = Message::new(Kind::Release, random(), identity.mac);
    wire.send_dhcp(&message.releasing(lease.address, lease.server_id).finish(KERNEL_MESSAGE_BYTES)).await
}

fn firmware_message(
    kind: Kind,
    xid: u32,
    facts: &Facts,
    identity: &Identity,
    offer: Option<&Reply>,
) -> Vec<u8> {
    let mut message = Message::new(kind, xid, identity.mac);
    if let Some(offer) = offer {
        message.choosing(offer.address, offer.server_id);
    }
    message.firmware_options(facts, identity, kind).finish(facts.message_bytes)
}

/// The first reply of this exchange that is wanted, within the patience; anything else is passed over.
async fn await_reply(
    wire: &mut dyn Wire,
    xid: u32,
    identity: &Identity,
    patience: Duration,
    wanted: impl Fn(&Reply) -> bool,
) -> io::Result<Option<(Reply, Ipv4Addr)>> {
    let deadline = Instant::now() + patience;
    loop {
        let Ok(received) = timeout_at(deadline, wire.receive_dhcp()).await else { return Ok(None) };
        let (bytes, source) = received?;
        match Reply::parse(&bytes, xid, identity.mac) {
            Ok(reply) if wanted(&reply) => return Ok(Some((reply, source))),
            Ok(reply) => {
                tracing::debug!(mac = %identity.mac, ?reply, "a simulated board passes over a reply")
            }
            Err(why) => tracing::debug!(mac = %identity.mac, ?why, "a simulated board ignores a message"),
        }
    }
}

fn boot_server(rule: ServerRule, offer: &Reply, source: Ipv4Addr) -> Ipv4Addr {
    match rule {
        ServerRule::OfferSource => offer.tftp_server.unwrap_or(source),
        ServerRule::Siaddr => offer.siaddr.or(offer.tftp_server).unwrap_or(source),
    }
}

fn lease(reply: &Reply, boot_server: Ipv4Addr) -> Lease {
    Lease {
        address: reply.address,
        mask: reply.mask,
        router: reply.router,
        server_id: reply.server_id,
        boot_server,
    }
}

/// A transaction number; a board whose random source fails still gets some number.
fn random() -> u32 {
    getrandom::u32().unwrap_or(0x5eed)
}
