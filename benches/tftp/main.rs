//! TFTP against dnsmasq and tftpd-hpa: a rack of 48 boards that fetch the same kernel at once.
//!
//! `cargo bench --bench tftp [-- MB [ROUNDS]]`, as root (a network namespace of its own). For each block size the
//! servers take turns, round by round; printed are medians, and ratios of pimaster to each peer. The client is the
//! same for all: one thread, every byte compared. With loss, each client drops the same 1 % of DATA and of its ACKs
//! for every server: as a Pi 4, to which pimaster repeats after 2 s, since its firmware may hang at what comes twice, and
//! as a Pi 5, to which it repeats after 1 s as to any other client. tftpd-hpa has a process for each transfer, which
//! leave no account of their time. The peers know no `windowsize`: with 16 they are asked for it and send block by block.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails there")]

mod client;
#[path = "../measured/mod.rs"]
mod measured;
mod peers;

use client::{Load, Told, Way, fetch};
use measured::median;
use peers::Peer;
use pimaster::model::board::BoardModel;
use std::io::{self, Write};
use std::path::Path;

const CLIENTS: u8 = 48;
const MB: usize = 30;
const ROUNDS: usize = 3;
/// With loss every block counts with its second of waiting: less of them tell as much.
const SHARE_WITH_LOSS: usize = 30;
const WAYS: [Way; 9] = [
    clean(512, 1),
    clean(1024, 1),
    clean(1468, 1),
    clean(512, 16),
    clean(1024, 16),
    clean(1468, 16),
    Way { loss: true, ..clean(1468, 1) },
    Way { loss: true, board: BoardModel::Pi5, ..clean(1468, 1) },
    Way { loss: true, ..clean(1468, 16) },
];

/// Boards of the Pi 4 on a network that loses nothing.
const fn clean(block_bytes: usize, window: u64) -> Way {
    Way { block_bytes, window, loss: false, board: BoardModel::Pi4b }
}

/// What one server did in one round.
struct Round {
    mb_per_second: f64,
    cpu_seconds_per_gb: f64,
    slowest_to_median: f64,
    failures: usize,
}

fn main() {
    let mut words = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (mb, rounds) = (words.next().unwrap_or(MB), words.next().unwrap_or(ROUNDS));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    measured::enter_namespace();
    let content = kernel(mb * 1_000_000);
    let mut out = io::stdout();
    writeln!(out, "{CLIENTS} clients, {mb} MB each, medians of {rounds} rounds").unwrap();
    let titles =
        ["blksize", "window", "loss", "as", "server", "MB/s", "CPU s/GB", "slowest/median", "failed"];
    writeln!(out, "{}{:>14}{:>14}", row(titles.map(str::to_owned)), "MB/s ratio", "CPU ratio").unwrap();
    for way in WAYS {
        let share = if way.loss { content.len() / SHARE_WITH_LOSS } else { content.len() };
        let content = content.get(..share).unwrap_or_default();
        let mut all: Vec<(Peer, Vec<Round>)> = Peer::ALL.map(|peer| (peer, Vec::new())).into();
        for _ in 0..rounds {
            for (peer, told) in &mut all {
                told.push(measure(folder.path(), *peer, way, content));
            }
        }
        let [ours, ..] = all.as_slice() else { return };
        let ours = summary(&ours.1);
        for (peer, told) in &all {
            let it = summary(told);
            let loss = if way.loss { "1 %" } else { "-" };
            let cpu_is_known = *peer != Peer::TftpdHpa;
            let cpu_or_dash = |value: f64| if cpu_is_known { format!("{value:.2}") } else { "-".to_owned() };
            let cells = [
                way.block_bytes.to_string(),
                way.window.to_string(),
                loss.to_owned(),
                way.board.as_str().to_owned(),
                peer.name().to_owned(),
                format!("{:.1}", it.mb_per_second),
                cpu_or_dash(it.cpu_seconds_per_gb),
                format!("{:.2}", it.slowest_to_median),
                it.failures.to_string(),
            ];
            let speed = ours.mb_per_second / it.mb_per_second;
            let cpu = cpu_or_dash(ours.cpu_seconds_per_gb / it.cpu_seconds_per_gb);
            writeln!(out, "{}{speed:>14.2}{cpu:>14}", row(cells)).unwrap();
        }
    }
}

fn row(cells: [String; 9]) -> String {
    let [block, window, loss, board, server, speed, cpu, slowest, failed] = cells;
    format!(
        "{block:>7}{window:>7}{loss:>5} {board:<5}{server:<10}{speed:>8}{cpu:>10}{slowest:>16}{failed:>8}"
    )
}

fn summary(rounds: &[Round]) -> Round {
    let of = |field: fn(&Round) -> f64| median(rounds.iter().map(field).collect());
    Round {
        mb_per_second: of(|round| round.mb_per_second),
        cpu_seconds_per_gb: of(|round| round.cpu_seconds_per_gb),
        slowest_to_median: of(|round| round.slowest_to_median),
        failures: rounds.iter().map(|round| round.failures).sum(),
    }
}

fn measure(folder: &Path, peer: Peer, way: Way, content: &[u8]) -> Round {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let mut server = peer.start(folder.path(), content, CLIENTS, way.board);
    let load = |clients, way, patience| Load { clients, way, content, patience };
    // The first transfer waits until the server is up, and brings the file into memory.
    let warm = clean(1468, 1);
    while fetch(&load(1, warm, client::IMPATIENT)).failures > 0 {
        assert!(!server.has_ended(), "{} does not start", peer.name());
    }
    let before = server.cpu();
    let Told { mut seconds, failures } = fetch(&load(CLIENTS, way, client::PATIENT));
    let cpu = (server.cpu() - before).as_secs_f64();
    seconds.sort_by(f64::total_cmp);
    let last = seconds.last().copied().unwrap_or(f64::INFINITY);
    let megabytes = (content.len() * seconds.len()) as f64 / 1e6;
    Round {
        mb_per_second: megabytes / last,
        cpu_seconds_per_gb: cpu / megabytes * 1000.0,
        slowest_to_median: last / median(seconds),
        failures,
    }
}

/// Bytes that no compression and no mix-up of blocks goes unnoticed in.
fn kernel(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}
