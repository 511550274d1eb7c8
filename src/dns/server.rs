//! The sockets: who is heard, how much at once. *IO: UDP and TCP port 53; the store.*
//!
//! Run by the daemon. On an interface there are two pairs of sockets, one for the nodes and one for this machine,
//! whose own packets come over the loopback interface. A question that comes in too many is dropped: its client asks
//! again.

use super::answer::{Hosts, answer};
use super::exchange::{read_message, write_message};
use super::forward::Forwarder;
use super::places::{Places, Taken};
use super::upstreams::Upstreams;
use super::wire::{self, Asking, Refusal, Reply, Transport};
use super::zone::{Place, Zone};
use super::{Config, Error};
use crate::model::net::Subnet;
use crate::store::{self, Connection, Store, devices, nodes};
use hickory_proto::op::ResponseCode;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Questions over UDP at once, and of one client.
const MOST_QUESTIONS: (usize, usize) = (1024, 128);
/// TCP connections at once, and of one client.
const MOST_CONNECTIONS: (usize, usize) = (64, 8);
/// How long a TCP connection may be silent (RFC 7766 section 6.2.3 leaves it to the server).
const IDLE: Duration = Duration::from_secs(10);
/// Longest question; names have 255 bytes at most, and options are few.
const LONGEST_QUESTION: usize = 4096;
/// Room for the questions of a whole rack that starts at once, in bytes.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
const WAITING_CONNECTIONS: i32 = 64;
/// How long to wait when a socket fails, as it does while the interface is down or files run out.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// This machine's packets to itself come over it.
const LOOPBACK: &str = "lo";

/// The DNS server.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    desk: Desk,
}

/// One pair of sockets.
#[derive(Debug)]
struct Listener {
    udp: UdpSocket,
    tcp: TcpListener,
    clients: Clients,
}

/// Who is answered.
#[derive(Debug, Clone)]
enum Clients {
    /// Whoever is heard there.
    All,
    /// Machines of these networks.
    Of(Vec<Subnet>),
}

impl Clients {
    fn include(&self, client: Ipv4Addr) -> bool {
        match self {
            Self::All => true,
            Self::Of(subnets) => subnets.iter().any(|subnet| subnet.contains(client)),
        }
    }
}

impl Server {
    /// Binds the ports. Call it inside the runtime that will run the server.
    pub fn bind(config: Config, store: Store) -> Result<Self, Error> {
        let listen = config.listen;
        let zone = Zone::new(config.domain.as_deref(), config.subnets.clone(), *listen.ip());
        let zone = zone.ok_or_else(|| Error::Domain(config.domain.clone().unwrap_or_default()))?;
        let nodes = Clients::Of(config.subnets);
        let wanted = match &config.interface {
            Some(interface) => vec![(Some(interface.as_str()), nodes), (Some(LOOPBACK), Clients::All)],
            None => vec![(None, nodes)],
        };
        let failed = |source: io::Error| {
            let is_taken = source.kind() == io::ErrorKind::AddrInUse;
            if is_taken { Error::Taken { listen, source } } else { Error::Bind { listen, source } }
        };
        let mut listeners = Vec::new();
        for (device, clients) in wanted {
            listeners.push(Listener::open(listen, device, clients).map_err(failed)?);
        }
        let own = listeners.first().and_then(|first| first.udp.local_addr().ok()).unwrap_or(listen.into());
        let forwarder = Forwarder::new(Upstreams::new(config.upstreams, own));
        Ok(Self { listeners, desk: Desk { store, zone: Arc::new(zone), forwarder } })
    }

    /// The address bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listeners.first().ok_or(io::ErrorKind::NotConnected)?.udp.local_addr()
    }

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let questions = Places::new(MOST_QUESTIONS.0, MOST_QUESTIONS.1);
        let connections = Places::new(MOST_CONNECTIONS.0, MOST_CONNECTIONS.1);
        let mut loops = JoinSet::new();
        for Listener { udp, tcp, clients } in self.listeners {
            let (desk, places, stop) = (self.desk.clone(), questions.clone(), shutdown.clone());
            loops.spawn(serve_udp(Arc::new(udp), clients.clone(), desk, places, stop));
            let (desk, places, stop) = (self.desk.clone(), connections.clone(), shutdown.clone());
            loops.spawn(serve_tcp(tcp, clients, desk, places, stop));
        }
        loops.join_all().await;
    }
}

impl Listener {
    fn open(address: SocketAddrV4, device: Option<&str>, clients: Clients) -> io::Result<Self> {
        let udp = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        // The kernel grants less if it wants to; then clients ask again.
        drop(udp.set_recv_buffer_size(RECEIVE_BUFFER_BYTES));
        let udp = UdpSocket::from_std(bound(udp, address, device)?.into())?;
        // Port 0 in tests: TCP gets the number that UDP got.
        let port = udp.local_addr()?.port();
        let tcp = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        // Connections of the daemon before this one may still be closing.
        tcp.set_reuse_address(true)?;
        let tcp = bound(tcp, SocketAddrV4::new(*address.ip(), port), device)?;
        tcp.listen(WAITING_CONNECTIONS)?;
        Ok(Self { udp, tcp: TcpListener::from_std(tcp.into())?, clients })
    }
}

