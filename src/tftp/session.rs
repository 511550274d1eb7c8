//! One request, from the look at the database to the last acknowledgement. *IO: a UDP socket of its own.*
//!
//! Spawned by `server` for each read request. Decides nothing: `resolve` says what is sent, `sender` when.

use super::content::Content;
use super::events::Record;
use super::options::{Negotiated, negotiate};
use super::path::{Asked, PathFault, Prefix};
use super::resolve::{Seen, Served, resolve};
use super::sender::{Sender, Step, wire_number};
use super::wire::{self, Complaint, Reply, Request};
use super::{Addresses, Config, arp};
use crate::model::boot_event::{FileOutcome, FileRefusal as Refusal, FileTransfer};
use crate::model::clock;
use crate::model::ids::NodeId;
use crate::model::quirk::Quirks;
use crate::store::{self, Store, devices, nodes};
use nix::sys::socket::{MsgFlags, recv};
use std::io;
use std::net::SocketAddrV4;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What every session needs.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) records: mpsc::Sender<Record>,
}

/// A request to be answered.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) context: Arc<Context>,
    pub(super) client: SocketAddrV4,
    pub(super) request: Request,
    /// Cancelled when the client started over from the same port, and when the server stops.
    pub(super) cut: CancellationToken,
    pub(super) pulse: Pulse,
}

/// When the client was heard last, for `server` to tell a repeated request from a new one.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(Arc<Mutex<Option<Instant>>>);

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All bytes arrived.
    Complete,
    /// The client had enough: firmware looks at a file's size this way.
    Terminated,
    /// The client fell silent.
    TimedOut,
    /// There is no such file for this node.
    NotFound(Option<Refusal>),
    /// The name is none.
    BadName(PathFault),
    /// The client started over, or the server stopped.
    CutOff,
    /// pimaster could not do its part.
    Failed,
}

impl Outcome {
    /// The same for the node's boot events.
    fn recorded(&self) -> FileOutcome {
        match self {
            Self::Complete => FileOutcome::Complete,
            Self::Terminated => FileOutcome::Terminated,
            Self::TimedOut => FileOutcome::TimedOut,
            Self::NotFound(None) => FileOutcome::NotFound,
            Self::NotFound(Some(why)) => FileOutcome::Refused { why: *why },
            Self::BadName(fault) => FileOutcome::BadName { why: fault.to_string() },
            Self::CutOff => FileOutcome::CutOff,
            Self::Failed => FileOutcome::Failed,
        }
    }
}

