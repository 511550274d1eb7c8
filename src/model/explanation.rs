//! What a node's boot events mean, and what must be known of the node to tell. *Pure.*
//!
//! Made by `explain`; shown by the pages, the API and the command line.

use super::board::{BoardModel, FirmwareClass};
use super::boot_event::{BootRecord, System};
use super::boot_order::BootOrder;
use super::clock::Timestamp;
use super::network::ForeignServer;
use super::node::{BootTarget, NodeName};
use std::net::Ipv4Addr;

/// What must be known of a node and its network to explain its boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The firmware that it boots with.
    pub firmware: FirmwareClass,
    /// Where it is to boot.
    pub boot_target: BootTarget,
    /// Whose SSH server a deployment waits for, or waited for when it was given up.
    pub awaited: Option<System>,
    /// Whether mounts of the installer root can be noticed on this machine at all.
    pub notices_mounts: bool,
    /// Other DHCP servers that were seen in the networks, the last seen first.
    pub foreign_servers: Vec<ForeignServer>,
}

/// How a boot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outlook {
    /// Nothing to boot: no power, or nothing ever heard.
    Off,
    /// It goes on; nothing is wrong so far.
    UnderWay,
    /// It came up.
    Up,
    /// It came up, but something should be looked at.
    Warning,
    /// It does not come up by itself.
    Trouble,
}

impl Outlook {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::UnderWay => "under_way",
            Self::Up => "up",
            Self::Warning => "warning",
            Self::Trouble => "trouble",
        }
    }
}

/// A boot in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Names what was recognised, such as `no_request`.
    pub signature: &'static str,
    /// How the boot stands.
    pub outlook: Outlook,
    /// What happened, with its numbers.
    pub sentence: String,
    /// What to do; none if nothing.
    pub fix: Option<String>,
    /// The events that say so, by their rows.
    pub evidence: Vec<i64>,
}

/// A node's latest boot as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootView {
    /// The node.
    pub node: NodeName,
    /// Its model.
    pub model: BoardModel,
    /// Its address.
    pub address: Ipv4Addr,
    /// Where it is to boot.
    pub boot_target: BootTarget,
    /// The boot order that its EEPROM was last seen with.
    pub boot_order: Option<BootOrder>,
    /// What the events mean.
    pub explanation: Explanation,
    /// When the boot began; none if nothing was ever heard of the node.
    pub began: Option<Timestamp>,
    /// The boot's events, oldest first.
    pub events: Vec<BootRecord>,
}

impl BootView {
    /// What is wrong with the boot order in the board's EEPROM; none if pimaster comes first, or if it was never read.
    pub fn order_warning(&self) -> Option<String> {
        self.boot_order.filter(|order| !order.is_network_first()).map(BootOrder::warning)
    }
}
