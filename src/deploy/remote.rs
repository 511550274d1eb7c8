//! A command on a node, as the steps see it: lines come out, then an end. *Pure:* traits and words.
//!
//! `ssh` is behind it. Commands are fixed texts; everything that varies goes in on standard input.

use crate::model::problem::Problem;
use crate::model::ssh_key::PublicKey;
use std::net::SocketAddr;

/// The longest line that is taken from a node; the rest of a longer one is dropped.
pub(super) const LONGEST_LINE_BYTES: usize = 64 * 1024;

/// Where, as whom, and who is expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The SSH server.
    pub address: SocketAddr,
    /// The account.
    pub user: String,
    /// The only host key that is accepted.
    pub host_key: PublicKey,
}

/// Opens sessions.
#[async_trait::async_trait]
pub trait Dial: Send + Sync {
    /// Connects once, with bounded patience.
    async fn connect(&self, target: &Target) -> Result<Box<dyn Remote>, DialError>;
}

/// An open session; dropping it closes the connection.
#[async_trait::async_trait]
pub trait Remote: Send + Sync {
    /// Starts a command and writes all of its standard input.
    async fn exec(&mut self, command: &str, input: Vec<u8>) -> Result<Box<dyn Running>, Broken>;
}

/// A running command.
#[async_trait::async_trait]
pub trait Running: Send {
    /// What comes next; nothing after [`Output::Ended`].
    async fn next(&mut self) -> Result<Output, Broken>;
}

/// What a command says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A line of its standard output, without the line end.
    Line(String),
    /// A line of its standard error.
    Complaint(String),
    /// It is over.
    Ended(Exit),
}

impl Output {
    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(u32),
    /// By this signal, and so without a status.
    Signal(String),
    /// The node closed the channel and did not say how.
    Unknown,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "ended with status {status}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Unknown => f.write_str("ended without a status"),
        }
    }
}

/// Why no session came about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// Nobody answers, or not to the end.
    #[error("no SSH server answers at {address}: {seen}")]
    NoAnswer {
        /// Where.
        address: SocketAddr,
        /// What was seen.
        seen: String,
    },
    /// Another host key.
    #[error("somebody else answers at {address}: {}", seen_key(.seen.as_ref()))]
    SomebodyElse {
        /// Where.
        address: SocketAddr,
        /// The key that was shown.
        seen: Option<PublicKey>,
    },
    /// The right host, but it does not let pimaster in.
    #[error("{user} at {address} does not accept pimaster's key")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// The account.
        user: String,
    },
}

fn seen_key(key: Option<&PublicKey>) -> String {
    match key {
        Some(key) => format!("host key {} {}", key.algorithm(), key.blob()),
        None => "a host certificate".to_owned(),
    }
}

impl DialError {
    /// The same for people.
    pub fn problem(&self) -> Problem {
        let (expected, advice) = match self {
            Self::NoAnswer { .. } => {
                ("the node's SSH server", "Look at the node's boot events, its cable and its power.")
            }
            Self::SomebodyElse { .. } => (
                "the host key that pimaster made for it",
                "Look whether another machine has this address, or the node booted another system; then choose hard reboot.",
            ),
            Self::Refused { .. } => (
                "pimaster's key to be accepted",
                "For the installer run `pimaster nfs prepare` again; for a deployed system choose deploy again.",
            ),
        };
        Problem::new(self.to_string(), expected, advice)
    }
}

/// A session broke in the middle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the SSH connection broke: {0}")]
pub struct Broken(pub String);

/// Cuts a stream of bytes into lines of bounded length.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes, gives the lines that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let Some(mut part) = parts.next() else { return Vec::new() };
        let mut lines = Vec::new();
        loop {
            let room = LONGEST_LINE_BYTES.saturating_sub(self.begun.len());
            self.begun.extend(part.iter().take(room));
            let Some(next) = parts.next() else { return lines };
            lines.extend(self.finish().or_else(|| Some(String::new())));
            part = next;
        }
    }

    /// What stands without a line end, if anything.
    pub(super) fn finish(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.begun);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        (!line.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_bounded() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"one\r\ntw"), ["one"]);
        assert_eq!(lines.push(b"o\n\nthr"), ["two", ""]);
        assert_eq!(lines.finish(), Some("thr".to_owned()));
        assert_eq!(lines.finish(), None);
        let long = vec![b'x'; 3 * LONGEST_LINE_BYTES];
        assert!(lines.push(&long).is_empty());
        let cut = lines.push(b"y\nz\n");
        assert_eq!((cut[0].len(), cut[1].as_str()), (LONGEST_LINE_BYTES, "z"));
        assert_eq!(lines.push(b"\xff\n"), ["\u{fffd}"]);
    }

    #[test]
    fn strangers_are_named_with_their_key() {
        let address = "10.20.0.7:22".parse().unwrap();
        let error = DialError::SomebodyElse { address, seen: None };
        assert!(error.to_string().starts_with("somebody else answers at 10.20.0.7:22"));
        assert!(error.problem().advice.contains("another machine"));
    }
}
