//! perfdhcp: Kea's measuring client, and what it prints.

use super::cable::{Cable, RELAY, SERVER};
use std::process::Command;

/// How a run went.
pub(crate) struct Told {
    /// Exchanges begun.
    pub(crate) begun: u64,
    /// Of them, those that got no OFFER or no ACK within a second.
    pub(crate) lost: u64,
    /// Finished ones.
    pub(crate) exchanges_per_second: f64,
    /// Of the time from DISCOVER to OFFER and from REQUEST to ACK, whichever is longer.
    pub(crate) p99_millis: f64,
}

/// Begins `rate` exchanges each second for so many seconds, for boards chosen at random.
pub(crate) fn run(cable: &Cable, boards: u32, rate: u32, seconds: u32) -> Told {
    let output = cable.inside(|| {
        let mut command = Command::new("perfdhcp");
        command.args(["-4", "-l", &RELAY.to_string(), "-R", &boards.to_string(), "-r", &rate.to_string()]);
        // The last ones get their second too.
        command.args(["-p", &seconds.to_string(), "-W", "1000000", "-x", "t", &SERVER.to_string()]);
        command.output().expect("perfdhcp is missing; scripts/setup bench installs it")
    });
    let text = String::from_utf8_lossy(&output.stdout);
    let count = |name: &str| -> Vec<u64> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(|rest| rest.trim().parse().unwrap()).collect()
    };
    let (sent, received) = (count("sent packets:"), count("received packets:"));
    let ([begun, _], [_, finished]) = (sent.as_slice(), received.as_slice()) else {
        panic!("perfdhcp said: {text}{}", String::from_utf8_lossy(&output.stderr));
    };
    let p99 = |kind: &str| percentile(&text, kind);
    Told {
        begun: *begun,
        lost: begun - finished,
        exchanges_per_second: *finished as f64 / f64::from(seconds),
        p99_millis: p99("DISCOVER-OFFER").max(p99("REQUEST-ACK")),
    }
}

/// The 99th percentile of "sent / received: 000000.000507 / 000000.000769" below a heading.
fn percentile(text: &str, kind: &str) -> f64 {
    let heading = format!("***Timestamps for packets: {kind}***");
    let after = text.split(&heading).nth(1).unwrap_or_default();
    let mut millis: Vec<f64> = after
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("sent / received: ")?.split_once(" / "))
        .map(|(sent, received)| {
            let seconds = |text: &str| text.trim().parse::<f64>().unwrap();
            (seconds(received) - seconds(sent)) * 1000.0
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    millis.get(millis.len() * 99 / 100).copied().unwrap_or(f64::INFINITY)
}
