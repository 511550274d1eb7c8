//! A board's firmware on a cable to the server's pure cores: no sockets, no store, tokio's paused clock.
//!
//! What is IO in the daemon is played here: the lease is kept in a list, an answer takes its time on the cable, each
//! transfer is a [`Sender`] with its deadline. Whatever decides is the daemon's own code.

use super::super::facts::{Arp, Version};
use super::super::{Firmware, Identity, Keep, Lease as Leased, NetworkBoot, Pace, TransferSocket, Wire};
use super::transfers::{Files, Transfers};
use crate::dhcp::destination::Destination;
use crate::dhcp::extra::OptionTables;
use crate::dhcp::identity;
use crate::dhcp::repeats::Repeats;
use crate::dhcp::verdict::{Answer, Neighbour, Verdict};
use crate::dhcp::{self, Known, Responder, observe, wire};
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::clock::{Timestamp, from_millis};
use crate::model::folder::DataFolder;
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::network::Mode;
use crate::model::node::{BootTarget, Node};
use crate::model::observation::Observation;
use crate::model::quirk::Quirks;
use crate::store::leases::Lease;
use crate::tftp;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
/// A relay on the nodes' own cable.
pub(super) const RELAY: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 250);
const NOW: i64 = 1_767_225_600_000;

/// What is between board and server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cable {
    /// How long a packet takes.
    pub(super) latency: Duration,
    /// Whether DHCP goes through a relay.
    pub(super) is_relayed: bool,
    /// Whether another server answers DHCP, as the daemon would, and learns what it tells.
    pub(super) is_foreign: bool,
    /// The board's ERROR of that count is lost.
    pub(super) loses_error: Option<usize>,
    /// The request for this file reaches the server twice.
    pub(super) doubles_request_for: Option<&'static str>,
    /// Each acknowledgement of this block reaches the server twice.
    pub(super) doubles_ack_of: Option<u16>,
    /// The acknowledgement of this block comes so much later.
    pub(super) delays_ack_of: Option<(u16, Duration)>,
    /// Transfers that the server has room for.
    pub(super) room: usize,
}

impl Cable {
    pub(super) const GOOD: Self = Self {
        latency: Duration::from_micros(200),
        is_relayed: false,
        is_foreign: false,
        loses_error: None,
        doubles_request_for: None,
        doubles_ack_of: None,
        delays_ack_of: None,
        room: 16,
    };
}

/// A board, its node's row, its cable and the files that the server has.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    pub(super) model: BoardModel,
    pub(super) version: Version,
    /// What people entered, if it is not the board's model.
    pub(super) entered: BoardModel,
    pub(super) target: BootTarget,
    pub(super) serial: Option<BoardSerial>,
    pub(super) cable: Cable,
    pub(super) files: Files,
}

/// What came of a boot.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) boot: NetworkBoot,
    /// From the first DISCOVER to the end of the network boot.
    pub(super) took: Duration,
    /// What the server knows of it afterwards.
    pub(super) node: Node,
    pub(super) leases: Vec<Lease>,
    /// What each of its DHCP messages told.
    pub(super) seen: Vec<Observation>,
}

pub(super) fn identity(model: BoardModel) -> Identity {
    let revision = match model {
        BoardModel::Pi2b12 => 0xa0_2042,
        BoardModel::Pi3b => 0xa0_2082,
        BoardModel::Pi3bPlus => 0xa0_20d3,
        BoardModel::Pi3aPlus => 0x90_20e0,
        BoardModel::Cm3 => 0xa0_20a0,
        BoardModel::Cm3Plus => 0xa0_2100,
        BoardModel::Zero2w => 0x90_2120,
        BoardModel::Pi4b => 0xc0_3112,
        BoardModel::Pi400 => 0xc0_3130,
        BoardModel::Cm4 => 0xc0_3140,
        BoardModel::Cm4s => 0xa0_3150,
        BoardModel::Pi5 => 0xd0_4170,
        BoardModel::Pi500 => 0xd0_4190,
        BoardModel::Cm5 => 0xb0_4180,
        BoardModel::Unknown => 0xe0_51c0,
    };
    Identity {
        model,
        mac: MacAddr([0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16]),
        serial: BoardSerial(0xb66c_4c16),
        revision: RevisionCode(revision),
    }
}

impl Bench {
    /// A board that shall boot the installer from an ordinary tree on a good cable.
    pub(super) fn new(model: BoardModel, version: Version) -> Self {
        let mut bench = Self {
            model,
            version,
            entered: model,
            target: BootTarget::Installer,
            serial: None,
            cable: Cable::GOOD,
            files: Files::new(),
        };
        let config = "auto_initramfs=1\narm_64bit=1\ndtoverlay=vc4-kms-v3d\n";
        bench.put("config.txt", config.as_bytes().to_vec());
        for name in ["start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "overlays/vc4-kms-v3d.dtbo"] {
            bench.put(name, vec![1; 3000]);
        }
        let facts = super::super::facts::facts(model, version);
        for names in [facts.board.device_trees, facts.board.kernels, facts.board.initramfs] {
            bench.put(names[0], vec![2; 20_000]);
        }
        let shared = bench.tftp().data.tftp_shared();
        bench.files.insert(shared.join("bootcode.bin"), Arc::new(vec![3; 52_000]));
        bench
    }

