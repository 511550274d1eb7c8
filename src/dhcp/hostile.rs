//! Random and mutated packets: no panic, no answer to nonsense, no long reply, memory of the packet's scale. *Tests.*

use super::packets::*;
use super::verdict::Verdict;
use super::wire::{self, ReplyKind};
use super::{Known, Responder, observe};
use crate::fuzz;
use crate::model::board::BoardModel;
use crate::model::net::MacAddr;
use crate::model::quirk::Quirks;
use proptest::prelude::*;

/// The most that fits a datagram every host must take (RFC 791), with a relay's longest information on top.
const LONGEST_REPLY: usize = 548 + 257;

/// Decodes and answers as the server would if the sender were a node; checks what leaves.
fn survive(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(request) = wire::decode(bytes) else { return Ok(()) };
    prop_assert_eq!(&bytes[..3], [1, 1, 6]);
    prop_assert_eq!(&bytes[236..240], [99, 130, 83, 99]);
    let seen = observe::observe(&request, Quirks::ALL);
    let _shown = seen.model();
    for model in BoardModel::ALL {
        let node = crate::model::node::Node { mac: request.mac, ..node(request.mac.0, *model) };
        let known = Known { node, lease: None, holder: None };
        let decision = Responder::new(config(), Quirks::ALL).respond(&request, &seen, Some(&known), now());
        prop_assert!(decision.verdict.text().len() < 300);
        let Verdict::Answer(answer) = decision.verdict else { continue };
        let reply = wire::encode(&answer.reply).unwrap();
        prop_assert!((300..=LONGEST_REPLY).contains(&reply.len()));
        prop_assert_eq!(reply[0], 2);
        prop_assert_eq!(&reply[4..8], &bytes[4..8]);
        prop_assert_eq!(MacAddr(reply[28..34].try_into().unwrap()), request.mac);
        prop_assert!(!options(&reply).is_empty());
        let granted = answer.reply.kind != ReplyKind::Nak && !answer.reply.yiaddr.is_unspecified();
        prop_assert_eq!(granted, decision.lease.is_some_and(|lease| lease.address == ADDRESS));
    }
    Ok(())
}

fn real() -> impl Strategy<Value = Packet> {
    prop_oneof![
        Just(rom_3b()),
        Just(rom_3b_plus()),
        Just(eeprom_4()),
        Just(eeprom_4_request()),
        Just(eeprom_5()),
        Just(kernel(DISCOVER)),
        Just(udhcpc(REQUEST).requesting(ADDRESS).naming_server(SERVER)),
        Just(udhcpc(REQUEST).using(ADDRESS).relayed_by(RELAY).with(82, &[7; 255])),
        Just(udhcpc(DECLINE).requesting(ADDRESS)),
        Just(udhcpc(INFORM).using(ADDRESS)),
    ]
}

/// Bytes allocated for each byte of a packet, and for any packet.
const SCALE: (usize, usize) = (16, 8192);

/// As `survive` does, for one model and without a look at the result.
fn decide(bytes: &[u8]) {
    let Ok(request) = wire::decode(bytes) else { return };
    let seen = observe::observe(&request, Quirks::ALL);
    let known = Known { node: node(request.mac.0, BoardModel::Pi4b), lease: None, holder: None };
    let decision = Responder::new(config(), Quirks::ALL).respond(&request, &seen, Some(&known), now());
    if let Verdict::Answer(answer) = decision.verdict {
        drop(wire::encode(&answer.reply));
    }
}

fn random_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..1500)
}

fn random_options_behind_a_real_head() -> impl Strategy<Value = Vec<u8>> {
    (proptest::collection::vec(any::<u8>(), 0..700), 0u8..10).prop_map(|(tail, kind)| {
        let mut bytes = udhcpc(kind).bytes();
        bytes.truncate(243);
        bytes.extend(tail);
        bytes.push(255);
        bytes
    })
}

fn any_options_well_formed() -> impl Strategy<Value = Vec<u8>> {
    let option = (1u8..255, proptest::collection::vec(any::<u8>(), 0..255));
    (real(), proptest::collection::vec(option, 0..8)).prop_map(|(packet, more)| {
        more.into_iter().fold(packet, |packet, (code, data)| packet.with(code, &data)).bytes()
    })
}

fn mutated_packets() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let cut = prop::option::of(any::<prop::sample::Index>());
    (real(), proptest::collection::vec(change, 0..12), cut).prop_map(|(packet, changes, cut)| {
        let mut bytes = packet.bytes();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(length) = cut {
            bytes.truncate(length.index(bytes.len()));
        }
        bytes
    })
}

#[test]
fn fuzz() {
    let any = prop_oneof![
        random_bytes(),
        random_options_behind_a_real_head(),
        any_options_well_formed(),
        mutated_packets(),
    ];
    fuzz::run(&any, |bytes| {
        let (times, more) = SCALE;
        fuzz::within(bytes.len(), times, more, || decide(&bytes))?;
        survive(&bytes)
    });
}
