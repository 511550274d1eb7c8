//! The server's side of the bench for files: each transfer is the daemon's own [`Sender`], fed and timed by hand.

use super::super::TransferSocket;
use super::super::facts::Arp;
use super::bench::{Cable, SERVER};
use crate::model::ids::EnvironmentId;
use crate::model::node::Node;
use crate::model::quirk::Quirks;
use crate::tftp::again::{Again, Course, judge};
use crate::tftp::options::{Negotiated, negotiate};
use crate::tftp::patience::least_wait;
use crate::tftp::sender::{Sender, Step, wire_number};
use crate::tftp::wire::{
    Complaint, Opening, Request, data_header, decode_opening, decode_reply, encode_error, encode_oack,
};
use crate::tftp::{Asked, Config, Prefix, Seen, Served, resolve};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(super) type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// Linux's `delay_first_probe_time` and three probes: so long an entry is used that nobody confirms.
const PROBED: Duration = Duration::from_secs(8);
/// The least time for which an entry is taken as confirmed, half of `base_reachable_time`.
const CONFIRMED: Duration = Duration::from_secs(15);

/// What the server's kernel knows of the board's hardware address.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) arp: Arp,
    has_asked: bool,
    until: Option<Instant>,
}

impl Entry {
    /// pimaster writes it.
    pub(super) fn tell(&mut self) {
        self.until = Some(Instant::now() + CONFIRMED + PROBED);
    }

    /// The board asked for the server, which is remembered, but not confirmed.
    pub(super) fn meet(&mut self) {
        self.until = self.until.max(Some(Instant::now() + PROBED));
    }

    fn reaches(&self, now: Instant) -> bool {
        let answers = match self.arp {
            Arp::Answered => true,
            Arp::UntilFirstRequest => !self.has_asked,
        };
        answers || self.until.is_some_and(|until| now <= until)
    }
}

/// All transfers of one board.
pub(super) struct Transfers {
    pub(super) quirks: Quirks,
    pub(super) node: Node,
    pub(super) board: Option<Ipv4Addr>,
    pub(super) neighbour: Entry,
    config: Config,
    cable: Cable,
    files: Files,
    installed: Option<(EnvironmentId, String)>,
    open: Vec<Open>,
    errors: usize,
    next_port: u16,
    uplink: VecDeque<(Instant, u16, u16, Vec<u8>)>,
    downlink: VecDeque<(Instant, u16, u16, Vec<u8>)>,
}

/// One open transfer.
struct Open {
    client: u16,
    own: u16,
    request: Request,
    heard: Option<Instant>,
    deadline: Instant,
    sender: Sender,
    agreed: Negotiated,
    content: Arc<Vec<u8>>,
}

impl Transfers {
    pub(super) fn new(quirks: Quirks, config: Config, cable: Cable, node: Node, files: Files) -> Self {
        Self {
            quirks,
            node,
            board: None,
            neighbour: Entry { arp: Arp::Answered, has_asked: false, until: None },
            config,
            cable,
            files,
            installed: Some((EnvironmentId(3), "root=/dev/mmcblk0p2".to_owned())),
            open: Vec::new(),
            errors: 0,
            next_port: 49_152,
            uplink: VecDeque::new(),
            downlink: VecDeque::new(),
        }
    }

    pub(super) fn socket(shared: &Arc<Mutex<Self>>) -> Socket {
        Socket { port: shared.lock().unwrap().fresh_port(), shared: Arc::clone(shared) }
    }

