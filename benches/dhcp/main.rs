//! DHCP against Kea: how many boards a second, how long each waits, and what 10,000 known boards cost.
//!
//! `cargo bench --bench dhcp [-- ROUNDS]`, as root (network namespaces of its own, joined by one cable). Leases go to
//! the same disk: Kea's to its memfile, which it does not flush, pimaster's to a database that it does. perfdhcp is
//! Kea's own measuring client; the rack is ours: boards that get power at the same moment and, like the firmware of a
//! Pi 4, ask again after 4 s. Printed are medians of the rounds, in which the servers take turns.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot go on fails there"
)]

mod cable;
mod decide;
#[path = "../measured/mod.rs"]
mod measured;
mod peers;
mod perfdhcp;
mod rack;

use cable::Cable;
use measured::median;
use peers::Peer;
use std::io::{self, Write};
use std::path::Path;

const ROUNDS: usize = 3;
/// Boards that are known, and that perfdhcp plays.
const BOARDS: u32 = 1000;
/// Exchanges begun each second; the best of those that lose less than 1 % counts.
const RATES: [u32; 10] = [2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 12_000];
const KNOWN: [u32; 3] = [10, 1000, 10_000];

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    measured::enter_namespace();
    let cable = Cable::lay();
    let mut out = io::stdout();
    writeln!(out, "{BOARDS} boards, medians of {rounds} rounds").unwrap();
    writeln!(
        out,
        "{:<10}{:>16}{:>14}{:>14}{:>18}{:>16}",
        "server", "exchanges/s", "p99 at 1000/s", "lost of them", "all bound after", "asked again"
    )
    .unwrap();
    let mut all: Vec<(Peer, Vec<Round>)> = Peer::ALL.map(|peer| (peer, Vec::new())).into();
    for _ in 0..rounds {
        for (peer, told) in &mut all {
            told.push(measure(folder.path(), &cable, *peer));
        }
    }
    for (peer, told) in &all {
        let of = |field: fn(&Round) -> f64| median(told.iter().map(field).collect());
        writeln!(
            out,
            "{:<10}{:>16.0}{:>11.1} ms{:>14.0}{:>16.2} s{:>16.0}",
            peer.name(),
            of(|it| it.exchanges_per_second),
            of(|it| it.p99_millis),
            of(|it| it.lost),
            of(|it| it.bound_after_seconds),
            of(|it| it.asked_again)
        )
        .unwrap();
    }
    let [ours, peers @ ..] = all.as_slice() else { return };
    for (peer, told) in peers {
        let rate = |told: &[Round]| median(told.iter().map(|it| it.exchanges_per_second).collect());
        writeln!(out, "exchanges/s, pimaster to {}: {:.2}", peer.name(), rate(&ours.1) / rate(told)).unwrap();
    }
    writeln!(
        out,
        "\n{:>12}{:>22}{:>14}{:>18}",
        "known boards", "decision, µs each", "MB at start", "MB, all bound"
    )
    .unwrap();
    for known in KNOWN {
        let micros = decide::micros(folder.path(), known);
        let (start, bound) = memory(folder.path(), &cable, known);
        writeln!(out, "{known:>12}{micros:>22.1}{start:>14.1}{bound:>18.1}").unwrap();
    }
}

/// What one server did in one round.
struct Round {
    exchanges_per_second: f64,
    p99_millis: f64,
    lost: f64,
    bound_after_seconds: f64,
    asked_again: f64,
}

fn measure(folder: &Path, cable: &Cable, peer: Peer) -> Round {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let _server = peer.start(folder.path(), BOARDS);
    let rack = cable.inside(|| rack::switch_on(BOARDS));
    let calm = perfdhcp::run(cable, BOARDS, 1000, 5);
    let mut exchanges_per_second = 0.0f64;
    for rate in RATES {
        let busy = perfdhcp::run(cable, BOARDS, rate, 4);
        let is_good = busy.lost * 100 <= busy.begun;
        if is_good {
            exchanges_per_second = exchanges_per_second.max(busy.exchanges_per_second);
        } else {
            break;
        }
    }
    Round {
        exchanges_per_second,
        p99_millis: calm.p99_millis,
        lost: calm.lost as f64,
        bound_after_seconds: rack.bound_after.as_secs_f64(),
        asked_again: rack.asked_again as f64,
    }
}

/// Resident memory of the daemon in MB, at the start and when all boards have an address.
fn memory(folder: &Path, cable: &Cable, known: u32) -> (f64, f64) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let server = Peer::Pimaster.start(folder.path(), known);
    // Heard of only when it answers.
    cable.inside(|| rack::switch_on(1));
    let start = server.megabytes("VmRSS");
    cable.inside(|| rack::switch_on(known));
    (start, server.megabytes("VmRSS"))
}
