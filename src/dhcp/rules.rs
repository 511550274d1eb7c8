//! Every rule of the responder, one small case each. *Tests.*

use super::destination::Destination;
use super::observe::observe;
use super::packets::*;
use super::verdict::{Decision, Heard, Ignore, Verdict};
use super::wire::{self, Nonsense, ReplyKind};
use super::{Config, Error, Server};
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::clock::from_millis;
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::network::Network;
use crate::model::node::Node;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::Quirks;
use crate::store::leases::{Lease, LeaseState};
use std::net::Ipv4Addr;

fn pi_4() -> Node {
    node(MAC_4, BoardModel::Pi4b)
}

fn lease(mac: [u8; 6], address: Ipv4Addr, node: i64, state: LeaseState) -> Lease {
    let expires_at = from_millis(NOW + 30_000);
    Lease { mac: MacAddr(mac), address, node: NodeId(node), state, since: from_millis(NOW - 1), expires_at }
}

fn decide(packet: &Packet, leases: &[Lease]) -> Decision {
    respond(config(), packet, Some(pi_4()), leases)
}

fn check_ignored(packet: &Packet, leases: &[Lease], reason: Ignore) {
    let decision = decide(packet, leases);
    assert_eq!(decision.verdict, Verdict::Ignore(reason), "{packet:?}");
    assert_eq!(decision.lease, None, "{packet:?}");
}

fn check_answered(packet: &Packet, leases: &[Lease], kind: ReplyKind, destination: Destination) {
    let answer = answer(decide(packet, leases));
    assert_eq!((answer.reply.kind, answer.destination), (kind, destination), "{packet:?}");
}

#[test]
fn strangers_get_silence() {
    for kind in [DISCOVER, REQUEST, DECLINE, RELEASE, INFORM] {
        let packet = udhcpc(kind).requesting(ADDRESS).using(ADDRESS);
        let decision = respond(config(), &packet, None, &[]);
        assert_eq!(decision, Decision { lease: None, verdict: Verdict::Ignore(Ignore::UnknownMachine) });
    }
}

#[test]
fn what_is_meant_for_another_server_is_left_to_it() {
    for kind in [REQUEST, DECLINE, RELEASE] {
        let packet = udhcpc(kind).requesting(ADDRESS).naming_server(OTHER_SERVER);
        check_ignored(&packet, &[], Ignore::OtherServer(OTHER_SERVER));
    }
}

#[test]
fn requests_in_each_state() {
    let frame = Destination::Frame { address: ADDRESS, mac: MacAddr(MAC_4) };
    let check = check_answered;
    let selecting = udhcpc(REQUEST).naming_server(SERVER);
    check(&selecting.clone().requesting(ADDRESS), &[], ReplyKind::Ack, frame);
    check(&selecting.clone().requesting(OTHER_ADDRESS), &[], ReplyKind::Nak, Destination::Broadcast);
    check_ignored(&selecting, &[], Ignore::NoAddress);
    let init_reboot = udhcpc(REQUEST);
    check(&init_reboot.clone().requesting(ADDRESS), &[], ReplyKind::Ack, frame);
    check(
        &init_reboot.clone().requesting([192, 168, 1, 7].into()),
        &[],
        ReplyKind::Nak,
        Destination::Broadcast,
    );
    // RENEWING and REBINDING differ in how they were sent, not in their answer.
    let renewing = udhcpc(REQUEST).using(ADDRESS);
    check(&renewing, &[], ReplyKind::Ack, Destination::Client(ADDRESS));
    let moved = udhcpc(REQUEST).using(OTHER_ADDRESS);
    check(&moved, &[], ReplyKind::Nak, Destination::Broadcast);
    check(&moved.requesting(ADDRESS), &[], ReplyKind::Nak, Destination::Broadcast);
}

#[test]
fn a_refusal_takes_the_old_lease_away() {
    let old = lease(MAC_4, OTHER_ADDRESS, 7, LeaseState::Bound);
    let decision = decide(&udhcpc(REQUEST).using(OTHER_ADDRESS), &[old]);
    let ended = decision.lease.clone().unwrap();
    assert_eq!((ended.address, ended.state), (OTHER_ADDRESS, LeaseState::Released));
    let nak = answer(decision).reply;
    assert_eq!(
        (nak.yiaddr, nak.siaddr, nak.ciaddr),
        (Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED)
    );
}

