//! Looks at what passes by on the nodes' network: other DHCP servers, addresses used twice. *IO: a packet socket, the
//! store.* Built and run by `service`. Needs the right CAP_NET_RAW.
//!
//! ```text
//! frames ─ filter in the kernel (ARP, UDP from port 67) ─► sights::read ─► a server: stored, named in the log
//!                                                                     └─► a claim: whose address is it? ─► notice
//! ```

use super::frame::{self, End};
use super::link::link_address;
use super::recent::Recent;
use super::sights::{Owner, ServerSight, Sight, duplicate, read};
use super::wire::discover;
use super::{Config, notes};
use crate::model::clock;
use crate::model::net::MacAddr;
use crate::model::network::Mode;
use crate::model::observation::Asker;
use crate::store::{self, Connection, Store, devices, networks, nodes};
use nix::libc;
use nix::sys::socket::bind;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long other servers are waited for: dnsmasq asks for three seconds whether an address is free before it offers
/// it.
const PROBE_PATIENCE: Duration = Duration::from_secs(4);
/// When the DISCOVER of the probe is repeated.
const PROBE_AGAIN: Duration = Duration::from_secs(1);
const LARGEST_FRAME: usize = 2048;
/// How long to wait when the socket fails, as it does while the interface is down.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What is heard on an interface.
#[derive(Debug)]
struct Ear {
    socket: UdpSocket,
    mac: MacAddr,
    /// pimaster's own address.
    own: Ipv4Addr,
}

/// The watch on an interface.
#[derive(Debug)]
pub(super) struct Watch {
    ear: Ear,
    config: Config,
    store: Store,
}

/// Asks an interface which other servers give addresses there, as `asker`, and waits for all of them: what each answered
/// to this question. Called by `doctor`. Needs the right CAP_NET_RAW.
pub async fn other_servers(config: &Config, interface: &str, asker: Asker) -> io::Result<Vec<ServerSight>> {
    let ear = Ear::open(interface, config.server_address)?;
    let mut found: Vec<ServerSight> = Vec::new();
    let hear = |server: ServerSight| {
        if server.client == ear.nobody() {
            found.retain(|other| other.server != server.server);
            found.push(server);
        }
        Goes::On
    };
    ear.ask(config, asker, hear).await?;
    Ok(found)
}

/// Whether more answers are waited for.
enum Goes {
    On,
    Back,
}

impl Ear {
    fn open(interface: &str, own: Ipv4Addr) -> io::Result<Self> {
        let link = link_address(interface)?;
        let every = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(i32::from(every))))?;
        socket.set_nonblocking(true)?;
        socket.attach_filter(&filter())?;
        bind(socket.as_raw_fd(), &link)?;
        // A packet socket sends and receives datagrams; tokio's type for those carries it.
        let socket = UdpSocket::from_std(socket.into())?;
        // What came in before the filter, or from other interfaces.
        while socket.try_recv(&mut [0; 1]).is_ok() {}
        Ok(Self { socket, mac: MacAddr(link.addr().unwrap_or_default()), own })
    }

    /// A hardware address that is nobody's: locally administered (IEEE 802 section 8.2), the same at each start, so that
    /// it takes one address of a pool at most.
    fn nobody(&self) -> MacAddr {
        let [first, b, c, d, e, f] = self.mac.0;
        MacAddr([first | 2, b, c, d, e, !f])
    }

    /// Asks whether another server gives addresses here: with a hardware address that is nobody's, so that no lease
    /// of a board is touched. `hear` is told of each answer with an address.
    async fn ask(
        &self,
        config: &Config,
        asker: Asker,
        mut hear: impl FnMut(ServerSight) -> Goes,
    ) -> io::Result<()> {
        let probing = self.nobody();
        let message = discover(probing, asker).map_err(io::Error::other)?;
        let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, config.client_port);
        let to = SocketAddrV4::new(Ipv4Addr::BROADCAST, config.port);
        let to = End { mac: MacAddr([0xff; 6]), address: to };
        let frame = frame::encode(End { mac: probing, address: from }, to, &message);
        let frame = frame.ok_or(io::ErrorKind::InvalidInput)?;
        let begin = Instant::now();
        for patience in [PROBE_AGAIN, PROBE_PATIENCE] {
            self.socket.send(&frame).await?;
            while let Ok(sight) = timeout_at(begin + patience, self.next()).await {
                if let Sight::Server(server) = sight?
                    && server.given.is_some()
                    && let Goes::Back = hear(server)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next sight that does not come from this machine.
    async fn next(&self) -> io::Result<Sight> {
        let mut buffer = [0; LARGEST_FRAME];
        loop {
            let length = self.socket.recv(&mut buffer).await?;
            match read(buffer.get(..length).unwrap_or_default()) {
                Some(Sight::Server(seen)) if seen.mac == self.mac || seen.server == self.own => {}
                Some(Sight::Claim { mac, .. }) if mac == self.mac => {}
                Some(sight) => return Ok(sight),
                None => {}
            }
        }
    }
}

impl Watch {
    /// Opens the interface.
    pub(super) fn open(interface: &str, config: Config, store: Store) -> io::Result<Self> {
        Ok(Self { ear: Ear::open(interface, config.server_address)?, config, store })
    }

    /// The first other server that gives addresses here.
    pub(super) async fn probe(&self) -> io::Result<Option<ServerSight>> {
        let mut first = None;
        let hear = |server| {
            first = Some(server);
            Goes::Back
        };
        self.ear.ask(&self.config, Asker::System, hear).await?;
        Ok(first)
    }

    /// Watches until `shutdown`.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut recent = Recent::default();
        loop {
            let sight = tokio::select! {
                () = shutdown.cancelled() => return,
                sight = self.ear.next() => sight,
            };
            let sight = match sight {
                Ok(sight) => sight,
                Err(cause) => {
                    tracing::debug!(%cause, "the nodes' network cannot be watched; is the interface up?");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    continue;
                }
            };
            if !recent.is_news(&sight, Instant::now()) {
                continue;
            }
            let noted = match sight {
                Sight::Server(server) => note_server(&self.store, self.config.mode, server).await,
                Sight::Claim { address, mac } => self.claimed(address, mac).await,
            };
            if let Err(cause) = noted {
                tracing::error!(%cause, "what was seen on the network cannot be stored");
            }
        }
    }

    async fn claimed(&self, address: Ipv4Addr, claimant: MacAddr) -> store::Result<()> {
        let mode = self.config.mode;
        let owner = if address == self.config.server_address {
            Some(Owner { name: "pimaster".to_owned(), mac: self.ear.mac })
        } else {
            self.store.read(move |conn| owner(conn, mode, address)).await?
        };
        let Some(notice) = owner.and_then(|owner| duplicate(address, &owner, claimant)) else {
            return Ok(());
        };
        self.store.write(move |tx| notes::record(tx, &notice, clock::now())).await
    }
}

