//! The loop: receive, decode, decide and commit, send. *IO: the socket, the store.*
//!
//! Run by the daemon. All packets that wait when the loop comes round are decided in one transaction, so that a
//! rack that is switched on at once costs a few commits, not a thousand; while one is flushed to disk the next is
//! received. Invariant: an answer leaves only after
//! the lease it grants is on disk; if that fails nothing leaves, and the client asks again. What else a request told
//! is saved behind its answer, by `journal`.

use super::journal::Journal;
use super::notes::{Note, Sender};
use super::repeats::Repeats;
use super::responder::{Known, Responder};
use super::socket::Socket;
use super::verdict::{Answer, Decision, Heard, Ignore, Neighbour, Verdict};
use super::wire::{self, Request};
use super::{Config, Error, identity, observe};
use crate::model::clock::{self, Timestamp};
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::Quirks;
use crate::store::{self, Store, Transaction, devices, leases, nodes};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Packets decided in one transaction, and answered together, at most: a relay's socket has room for about a hundred
/// unless it asked for more.
const MOST_AT_ONCE: usize = 64;
/// Bursts on their way to the disk: one that is flushed, one that waits for it.
const MOST_BURSTS: usize = 2;
/// Sightings recorded of them at most: who invents hardware addresses must not keep the nodes waiting.
const MOST_STRANGERS: usize = 32;
/// More than any client sends; what is longer is cut and then has no end mark.
const LONGEST_PACKET: usize = 1500;
/// How long to wait when the socket fails, as it does while the interface is down.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The DHCP server.
#[derive(Debug)]
pub struct Server {
    socket: Socket,
    store: Store,
    responder: Arc<Responder>,
}

impl Server {
    /// Binds the port. Call it inside the runtime that will run the server.
    pub fn bind(config: Config, store: Store) -> Result<Self, Error> {
        let socket = Socket::bind(&config)?;
        Ok(Self { socket, store, responder: Arc::new(Responder::new(config, Quirks::ALL)) })
    }

    /// The address bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `shutdown`; then what was answered is recorded to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut repeats = Repeats::default();
        let (mut journal, writer) = Journal::open(self.store.clone());
        let writer = tokio::spawn(writer);
        let mut bursts = FuturesOrdered::new();
        loop {
            tokio::select! {
                // What is settled goes out before more is taken in.
                biased;
                () = shutdown.cancelled() => break,
                Some(notes) = bursts.next() => self.answer(notes, &mut repeats, &mut journal).await,
                answer = repeats.next() => self.send(&answer).await,
                requests = self.receive(), if bursts.len() < MOST_BURSTS => {
                    bursts.push_back(self.settle(requests));
                }
            }
        }
        drop(journal);
        drop(writer.await);
    }

    /// Waits for a packet and takes those behind it; returns the requests among them.
    async fn receive(&self) -> Vec<Arc<Request>> {
        let mut buffer = [0; LONGEST_PACKET];
        let mut requests = Vec::new();
        for turn in 0..MOST_AT_ONCE {
            let received = match turn {
                0 => self.socket.receive(&mut buffer).await,
                _ => self.socket.try_receive(&mut buffer),
            };
            match received {
                Ok(length) => match wire::decode(buffer.get(..length).unwrap_or_default()) {
                    Ok(request) => requests.push(Arc::new(request)),
                    Err(cause) => tracing::debug!(%cause, length, "not a request"),
                },
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
                Err(cause) => {
                    tracing::warn!(%cause, "cannot receive DHCP packets; is the interface up?");
                    // What was received before is not held up, nor lost if this wait is given up.
                    if requests.is_empty() {
                        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    }
                    break;
                }
            }
        }
        requests
    }

    async fn answer(&self, notes: Vec<Note>, repeats: &mut Repeats, journal: &mut Journal) {
        let mut strangers = 0;
        for note in notes {
            if let Verdict::Answer(answer) = &note.verdict {
                self.send(answer).await;
                repeats.add(answer);
            }
            log(&note);
            strangers += usize::from(matches!(note.sender, Sender::Stranger));
            if strangers <= MOST_STRANGERS || !matches!(note.sender, Sender::Stranger) {
                journal.add(note);
            }
        }
    }

    /// Decides about the requests and commits; if that fails for all of them together, one by one, so that a node
    /// whose rows are damaged does not silence the others.
    async fn settle(&self, requests: Vec<Arc<Request>>) -> Vec<Note> {
        if requests.is_empty() {
            return Vec::new();
        }
        let now = clock::now();
        match self.commit(requests.clone(), now).await {
            Ok(notes) => return notes,
            Err(cause) => {
                tracing::error!(%cause, source = ?std::error::Error::source(&cause), "cannot save leases")
            }
        }
        let mut notes = Vec::new();
        for request in requests {
            match self.commit(vec![request], now).await {
                Ok(more) => notes.extend(more),
                Err(cause) => tracing::error!(%cause, "cannot save a lease; its client gets no answer"),
            }
        }
        notes
    }

    async fn commit(&self, requests: Vec<Arc<Request>>, now: Timestamp) -> store::Result<Vec<Note>> {
        let responder = Arc::clone(&self.responder);
        let settled = self.store.write(move |tx| {
            requests.into_iter().map(|request| settle_one(tx, &responder, request, now)).collect()
        });
        settled.await
    }

    async fn send(&self, answer: &Answer) {
        let destination = answer.destination;
        match answer.neighbour {
            Neighbour::Told => self.socket.introduce(destination),
            Neighbour::Asked => {}
        }
        let sent = match wire::encode(&answer.reply) {
            Ok(bytes) => self.socket.send(destination, &bytes).await,
            Err(cause) => Err(io::Error::new(io::ErrorKind::InvalidData, cause)),
        };
        if let Err(cause) = sent {
            tracing::warn!(%destination, %cause, "cannot send an answer; the client will ask again");
        }
        // Behind the OFFER, which waits for nobody.
        let is_offer = answer.reply.kind == wire::ReplyKind::Offer && !answer.reply.yiaddr.is_unspecified();
        if is_offer && answer.asker == Asker::Firmware && destination.needs_link() {
            self.socket.ask_who_has(answer.reply.yiaddr);
        }
    }
}