#[test]
fn a_relay_is_told_to_broadcast_a_refusal() {
    let packet = udhcpc(REQUEST).requesting(OTHER_ADDRESS).relayed_by(RELAY);
    let answer = answer(decide(&packet, &[]));
    assert_eq!((answer.reply.flags, answer.destination), (0x8000, Destination::Relay(RELAY)));
}

#[test]
fn each_reply_finds_its_way() {
    let frame = Destination::Frame { address: ADDRESS, mac: MacAddr(MAC_4) };
    let check = |packet: Packet, destination| check_answered(&packet, &[], ReplyKind::Offer, destination);
    check(udhcpc(DISCOVER), frame);
    check(udhcpc(DISCOVER).wants_broadcast(), Destination::Broadcast);
    check(udhcpc(DISCOVER).relayed_by(RELAY), Destination::Relay(RELAY));
    check(udhcpc(DISCOVER).relayed_by(RELAY).wants_broadcast(), Destination::Relay(RELAY));
}

#[test]
fn without_an_interface_only_relays_and_bound_clients_are_answered() {
    let config = || Config { interface: None, ..config() };
    let decide = |packet: Packet| respond(config(), &packet, Some(pi_4()), &[]);
    for packet in
        [udhcpc(DISCOVER), udhcpc(DISCOVER).wants_broadcast(), udhcpc(REQUEST).requesting(OTHER_ADDRESS)]
    {
        let nothing = Decision { lease: None, verdict: Verdict::Ignore(Ignore::NoInterface) };
        assert_eq!(decide(packet), nothing);
    }
    for packet in [udhcpc(DISCOVER).relayed_by(RELAY), udhcpc(REQUEST).using(ADDRESS)] {
        answer(decide(packet));
    }
}

#[test]
fn an_address_outside_the_network_is_never_given_out() {
    for address in [[10, 20, 1, 7], [10, 20, 0, 0], [10, 20, 0, 255], SERVER.octets()] {
        let address = Ipv4Addr::from(address);
        for packet in [udhcpc(DISCOVER), udhcpc(REQUEST).requesting(address), udhcpc(INFORM).using(address)] {
            for packet in [packet.clone(), packet.relayed_by(RELAY)] {
                let decision = respond(config(), &packet, Some(Node { address, ..pi_4() }), &[]);
                assert_eq!(
                    decision.verdict,
                    Verdict::Ignore(Ignore::AddressOutside(address, config().subnet))
                );
            }
        }
    }
}

#[test]
fn an_address_is_given_to_one_board_at_a_time() {
    let held = |state| [lease(MAC_5, ADDRESS, 8, state)];
    let discover = udhcpc(DISCOVER);
    for state in [LeaseState::Offered, LeaseState::Bound] {
        check_ignored(&discover, &held(state), Ignore::AddressHeld(ADDRESS, MacAddr(MAC_5)));
        let request = udhcpc(REQUEST).requesting(ADDRESS);
        check_ignored(&request, &held(state), Ignore::AddressHeld(ADDRESS, MacAddr(MAC_5)));
    }
    let frame = Destination::Frame { address: ADDRESS, mac: MacAddr(MAC_4) };
    check_answered(&discover, &held(LeaseState::Released), ReplyKind::Offer, frame);
    let over = Lease { expires_at: now(), ..lease(MAC_5, ADDRESS, 8, LeaseState::Bound) };
    check_answered(&discover, &[over], ReplyKind::Offer, frame);
    // The board that stood here before, replaced: the node is the same.
    check_answered(&discover, &[lease(MAC_5, ADDRESS, 7, LeaseState::Bound)], ReplyKind::Offer, frame);
}

#[test]
fn two_nodes_can_swap_their_addresses() {
    let mine = lease(MAC_4, OTHER_ADDRESS, 7, LeaseState::Bound);
    let theirs = lease(MAC_5, ADDRESS, 8, LeaseState::Bound);
    let decision = decide(&udhcpc(DISCOVER), &[mine, theirs]);
    assert_eq!(decision.verdict, Verdict::Ignore(Ignore::AddressHeld(ADDRESS, MacAddr(MAC_5))));
    let given_up = decision.lease.unwrap();
    assert_eq!((given_up.address, given_up.state), (OTHER_ADDRESS, LeaseState::Released));
}

