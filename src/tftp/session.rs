//! One request, from the look at the database to the record of how it ended. *IO: the store, through `port` the net.*
//!
//! Spawned by `server` for each read request. Decides nothing: `resolve` says what is sent.

use super::again::Course;
use super::content::Content;
use super::events::Record;
use super::options::negotiate;
use super::path::{Asked, PathFault, Prefix};
use super::patience::least_wait;
use super::port::{self, Transfer};
use super::resolve::{Seen, Served, resolve};
use super::wire::{Complaint, Request};
use super::{Addresses, Config, arp};
use crate::model::board::BoardModel;
use crate::model::boot_event::{FileOutcome, FileRefusal as Refusal, FileTransfer};
use crate::model::clock;
use crate::model::ids::NodeId;
use crate::model::quirk::Quirks;
use crate::store::{self, Store, devices, nodes};
use std::io;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use tokio::time::Instant;
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
    /// Where its answer comes from.
    pub(super) port: port::Handle,
    /// Cancelled when the client started over from the same port, and when the server stops.
    pub(super) cut: CancellationToken,
    pub(super) pulse: Pulse,
}

/// How a transfer stands, told by its port, for `server` to tell a repeated request from a new one.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(Arc<Mutex<Beat>>);

#[derive(Debug, Clone, Copy, Default)]
struct Beat {
    heard: Option<Instant>,
    is_over: bool,
}

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
    /// How the transfer stands; one that is not begun yet is open.
    pub(super) fn course(&self, now: Instant) -> Course {
        let Beat { heard, is_over } = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = heard.map(|at| now.saturating_duration_since(at));
        if is_over { Course::Over } else { Course::Open(silence) }
    }

    /// The client was heard.
    pub(super) fn beat(&self, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).heard = Some(now);
    }

    /// The transfer has ended.
    pub(super) fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
    }
}

/// Why pimaster could not do its part.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the node cannot be looked up")]
    Lookup(#[from] store::Error),
    #[error("the boot file cannot be read; check the data folder's tftp/ and images/ and its owner")]
    Content(#[source] io::Error),
    #[error("the port of the transfer is gone")]
    Port,
}

impl Session {
    /// Answers the request, and records how it ended; gives its client back.
    pub(super) async fn run(self) -> SocketAddrV4 {
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
        self.client
    }

    async fn answer(&self, told: &mut Told) -> Result<Outcome, Fault> {
        let asked = Asked::parse(&self.request.name);
        let prefix = asked.as_ref().ok().and_then(|asked| asked.prefix);
        let seen = self.look_up(prefix).await?;
        let asked = match asked {
            Ok(asked) => asked,
            Err(fault) => {
                told.node = seen.by_address.map(|node| node.id);
                self.port.refuse(self.client, Complaint::AccessViolation, &fault.to_string());
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
            Ok(Some(content)) => self.transfer(content, resolution.board, told).await,
            Ok(None) => {
                let text = refusal.map_or("file not found".to_owned(), |refusal| refusal.to_string());
                self.port.refuse(self.client, Complaint::NotFound, &text);
                Ok(Outcome::NotFound(refusal))
            }
            Err(error) => {
                self.port.refuse(self.client, Complaint::Undefined, "the file cannot be read");
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

    /// Hands the transfer over and waits for its end.
    async fn transfer(
        &self,
        content: Content,
        board: Option<BoardModel>,
        told: &mut Told,
    ) -> Result<Outcome, Fault> {
        told.size_bytes = Some(content.total_bytes());
        let agreed = negotiate(&self.request.wishes, content.total_bytes(), Quirks::ALL);
        let least_wait = least_wait(board, &self.request.wishes, Quirks::ALL);
        let (client, pulse) = (self.client, self.pulse.clone());
        let transfer = Transfer { client, content, agreed, least_wait, pulse };
        let mut end = self.port.carry(transfer).await;
        let ended = tokio::select! {
            ended = &mut end => ended,
            () = self.cut.cancelled() => {
                self.port.cut(self.client).await;
                end.await
            }
        };
        let ended = ended.map_err(|_| Fault::Port)?;
        (told.bytes, told.repeats) = (ended.bytes, ended.repeats);
        ended.outcome.map_err(Fault::Content)
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

/// A name as it may be stored and shown: bounded, without control characters.
fn printable(name: &str) -> String {
    name.chars().take(128).map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