/// Decides about one request and saves what its answer promises, or what others must know before they see the board.
fn settle_one(
    tx: &Transaction<'_>,
    responder: &Responder,
    request: Arc<Request>,
    now: Timestamp,
) -> store::Result<Note> {
    let seen = observe::observe(&request, Quirks::ALL);
    let (sender, verdict) = if let Some(node) = nodes::by_mac(tx, request.mac)? {
        let lease = leases::by_mac(tx, request.mac)?;
        let holder = leases::by_address(tx, node.address)?;
        let known = Known { node, lease, holder };
        let Decision { lease, verdict } = responder.respond(&request, &seen, Some(&known), now);
        if let Some(lease) = &lease {
            leases::upsert(tx, lease)?;
        }
        let node = known.node;
        if let Verdict::Heard(Heard::Uses(address)) = verdict
            && nodes::set_address_in_use(tx, node.id, address, now)?
        {
            tracing::info!(node = %node.name, %address, "a node uses an address of another DHCP server");
        }
        let doubt = learn(tx, &node, &seen)?;
        (Sender::Node(Box::new(node), doubt), verdict)
    } else if let Some(device) = devices::by_mac(tx, request.mac)? {
        let verdict = responder.respond_device(&request, &seen, &device, now).verdict;
        (Sender::Device(Box::new(device)), verdict)
    } else {
        (Sender::Stranger, Verdict::Ignore(Ignore::UnknownMachine))
    };
    Ok(Note { sender, request, seen, verdict, at: now })
}

/// Stores what the packet tells of the board; gives back what contradicts the row.
fn learn(tx: &Transaction<'_>, node: &Node, seen: &Observation) -> store::Result<Option<String>> {
    let told = identity::judge(node, seen);
    if told.is_news() {
        nodes::set_identity(tx, node.id, told.serial, told.revision)?;
    }
    Ok(told.doubt)
}

fn log(note: &Note) {
    let verdict = &note.verdict;
    match &note.sender {
        Sender::Node(node, _) => {
            tracing::info!(node = %node.name, answer = verdict.answer().as_str(), "{}", verdict.text())
        }
        Sender::Device(device) => {
            tracing::info!(device = %device.name, answer = verdict.answer().as_str(), "{}", verdict.text())
        }
        Sender::Stranger => tracing::debug!(mac = %note.request.mac, "an unknown machine"),
    }
}