fn bound(socket: Socket, address: SocketAddrV4, device: Option<&str>) -> io::Result<Socket> {
    socket.set_nonblocking(true)?;
    if let Some(device) = device {
        socket.bind_device(Some(device.as_bytes()))?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

async fn serve_udp(
    socket: Arc<UdpSocket>,
    clients: Clients,
    desk: Desk,
    places: Places,
    shutdown: CancellationToken,
) {
    let mut running = JoinSet::new();
    let mut buffer = [0; LONGEST_QUESTION];
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            Some(ended) = running.join_next() => note(ended),
            received = socket.recv_from(&mut buffer) => match received {
                Ok((length, from)) => {
                    let packet = buffer.get(..length).unwrap_or_default();
                    let Some(client) = v4(from) else { continue };
                    if !clients.include(client) {
                        // What cannot be sent at once is lost like any packet.
                        drop(wire::turn_away(packet).map(|answer| socket.try_send_to(&answer, from)));
                    } else if let Some(place) = places.take(client) {
                        let task = reply(Arc::clone(&socket), from, packet.to_vec(), desk.clone(), place);
                        running.spawn(task);
                    }
                }
                // Answers to what was sent from here before; the port itself is well.
                Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(cause) => pause(&cause).await,
            },
        }
    }
}

async fn reply(socket: Arc<UdpSocket>, to: SocketAddr, packet: Vec<u8>, desk: Desk, _place: Taken) {
    let Some(answer) = desk.answer(&packet, Transport::Udp).await else { return };
    if let Err(cause) = socket.send_to(&answer, to).await {
        tracing::debug!(client = %to, %cause, "cannot send an answer; the client will ask again");
    }
}

async fn serve_tcp(
    listener: TcpListener,
    clients: Clients,
    desk: Desk,
    places: Places,
    shutdown: CancellationToken,
) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            Some(ended) = running.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let client = v4(from).filter(|client| clients.include(*client));
                    // Who is not served finds the connection closed.
                    let Some(place) = client.and_then(|client| places.take(client)) else { continue };
                    running.spawn(converse(stream, desk.clone(), place));
                }
                Err(cause) => pause(&cause).await,
            },
        }
    }
}

/// One question after the other, until the client has no more or keeps silent.
async fn converse(mut stream: TcpStream, desk: Desk, _place: Taken) {
    while let Ok(Ok(packet)) = timeout(IDLE, read_message(&mut stream)).await {
        let Some(answer) = desk.answer(&packet, Transport::Tcp).await else { return };
        if !matches!(timeout(IDLE, write_message(&mut stream, &answer)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn v4(from: SocketAddr) -> Option<Ipv4Addr> {
    if let SocketAddr::V4(from) = from { Some(*from.ip()) } else { None }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "answering a question broke off; this is a fault of pimaster");
    }
}

async fn pause(cause: &io::Error) {
    tracing::warn!(%cause, "cannot receive DNS questions; is the interface up?");
    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
}

/// Where questions are answered.
#[derive(Debug, Clone)]
struct Desk {
    store: Store,
    zone: Arc<Zone>,
    forwarder: Forwarder,
}

impl Desk {
    async fn answer(&self, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let asking = match wire::read(packet) {
            Ok(asking) => asking,
            Err(Refusal(answer)) => return answer,
        };
        let reply = self.look_up(&asking).await;
        tracing::debug!(question = %asking.query, code = %reply.code, records = reply.answers.len(), "answered");
        wire::render(&asking, &reply, transport)
    }

    async fn look_up(&self, asking: &Asking) -> Reply {
        let (query, zone) = (asking.query.clone(), Arc::clone(&self.zone));
        let place = zone.place(query.name(), query.query_type());
        if place == Place::Elsewhere && asking.wants_recursion() {
            return self.forwarder.resolve(asking.key()).await;
        }
        let answered = self.store.read(move |conn| answer(&query, place, &zone, &Rows(conn))).await;
        answered.unwrap_or_else(|cause| {
            tracing::error!(%cause, "cannot look up a name");
            Reply::code(ResponseCode::ServFail)
        })
    }
}

/// The machines of the rack as the database has them: nodes, and devices, which have none of their names.
struct Rows<'a>(&'a Connection);

impl Hosts for Rows<'_> {
    type Error = store::Error;

    fn address_of(&self, name: &str) -> Result<Option<Ipv4Addr>, store::Error> {
        if let Some(node) = nodes::by_name(self.0, name)? {
            return Ok(Some(node.address));
        }
        Ok(devices::by_name(self.0, name)?.map(|device| device.address))
    }

    fn name_at(&self, address: Ipv4Addr) -> Result<Option<String>, store::Error> {
        if let Some(node) = nodes::by_address(self.0, address)? {
            return Ok(Some(node.name.to_string()));
        }
        Ok(devices::by_address(self.0, address)?.map(|device| device.name.to_string()))
    }
}
