//! A port that many transfers share: hears all their clients and sends all their blocks. *IO: one UDP socket.*
//!
//! Made by `server`, used by `session`, which hands over a transfer and waits for its end. Decides nothing: `sender`
//! says what is sent and when.
//!
//! ```text
//! acknowledgements that wait (one call) ─► sender of each ─► due: who is owed blocks
//! due ─► content in memory? ─► outbox ─► all of it leaves in few calls
//!                 └─ no ─► load on another thread ─► due
//! ```
//!
//! Invariants: a transfer is known by its client's address and port; whatever clients ask for, what waits to be
//! sent is bounded, and each transfer holds one piece of its file; no timer is touched for a single block.

use super::batch::{Inbox, Outbox, refusals};
use super::content::{Block, Content, Piece};
use super::options::Negotiated;
use super::sender::{Sender, Step, wire_number};
use super::session::{Outcome, Pulse};
use super::wire::{self, Complaint, Reply};
use crate::model::quirk::Quirks;
use nix::sys::socket::{setsockopt, sockopt};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddrV4;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Orders that wait at most: a session gives two.
const QUEUE: usize = 64;

/// How often the clock is looked at while nothing is due.
const LONG: Duration = Duration::from_secs(3600);

/// A transfer that is handed over.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) client: SocketAddrV4,
    pub(super) content: Content,
    pub(super) agreed: Negotiated,
    pub(super) least_wait: Duration,
    pub(super) pulse: Pulse,
}

/// How a transfer ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The error is one of the content.
    pub(super) outcome: io::Result<Outcome>,
    /// Bytes that arrived.
    pub(super) bytes: u64,
    /// How often something was sent again.
    pub(super) repeats: u32,
}

#[derive(Debug)]
enum Order {
    Carry(Box<Transfer>, oneshot::Sender<Ended>),
    Cut(SocketAddrV4),
    CatchUp(oneshot::Sender<()>),
}

/// The sessions' side of a port.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    socket: Arc<UdpSocket>,
    orders: mpsc::Sender<Order>,
}

impl Handle {
    /// Hands a transfer over. What comes back tells its end, once.
    pub(super) async fn carry(&self, transfer: Transfer) -> oneshot::Receiver<Ended> {
        let (ended, end) = oneshot::channel();
        // A port that is gone drops the sender, and with it says so.
        drop(self.orders.send(Order::Carry(Box::new(transfer), ended)).await);
        end
    }

    /// Ends a transfer, unless what its client has sent already ends it in order.
    pub(super) async fn cut(&self, client: SocketAddrV4) {
        drop(self.orders.send(Order::Cut(client)).await);
    }

    /// Waits until all that clients have sent so far is heard.
    pub(super) async fn catch_up(&self) {
        let (done, caught_up) = oneshot::channel();
        drop(self.orders.send(Order::CatchUp(done)).await);
        // The port lets go of it when that is done; one that is gone hears nothing more.
        drop(caught_up.await);
    }

    /// Refuses a request. What cannot be sent at once is lost like any packet.
    pub(super) fn refuse(&self, client: SocketAddrV4, complaint: Complaint, text: &str) {
        drop(self.socket.try_send_to(&wire::encode_error(complaint, text), client.into()));
    }
}

/// A port and its transfers.
#[derive(Debug)]
pub(super) struct Port {
    socket: Arc<UdpSocket>,
    orders: mpsc::Receiver<Order>,
    flows: HashMap<SocketAddrV4, Flow>,
    started: u64,
    /// Who is owed blocks that may be in memory.
    due: VecDeque<SocketAddrV4>,
    loads: JoinSet<(SocketAddrV4, u64, io::Result<Piece>)>,
    outbox: Outbox,
    /// No transfer's deadline is before.
    alarm: Instant,
}

/// A transfer on its way.
#[derive(Debug)]
struct Flow {
    /// No two flows of a port have the same.
    number: u64,
    transfer: Transfer,
    sender: Sender,
    ended: oneshot::Sender<Ended>,
    deadline: Instant,
    owed: Option<RangeInclusive<u64>>,
    is_loading: bool,
}

