//! Machines that asked for an address and are no nodes, and what makes one a node. *Pure.*
//!
//! Spoken by every agent, made by `detect`, shown by the pages and the API.

use super::board::{BoardModel, BoardSerial};
use super::clock::Timestamp;
use super::net::MacAddr;
use super::node::NodeName;
use super::observation::Observation;
use std::fmt;
use std::net::Ipv4Addr;

/// A machine that asked for an address and is no node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredView {
    /// Its hardware address.
    pub mac: MacAddr,
    /// When it first asked.
    pub first_at: Timestamp,
    /// When it last asked.
    pub last_at: Timestamp,
    /// How often it asked.
    pub requests: u64,
    /// What it told of itself.
    pub observation: Observation,
    /// The switch port it was found at.
    pub port: Option<PortName>,
    /// What it becomes if a person agrees.
    pub proposal: Proposal,
}

/// What a machine becomes if a person agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The name; none if every name that goes with the address is taken.
    pub name: Option<NodeName>,
    /// The address of its port, or the next free one; none if there is none.
    pub address: Option<Ipv4Addr>,
    /// The node that has its port already: its board was swapped, or stands elsewhere now.
    pub holder: Option<NodeName>,
}

/// A switch port as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortName {
    /// The switch.
    pub switch: String,
    /// The port's number, from 1.
    pub port: u16,
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.switch, self.port)
    }
}

/// A wish to make a machine a node. What is left out is taken from what was seen and what is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolWish {
    /// The machine.
    pub mac: MacAddr,
    /// Its name.
    pub name: Option<NodeName>,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Its model.
    pub model: Option<BoardModel>,
    /// Its serial number.
    pub serial: Option<BoardSerial>,
    /// Its switch port.
    pub port: PortWish,
}

/// The switch port of a machine that becomes a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortWish {
    /// The one it was found at, if it was.
    AsFound,
    /// None: nobody switches its power.
    Nowhere,
    /// That one.
    At(PortName),
}

/// A wish to rename nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameWish {
    /// One node.
    One {
        /// The node.
        node: NodeName,
        /// Its new name.
        to: NodeName,
    },
    /// Every node to `<prefix>-<last number of its address>`.
    All {
        /// What the names begin with.
        prefix: String,
    },
}

/// What was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The name before.
    pub from: NodeName,
    /// The name now.
    pub to: NodeName,
}
