//! Routing and NAT for the nodes: they reach what lies beyond an uplink, and nobody there reaches them.
//!
//! *IO: `nft`, `/proc/sys/net`, the store.* Built and run by `daemon`; reading order as below.
//!
//! ```text
//! start: undo what a killed daemon left ─► look ─► save what was before ─► rules (nft -f -) ─► forwarding on
//! run:   every half minute: is all still there? else once more
//! stop:  forwarding as before ─► table removed ─► row forgotten
//! ```
//!
//! Invariants: the table `inet pimaster` is this module's alone, and it touches no other. Forwarding is on for two
//! interfaces, and only while the rules stand. What was on before stays on.

mod plan;

mod error;
mod kernel;
mod nft;
mod router;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use kernel::Kernel;
pub use nft::{Nft, Seen};
pub use router::Router;

use crate::model::net::Subnet;
use crate::model::routing::{InterfaceName, Routing};

/// Settings of routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The interface to the nodes.
    pub nodes: InterfaceName,
    /// Their networks: the one at the interface, and those behind relays.
    pub subnets: Vec<Subnet>,
    /// By which way they get out.
    pub routing: Routing,
}
