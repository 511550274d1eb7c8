//! The port where requests come in. *IO: UDP port 69.*
//!
//! Built and run by `daemon`. One task owns the table of running transfers; each request is a task of its own, and
//! the transfers share a few ports. A client that starts over gets another port than just before, so that packets
//! of its old transfer cannot be taken for those of the new one.
//!
//! ```text
//! request from a port without a transfer ── room? ──► session
//! the same request again ─────────────────► ignored while the client is heard; its own timer serves it
//! another request, or a client long silent ─► the old session ends, then a new one starts
//! the same request behind the transfer's end ┘
//! ```

use super::Config;
use super::again::{Again, judge};
use super::events::recorder;
use super::port::{self, Port};
use super::session::{Context, Pulse, Session};
use super::wire::{Complaint, Opening, Request, decode_opening, encode_error};
use crate::model::quirk::Quirks;
use crate::store::Store;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Transfers of one address at once: firmware has one or two, and one client must not take every place.
const PER_CLIENT: usize = 16;

/// Ports that transfers share: enough to tell a client's transfers apart, few enough that packets come together.
const PORTS: usize = 4;

/// Transfers that get the same port in a row: a rack's boards ask together and are then served together.
const ROW: usize = 64;

/// How long transfers may take to notice that the server stops.
const CLOSING: Duration = Duration::from_secs(2);

/// Room for what a whole rack sends at the same moment, in bytes; the kernel counts about 1 KiB for each packet.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;

/// Room for a window of each of many clients, in bytes.
const SEND_BUFFER_BYTES: usize = 4 << 20;

/// Longest request looked at; RFC 2347 ends at 512.
const REQUEST_BYTES: usize = 1024;

/// What stops the TFTP server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be had.
    #[error(
        "cannot listen for TFTP on {listen}; check that the address is this machine's, that no other TFTP server (dnsmasq, tftpd-hpa) runs, and that ports below 1024 are allowed"
    )]
    Bind {
        /// Address and port.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The port failed.
    #[error("the TFTP port failed")]
    Receive(#[source] io::Error),
}

/// The TFTP server.
#[derive(Debug)]
pub struct Server {
    socket: std::net::UdpSocket,
    ports: Vec<std::net::UdpSocket>,
    config: Config,
    store: Store,
}

impl Server {
    /// Binds the port.
    pub async fn bind(config: Config, store: Store) -> Result<Self, Error> {
        let failed = |source| Error::Bind { listen: config.listen, source };
        let socket = listen(config.listen).map_err(failed)?;
        let any_port = SocketAddr::new(config.listen.ip(), 0);
        let ports = (0..PORTS).map(|_| listen(any_port)).collect::<io::Result<_>>().map_err(failed)?;
        Ok(Self { socket, ports, config, store })
    }

    /// Address and port it listens on.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.socket.local_addr().map_err(Error::Receive)
    }

    /// Serves until `shutdown`; transfers that run then are cut off and recorded as such.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let socket = UdpSocket::from_std(self.socket).map_err(Error::Receive)?;
        let (records, writer) = recorder(self.store.clone());
        let writer = tokio::spawn(writer);
        let context = Arc::new(Context { config: self.config, store: self.store, records });
        let (mut ports, mut serving) = (Vec::new(), JoinSet::new());
        for socket in self.ports {
            let (handle, port) = Port::open(socket).map_err(Error::Receive)?;
            ports.push(handle);
            serving.spawn(port.run());
        }
        let mut table =
            Table { context, ports, started: 0, running: HashMap::new(), sessions: JoinSet::new() };
        let served = table.serve(&socket, &shutdown).await;
        table.close().await;
        serving.shutdown().await;
        drop(writer.await);
        served
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The kernel grants less if it wants to; then a rack's boards ask again.
    drop(socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES));
    drop(socket.set_send_buffer_size(SEND_BUFFER_BYTES));
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The running transfers.
#[derive(Debug)]
struct Table {
    context: Arc<Context>,
    ports: Vec<port::Handle>,
    /// Transfers so far.
    started: usize,
    running: HashMap<SocketAddrV4, Running>,
    sessions: JoinSet<SocketAddrV4>,
}

