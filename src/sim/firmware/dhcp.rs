//! DHCP from the board's side: the firmware's exchange and the kernel's. *IO: through a [`Wire`].*

use super::facts::{Acts, Dhcp, Handshake, Reading, ServerRule, XidRule};
use super::packet::{Identity, Kind, Lease, Message, Reply};
use super::programs::LENIENT;
use super::wire::{Pace, Wire};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// What Linux asks for (ipconfig of klibc and of the kernel).
const KERNEL_LIST: &[u8] = &[1, 3, 6, 12, 15, 17, 26, 28, 42];
const KERNEL_MESSAGE_BYTES: usize = 300;
const KERNEL_DISCOVERS: usize = 6;
const KERNEL_PATIENCE: Duration = Duration::from_secs(4);
/// The boot server's port (PXE specification 2.1, section 2.4.5).
const BOOT_SERVER_PORT: u16 = 4011;
const LONGEST_REPLY: usize = 1500;

/// Asks as the firmware does; none when nobody answered in its time.
pub(super) async fn firmware_lease(
    wire: &mut dyn Wire,
    facts: &Dhcp,
    identity: &Identity,
    pace: Pace,
) -> io::Result<Option<Lease>> {
    let xid = match facts.xid {
        XidRule::Constant(xid) => xid,
        XidRule::Random => random(),
    };
    let exchange = Exchange { xid, identity, reading: facts.reading };
    for _ in 0..facts.discovers {
        let deadline = Instant::now() + pace.timeout(facts.patience);
        let message = firmware_message(Kind::Discover, xid, facts, identity, None);
        wire.send_dhcp(&message).await?;
        let offers = match facts.acts {
            Acts::AtOnce => exchange.offers(wire, deadline).await?,
            Acts::AtPacketAfter(timer) => exchange.offers_in_rom(wire, timer, deadline).await?,
        };
        if let Some(offers) = offers
            && let Some((reply, boot, source)) = exchange.take(wire, facts, offers, pace).await?
        {
            let mut lease = lease(&reply, boot_server(facts.server, &boot, source));
            wire.configure(&lease).await?;
            let told = match facts.handshake {
                Handshake::OfferOnly | Handshake::Full => Some(lease.boot_server),
                Handshake::ThenBootServer => exchange.ask_boot_server(wire, facts, &lease, pace).await?,
            };
            if let Some(boot_server) = told {
                lease.boot_server = boot_server;
                return Ok(Some(lease));
            }
        }
        sleep_until(deadline).await;
    }
    Ok(None)
}

