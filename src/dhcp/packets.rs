//! Packets of real clients, built by hand, and replies taken apart byte by byte. *Pure; tests alone use it.*
//!
//! What each client sends is taken from traces of it; see the functions. Nothing here uses dhcproto, so that a
//! fault of it cannot hide itself.

use super::extra::OptionTables;
use super::responder::{Known, Responder};
use super::verdict::{Answer, Decision, Verdict};
use super::{Config, observe, wire};
use crate::model::board::BoardModel;
use crate::model::clock::{Timestamp, from_millis};
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::network::Mode;
use crate::model::node::{BootTarget, Node};
use crate::model::quirk::Quirks;
use crate::store::leases::Lease;
use std::net::Ipv4Addr;

pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
pub(super) const OTHER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 8);
pub(super) const OTHER_SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 2);
pub(super) const RELAY: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 250);
pub(super) const NOW: i64 = 1_767_225_600_000;

pub(super) const DISCOVER: u8 = 1;
pub(super) const REQUEST: u8 = 3;
pub(super) const DECLINE: u8 = 4;
pub(super) const RELEASE: u8 = 7;
pub(super) const INFORM: u8 = 8;

/// The marks that firmware puts in option 60.
const PXE_CLASS: &[u8] = b"PXEClient:Arch:00000:UNDI:002001";
/// Option 55 of the boot ROMs.
const ROM_PARAMETERS: [u8; 12] = [43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66];
/// Option 55 of the EEPROM boot loaders.
const EEPROM_PARAMETERS: [u8; 14] = [1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135];

/// A request to be.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) kind: u8,
    pub(super) mac: [u8; 6],
    pub(super) xid: u32,
    pub(super) flags: u16,
    pub(super) ciaddr: Ipv4Addr,
    pub(super) giaddr: Ipv4Addr,
    /// Options behind 53.
    pub(super) options: Vec<(u8, Vec<u8>)>,
    /// The whole length; zeros behind END fill it up.
    pub(super) length: usize,
}

impl Packet {
    pub(super) fn new(kind: u8, mac: [u8; 6]) -> Self {
        let none = Ipv4Addr::UNSPECIFIED;
        let xid = 0x1234_5678;
        Self { kind, mac, xid, flags: 0, ciaddr: none, giaddr: none, options: Vec::new(), length: 300 }
    }

    pub(super) fn with(mut self, code: u8, data: &[u8]) -> Self {
        self.options.push((code, data.to_vec()));
        self
    }

    pub(super) fn requesting(self, address: Ipv4Addr) -> Self {
        self.with(50, &address.octets())
    }

    pub(super) fn naming_server(self, server: Ipv4Addr) -> Self {
        self.with(54, &server.octets())
    }

    pub(super) fn using(mut self, ciaddr: Ipv4Addr) -> Self {
        self.ciaddr = ciaddr;
        self
    }

    pub(super) fn relayed_by(mut self, giaddr: Ipv4Addr) -> Self {
        self.giaddr = giaddr;
        self
    }

    pub(super) fn wants_broadcast(mut self) -> Self {
        self.flags = 0x8000;
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0];
        bytes.extend(self.xid.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.flags.to_be_bytes());
        for address in [self.ciaddr, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, self.giaddr] {
            bytes.extend(address.octets());
        }
        bytes.extend(self.mac);
        bytes.resize(236, 0);
        bytes.extend([99, 130, 83, 99, 53, 1, self.kind]);
        for (code, data) in &self.options {
            bytes.extend([*code, u8::try_from(data.len()).unwrap()]);
            bytes.extend(data);
        }
        bytes.push(255);
        bytes.resize(bytes.len().max(self.length), 0);
        bytes
    }
}

fn pxe(kind: u8, mac: [u8; 6], parameters: &[u8], id: [u8; 16]) -> Packet {
    let id = [[0].as_slice(), &id].concat();
    let packet = Packet::new(kind, mac).with(55, parameters).with(93, &[0, 0]);
    let mut packet = packet.with(94, &[1, 2, 1]).with(97, &id).with(60, PXE_CLASS);
    packet.length = 320;
    packet
}

pub(super) const MAC_3B: [u8; 6] = [0xb8, 0x27, 0xeb, 0x01, 0x02, 0x03];
pub(super) const MAC_3B_PLUS: [u8; 6] = [0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16];
pub(super) const MAC_4: [u8; 6] = [0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89];
pub(super) const MAC_5: [u8; 6] = [0xd8, 0x3a, 0xdd, 0x98, 0x9a, 0xe1];

/// The 3B's boot ROM: transaction number and machine identifier are the same on every board.
pub(super) fn rom_3b() -> Packet {
    Packet { xid: 0x26f3_0339, ..pxe(DISCOVER, MAC_3B, &ROM_PARAMETERS, [0x44; 16]) }
}