#[test]
fn a_declined_address_rests() {
    let decline = udhcpc(DECLINE).requesting(ADDRESS).naming_server(SERVER);
    let decision = decide(&decline, &[lease(MAC_4, ADDRESS, 7, LeaseState::Bound)]);
    let rests = decision.lease.unwrap();
    assert_eq!((rests.state, rests.expires_at), (LeaseState::Declined, from_millis(NOW + 60_000)));
    assert_eq!(decision.verdict, Verdict::Heard(Heard::Declined(ADDRESS, rests.expires_at)));
    assert!(decision.verdict.text().contains("another machine"), "{}", decision.verdict.text());

    for packet in [udhcpc(DISCOVER), udhcpc(REQUEST).requesting(ADDRESS), udhcpc(REQUEST).using(ADDRESS)] {
        check_ignored(&packet, std::slice::from_ref(&rests), Ignore::Quarantined(ADDRESS, 60));
    }
    let rested = Lease { expires_at: now(), ..rests };
    let frame = Destination::Frame { address: ADDRESS, mac: MacAddr(MAC_4) };
    check_answered(&udhcpc(DISCOVER), &[rested], ReplyKind::Offer, frame);
}

#[test]
fn nobody_declines_or_releases_what_is_not_theirs() {
    let bound = || [lease(MAC_4, ADDRESS, 7, LeaseState::Bound)];
    let decline = udhcpc(DECLINE).naming_server(SERVER);
    check_ignored(&decline, &bound(), Ignore::NoAddress);
    check_ignored(&decline.requesting(OTHER_ADDRESS), &bound(), Ignore::ForeignAddress(OTHER_ADDRESS));
    let release = udhcpc(RELEASE).naming_server(SERVER);
    let foreign = release.clone().using(OTHER_ADDRESS);
    check_ignored(&foreign, &bound(), Ignore::ForeignAddress(OTHER_ADDRESS));
    check_ignored(&release.using(ADDRESS), &[], Ignore::ForeignAddress(ADDRESS));
}

#[test]
fn an_inform_is_told_settings_and_given_nothing() {
    let decision = decide(&udhcpc(INFORM).using(ADDRESS), &[]);
    assert_eq!(decision.lease, None);
    let answer = answer(decision);
    assert_eq!(answer.destination, Destination::Client(ADDRESS));
    let bytes = wire::encode(&answer.reply).unwrap();
    assert_eq!(bytes[16..20], [0; 4], "yiaddr");
    let codes: Vec<u8> = options(&bytes).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [53, 54, 1, 28, 3, 6, 42, 12, 15]);
    check_ignored(&udhcpc(INFORM).using(OTHER_ADDRESS), &[], Ignore::ForeignAddress(OTHER_ADDRESS));
}

#[test]
fn nonsense_is_no_request() {
    let good = udhcpc(DISCOVER).bytes();
    assert!(wire::decode(&good).is_ok());
    let check = |at: usize, value: &[u8], expected| {
        let mut bytes = good.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        assert_eq!(wire::decode(&bytes), Err(expected), "{at} {value:?}");
    };
    check(0, &[2], Nonsense::NotARequest);
    check(0, &[0], Nonsense::NotARequest);
    check(1, &[6], Nonsense::NotEthernet);
    for length in [0, 5, 7, 16, 17, 200, 255] {
        check(2, &[length], Nonsense::NotEthernet);
    }
    check(3, &[17], Nonsense::WrongRelay);
    check(24, &[224, 0, 0, 1], Nonsense::WrongRelay);
    check(24, &[255; 4], Nonsense::WrongRelay);
    check(28, &[0; 6], Nonsense::NotEthernet);
    check(28, &[0xff; 6], Nonsense::NotEthernet);
    check(236, &[0; 4], Nonsense::NoCookie);
    check(240, &[0, 0, 0], Nonsense::WrongKind);
    let mut long_kind = good.clone();
    long_kind.splice(240..243, [53, 2, 1, 1]);
    assert_eq!(wire::decode(&long_kind), Err(Nonsense::WrongLength));
    for kind in [0, 2, 5, 6, 9, 255] {
        check(242, &[kind], Nonsense::WrongKind);
    }
    for length in [0, 1, 100, 236, 240] {
        assert_eq!(wire::decode(&good[..length]), Err(Nonsense::TooShort));
    }
    let end = 240 + good[240..].iter().position(|byte| *byte == 255).unwrap();
    for length in 241..=end {
        assert_eq!(wire::decode(&good[..length]), Err(Nonsense::NoEnd), "{length}");
    }
    for (code, data) in [(50, vec![1, 2, 3]), (54, vec![1; 5]), (93, vec![0])] {
        assert_eq!(wire::decode(&udhcpc(REQUEST).with(code, &data).bytes()), Err(Nonsense::WrongLength));
    }
}

