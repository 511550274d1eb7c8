//! Random and mutated packets, read and answered without a network: no panic, memory of the packet's scale. *Tests.*

use super::Asked;
use super::options::negotiate;
use super::sender::{Sender, Step};
use super::wire::{Opening, Reply, decode_opening, decode_reply, encode_error, encode_oack};
use crate::fuzz;
use crate::model::quirk::Quirks;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes allocated for each byte of a packet, and for any packet.
const SCALE: (usize, usize) = (16, 2048);

/// The least wait of the transfers.
const WAIT: Duration = Duration::from_secs(2);

/// What comes to the server's port; then to a transfer's, if it opened one.
#[derive(Debug, Clone)]
struct Talk {
    opening: Vec<u8>,
    file_bytes: u64,
    replies: Vec<Vec<u8>>,
}

fn talk() -> impl Strategy<Value = Talk> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "blksize",
            "tsize",
            "timeout",
            "windowsize",
            "octet",
            "netascii",
            "utimeout"
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
        any::<u64>().prop_map(|number| number.to_string().into_bytes()),
        (0u32..70_000).prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let worded = prop::collection::vec(word, 0..20)
        .prop_map(|words| [b"\0\x01kernel8.img\0octet\0".to_vec(), words.join(&0), vec![0]].concat());
    let opening = prop_oneof![
        3 => worded,
        1 => prop::collection::vec(any::<u8>(), 0..1024),
        1 => prop::collection::vec(any::<u8>(), 0..1022).prop_map(|noise| [vec![0, 1], noise].concat()),
    ];
    let reply = prop_oneof![
        4 => (0u16..200).prop_map(|block| [[0, 4], block.to_be_bytes()].concat()),
        1 => any::<u16>().prop_map(|block| [[0, 4], block.to_be_bytes()].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..600),
        1 => prop::collection::vec(any::<u8>(), 0..600).prop_map(|noise| [vec![0, 5], noise].concat()),
    ];
    let size = prop_oneof![0u64..200_000, any::<u64>()];
    (opening, size, prop::collection::vec(reply, 0..40)).prop_map(|(opening, file_bytes, replies)| Talk {
        opening,
        file_bytes,
        replies,
    })
}

/// Answers as the server would; what it would send stays within the window.
fn survive(talk: &Talk) -> TestCaseResult {
    let (times, bytes) = SCALE;
    let bounded = |packet: &[u8], work: &mut dyn FnMut()| fuzz::within(packet.len(), times, bytes, work);
    let mut sender = None;
    bounded(&talk.opening, &mut || {
        let Opening::Read(request) = decode_opening(&talk.opening) else { return };
        if let Err(fault) = Asked::parse(&request.name) {
            encode_error(super::wire::Complaint::AccessViolation, &fault.to_string());
        }
        let agreed = negotiate(&request.wishes, talk.file_bytes, Quirks::ALL);
        encode_oack(&agreed.grants);
        sender = Some((Sender::new(&agreed, talk.file_bytes, WAIT, Quirks::ALL), u64::from(agreed.window)));
    })?;
    let Some((mut sender, window)) = sender else { return Ok(()) };
    let mut step = sender.open(Instant::now());
    for packet in &talk.replies {
        if let Step::Send(blocks) = &step {
            prop_assert!(blocks.end() - sender.acked() <= window && *blocks.start() == sender.acked() + 1);
        }
        bounded(packet, &mut || {
            step = match decode_reply(packet) {
                Reply::Nonsense => sender.on_silence(),
                reply @ (Reply::Ack(_) | Reply::Error) => sender.on_reply(Instant::now(), reply),
            }
        })?;
        if matches!(step, Step::Complete | Step::Terminated | Step::GiveUp) {
            break;
        }
    }
    Ok(())
}

#[test]
fn fuzz() {
    fuzz::run(&talk(), |talk| survive(&talk));
}