impl Pulse {
    /// When the client was heard last, if ever.
    pub(super) fn heard(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Why pimaster could not do its part.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the node cannot be looked up")]
    Lookup(#[from] store::Error),
    #[error("the boot file cannot be read; check the data folder's tftp/ and images/ and its owner")]
    Content(#[source] io::Error),
    #[error("no socket for a transfer")]
    Socket(#[source] io::Error),
}

impl Session {
    /// Answers the request, and records how it ended.
    pub(super) async fn run(self) -> Outcome {
        let started = Instant::now();
        let mut told = Told::default();
        let outcome = match self.answer(&mut told).await {
            Ok(outcome) => outcome,
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                tracing::error!(error, address = %self.client, file = ?self.request.name, "TFTP request failed");
                Outcome::Failed
            }
        };
        let transfer = FileTransfer {
            path: printable(&self.request.name),
            bytes: told.bytes,
            size_bytes: told.size_bytes,
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            repeats: told.repeats,
            options: !self.request.wishes.is_empty(),
            outcome: outcome.recorded(),
        };
        let FileTransfer { path, bytes, millis, outcome: ended, .. } = &transfer;
        tracing::debug!(address = %self.client, file = path, bytes, millis, outcome = %ended, "TFTP request");
        if let Some(node) = told.node {
            let record = Record::Transfer { node, at: clock::now(), transfer };
            // The writer ends only after all sessions.
            drop(self.context.records.send(record).await);
        }
        outcome
    }

    async fn answer(&self, told: &mut Told) -> Result<Outcome, Fault> {
        let asked = Asked::parse(&self.request.name);
        let prefix = asked.as_ref().ok().and_then(|asked| asked.prefix);
        let seen = self.look_up(prefix).await?;
        let socket = self.socket().await.map_err(Fault::Socket)?;
        let asked = match asked {
            Ok(asked) => asked,
            Err(fault) => {
                told.node = seen.by_address.map(|node| node.id);
                refuse(&socket, Complaint::AccessViolation, &fault.to_string()).await;
                return Ok(Outcome::BadName(fault));
            }
        };
        let resolution = resolve(&self.context.config, &seen, &asked, Quirks::ALL);
        told.node = resolution.node;
        // Any machine can name a board's prefix: its hardware address alone vouches for where it is.
        let vouched = seen.by_address.as_ref().map(|node| node.id);
        if let (Some(node), Addresses::Learnt) = (vouched, self.context.config.addresses) {
            let (address, at) = (*self.client.ip(), clock::now());
            drop(self.context.records.send(Record::Address { node, address, at }).await);
        }
        if let Some((node, serial)) = resolution.node.zip(resolution.learnt) {
            drop(self.context.records.send(Record::Serial { node, serial }).await);
        }
        let refusal = match &resolution.served {
            Served::NotFound(refusal) => Some(*refusal),
            Served::File { .. } | Served::Memory(_) => None,
        };
        match Content::open(resolution.served).await {
            Ok(Some(content)) => self.transfer(&socket, content, told).await,
            Ok(None) => {
                let text = refusal.map_or("file not found".to_owned(), |refusal| refusal.to_string());
                refuse(&socket, Complaint::NotFound, &text).await;
                Ok(Outcome::NotFound(refusal))
            }
            Err(error) => {
                refuse(&socket, Complaint::Undefined, "the file cannot be read").await;
                Err(Fault::Content(error))
            }
        }
    }

    /// What the database knows of who asks. Where addresses are another server's, whose they are is told by the
    /// hardware address first, then by what was learnt.
    async fn look_up(&self, prefix: Option<Prefix>) -> store::Result<Seen> {
        let (address, addresses) = (*self.client.ip(), self.context.config.addresses);
        let mac = match addresses {
            Addresses::Given => None,
            Addresses::Learnt => arp::hardware_address(address).await,
        };
        let find = move |conn: &store::Connection| {
            let by_address = match (addresses, mac) {
                (Addresses::Given, _) => nodes::by_address(conn, address)?,
                (Addresses::Learnt, Some(mac)) => nodes::by_mac(conn, mac)?,
                (Addresses::Learnt, None) => nodes::by_address_in_use(conn, address)?,
            };
            let device = match mac {
                Some(mac) => devices::by_mac(conn, mac)?,
                None => devices::by_address(conn, address)?,
            };
            let mut seen = Seen {
                by_address,
                by_prefix: match prefix {
                    Some(Prefix::Serial(serial)) => nodes::by_serial(conn, serial)?,
                    Some(Prefix::Mac(mac)) => nodes::by_mac(conn, mac)?,
                    None => None,
                },
                from_device: device.is_some_and(|device| device.boot.is_some()),
                installed: None,
            };
            let who = seen.who(prefix, Quirks::ALL).ok().map(|node| node.id);
            if let Some(node) = who {
                seen.installed = nodes::installed(conn, node)?;
            }
            Ok(seen)
        };
        self.context.store.read(find).await
    }

    /// A socket on a port of its own that hears this client alone.
    async fn socket(&self) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind((self.context.config.listen.ip(), 0)).await?;
        socket.connect(self.client).await?;
        Ok(socket)
    }

    async fn transfer(
        &self,
        socket: &UdpSocket,
        content: Content,
        told: &mut Told,
    ) -> Result<Outcome, Fault> {
        let total_bytes = content.total_bytes();
        told.size_bytes = Some(total_bytes);
        let agreed = negotiate(&self.request.wishes, total_bytes, Quirks::ALL);
        let mut sender = Sender::new(&agreed, total_bytes, Quirks::ALL);
        let mut line = Line { socket, content, agreed: &agreed, packet: Vec::new() };
        let mut step = sender.open(Instant::now());
        let mut deadline = Instant::now();
        loop {
            let sends = step != Step::Wait;
            match step {
                Step::SendOack => line.send_oack().await,
                Step::Send(blocks) => {
                    if let Err(error) = line.send_blocks(blocks).await {
                        refuse(socket, Complaint::Undefined, "the file cannot be read").await;
                        return Err(Fault::Content(error));
                    }
                }
                Step::Wait => {}
                Step::Complete => return Ok(Outcome::Complete),
                Step::Terminated => return Ok(Outcome::Terminated),
                Step::GiveUp => return Ok(Outcome::TimedOut),
            }
            if sends {
                deadline = Instant::now() + sender.wait();
            }
            step = match self.next_event(socket, deadline).await {
                Event::Reply(reply) => sender.on_reply(Instant::now(), reply),
                Event::Silence => sender.on_silence(),
                Event::CutOff => return Ok(Outcome::CutOff),
            };
            told.bytes = sender.acked().saturating_mul(agreed.block_bytes.into()).min(total_bytes);
            told.repeats = sender.repeats();
        }
    }

    async fn next_event(&self, socket: &UdpSocket, deadline: Instant) -> Event {
        let mut buffer = [0; 512];
        tokio::select! {
            biased;
            received = socket.recv(&mut buffer) => self.heard(received, &buffer),
            () = self.cut.cancelled() => self.last_words(socket),
            () = sleep_until(deadline) => Event::Silence,
        }
    }

    fn heard(&self, received: io::Result<usize>, buffer: &[u8]) -> Event {
        let reply = match received {
            Ok(bytes) => wire::decode_reply(buffer.get(..bytes).unwrap_or_default()),
            // The client's port is closed: it has gone on.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Reply::Error,
            // Host or network unreachable: a board without power. Silence will end it.
            Err(_) => Reply::Nonsense,
        };
        if reply != Reply::Nonsense {
            self.pulse.beat();
        }
        Event::Reply(reply)
    }

    /// The transfer is to end, but what ends it in order may lie unread in the socket, where tokio has not yet
    /// seen it.
    fn last_words(&self, socket: &UdpSocket) -> Event {
        let mut buffer = [0; 512];
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(bytes) => self.heard(Ok(bytes), &buffer),
            Err(_) => Event::CutOff,
        }
    }
}

/// What is recorded of a request.
#[derive(Default)]
struct Told {
    node: Option<NodeId>,
    bytes: u64,
    size_bytes: Option<u64>,
    repeats: u32,
}

enum Event {
    Reply(Reply),
    Silence,
    CutOff,
}

/// The sending side of a transfer.
struct Line<'a> {
    socket: &'a UdpSocket,
    content: Content,
    agreed: &'a Negotiated,
    packet: Vec<u8>,
}

impl Line<'_> {
    async fn send_oack(&self) {
        drop(self.socket.send(&wire::encode_oack(&self.agreed.grants)).await);
    }

    /// Sends blocks. Only the content can fail; a packet that the network does not take is a lost packet.
    async fn send_blocks(&mut self, blocks: RangeInclusive<u64>) -> io::Result<()> {
        for block in blocks {
            let start = block.saturating_sub(1).saturating_mul(self.agreed.block_bytes.into());
            let data = self.content.read(start, self.agreed.block_bytes.into()).await?;
            self.packet.clear();
            self.packet.extend_from_slice(&wire::data_header(wire_number(block)));
            self.packet.extend_from_slice(data);
            drop(self.socket.send(&self.packet).await);
        }
        Ok(())
    }
}

async fn refuse(socket: &UdpSocket, complaint: Complaint, text: &str) {
    drop(socket.send(&wire::encode_error(complaint, text)).await);
}

/// A name as it may be stored and shown: bounded, without control characters.
fn printable(name: &str) -> String {
    name.chars().take(128).map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