#[test]
fn a_host_name_in_another_alphabet_hides_nothing() {
    let packet =
        Packet::new(REQUEST, MAC_4).with(12, b"caf\xe9\x01").requesting(ADDRESS).naming_server(SERVER);
    let request = wire::decode(&packet.bytes()).unwrap();
    assert_eq!((request.requested, request.server), (Some(ADDRESS), Some(SERVER)));
    assert_eq!(observe(&request, Quirks::ALL).host_name.as_deref(), Some("caf??"));
}

fn seen(packet: &Packet) -> Observation {
    observe(&wire::decode(&packet.bytes()).unwrap(), Quirks::ALL)
}

#[test]
fn boards_tell_who_they_are() {
    let check = |packet: Packet, serial: Option<u32>, revision: Option<u32>, model| {
        let seen = seen(&packet);
        assert_eq!(seen.serial, serial.map(BoardSerial), "{packet:?}");
        assert_eq!(seen.revision, revision.map(RevisionCode), "{packet:?}");
        assert_eq!((seen.asker, seen.model()), (Asker::Firmware, model));
        assert_eq!(seen.rom_3b, model == BoardModel::Pi3b);
    };
    check(rom_3b(), None, None, BoardModel::Pi3b);
    check(rom_3b_plus(), Some(0xb66c_4c16), None, BoardModel::Unknown);
    check(eeprom_4(), Some(0xe5ef_6e9d), Some(0xc0_3112), BoardModel::Pi4b);
    check(eeprom_4_request(), Some(0xe5ef_6e9d), Some(0xc0_3112), BoardModel::Pi4b);
    check(eeprom_5(), Some(0xbd98_9ae1), Some(0xd0_4170), BoardModel::Pi5);
}

#[test]
fn machine_identifiers_of_others_tell_nothing() {
    let with_id = |id: &[u8]| {
        let mut packet = eeprom_4();
        packet.options.retain(|(code, _)| *code != 97);
        seen(&packet.with(97, id)).serial
    };
    let mine = [0, 1, 2, 3, 4, 0x12, 0x31, 0xc0, 0, 50, 167, 237, 137, 0x9d, 0x6e, 0xef, 0xe5];
    assert_eq!(with_id(&mine), Some(BoardSerial(0xe5ef_6e9d)), "a prefix set by DHCP_OPTION97");
    let foreign = [0, 1, 2, 3, 4, 0x12, 0x31, 0xc0, 0, 9, 9, 9, 9, 0x9d, 0x6e, 0xef, 0xe5];
    for id in [foreign.as_slice(), &[0; 17], &[0xff; 17], &mine[1..], &mine[..16], &[], &[0]] {
        assert_eq!(with_id(id), None, "{id:?}");
    }
}

