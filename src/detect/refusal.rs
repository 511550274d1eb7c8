//! Why a machine does not become a node, or a detection does not start: what was seen, which field, what to do.
//! *Pure.* Each is an answer to a person; the pages, the API and the command line show it.

use crate::model::ids::{DetectionId, ReservationId};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use crate::model::switch::BadSwitch;
use crate::store;
use std::net::Ipv4Addr;

/// Why it was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant is")]
pub enum Refusal {
    #[error("no machine with the hardware address {mac} has asked for an address")]
    NotSeen { mac: MacAddr },
    #[error("no node is called {name}")]
    NoSuchNode { name: NodeName },
    #[error("{node} has {what} already")]
    Clash { node: NodeName, field: &'static str, what: String },
    #[error("the address is {seen}; expected a host address in {subnets}")]
    Outside { seen: Ipv4Addr, subnets: String },
    #[error("the address is {seen}, which is pimaster's own; expected another address")]
    Own { seen: Ipv4Addr },
    #[error("the address is {seen}, which is a router's; expected another address")]
    Router { seen: Ipv4Addr },
    #[error("every address of network.node_ranges is taken, or the list is empty")]
    NoAddress,
    #[error("every name that goes with the address {address} is taken")]
    NoName { address: Ipv4Addr },
    #[error("no switch is called `{seen}`")]
    NoSuchSwitch { seen: String },
    #[error("the port is {seen}; expected 1 to {ports}, the ports of {switch}")]
    NoSuchPort { seen: u16, switch: String, ports: u16 },
    #[error("port {port} of {switch} feeds pimaster itself; expected the port of a node")]
    Protected { port: u16, switch: String },
    #[error("`{seen}` makes no node names; expected lower-case letters, digits and hyphens, a letter first")]
    Prefix { seen: String },
    #[error("{first} and {second} would both be called {name}")]
    SameName { first: NodeName, second: NodeName, name: NodeName },
    #[error("{} in use: names, addresses and boards stay until they are given back", are(.nodes))]
    InUse { nodes: Vec<NodeName> },
    #[error("{node} is in reservation {reservation}, which is not over")]
    Booked { node: NodeName, reservation: ReservationId },
    #[error("no port was chosen; expected at least one")]
    NoPorts,
    #[error("nobody switches the power of {switch}; expected a switch with SNMP")]
    Hands { switch: String },
    #[error("detection {id} runs on {switch}; expected one at a time")]
    Detecting { switch: String, id: DetectionId },
    #[error("port {port} of {switch} cannot be tried: {why}")]
    Spared { port: u16, switch: String, why: String },
    #[error("there is no detection {id}")]
    NoSuchDetection { id: DetectionId },
    #[error(transparent)]
    Switch(#[from] BadSwitch),
    #[error("the database refused")]
    Store(#[from] store::Error),
}

impl Refusal {
    /// The field that must change, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotSeen { .. } => Some("mac"),
            Self::Clash { field, .. } => Some(field),
            Self::Outside { .. } | Self::Own { .. } | Self::Router { .. } | Self::NoAddress => {
                Some("address")
            }
            Self::NoName { .. } | Self::SameName { .. } => Some("name"),
            Self::NoSuchSwitch { .. } | Self::Hands { .. } | Self::Detecting { .. } => Some("switch"),
            Self::NoSuchPort { .. } | Self::Protected { .. } => Some("port"),
            Self::NoPorts | Self::Spared { .. } => Some("ports"),
            Self::Prefix { .. } => Some("prefix"),
            Self::Switch(bad) => bad.field(),
            Self::NoSuchNode { .. }
            | Self::InUse { .. }
            | Self::Booked { .. }
            | Self::NoSuchDetection { .. }
            | Self::Store(_) => None,
        }
    }

    /// What to do next.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NotSeen { .. } => "Take one from the list of discovered machines, or switch the board on.",
            Self::NoSuchNode { .. } => "Take a name from the list of nodes.",
            Self::Clash { .. } => "Give another; or, if its board was swapped, put this one in its place.",
            Self::Outside { .. } | Self::Own { .. } | Self::Router { .. } => {
                "Give another address, or leave it out."
            }
            Self::NoAddress => {
                "Give an address, or widen network.node_ranges (for boards behind a relay, its node_ranges)."
            }
            Self::NoName { .. } => "Give a name.",
            Self::NoSuchSwitch { .. } => "Take a name from the list of switches.",
            Self::NoSuchPort { .. } => "Give the number printed on the switch.",
            Self::Protected { .. } => "Plug the node into another port.",
            Self::Prefix { .. } => "Choose another prefix, such as pi.",
            Self::SameName { .. } => "Choose another prefix for one of the two, and rename them one by one.",
            Self::InUse { .. } => "Wait until they are free, or rename the others one by one.",
            Self::Booked { .. } => "Put it in quarantine and wait until it is over, or end the reservation.",
            Self::NoPorts => "Choose ports, such as 1-8.",
            Self::Hands { .. } => "Enrol the boards without it: their ports are typed.",
            Self::Detecting { .. } => "Wait until it ends, or stop it.",
            Self::Spared { .. } => "Leave the port out, or wait until its node is free.",
            Self::NoSuchDetection { .. } => "Take the id that starting it gave.",
            Self::Switch(bad) => bad.fix(),
            Self::Store(_) => "Try again; if it stays, look into pimaster's log.",
        }
    }
}

fn are(nodes: &[NodeName]) -> String {
    let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
