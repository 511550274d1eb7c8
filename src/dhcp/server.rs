//! The loop: receive, decode, decide and commit, send. *IO: the socket, the store.*
//!
//! Run by the daemon. All packets that wait when the loop comes round are decided in one transaction, so that a
//! rack that is switched on at once costs a few commits, not a thousand. Invariant: an answer leaves only after
//! the lease it grants is on disk; if that fails nothing leaves, and the client asks again.

use super::repeats::Repeats;
use super::responder::{Known, Responder};
use super::socket::Socket;
use super::verdict::{Answer, Neighbour, Verdict};
use super::wire::{self, Request, RequestKind};
use super::{Config, Error, identity, notes, observe};
use crate::model::boot_event::{BootEvent, DhcpAsked, DhcpExchange};
use crate::model::clock::{self, Timestamp};
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::Quirks;
use crate::store::boot_events::{self, NewEvent};
use crate::store::{self, Store, Transaction, leases, nodes, sightings};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Packets decided in one transaction at most.
const MOST_AT_ONCE: usize = 256;
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

    /// Serves until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut repeats = Repeats::default();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                answer = repeats.next() => self.send(&answer).await,
                requests = self.receive() => self.serve(requests, &mut repeats).await,
            }
        }
    }

    /// Waits for a packet and takes those behind it; returns the requests among them.
    async fn receive(&self) -> Vec<Request> {
        let mut buffer = [0; LONGEST_PACKET];
        let mut received = self.socket.receive(&mut buffer).await;
        let mut requests = Vec::new();
        for _ in 0..MOST_AT_ONCE {
            match received {
                Ok(length) => match wire::decode(buffer.get(..length).unwrap_or_default()) {
                    Ok(request) => requests.push(request),
                    Err(cause) => tracing::debug!(%cause, length, "not a request"),
                },
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
                Err(cause) => {
                    tracing::warn!(%cause, "cannot receive DHCP packets; is the interface up?");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    break;
                }
            }
            received = self.socket.try_receive(&mut buffer);
        }
        requests
    }

    async fn serve(&self, requests: Vec<Request>, repeats: &mut Repeats) {
        for answer in self.settle(requests).await {
            self.send(&answer).await;
            repeats.add(answer);
        }
    }

    /// Decides about the requests and commits; if that fails for all of them together, one by one, so that a node
    /// whose rows are damaged does not silence the others.
    async fn settle(&self, requests: Vec<Request>) -> Vec<Answer> {
        if requests.is_empty() {
            return Vec::new();
        }
        let now = clock::now();
        let requests = Arc::new(requests);
        match self.commit(Arc::clone(&requests), 0..requests.len(), now).await {
            Ok(answers) => return answers,
            Err(cause) => {
                tracing::error!(%cause, source = ?std::error::Error::source(&cause), "cannot save leases")
            }
        }
        let mut answers = Vec::new();
        for index in 0..requests.len() {
            match self.commit(Arc::clone(&requests), index..index + 1, now).await {
                Ok(more) => answers.extend(more),
                Err(cause) => tracing::error!(%cause, "cannot save a lease; its client gets no answer"),
            }
        }
        answers
    }

    async fn commit(
        &self,
        requests: Arc<Vec<Request>>,
        range: std::ops::Range<usize>,
        now: Timestamp,
    ) -> Result<Vec<Answer>, store::Error> {
        let responder = Arc::clone(&self.responder);
        let transaction = self.store.write(move |tx| {
            let (mut answers, mut events, mut strangers) = (Vec::new(), Vec::new(), 0);
            for request in requests.get(range).unwrap_or_default() {
                let seen = observe::observe(request, Quirks::ALL);
                let Some(node) = nodes::by_mac(tx, request.mac)? else {
                    if let Some(answer) = notes::settle_device(tx, &responder, request, &seen, now)? {
                        answers.extend(answer);
                        continue;
                    }
                    tracing::debug!(mac = %request.mac, "an unknown machine");
                    strangers += 1;
                    if strangers <= MOST_STRANGERS {
                        sightings::record(tx, request.mac, &seen, now)?;
                    }
                    continue;
                };
                let lease = leases::by_mac(tx, request.mac)?;
                let holder = leases::by_address(tx, node.address)?;
                let known = Known { node, lease, holder };
                let decision = responder.respond(request, &seen, Some(&known), now);
                if let Some(lease) = &decision.lease {
                    leases::upsert(tx, lease)?;
                }
                notes::note(tx, &known.node, &decision.verdict, now)?;
                if request.kind == RequestKind::Discover && seen.asker == Asker::Firmware {
                    notes::judge_hold_off(tx, &known.node, now)?;
                }
                if let Some(doubt) = learn(tx, &known.node, &seen, now)?
                    && !events.contains(&doubt)
                {
                    events.push(doubt);
                }
                let event = exchange(request, &seen, &decision.verdict);
                tracing::info!(node = %known.node.name, answer = event.answer.as_str(), "{}", event.why);
                events.push(NewEvent { node: known.node.id, at: now, event: BootEvent::Dhcp(event) });
                if let Verdict::Answer(answer) = decision.verdict {
                    answers.push(*answer);
                }
            }
            boot_events::add(tx, &events)?;
            Ok(answers)
        });
        transaction.await
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

/// What was asked and answered, for the node's boot events.
fn exchange(request: &Request, seen: &Observation, verdict: &Verdict) -> DhcpExchange {
    let asked = match request.kind {
        RequestKind::Discover => DhcpAsked::Discover,
        RequestKind::Request => DhcpAsked::Request,
        RequestKind::Decline => DhcpAsked::Decline,
        RequestKind::Release => DhcpAsked::Release,
        RequestKind::Inform => DhcpAsked::Inform,
    };
    let (answer, why) = (verdict.answer(), verdict.text());
    DhcpExchange { asker: seen.asker, asked, options: request.options.clone(), answer, why }
}

/// Stores what the packet tells of the board; what contradicts the row becomes an event, once.
fn learn(
    tx: &Transaction<'_>,
    node: &Node,
    seen: &Observation,
    now: Timestamp,
) -> Result<Option<NewEvent>, store::Error> {
    let told = identity::judge(node, seen);
    if told.is_news() {
        nodes::set_identity(tx, node.id, told.serial, told.revision)?;
    }
    let Some(text) = told.doubt else { return Ok(None) };
    let event = BootEvent::Doubt { text };
    if boot_events::has(tx, node.id, &event)? {
        return Ok(None);
    }
    if let BootEvent::Doubt { text } = &event {
        tracing::warn!(node = %node.name, "{text}");
    }
    Ok(Some(NewEvent { node: node.id, at: now, event }))
}