/// Stores a server, and names it in the log the first time.
pub(super) async fn note_server(store: &Store, mode: Mode, seen: ServerSight) -> store::Result<()> {
    let (server, mac, offered) = (seen.server, seen.mac, seen.to_string());
    let text = offered.clone();
    let record = store.write(move |tx| networks::record_server(tx, server, Some(mac), &text, clock::now()));
    if record.await? {
        match mode {
            Mode::Authoritative => {
                tracing::warn!(%server, %mac, "another DHCP server is in the nodes' network: it {offered}");
            }
            Mode::Proxy | Mode::Off => tracing::info!(%server, %mac, "the DHCP server here {offered}"),
        }
    }
    Ok(())
}

/// Whose address it is. Where another server gives addresses, only those that were learnt are somebody's.
fn owner(conn: &Connection, mode: Mode, address: Ipv4Addr) -> store::Result<Option<Owner>> {
    let node = match mode {
        Mode::Authoritative => nodes::by_address(conn, address)?,
        Mode::Proxy | Mode::Off => nodes::by_address_in_use(conn, address)?,
    };
    if let Some(node) = node {
        return Ok(Some(Owner { name: node.name.to_string(), mac: node.mac }));
    }
    let device = devices::by_address(conn, address)?.filter(|_| mode == Mode::Authoritative);
    Ok(device.map(|device| Owner { name: device.name.to_string(), mac: device.mac }))
}

/// Lets through ARP, and whole UDP datagrams from port 67; a rack's boot files pass by without a copy.
fn filter() -> [SockFilter; 12] {
    const LOAD_HALF: u16 = 0x28;
    const LOAD_BYTE: u16 = 0x30;
    const LOAD_HALF_BEHIND: u16 = 0x48;
    const HEADER_LENGTH: u16 = 0xb1;
    const IS: u16 = 0x15;
    const HAS: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const WHOLE: u32 = 0x0004_0000;
    // A jump skips so many instructions, if true and if false: to the last but one, nothing, or to the last, all.
    [
        SockFilter::new(LOAD_HALF, 0, 0, 12),
        SockFilter::new(IS, 9, 0, 0x0806),
        SockFilter::new(IS, 0, 7, 0x0800),
        SockFilter::new(LOAD_BYTE, 0, 0, 23),
        SockFilter::new(IS, 0, 5, 17),
        // Fragments but the first have no ports.
        SockFilter::new(LOAD_HALF, 0, 0, 20),
        SockFilter::new(HAS, 3, 0, 0x1fff),
        SockFilter::new(HEADER_LENGTH, 0, 0, 14),
        SockFilter::new(LOAD_HALF_BEHIND, 0, 0, 14),
        SockFilter::new(IS, 1, 0, 67),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, WHOLE),
    ]
}
