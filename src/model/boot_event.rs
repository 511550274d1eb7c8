//! What a node did on its way up, and what was done to it: one event each. *Pure.*
//!
//! Written by `dhcp`, `tftp`, `power`, `deploy`, `nfs_prep` and `netconsole`; stored as JSON by
//! `store::boot_events`; read by `explain` and the pages.

use super::clock::Timestamp;
use super::power::PowerState;
use serde::{Deserialize, Serialize};
use std::fmt;

pub use super::dhcp_exchange::{DhcpAnswer, DhcpAsked, DhcpExchange, Unanswered};

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootRecord {
    /// Its row: names it as evidence. Events of one moment are in the order of their rows.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: BootEvent,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BootEvent {
    /// Its switch was asked to switch its port; committed before the switch is asked.
    Power {
        /// What was asked for.
        wanted: PowerState,
        /// The switch's name.
        switch: String,
        /// The port's number.
        port: u16,
    },
    /// The switch did not do so, or did not say that it has.
    PowerRefused {
        /// What was asked for.
        wanted: PowerState,
        /// What was seen instead.
        seen: String,
    },
    /// A DHCP message of the node, and what it was answered.
    Dhcp(DhcpExchange),
    /// What a message told of the board contradicts what is stored.
    Doubt {
        /// What was told, and what is stored.
        text: String,
    },
    /// A request for a file.
    File(FileTransfer),
    /// The NFS server granted the installer root to the node.
    NfsMount {
        /// Who noticed.
        noticed_in: MountSource,
    },
    /// What the node's SSH server showed; noted when it changes.
    Ssh {
        /// Who was expected.
        expected: System,
        /// Who answered.
        seen: SshSeen,
    },
    /// A line that the node's kernel sent by netconsole.
    Console {
        /// The line, without control characters.
        line: String,
    },
}

/// The kinds of events, as the database and the API name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootEventKind {
    /// Its port was switched.
    Power,
    /// It spoke DHCP.
    Dhcp,
    /// It asked for a file.
    File,
    /// It mounted its root.
    Nfs,
    /// It was reached over SSH, or somebody else was.
    Ssh,
    /// Its kernel spoke.
    Console,
}

impl BootEventKind {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Dhcp => "dhcp",
            Self::File => "file",
            Self::Nfs => "nfs",
            Self::Ssh => "ssh",
            Self::Console => "console",
        }
    }
}

impl BootEvent {
    /// The kind of the event.
    pub fn kind(&self) -> BootEventKind {
        match self {
            Self::Power { .. } | Self::PowerRefused { .. } => BootEventKind::Power,
            Self::Dhcp(_) | Self::Doubt { .. } => BootEventKind::Dhcp,
            Self::File(_) => BootEventKind::File,
            Self::NfsMount { .. } => BootEventKind::Nfs,
            Self::Ssh { .. } => BootEventKind::Ssh,
            Self::Console { .. } => BootEventKind::Console,
        }
    }
}

impl fmt::Display for BootEvent {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Power { wanted, switch, port } => {
                write!(f, "power {} ({switch} port {port})", wanted.as_str())
            }
            Self::PowerRefused { wanted, seen } => write!(f, "power {} failed: {seen}", wanted.as_str()),
            Self::Dhcp(exchange) => exchange.fmt(f),
            Self::Doubt { text } | Self::Console { line: text } => f.write_str(text),
            Self::File(file) => file.fmt(f),
            Self::NfsMount { .. } => f.write_str("the installer root is mounted"),
            Self::Ssh { expected, seen } => match seen {
                SshSeen::Expected => write!(f, "{} answers", expected.shown()),
                SshSeen::OtherKey { key } => {
                    write!(f, "{} is expected, but host key {key} answers", expected.shown())
                }
                SshSeen::KeyRefused => write!(f, "{} answers and refuses pimaster's key", expected.shown()),
            },
        }
    }
}

impl fmt::Display for FileTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.outcome)?;
        if self.bytes > 0 {
            write!(f, ", {} bytes in {} ms", self.bytes, self.millis)?;
        }
        match self.repeats {
            0 => Ok(()),
            repeats => write!(f, ", sent again {repeats} times"),
        }
    }
}

/// A request for a file and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTransfer {
    /// The name that was asked for, with its prefix.
    pub path: String,
    /// Bytes that arrived.
    pub bytes: u64,
    /// The file's size, if there is one.
    pub size_bytes: Option<u64>,
    /// How long it took.
    pub millis: u64,
    /// How often packets had to be sent again.
    pub repeats: u32,
    /// Whether the client asked for a block size or the file's size (RFC 2347).
    pub options: bool,
    /// How it ended.
    pub outcome: FileOutcome,
}

/// How a request for a file ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileOutcome {
    /// All bytes arrived.
    Complete,
    /// The client had enough: firmware looks at a file's size this way.
    Terminated,
    /// The client fell silent.
    TimedOut,
    /// There is no such file for this node.
    NotFound,
    /// The node gets no file, whatever it asks for.
    Refused {
        /// Why.
        why: FileRefusal,
    },
    /// The name is none.
    BadName {
        /// What is wrong with it.
        why: String,
    },
    /// The client started over, or the server stopped.
    CutOff,
    /// pimaster could not do its part.
    Failed,
}

impl fmt::Display for FileOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Terminated => f.write_str("terminated by client"),
            Self::TimedOut => f.write_str("timed out"),
            Self::NotFound => f.write_str("not found"),
            Self::Refused { why } => write!(f, "not found: {why}"),
            Self::BadName { why } => write!(f, "refused: {why}"),
            Self::CutOff => f.write_str("cut off"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

/// Why a node gets no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRefusal {
    /// Neither the address nor the prefix is a node's.
    #[error("not a node")]
    UnknownClient,
    /// The prefix names another board than the one at that address.
    #[error("another board's files")]
    OtherBoard,
    /// The node boots from its card.
    #[error("boots from its card")]
    Local,
    /// The node boots what is installed on it, but nothing is.
    #[error("nothing is installed")]
    NothingInstalled,
}

/// Where a mount was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// The mount daemon's table (NFS version 3).
    MountTable,
    /// The kernel server's list of clients (NFS version 4).
    ServerClients,
}

/// A system that answers SSH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The installer, from the network.
    Installer,
    /// What was deployed, from the card.
    Deployed,
}

impl System {
    /// The words people read.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Installer => "the installer",
            Self::Deployed => "the deployed system",
        }
    }
}

/// Who answered at the node's SSH port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SshSeen {
    /// Who was expected.
    Expected,
    /// A server with another host key.
    OtherKey {
        /// The key, as in `known_hosts`.
        key: String,
    },
    /// Who was expected, but it does not accept pimaster's key.
    KeyRefused,
}
