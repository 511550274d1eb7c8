//! What the benches against peers share: a network of their own, servers as processes, and pimaster with a rack.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot go on fails there"
)]
#![allow(clippy::allow_attributes, dead_code, reason = "each bench uses its part")]

pub(crate) mod pimaster;

use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Moves this process, before it has any other thread, into a network namespace of its own with loopback alone.
pub(crate) fn enter_namespace() {
    unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
    run(&["ip", "link", "set", "lo", "up"]);
    // tftpd-hpa starts on no machine that has only the loopback addresses.
    run(&["ip", "address", "add", "192.0.2.1/32", "dev", "lo"]);
}

/// Runs a command that must succeed.
pub(crate) fn run(words: &[&str]) {
    let (program, arguments) = words.split_first().unwrap();
    let status = Command::new(program).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{words:?} failed; scripts/setup bench installs it");
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts a program that stays in the foreground; what it says goes to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        // Each server in a session of its own: to the scheduler all its processes together are one.
        let mut setsid = Command::new("setsid");
        setsid.arg(command.get_program()).args(command.get_args());
        setsid.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let command = &mut setsid;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/setup bench")) }
    }

    /// Processor time used until now.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name before the bracket may hold anything; utime is the 12th field after it.
        let after = stat.rsplit_once(") ").unwrap().1;
        let ticks: u32 = after.split(' ').skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum();
        Duration::from_secs(ticks.into()) / 100
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// A line of /proc/PID/status, in MB.
    pub(crate) fn megabytes(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1000.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