/// Asks as an ordinary Linux client does; none when nobody answered in its time.
pub async fn kernel_lease(wire: &mut dyn Wire, identity: &Identity, pace: Pace) -> io::Result<Option<Lease>> {
    let xid = random();
    let exchange = Exchange { xid, identity, reading: LENIENT };
    let patience = pace.timeout(KERNEL_PATIENCE);
    for _ in 0..KERNEL_DISCOVERS {
        let mut discover = Message::new(Kind::Discover, xid, identity.mac);
        wire.send_dhcp(&discover.ordinary_options(KERNEL_LIST).finish(KERNEL_MESSAGE_BYTES)).await?;
        let offered = |reply: &Reply| reply.kind == Kind::Offer;
        let deadline = Instant::now() + patience;
        let Some((offer, source)) = exchange.reply(wire, deadline, offered).await? else { continue };
        let mut request = Message::new(Kind::Request, xid, identity.mac);
        request.choosing(offer.address, offer.server_id).ordinary_options(KERNEL_LIST);
        wire.send_dhcp(&request.finish(KERNEL_MESSAGE_BYTES)).await?;
        if let Some((reply, _)) = exchange.reply(wire, Instant::now() + patience, is_answer).await?
            && reply.kind == Kind::Ack
        {
            let lease = lease(&reply, source);
            wire.configure(&lease).await?;
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Asks for an address that the system had elsewhere, as one that restarts does (RFC 2131 section 3.2), as often as it
/// is refused.
pub async fn insist(
    wire: &mut dyn Wire,
    identity: &Identity,
    address: Ipv4Addr,
    pace: Pace,
) -> io::Result<()> {
    for _ in 0..KERNEL_DISCOVERS {
        let xid = random();
        let mut request = Message::new(Kind::Request, xid, identity.mac);
        request.choosing(address, None).ordinary_options(KERNEL_LIST);
        wire.send_dhcp(&request.finish(KERNEL_MESSAGE_BYTES)).await?;
        let exchange = Exchange { xid, identity, reading: LENIENT };
        let answer = exchange.reply(wire, Instant::now() + pace.timeout(KERNEL_PATIENCE), is_answer).await?;
        if answer.is_some_and(|(reply, _)| reply.kind == Kind::Ack) {
            return Ok(());
        }
    }
    Ok(())
}

/// Turns a granted address down, as a system does that finds another machine at it (RFC 2131 section 3.1).
pub async fn decline(wire: &mut dyn Wire, identity: &Identity, lease: &Lease) -> io::Result<()> {
    let mut message = Message::new(Kind::Decline, random(), identity.mac);
    wire.send_dhcp(&message.choosing(lease.address, lease.server_id).finish(KERNEL_MESSAGE_BYTES)).await
}

/// Gives an address back, as a system that shuts down in order does.
pub async fn release(wire: &mut dyn Wire, identity: &Identity, lease: &Lease) -> io::Result<()> {
    let mut message = Message::new(Kind::Release, random(), identity.mac);
    wire.send_dhcp(&message.releasing(lease.address, lease.server_id).finish(KERNEL_MESSAGE_BYTES)).await
}

fn firmware_message(
    kind: Kind,
    xid: u32,
    facts: &Dhcp,
    identity: &Identity,
    offer: Option<&Reply>,
) -> Vec<u8> {
    let mut message = Message::new(kind, xid, identity.mac);
    if let Some(offer) = offer {
        message.choosing(offer.address, offer.server_id);
    }
    message.firmware_options(facts, identity, kind).finish(facts.message_bytes)
}

/// The OFFERs of one DISCOVER: one packet with an address and the boot server's name, or two beside a proxy.
#[derive(Default)]
struct Offers {
    whole: Option<(Reply, Ipv4Addr)>,
    address: Option<Reply>,
    /// The one with the name, and who sent it.
    named: Option<(Reply, Ipv4Addr)>,
}

/// What a board makes of them.
struct Offered {
    address: Reply,
    boot: Reply,
    /// Who sent the one with the name.
    source: Ipv4Addr,
    /// Whether one packet was both: then the ACK must name the boot server once more.
    is_whole: bool,
}

impl Offers {
    fn add(&mut self, (reply, source): (Reply, Ipv4Addr)) {
        let gives_address = !reply.address.is_unspecified();
        match (reply.kind, reply.is_boot_server) {
            (Kind::Offer, true) if gives_address => drop(self.whole.get_or_insert((reply, source))),
            (Kind::Offer, true) => self.named = Some((reply, source)),
            (Kind::Offer, false) if gives_address => drop(self.address.get_or_insert(reply)),
            (_, true | false) => {}
        }
    }

    fn taken(&self) -> Option<Offered> {
        if let Some((offer, source)) = self.whole.clone() {
            return Some(Offered { address: offer.clone(), boot: offer, source, is_whole: true });
        }
        let (boot, source) = self.named.clone()?;
        Some(Offered { address: self.address.clone()?, boot, source, is_whole: false })
    }
}

/// One exchange: which replies belong to it, and how they are read.
struct Exchange<'a> {
    xid: u32,
    identity: &'a Identity,
    reading: Reading,
}

impl Exchange<'_> {
    /// What makes an OFFER a lease: nothing, or REQUEST and ACK. Gives the lease's reply, and the boot server's with
    /// its sender.
    async fn take(
        &self,
        wire: &mut dyn Wire,
        facts: &Dhcp,
        Offered { address, boot, source, is_whole }: Offered,
        pace: Pace,
    ) -> io::Result<Option<(Reply, Reply, Ipv4Addr)>> {
        match facts.handshake {
            Handshake::OfferOnly => Ok(Some((address, boot, source))),
            Handshake::Full | Handshake::ThenBootServer => {
                let message = firmware_message(Kind::Request, self.xid, facts, self.identity, Some(&address));
                wire.send_dhcp(&message).await?;
                let deadline = Instant::now() + pace.timeout(facts.patience);
                let answer = self.reply(wire, deadline, is_answer).await?;
                let answer = answer.filter(|(reply, _)| reply.kind == Kind::Ack);
                Ok(match answer {
                    Some((reply, source)) if is_whole => {
                        reply.is_boot_server.then(|| (reply.clone(), reply, source))
                    }
                    Some((reply, _)) => Some((reply, boot, source)),
                    None => None,
                })
            }
        }
    }

    /// Asks who offered the boot, now that there is an address, what to boot; gives the TFTP server of the answer.
    async fn ask_boot_server(
        &self,
        wire: &mut dyn Wire,
        facts: &Dhcp,
        lease: &Lease,
        pace: Pace,
    ) -> io::Result<Option<Ipv4Addr>> {
        let mut message = Message::new(Kind::Request, self.xid, self.identity.mac);
        // Option 60, which the EEPROM's REQUEST lacks, is in all packets of the specification.
        message.using(lease.address).firmware_options(facts, self.identity, Kind::Discover);
        let socket = wire.transfer_socket().await?;
        let server = SocketAddrV4::new(lease.boot_server, BOOT_SERVER_PORT);
        socket.send_to(&message.finish(facts.message_bytes), server).await?;
        let deadline = Instant::now() + pace.timeout(facts.patience);
        let mut buffer = [0; LONGEST_REPLY];
        while let Ok(received) = timeout_at(deadline, socket.receive_from(&mut buffer)).await {
            let (length, from) = received?;
            let bytes = buffer.get(..length).unwrap_or_default().to_vec();
            if let Some((reply, source)) = self.read((bytes, *from.ip()))
                && (reply.kind, reply.is_boot_server) == (Kind::Ack, true)
            {
                return Ok(Some(boot_server(facts.server, &reply, source)));
            }
        }
        Ok(None)
    }

    /// The first reply that is wanted, until the deadline; anything else is passed over.
    async fn reply(
        &self,
        wire: &mut dyn Wire,
        deadline: Instant,
        wanted: impl Fn(&Reply) -> bool,
    ) -> io::Result<Option<(Reply, Ipv4Addr)>> {
        loop {
            let Ok(received) = timeout_at(deadline, wire.receive_dhcp()).await else { return Ok(None) };
            if let Some(reply) = self.read(received?).filter(|(reply, _)| wanted(reply)) {
                return Ok(Some(reply));
            }
        }
    }

    /// Waits until the OFFERs tell both address and boot server.
    async fn offers(&self, wire: &mut dyn Wire, deadline: Instant) -> io::Result<Option<Offered>> {
        let mut offers = Offers::default();
        while let Some(reply) = self.reply(wire, deadline, |_| true).await? {
            offers.add(reply);
            if let Some(taken) = offers.taken() {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    /// The same as the 3B's ROM does it: good OFFERs count when any packet comes after the timer, and the attempt
    /// is over when for as long none comes at all (openSUSE/netboot-rpi3b). The timers are the ROM's own at any pace,
    /// since those of servers are real.
    async fn offers_in_rom(
        &self,
        wire: &mut dyn Wire,
        timer: Duration,
        deadline: Instant,
    ) -> io::Result<Option<Offered>> {
        let expiry = Instant::now() + timer;
        let deadline = deadline.max(expiry + timer);
        let mut offers = Offers::default();
        loop {
            let quiet = (Instant::now() + timer).min(deadline);
            let Ok(received) = timeout_at(quiet, wire.receive_dhcp()).await else { return Ok(None) };
            self.read(received?).into_iter().for_each(|reply| offers.add(reply));
            if Instant::now() >= expiry
                && let Some(taken) = offers.taken()
            {
                return Ok(Some(taken));
            }
        }
    }

    fn read(&self, (bytes, source): (Vec<u8>, Ipv4Addr)) -> Option<(Reply, Ipv4Addr)> {
        match Reply::parse(&bytes, self.xid, self.identity.mac, self.reading) {
            Ok(reply) => Some((reply, source)),
            Err(why) => {
                tracing::debug!(mac = %self.identity.mac, ?why, "a simulated board ignores a message");
                None
            }
        }
    }
}

fn is_answer(reply: &Reply) -> bool {
    matches!(reply.kind, Kind::Ack | Kind::Nak)
}

fn boot_server(rule: ServerRule, offer: &Reply, source: Ipv4Addr) -> Ipv4Addr {
    match rule {
        ServerRule::OfferSource => offer.tftp_server.unwrap_or(source),
        ServerRule::Siaddr => offer.siaddr.or(offer.tftp_server).unwrap_or(source),
        ServerRule::SiaddrAlone => offer.siaddr.unwrap_or(source),
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