    fn fresh_port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }

    fn take_up(&mut self, port: u16, packet: &[u8], to: SocketAddrV4) {
        if *to.ip() != SERVER {
            return;
        }
        let cable = self.cable;
        let mut at = Instant::now() + cable.latency;
        let number = match packet {
            [0, 4, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        if packet.starts_with(&[0, 5]) {
            self.errors += 1;
            if cable.loses_error == Some(self.errors) {
                return;
            }
        }
        let is_request_for = |name: &str| {
            packet.starts_with(&[0, 1]) && packet.windows(name.len()).any(|window| window == name.as_bytes())
        };
        let doubled = number.is_some() && number == cable.doubles_ack_of
            || cable.doubles_request_for.is_some_and(is_request_for);
        if let Some((_, delay)) = cable.delays_ack_of.filter(|(block, _)| Some(*block) == number) {
            at += delay;
        }
        for _ in 0..=usize::from(doubled) {
            self.uplink.push_back((at, port, to.port(), packet.to_vec()));
        }
        self.neighbour.has_asked |= packet.starts_with(&[0, 1]);
    }

    /// Does all that is due, and says when more is.
    fn drive(&mut self, now: Instant) -> Option<Instant> {
        while let Some(index) = self.uplink.iter().position(|(at, ..)| *at <= now) {
            let (_, client, own, packet) = self.uplink.remove(index).unwrap();
            self.hear(now, client, own, &packet);
        }
        while let Some(index) = self.open.iter().position(|open| open.deadline <= now) {
            let step = self.open[index].sender.on_silence();
            self.act(now, index, step);
        }
        let arrivals = self.uplink.iter().map(|(at, ..)| *at);
        arrivals.chain(self.open.iter().map(|open| open.deadline)).min()
    }

    fn hear(&mut self, now: Instant, client: u16, own: u16, packet: &[u8]) {
        if own == 69 {
            if let Opening::Read(request) = decode_opening(packet) {
                self.requested(now, client, request);
            }
            return;
        }
        let Some(index) = self.open.iter().position(|open| open.client == client && open.own == own) else {
            return;
        };
        let open = &mut self.open[index];
        open.heard = Some(now);
        let step = open.sender.on_reply(now, decode_reply(packet));
        self.act(now, index, step);
    }

    fn requested(&mut self, now: Instant, client: u16, request: Request) {
        if let Some(index) = self.open.iter().position(|open| open.client == client) {
            let open = &self.open[index];
            let course = Course::Open(open.heard.map(|at| now - at));
            match judge(&open.request, &request, course, self.quirks) {
                Again::Nothing => return,
                Again::Replaces => drop(self.open.remove(index)),
            }
        }
        self.start(now, client, request);
    }

    fn start(&mut self, now: Instant, client: u16, request: Request) {
        if self.open.len() >= self.cable.room {
            return;
        }
        let own = self.fresh_port();
        let Some(content) = self.content(&request.name) else {
            return self.send(now, client, own, encode_error(Complaint::NotFound, "file not found"));
        };
        let agreed = negotiate(&request.wishes, content.len() as u64, self.quirks);
        let least_wait = least_wait(Some(self.node.model), &request.wishes, self.quirks);
        let mut sender = Sender::new(&agreed, content.len() as u64, least_wait, self.quirks);
        let step = sender.open(now);
        let open = Open { client, own, request, heard: None, deadline: now, sender, agreed, content };
        self.open.push(open);
        self.act(now, self.open.len() - 1, step);
    }

    /// The bytes that the daemon would serve to the board at its address.
    fn content(&mut self, name: &str) -> Option<Arc<Vec<u8>>> {
        let asked = Asked::parse(name).unwrap();
        let node = &self.node;
        let is_named = match asked.prefix {
            Some(Prefix::Serial(serial)) => node.serial == Some(serial),
            Some(Prefix::Mac(mac)) => node.mac == mac,
            None => false,
        };
        let seen = Seen {
            by_address: (self.board == Some(node.address)).then(|| node.clone()),
            by_prefix: is_named.then(|| node.clone()),
            from_device: false,
            installed: self.installed.clone(),
        };
        let resolution = resolve(&self.config, &seen, &asked, self.quirks);
        self.node.serial = resolution.learnt.or(self.node.serial);
        match resolution.served {
            Served::File { trees, path } => {
                trees.iter().find_map(|tree| self.files.get(&tree.join(&path)).cloned())
            }
            Served::Memory(bytes) => Some(Arc::new(bytes)),
            Served::NotFound(_) => None,
        }
    }

    fn act(&mut self, now: Instant, index: usize, step: Step) {
        let open = &mut self.open[index];
        let (client, own) = (open.client, open.own);
        if step != Step::Wait {
            open.deadline = now + open.sender.wait();
        }
        match step {
            Step::Wait => {}
            Step::SendOack => {
                let oack = encode_oack(&open.agreed.grants);
                self.send(now, client, own, oack);
            }
            Step::Send(blocks) => {
                let (size, content) = (usize::from(open.agreed.block_bytes), Arc::clone(&open.content));
                for block in blocks {
                    let start = (usize::try_from(block).unwrap() - 1) * size;
                    let data = &content[start..(start + size).min(content.len())];
                    self.send(now, client, own, [&data_header(wire_number(block)), data].concat());
                }
            }
            Step::Complete | Step::Terminated | Step::GiveUp => drop(self.open.remove(index)),
        }
    }

    fn send(&mut self, now: Instant, client: u16, own: u16, packet: Vec<u8>) {
        if self.neighbour.reaches(now) {
            self.downlink.push_back((now + self.cable.latency, client, own, packet));
        }
    }
}

/// The board's socket.
pub(super) struct Socket {
    port: u16,
    shared: Arc<Mutex<Transfers>>,
}

#[async_trait]
impl TransferSocket for Socket {
    async fn send_to(&self, packet: &[u8], to: SocketAddrV4) -> io::Result<()> {
        self.shared.lock().unwrap().take_up(self.port, packet, to);
        Ok(())
    }

    async fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV4)> {
        loop {
            let next = {
                let mut shared = self.shared.lock().unwrap();
                let now = Instant::now();
                let due = shared.drive(now);
                let mine = |(_, port, ..): &(Instant, u16, u16, Vec<u8>)| *port == self.port;
                let first = shared.downlink.iter().position(mine);
                let arrival = first.map(|index| shared.downlink[index].0);
                if let Some(index) = first.filter(|_| arrival.is_some_and(|at| at <= now)) {
                    let (_, _, own, packet) = shared.downlink.remove(index).unwrap();
                    buffer[..packet.len()].copy_from_slice(&packet);
                    return Ok((packet.len(), SocketAddrV4::new(SERVER, own)));
                }
                due.into_iter().chain(arrival).min()
            };
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }
}