impl Port {
    /// Takes up a bound socket, inside the runtime that will run it.
    pub(super) fn open(socket: std::net::UdpSocket) -> io::Result<(Handle, Self)> {
        // Without it the kernel keeps to itself which client's port is closed.
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let (sender, orders) = mpsc::channel(QUEUE);
        let handle = Handle { socket: Arc::clone(&socket), orders: sender };
        let port = Self {
            socket,
            orders,
            flows: HashMap::new(),
            started: 0,
            due: VecDeque::new(),
            loads: JoinSet::new(),
            outbox: Outbox::default(),
            alarm: Instant::now() + LONG,
        };
        Ok((handle, port))
    }

    /// Works until all handles are gone.
    pub(super) async fn run(mut self) {
        let mut inbox = Inbox::new();
        let mut alarm = pin!(sleep_until(self.alarm));
        loop {
            // What seldom happens comes first: packets come without a pause while a rack boots.
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order, &mut inbox),
                    None => return,
                },
                Some(loaded) = self.loads.join_next() => self.loaded(loaded),
                // Without a transfer there is no timer: a paused clock would run ahead to it.
                () = &mut alarm, if !self.flows.is_empty() => self.on_alarm(),
                _ = self.socket.ready(Interest::READABLE | Interest::ERROR) => self.listen(&mut inbox),
            }
            self.serve().await;
            if alarm.deadline() != self.alarm && !self.flows.is_empty() {
                alarm.as_mut().reset(self.alarm);
            }
        }
    }

    fn obey(&mut self, order: Order, inbox: &mut Inbox) {
        match order {
            Order::Carry(transfer, ended) => self.start(*transfer, ended),
            Order::Cut(client) => {
                // What ends it in order may lie unread in the socket.
                while !self.hear(inbox) {}
                self.end(client, Ok(Outcome::CutOff));
            }
            Order::CatchUp(done) => {
                while !self.hear(inbox) {}
                drop(done);
            }
        }
    }

    fn start(&mut self, transfer: Transfer, ended: oneshot::Sender<Ended>) {
        let now = Instant::now();
        let (client, bytes, least_wait) =
            (transfer.client, transfer.content.total_bytes(), transfer.least_wait);
        let mut sender = Sender::new(&transfer.agreed, bytes, least_wait, Quirks::ALL);
        let step = sender.open(now);
        self.started += 1;
        let number = self.started;
        let flow = Flow { number, transfer, sender, ended, deadline: now, owed: None, is_loading: false };
        self.flows.insert(client, flow);
        self.act(client, step, now);
    }

    /// Takes what came in, and tells the runtime if there is no more.
    fn listen(&mut self, inbox: &mut Inbox) {
        let socket = Arc::clone(&self.socket);
        let nothing = || Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock));
        drop(socket.try_io(Interest::READABLE, || if self.hear(inbox) { nothing() } else { Ok(()) }));
        drop(socket.try_io(Interest::ERROR, || {
            for client in refusals(socket.as_raw_fd()) {
                self.take(client, Reply::Error, Instant::now());
            }
            nothing()
        }));
    }

    /// Whether nothing more waits.
    fn hear(&mut self, inbox: &mut Inbox) -> bool {
        // Each has one packet on the way, seldom two; room for more would be laid out for nothing.
        let is_all = inbox.receive(self.socket.as_raw_fd(), self.flows.len() + 1);
        let now = Instant::now();
        for (client, datagram) in inbox.datagrams() {
            self.take(client, wire::decode_reply(datagram), now);
        }
        is_all
    }

    fn take(&mut self, client: SocketAddrV4, reply: Reply, now: Instant) {
        let Some(flow) = self.flows.get_mut(&client) else { return };
        if reply != Reply::Nonsense {
            flow.transfer.pulse.beat(now);
        }
        let step = flow.sender.on_reply(now, reply);
        self.act(client, step, now);
    }

    fn on_alarm(&mut self) {
        let now = Instant::now();
        let silent = self.flows.iter().filter(|(_, flow)| flow.deadline <= now);
        let silent: Vec<SocketAddrV4> = silent.map(|(client, _)| *client).collect();
        for client in silent {
            let step = self.flows.get_mut(&client).map(|flow| flow.sender.on_silence());
            self.act(client, step.unwrap_or(Step::Wait), now);
        }
        self.alarm = self.flows.values().map(|flow| flow.deadline).min().unwrap_or(now + LONG);
    }

    fn act(&mut self, client: SocketAddrV4, step: Step, now: Instant) {
        let outcome = match step {
            Step::Wait => return,
            Step::SendOack | Step::Send(_) => return self.promise(client, step, now),
            Step::Complete => Outcome::Complete,
            Step::Terminated => Outcome::Terminated,
            Step::GiveUp => Outcome::TimedOut,
        };
        self.end(client, Ok(outcome));
    }

    fn promise(&mut self, client: SocketAddrV4, step: Step, now: Instant) {
        let Some(flow) = self.flows.get_mut(&client) else { return };
        flow.deadline = now + flow.sender.wait();
        self.alarm = self.alarm.min(flow.deadline);
        if let Step::Send(blocks) = step {
            flow.owed = Some(blocks);
            self.due.push_back(client);
        } else {
            self.outbox.add(client, &wire::encode_oack(&flow.transfer.agreed.grants), &[]);
        }
    }

    /// Sends what is due.
    async fn serve(&mut self) {
        while let Some(client) = self.due.pop_front() {
            self.pack(client);
            if self.outbox.is_full() {
                self.send().await;
            }
        }
        self.send().await;
    }

    /// Puts blocks that a client is owed into the outbox until it is full.
    fn pack(&mut self, client: SocketAddrV4) {
        let Some(flow) = self.flows.get_mut(&client).filter(|flow| !flow.is_loading) else { return };
        let Some(mut owed) = flow.owed.take() else { return };
        let block_bytes = flow.transfer.agreed.block_bytes;
        while let Some(block) = owed.next() {
            let start = block.saturating_sub(1).saturating_mul(block_bytes.into());
            match flow.transfer.content.block(start, block_bytes.into()) {
                Ok(Block::Here(data)) => {
                    self.outbox.add(client, &wire::data_header(wire_number(block)), data);
                }
                Ok(Block::Elsewhere(load)) => {
                    (flow.owed, flow.is_loading) = (Some(block..=*owed.end()), true);
                    let number = flow.number;
                    self.loads.spawn(async move { (client, number, load.run().await) });
                    return;
                }
                Err(error) => return self.fail(client, error),
            }
            if self.outbox.is_full() && !owed.is_empty() {
                flow.owed = Some(owed);
                return self.due.push_front(client);
            }
        }
    }

    fn loaded(&mut self, loaded: Result<(SocketAddrV4, u64, io::Result<Piece>), JoinError>) {
        // A task that broke off leaves its transfer to the timer.
        let Ok((client, number, piece)) = loaded else { return };
        // The client may have gone on to another file meanwhile.
        let Some(flow) = self.flows.get_mut(&client).filter(|flow| flow.number == number) else { return };
        flow.is_loading = false;
        match piece {
            Ok(piece) => {
                flow.transfer.content.put(piece);
                self.due.push_back(client);
            }
            Err(error) => self.fail(client, error),
        }
    }

    /// Sends all that is in the outbox, as fast as the network takes it.
    async fn send(&mut self) {
        let mut sent = 0;
        while sent < self.outbox.len() {
            let descriptor = self.socket.as_raw_fd();
            let write = || self.outbox.send(descriptor, sent);
            sent += match self.socket.async_io(Interest::WRITABLE, write).await {
                Ok(count) => count.max(1),
                // The echo of an earlier datagram; or this one cannot be sent, and is lost like any packet.
                Err(_) => self.outbox.send(descriptor, sent).unwrap_or(1).max(1),
            };
        }
        self.outbox.clear();
    }

    fn fail(&mut self, client: SocketAddrV4, error: io::Error) {
        self.outbox.add(client, &wire::encode_error(Complaint::Undefined, "the file cannot be read"), &[]);
        self.end(client, Err(error));
    }

    fn end(&mut self, client: SocketAddrV4, outcome: io::Result<Outcome>) {
        let Some(flow) = self.flows.remove(&client) else { return };
        let Flow { transfer, sender, ended, .. } = flow;
        transfer.pulse.stop();
        let bytes = sender.acked().saturating_mul(transfer.agreed.block_bytes.into());
        let bytes = bytes.min(transfer.content.total_bytes());
        // A session that is gone needs no word.
        drop(ended.send(Ended { outcome, bytes, repeats: sender.repeats() }));
    }
}
