//! Exchanges with real clients, down to the bytes of the answers. *Tests.*

use super::destination::Destination;
use super::packets::*;
use super::verdict::{Answer, Repeat};
use super::wire;
use crate::model::board::BoardModel;
use crate::model::net::MacAddr;
use crate::model::node::{BootTarget, Node};
use crate::model::observation::Asker;
use crate::store::leases::LeaseState;
use std::net::Ipv4Addr;

const OFFER: u8 = 2;
const ACK: u8 = 5;

/// Option 43 as dnsmasq sends it.
const VENDOR: &[u8] = b"\x06\x01\x03\x0a\x04\x00PXE\x09\x14\x00\x00\x11Raspberry Pi Boot\xff";
/// The same for the 3B's boot ROM.
const VENDOR_ROM_3B: &[u8] = b"\x06\x01\x03\x0a\x04\x00PXE\x09\x17\x00\x00\x14Raspberry Pi Boot   \xff";

fn asks(packet: &Packet, node: Node) -> (Answer, Vec<u8>) {
    let answer = answer(respond(config(), packet, Some(node), &[]));
    let bytes = wire::encode(&answer.reply).unwrap();
    assert!((300..=548).contains(&bytes.len()), "{}", bytes.len());
    (answer, bytes)
}

fn find(options: &[(u8, Vec<u8>)], code: u8) -> Option<&[u8]> {
    options.iter().find(|(it, _)| *it == code).map(|(_, data)| data.as_slice())
}

fn codes(options: &[(u8, Vec<u8>)]) -> Vec<u8> {
    options.iter().map(|(code, _)| *code).collect()
}

fn field(bytes: &[u8], at: usize) -> Ipv4Addr {
    <[u8; 4]>::try_from(&bytes[at..at + 4]).unwrap().into()
}

/// What holds for each answer to firmware.
fn check_boot_answer(packet: &Packet, model: BoardModel, kind: u8, vendor: &[u8], boot_file: Option<&[u8]>) {
    let (answer, bytes) = asks(packet, node(packet.mac, model));
    assert_eq!(bytes[..4], [2, 1, 6, 0]);
    assert_eq!(bytes[4..8], packet.xid.to_be_bytes());
    assert_eq!(field(&bytes, 16), ADDRESS, "yiaddr");
    assert_eq!(field(&bytes, 20), SERVER, "siaddr");
    assert_eq!(bytes[28..34], packet.mac);
    let options = options(&bytes);
    let mut expected = vec![53, 54, 51, 58, 59, 1, 28, 3, 60, 97, 43, 66];
    expected.extend(boot_file.map(|_| 67));
    assert_eq!(codes(&options), expected);
    assert_eq!(find(&options, 53), Some([kind].as_slice()));
    assert_eq!(find(&options, 54), Some(SERVER.octets().as_slice()));
    assert_eq!(find(&options, 51), Some(3600u32.to_be_bytes().as_slice()));
    assert_eq!(find(&options, 60), Some(b"PXEClient".as_slice()));
    let echoed = packet.options.iter().find(|(code, _)| *code == 97).map(|(_, id)| id.as_slice());
    assert_eq!(find(&options, 97), echoed);
    assert_eq!(find(&options, 43), Some(vendor));
    assert_eq!(find(&options, 66), Some(b"10.20.0.1".as_slice()));
    assert_eq!(find(&options, 67), boot_file);
    let expected = Destination::Frame { address: ADDRESS, mac: MacAddr(packet.mac) };
    assert_eq!(answer.destination, expected);
    assert_eq!(answer.asker, Asker::Firmware);
}

#[test]
fn firmware_of_each_board_is_told_to_boot_here() {
    let rom = Some(b"bootcode.bin".as_slice());
    check_boot_answer(&rom_3b(), BoardModel::Pi3b, OFFER, VENDOR_ROM_3B, rom);
    check_boot_answer(&rom_3b_plus(), BoardModel::Pi3bPlus, OFFER, VENDOR, rom);
    check_boot_answer(&eeprom_4(), BoardModel::Pi4b, OFFER, VENDOR, None);
    check_boot_answer(&eeprom_4_request(), BoardModel::Pi4b, ACK, VENDOR, None);
    check_boot_answer(&eeprom_5(), BoardModel::Pi5, OFFER, VENDOR, None);
    // The packet proves what the node's row got wrong.
    check_boot_answer(&rom_3b(), BoardModel::Unknown, OFFER, VENDOR_ROM_3B, rom);
}

#[test]
fn the_whole_option_43_is_that_of_the_documentation() {
    let (_, bytes) = asks(&eeprom_4(), node(MAC_4, BoardModel::Pi4b));
    let documented = [
        0x2b, 0x20, 0x06, 0x01, 0x03, 0x0a, 0x04, 0x00, 0x50, 0x58, 0x45, 0x09, 0x14, 0x00, 0x00, 0x11, 0x52,
        0x61, 0x73, 0x70, 0x62, 0x65, 0x72, 0x72, 0x79, 0x20, 0x50, 0x69, 0x20, 0x42, 0x6f, 0x6f, 0x74, 0xff,
    ];
    assert_eq!(bytes.windows(documented.len()).filter(|window| *window == documented).count(), 1);
}