/// The 3B+'s boot ROM: four times the serial number b66c4c16, little endian.
pub(super) fn rom_3b_plus() -> Packet {
    let id = [0x16, 0x4c, 0x6c, 0xb6].repeat(4).try_into().unwrap();
    Packet { xid: 0x26f3_0339, ..pxe(DISCOVER, MAC_3B_PLUS, &ROM_PARAMETERS, id) }
}

/// The Pi 4's EEPROM: "RPi4", revision c03112, end of the MAC address, serial number e5ef6e9d.
pub(super) fn eeprom_4() -> Packet {
    let id = [82, 80, 105, 52, 0x12, 0x31, 0xc0, 0, 50, 167, 237, 137, 0x9d, 0x6e, 0xef, 0xe5];
    Packet { length: 322, ..pxe(DISCOVER, MAC_4, &EEPROM_PARAMETERS, id) }
}

/// The REQUEST that follows, which has no option 60.
pub(super) fn eeprom_4_request() -> Packet {
    let mut packet = eeprom_4().requesting(ADDRESS).naming_server(SERVER);
    packet.kind = REQUEST;
    packet.options.retain(|(code, _)| *code != 60);
    packet
}

/// The Pi 5's EEPROM, with the prefix in the other byte order: "5iPR", revision d04170, serial number bd989ae1.
pub(super) fn eeprom_5() -> Packet {
    let id = [b'5', b'i', b'P', b'R', 0x70, 0x41, 0xd0, 0, 0xdd, 0x98, 0x9a, 0xe1, 0xe1, 0x9a, 0x98, 0xbd];
    Packet { length: 322, ..pxe(DISCOVER, MAC_5, &EEPROM_PARAMETERS, id) }
}

/// The kernel's own client (`ip=dhcp`).
pub(super) fn kernel(kind: u8) -> Packet {
    Packet::new(kind, MAC_4).with(55, &[1, 3, 6, 12, 15, 17, 26, 40, 42])
}

/// busybox udhcpc, as initial RAM disks run it.
pub(super) fn udhcpc(kind: u8) -> Packet {
    let id = [[1].as_slice(), &MAC_4].concat();
    let packet = Packet::new(kind, MAC_4).with(61, &id).with(57, &[2, 64]);
    packet.with(55, &[1, 3, 6, 12, 15, 28, 42]).with(60, b"udhcp 1.35.0")
}

pub(super) fn config() -> Config {
    Config {
        interface: Some("eth0".to_owned()),
        server_address: SERVER,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/24".parse().unwrap(),
        router: Some([10, 20, 0, 254].into()),
        dns: vec![[10, 20, 0, 1].into(), [9, 9, 9, 9].into()],
        ntp: vec![[10, 20, 0, 1].into()],
        domain: Some("rack.lab".to_owned()),
        lease_seconds: 3600,
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: Vec::new(),
        options: OptionTables::default(),
    }
}

pub(super) fn node(mac: [u8; 6], model: BoardModel) -> Node {
    Node {
        id: NodeId(7),
        name: "pi-07".parse().unwrap(),
        mac: MacAddr(mac),
        address: ADDRESS,
        model,
        revision: None,
        serial: None,
        port: None,
        boot_target: BootTarget::Installer,
    }
}

pub(super) fn now() -> Timestamp {
    from_millis(NOW)
}

/// Decodes, observes and responds as the server does, without a store.
pub(super) fn respond(config: Config, packet: &Packet, node: Option<Node>, leases: &[Lease]) -> Decision {
    let request = wire::decode(&packet.bytes()).unwrap();
    let known = node.map(|node| Known {
        lease: leases.iter().find(|lease| lease.mac == request.mac).cloned(),
        holder: leases.iter().find(|lease| lease.address == node.address).cloned(),
        node,
    });
    Responder::new(config, Quirks::ALL).respond(
        &request,
        &observe::observe(&request, Quirks::ALL),
        known.as_ref(),
        now(),
    )
}

/// The answer of a decision that must be one.
pub(super) fn answer(decision: Decision) -> Answer {
    match decision.verdict {
        Verdict::Answer(answer) => *answer,
        Verdict::Heard(_) | Verdict::Ignore(_) => panic!("no answer: {decision:?}"),
    }
}

/// A reply's options in their order; fails on a pad option before END and on anything but zeros behind it.
pub(super) fn options(reply: &[u8]) -> Vec<(u8, Vec<u8>)> {
    assert_eq!(reply[236..240], [99, 130, 83, 99]);
    let mut rest = &reply[240..];
    let mut options = Vec::new();
    while let [code, tail @ ..] = rest {
        match code {
            255 => {
                assert!(tail.iter().all(|byte| *byte == 0), "padding is not zero");
                return options;
            }
            0 => panic!("a pad option before END"),
            code => {
                let (data, after) = tail[1..].split_at(usize::from(tail[0]));
                options.push((*code, data.to_vec()));
                rest = after;
            }
        }
    }
    panic!("no END");
}