    /// Puts a file into the installer's tree.
    pub(super) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        let tree = self.tftp().data.tftp_installer();
        self.files.insert(tree.join(name), Arc::new(bytes));
    }

    pub(super) fn tftp(&self) -> tftp::Config {
        tftp::Config {
            listen: (SERVER, 69).into(),
            data: DataFolder::new("/data"),
            nfs_server: SERVER,
            nfs_root: "/srv/root".into(),
            extra_cmdline: String::new(),
            max_transfers: self.cable.room,
            netconsole: None,
            addresses: tftp::Addresses::Given,
        }
    }

    fn node(&self) -> Node {
        let identity = identity(self.model);
        Node {
            id: NodeId(7),
            name: "pi-07".parse().unwrap(),
            mac: identity.mac,
            address: ADDRESS,
            model: self.entered,
            revision: None,
            serial: self.serial,
            port: None,
            boot_target: self.target,
        }
    }

    /// The firmware boots once.
    pub(super) async fn run(&self, quirks: Quirks) -> Run {
        let facts = super::super::facts::facts(self.model, self.version);
        let (identity, pace) = (identity(self.model), Pace::REAL);
        let firmware = Firmware { identity, version: self.version, pace, keep: Keep::Text };
        let mut link = Link::new(self.clone(), quirks);
        let begun = Instant::now();
        let boot = firmware.boot(&mut link).await.unwrap();
        let woke = link.first_discover.unwrap_or(begun);
        assert!(woke >= begun && woke - begun <= facts.board.wake);
        let node = link.transfers.lock().unwrap().node.clone();
        Run { boot, took: woke.elapsed(), node, leases: link.leases, seen: link.seen }
    }
}

/// The board's end of the cable, and the server behind it.
struct Link {
    bench: Bench,
    quirks: Quirks,
    responder: Responder,
    leases: Vec<Lease>,
    seen: Vec<Observation>,
    repeats: Repeats,
    inbox: VecDeque<(Instant, Vec<u8>, Ipv4Addr)>,
    transfers: Arc<Mutex<Transfers>>,
    first_discover: Option<Instant>,
    epoch: Instant,
}

/// DHCP settings of the bench.
pub(super) fn dhcp() -> dhcp::Config {
    dhcp::Config {
        interface: Some("eth0".to_owned()),
        server_address: SERVER,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/24".parse().unwrap(),
        router: None,
        dns: Vec::new(),
        ntp: Vec::new(),
        domain: None,
        lease_seconds: 3600,
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: Vec::new(),
        options: OptionTables::default(),
    }
}

impl Link {
    fn new(bench: Bench, quirks: Quirks) -> Self {
        let transfers = Transfers::new(quirks, bench.tftp(), bench.cable, bench.node(), bench.files.clone());
        Self {
            responder: Responder::new(dhcp(), quirks),
            leases: Vec::new(),
            seen: Vec::new(),
            repeats: Repeats::default(),
            inbox: VecDeque::new(),
            transfers: Arc::new(Mutex::new(transfers)),
            first_discover: None,
            epoch: Instant::now(),
            bench,
            quirks,
        }
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.epoch.elapsed().as_millis()).unwrap();
        from_millis(NOW + passed)
    }

    /// What the daemon does with a request: observe, learn, decide, save, send.
    fn serve(&mut self, message: &[u8]) {
        let request = wire::decode(message).unwrap();
        let seen = observe::observe(&request, self.quirks);
        let mut transfers = self.transfers.lock().unwrap();
        let node = &mut transfers.node;
        if !self.bench.cable.is_foreign {
            let told = identity::judge(node, &seen);
            node.serial = told.serial.or(node.serial);
            node.revision = told.revision.or(node.revision);
        }
        self.seen.push(seen.clone());
        let lease = self.leases.iter().find(|lease| lease.mac == request.mac).cloned();
        let holder = self.leases.iter().find(|lease| lease.address == node.address).cloned();
        let known = Known { node: node.clone(), lease, holder };
        let decision = self.responder.respond(&request, &seen, Some(&known), self.now());
        if let Some(lease) = decision.lease {
            self.leases.retain(|other| other.mac != lease.mac);
            self.leases.push(lease);
        }
        let Verdict::Answer(answer) = decision.verdict else { return };
        if answer.neighbour == Neighbour::Told {
            transfers.neighbour.tell();
        }
        drop(transfers);
        self.deliver(&answer);
        self.repeats.add(&answer);
    }

    /// An answer on its way to the board, unless it needs ARP: without an address the board answers none.
    fn deliver(&mut self, answer: &Answer) {
        let source = match answer.destination {
            Destination::Relay(relay) => relay,
            Destination::Frame { .. } | Destination::Broadcast => SERVER,
            Destination::Client(_) => return,
        };
        let bytes = wire::encode(&answer.reply).unwrap();
        self.inbox.push_back((Instant::now() + self.bench.cable.latency, bytes, source));
    }
}

#[async_trait]
impl Wire for Link {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        self.first_discover.get_or_insert_with(Instant::now);
        let mut message = message.to_vec();
        if self.bench.cable.is_relayed {
            message[3] += 1;
            message[24..28].copy_from_slice(&RELAY.octets());
        }
        self.serve(&message);
        Ok(())
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        loop {
            let first = self.inbox.front().map(|(at, _, _)| *at);
            let arrival = async {
                match first {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = arrival => {
                    let (_, bytes, source) = self.inbox.pop_front().unwrap();
                    return Ok((bytes, source));
                }
                answer = self.repeats.next() => self.deliver(&answer),
            }
        }
    }

    async fn configure(&mut self, lease: &Leased) -> io::Result<()> {
        let mut transfers = self.transfers.lock().unwrap();
        transfers.board = Some(lease.address);
        // The board asks for the file server by ARP, and so the server learns of the board.
        transfers.neighbour.meet();
        Ok(())
    }

    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        Ok(Box::new(Transfers::socket(&self.transfers)))
    }

    fn tftp_port(&self) -> u16 {
        69
    }

    fn begin_program(&mut self, arp: Arp) {
        self.transfers.lock().unwrap().neighbour.arp = arp;
    }
}