#[test]
fn the_boot_target_changes_the_boot_file_alone() {
    for target in [BootTarget::Installer, BootTarget::Local, BootTarget::Environment] {
        for (packet, model) in [(rom_3b_plus(), BoardModel::Pi3bPlus), (eeprom_4(), BoardModel::Pi4b)] {
            let (_, bytes) = asks(&packet, Node { boot_target: target, ..node(packet.mac, model) });
            let options = options(&bytes);
            assert_eq!(find(&options, 43), Some(VENDOR));
            let named = model == BoardModel::Pi3bPlus && target != BootTarget::Local;
            assert_eq!(find(&options, 67).is_some(), named, "{model:?} {target:?}");
        }
    }
}

#[test]
fn only_the_offer_to_the_3bs_rom_is_repeated() {
    let check = |packet: &Packet, model, repeat| {
        assert_eq!(asks(packet, node(packet.mac, model)).0.repeat, repeat);
    };
    check(&rom_3b(), BoardModel::Pi3b, Repeat::ForRom3b);
    check(&rom_3b_plus(), BoardModel::Pi3bPlus, Repeat::Once);
    check(&eeprom_4(), BoardModel::Pi4b, Repeat::Once);
    check(&kernel(DISCOVER), BoardModel::Pi3b, Repeat::Once);
    check(&rom_3b().relayed_by(RELAY), BoardModel::Pi3b, Repeat::ForRom3b);
}

#[test]
fn systems_get_an_ordinary_answer() {
    for packet in [kernel(DISCOVER), udhcpc(DISCOVER)] {
        let (answer, bytes) = asks(&packet, node(MAC_4, BoardModel::Pi4b));
        let options = options(&bytes);
        assert_eq!(answer.asker, Asker::System);
        assert_eq!(codes(&options), [53, 54, 51, 58, 59, 1, 28, 3, 6, 42, 12, 15]);
        assert_eq!(find(&options, 1), Some([255, 255, 255, 0].as_slice()));
        assert_eq!(find(&options, 28), Some([10, 20, 0, 255].as_slice()));
        assert_eq!(find(&options, 3), Some([10, 20, 0, 254].as_slice()));
        assert_eq!(find(&options, 6), Some([10, 20, 0, 1, 9, 9, 9, 9].as_slice()));
        assert_eq!(find(&options, 42), Some([10, 20, 0, 1].as_slice()));
        assert_eq!(find(&options, 12), Some(b"pi-07".as_slice()));
        assert_eq!(find(&options, 15), Some(b"rack.lab".as_slice()));
        assert_eq!(find(&options, 58), Some(1800u32.to_be_bytes().as_slice()));
        assert_eq!(find(&options, 59), Some(3150u32.to_be_bytes().as_slice()));
    }
}

#[test]
fn udhcpc_gets_and_renews_its_address() {
    let node = node(MAC_4, BoardModel::Pi4b);
    let offer = respond(config(), &udhcpc(DISCOVER), Some(node.clone()), &[]);
    let offered = offer.lease.unwrap();
    assert_eq!((offered.state, offered.address, offered.node), (LeaseState::Offered, ADDRESS, node.id));

    let request = udhcpc(REQUEST).requesting(ADDRESS).naming_server(SERVER);
    let ack = respond(config(), &request, Some(node.clone()), &[offered]);
    let bound = ack.lease.clone().unwrap();
    assert_eq!(bound.state, LeaseState::Bound);
    assert_eq!(bound.expires_at.duration_since(now()).as_secs(), 3600);
    assert_eq!(options(&wire::encode(&answer(ack).reply).unwrap())[0], (53, vec![ACK]));

    let renewal = udhcpc(REQUEST).using(ADDRESS);
    let renewed = respond(config(), &renewal, Some(node.clone()), std::slice::from_ref(&bound));
    assert_eq!(renewed.lease.clone().unwrap().state, LeaseState::Bound);
    let renewed = answer(renewed);
    assert_eq!((renewed.reply.ciaddr, renewed.destination), (ADDRESS, Destination::Client(ADDRESS)));

    let release = udhcpc(RELEASE).using(ADDRESS).naming_server(SERVER);
    let released = respond(config(), &release, Some(node), &[bound]);
    assert_eq!(released.lease.unwrap().state, LeaseState::Released);
}

#[test]
fn a_relay_gets_its_information_back_last() {
    let packet = eeprom_4().relayed_by(RELAY).with(82, &[1, 4, 0, 0, 0, 9]);
    let (answer, bytes) = asks(&packet, node(MAC_4, BoardModel::Pi4b));
    assert_eq!(answer.destination, Destination::Relay(RELAY));
    assert_eq!(field(&bytes, 24), RELAY, "giaddr");
    assert_eq!(options(&bytes).last(), Some(&(82, vec![1, 4, 0, 0, 0, 9])));
}