#[derive(Debug)]
struct Running {
    task: Id,
    request: Request,
    /// Which of the ports.
    port: usize,
    cut: CancellationToken,
    pulse: Pulse,
    /// What waits for the session's end.
    next: Option<Request>,
}

impl Table {
    async fn serve(&mut self, socket: &UdpSocket, shutdown: &CancellationToken) -> Result<(), Error> {
        let mut buffer = [0; REQUEST_BYTES];
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                Some(ended) = self.sessions.join_next() => self.ended(ended),
                received = socket.recv_from(&mut buffer) => match received {
                    Ok((bytes, SocketAddr::V4(client))) => {
                        self.received(socket, client, buffer.get(..bytes).unwrap_or_default()).await;
                    }
                    Ok((_, SocketAddr::V6(_))) => {}
                    // Answers to what was sent from here before; the port itself is well.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(Error::Receive(error)),
                },
            }
        }
    }

    /// Ends all transfers, and with them the queue of records.
    async fn close(mut self) {
        self.running.values().for_each(|running| running.cut.cancel());
        let all = async { while self.sessions.join_next().await.is_some() {} };
        drop(timeout(CLOSING, all).await);
        self.sessions.shutdown().await;
    }

    async fn received(&mut self, socket: &UdpSocket, client: SocketAddrV4, datagram: &[u8]) {
        if client.port() == 0 || datagram.len() == REQUEST_BYTES {
            return;
        }
        // What cannot be sent at once is lost like any packet; the client asks again.
        let refuse =
            |complaint, text| drop(socket.try_send_to(&encode_error(complaint, text), client.into()));
        match decode_opening(datagram) {
            Opening::Read(request) => self.requested(client, request).await,
            Opening::Write => refuse(Complaint::AccessViolation, "nothing can be written here"),
            Opening::UnknownMode => refuse(Complaint::IllegalOperation, "the mode must be octet"),
            Opening::Nonsense => {}
        }
    }

    async fn requested(&mut self, client: SocketAddrV4, request: Request) {
        let Some(running) = self.running.get_mut(&client) else { return self.start(client, request, None) };
        // The client's end of the transfer came before, but at the other port: it may lie unread there.
        if let Some(port) = self.ports.get(running.port).filter(|_| running.request == request) {
            port.catch_up().await;
        }
        match judge(&running.request, &request, running.pulse.course(Instant::now()), Quirks::ALL) {
            Again::Nothing => {}
            Again::Replaces => {
                running.next = Some(request);
                running.cut.cancel();
            }
        }
    }

    /// Starts a transfer, after one of the same client on the port `before`.
    fn start(&mut self, client: SocketAddrV4, request: Request, before: Option<usize>) {
        let of_client = self.running.keys().filter(|other| other.ip() == client.ip()).count();
        if self.running.len() >= self.context.config.max_transfers || of_client >= PER_CLIENT {
            tracing::debug!(address = %client, "too many transfers; the client has to ask again");
            return;
        }
        let of_row = self.started / ROW % PORTS;
        let number = if before == Some(of_row) { (of_row + 1) % PORTS } else { of_row };
        let Some(port) = self.ports.get(number) else { return };
        self.started += 1;
        let cut = CancellationToken::new();
        let pulse = Pulse::default();
        let session = Session {
            context: Arc::clone(&self.context),
            client,
            request: request.clone(),
            port: port.clone(),
            cut: cut.clone(),
            pulse: pulse.clone(),
        };
        let task = self.sessions.spawn(async move { session.run().await }).id();
        let running = Running { task, request, port: number, cut, pulse, next: None };
        self.running.insert(client, running);
    }

    fn ended(&mut self, ended: Result<SocketAddrV4, JoinError>) {
        let client = match ended {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "a TFTP transfer broke off");
                return self.running.retain(|_, running| running.task != error.id());
            }
        };
        let Some(old) = self.running.remove(&client) else { return };
        if let Some(request) = old.next {
            self.start(client, request, Some(old.port));
        }
    }
}
