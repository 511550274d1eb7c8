//! Many clients in one thread: each fetches the file once and compares every byte.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use pimaster::model::board::BoardModel;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The name that is asked for.
pub(crate) const FILE: &str = "kernel8.img";
/// How long a client waits before it says again what it said last.
const REPEAT: Duration = Duration::from_secs(2);
/// Without progress for so long a client has failed.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);
/// The same for a server that may not be up yet.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(200);
const TICK_MILLIS: u16 = 50;
const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 69);

/// How the file is fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) block_bytes: usize,
    pub(crate) window: u64,
    /// Whether 1 % of DATA and 1 % of ACKs go lost.
    pub(crate) loss: bool,
    /// What pimaster takes the clients for.
    pub(crate) board: BoardModel,
}

/// A run of clients, 127.0.1.0 and up.
pub(crate) struct Load<'a> {
    pub(crate) clients: u8,
    pub(crate) way: Way,
    pub(crate) content: &'a [u8],
    pub(crate) patience: Duration,
}

/// How it went.
pub(crate) struct Told {
    /// Until each client had all, in seconds; of those that did.
    pub(crate) seconds: Vec<f64>,
    pub(crate) failures: usize,
}

/// Runs the clients until the last is done or has failed.
pub(crate) fn fetch(load: &Load<'_>) -> Told {
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    let began = Instant::now();
    let mut clients: Vec<Client<'_>> =
        (0..load.clients).map(|number| Client::open(load, number, began)).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        epoll.add(&client.socket, EpollEvent::new(EpollFlags::EPOLLIN, index as u64)).unwrap();
        client.say_again();
    }
    let mut events = [EpollEvent::empty(); 64];
    let mut looked = began;
    while clients.iter().any(|client| client.state == State::Receiving) {
        let count = epoll.wait(&mut events, EpollTimeout::from(TICK_MILLIS)).unwrap();
        let now = Instant::now();
        for event in events.iter().take(count) {
            if let Some(client) = clients.get_mut(event.data() as usize) {
                client.receive(now);
            }
        }
        if now - looked >= Duration::from_millis(TICK_MILLIS.into()) {
            looked = now;
            clients.iter_mut().for_each(|client| client.look_at_the_clock(now));
        }
    }
    let seconds = clients.iter().filter_map(|client| match client.state {
        State::Done(at) => Some((at - began).as_secs_f64()),
        State::Receiving | State::Failed => None,
    });
    let seconds: Vec<f64> = seconds.collect();
    Told { failures: clients.len() - seconds.len(), seconds }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Receiving,
    Done(Instant),
    Failed,
}

struct Client<'a> {
    socket: UdpSocket,
    content: &'a [u8],
    patience: Duration,
    request: Vec<u8>,
    peer: Option<SocketAddr>,
    block_bytes: usize,
    window: u64,
    /// Blocks that arrived in order.
    arrived: u64,
    since_ack: u64,
    /// Whether a hole in this window was told already.
    told_hole: bool,
    state: State,
    heard: Instant,
    said: Instant,
    loss: Option<Loss>,
}

/// Which packets go lost: the same for each server.
struct Loss(u64);

impl Loss {
    fn strikes(&mut self) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(100)
    }
}

impl<'a> Client<'a> {
    fn open(load: &Load<'a>, number: u8, now: Instant) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 1, number), 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut request = [b"\0\x01", FILE.as_bytes(), b"\0octet\0tsize\x000\0"].concat();
        let Way { block_bytes, window, loss, board: _ } = load.way;
        request.extend(format!("blksize\0{block_bytes}\0").bytes());
        if window > 1 {
            request.extend(format!("windowsize\0{window}\0").bytes());
        }
        Self {
            socket,
            content: load.content,
            patience: load.patience,
            request,
            peer: None,
            block_bytes: 512,
            window: 1,
            arrived: 0,
            since_ack: 0,
            told_hole: false,
            state: State::Receiving,
            heard: now,
            said: now,
            loss: loss.then(|| Loss(u64::from(number) + 1)),
        }
    }

    fn receive(&mut self, now: Instant) {
        let mut packet = [0; 2048];
        loop {
            let received = match self.peer {
                Some(_) => self.socket.recv(&mut packet).ok(),
                None => self.socket.recv_from(&mut packet).ok().map(|(length, peer)| {
                    self.socket.connect(peer).unwrap();
                    self.peer = Some(peer);
                    length
                }),
            };
            let Some(length) = received else { return };
            let packet = packet.get(..length).unwrap_or_default();
            match packet {
                [0, 3, high, low, data @ ..] => self.on_data(u16::from_be_bytes([*high, *low]), data, now),
                [0, 6, options @ ..] => self.on_oack(options, now),
                _ => self.state = State::Failed,
            }
            // One more look would cost a call, and there is nothing while blocks come one by one.
            if self.window == 1 {
                return;
            }
        }
    }

    fn on_oack(&mut self, options: &[u8], now: Instant) {
        let text = String::from_utf8_lossy(options);
        let words: Vec<&str> = text.split('\0').collect();
        for pair in words.chunks_exact(2) {
            match pair {
                ["blksize", value] => self.block_bytes = value.parse().unwrap(),
                ["windowsize", value] => self.window = value.parse().unwrap(),
                _ => {}
            }
        }
        self.heard = now;
        self.ack();
    }

    fn on_data(&mut self, number: u16, data: &[u8], now: Instant) {
        if self.state != State::Receiving || self.loss.as_mut().is_some_and(Loss::strikes) {
            return;
        }
        let ahead = number.wrapping_sub((self.arrived + 1) as u16);
        if ahead == 0 {
            self.on_block(data, now);
        } else if ahead < u16::MAX / 2 {
            if !self.told_hole {
                self.told_hole = true;
                self.ack();
            }
        } else if ahead == u16::MAX {
            // The newest block once more: its ACK went lost.
            self.ack();
        }
    }

    fn on_block(&mut self, data: &[u8], now: Instant) {
        let start = self.arrived as usize * self.block_bytes;
        let end = (start + self.block_bytes).min(self.content.len());
        if self.content.get(start..end) != Some(data) {
            self.state = State::Failed;
            return;
        }
        self.arrived += 1;
        self.since_ack += 1;
        self.told_hole = false;
        self.heard = now;
        let is_last = data.len() < self.block_bytes;
        if is_last || self.since_ack >= self.window {
            self.ack();
        }
        if is_last {
            self.state = State::Done(now);
        }
    }

    fn ack(&mut self) {
        self.since_ack = 0;
        self.said = Instant::now();
        // The last one is not repeated by anybody, so it does not go lost here.
        let is_last = self.arrived as usize * self.block_bytes > self.content.len();
        if !is_last && self.loss.as_mut().is_some_and(Loss::strikes) {
            return;
        }
        let [high, low] = (self.arrived as u16).to_be_bytes();
        drop(self.socket.send(&[0, 4, high, low]));
    }

    fn say_again(&mut self) {
        match self.peer {
            Some(_) => self.ack(),
            None => drop(self.socket.send_to(&self.request, SERVER)),
        }
    }

    fn look_at_the_clock(&mut self, now: Instant) {
        if self.state != State::Receiving {
            return;
        }
        if now - self.heard > self.patience {
            self.state = State::Failed;
        } else if now - self.said.max(self.heard) > REPEAT {
            self.said = now;
            self.say_again();
        }
    }
}