#[test]
fn firmware_and_system_of_one_board_are_told_apart() {
    let check = |packet: Packet, asker| assert_eq!(seen(&packet).asker, asker, "{packet:?}");
    check(eeprom_4(), Asker::Firmware);
    check(eeprom_4_request(), Asker::Firmware);
    check(Packet::new(REQUEST, MAC_4).with(55, &[1, 3, 43, 60, 66, 67]), Asker::Firmware);
    check(kernel(DISCOVER), Asker::System);
    check(udhcpc(DISCOVER), Asker::System);
    // Option 60 decides: systemd asks for vendor options, U-Boot tells its architecture.
    check(udhcpc(DISCOVER).with(93, &[0, 22]).with(97, &[0; 17]), Asker::System);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store::Store::open(&folder.path().join("a.db")).unwrap();
    let config = |port| Config {
        interface: None,
        server_address: Ipv4Addr::LOCALHOST,
        port,
        subnet: "127.0.0.0/8".parse().unwrap(),
        ..config()
    };
    let first = Server::bind(config(0), store.clone()).unwrap();
    let port = first.local_addr().unwrap().port();
    let Err(error @ Error::Bind { .. }) = Server::bind(config(port), store) else { panic!("bound twice") };
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[test]
fn a_relay_decides_the_network() {
    let home = Network::new("10.20.0.0/24".parse().unwrap(), None);
    let network = Network {
        dns: vec![[10, 30, 0, 53].into()],
        ntp: vec![[10, 30, 0, 123].into()],
        ..Network::new("10.30.0.0/16".parse().unwrap(), Some([10, 30, 0, 1].into()))
    };
    let config = || Config { relayed: vec![network.clone()], ..config() };
    let behind = |address: [u8; 4]| Node { address: address.into(), ..pi_4() };
    let check = |packet: &Packet, address, expect: Result<(), Ignore>| {
        let decision = respond(config(), packet, Some(behind(address)), &[]);
        match (decision.verdict, expect) {
            (Verdict::Answer(answer), Ok(())) => {
                let bytes = wire::encode(&answer.reply).unwrap();
                let options = options(&bytes);
                assert!(options.contains(&(1, vec![255, 255, 0, 0])), "{options:?}");
                assert!(options.contains(&(3, vec![10, 30, 0, 1])), "{options:?}");
                assert_eq!(options.last().unwrap().0, 82, "the relay's information is echoed last");
            }
            (Verdict::Ignore(seen), Err(reason)) => assert_eq!(seen, reason),
            other => panic!("{other:?}"),
        }
    };
    let information = [1, 2, 0, 9];
    let relayed = |relay: [u8; 4]| eeprom_4().relayed_by(relay.into()).with(82, &information);
    check(&relayed([10, 30, 0, 1]), [10, 30, 0, 7], Ok(()));
    check(&relayed([10, 30, 0, 1]), [10, 20, 0, 7], Err(Ignore::AddressOutside(ADDRESS, network.subnet)));
    let outside = Ipv4Addr::new(10, 30, 0, 7);
    check(&relayed([10, 20, 0, 9]), [10, 30, 0, 7], Err(Ignore::AddressOutside(outside, home.subnet)));
    let strange = [10, 99, 0, 1];
    check(&relayed(strange), [10, 30, 0, 7], Err(Ignore::UnknownRelay(strange.into())));
    // The relay's own address is elsewhere, and it names the network (RFC 3527).
    let link = eeprom_4().relayed_by(strange.into()).with(82, &[1, 2, 0, 9, 5, 4, 10, 30, 0, 0]);
    check(&link, [10, 30, 0, 7], Ok(()));
    // What systems are told there is that network's own.
    let system = udhcpc(DISCOVER).relayed_by([10, 30, 0, 1].into());
    let offer = answer(respond(config(), &system, Some(behind([10, 30, 0, 7])), &[]));
    let options = options(&wire::encode(&offer.reply).unwrap());
    for (code, server) in [(3, [10, 30, 0, 1]), (6, [10, 30, 0, 53]), (42, [10, 30, 0, 123])] {
        assert!(options.contains(&(code, server.to_vec())), "{code}: {options:?}");
    }
}

#[test]
fn set_options_reach_the_node() {
    let mut config = config();
    config.options.all = [(23, vec![64]), (42, vec![10, 20, 0, 9])].into_iter().collect();
    let offer = answer(respond(config, &udhcpc(DISCOVER), Some(pi_4()), &[]));
    let bytes = wire::encode(&offer.reply).unwrap();
    let options = options(&bytes);
    assert!(options.contains(&(23, vec![64])), "{options:?}");
    assert_eq!(options.iter().filter(|(code, _)| *code == 42).count(), 1, "replaced, not repeated");
    assert!(options.contains(&(42, vec![10, 20, 0, 9])));
}
