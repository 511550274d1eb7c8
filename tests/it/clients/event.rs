//! What a client's hook script tells: events with their settings. *IO: the client's standard output.*

use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// A running client.
pub(super) struct Events {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What is read of the event that is being told: waiting for it can be given up and taken up again.
    begun: BTreeMap<String, String>,
}

/// The environment of the hook at one event.
#[derive(Debug)]
pub(super) struct Event(BTreeMap<String, String>);

impl Events {
    /// The events of a client whose standard output is a pipe.
    pub(super) fn of(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, begun: BTreeMap::new() }
    }

    /// Waits for that event; others on the way are passed over.
    pub(super) async fn next(&mut self, name: &str) -> Event {
        loop {
            let event = self.read().await;
            if event.0.get("event").is_some_and(|seen| seen == name) {
                return event;
            }
        }
    }

    async fn read(&mut self) -> Event {
        loop {
            let Some(line) = self.lines.next_line().await.unwrap() else { panic!("the client ended early") };
            match line.split_once('=') {
                Some((key, value)) => drop(self.begun.insert(key.to_owned(), value.to_owned())),
                None if self.begun.contains_key("event") => return Event(std::mem::take(&mut self.begun)),
                None => {}
            }
        }
    }

    /// Sends the client a signal.
    pub(super) fn signal(&self, signal: Signal) {
        super::network::signal(&self.child, signal);
    }

    /// Waits for its end; whether that was well.
    pub(super) async fn ended(&mut self) -> bool {
        self.child.wait().await.unwrap().success()
    }
}

impl Event {
    /// The settings must be these; an empty text stands for one that was not given.
    pub(super) fn tells(&self, expected: &[(&str, &str)]) {
        let seen = |key: &str| self.0.get(key).map_or("", String::as_str);
        let seen: Vec<(&str, &str)> = expected.iter().map(|(key, _)| (*key, seen(key))).collect();
        assert_eq!(seen, expected, "all that was told: {self:#?}");
    }
}
