//! Deployments: from a due reservation to a node that its user can sign in to, and back.
//!
//! ```text
//! rows ──► Supervisor ──► one Driver per active deployment ──► Machine decides ──► row committed
//!              ▲                     │                                                  │
//!   changes, due times               └── step: Power, Exports, Remote (SSH) ◄───────────┘
//! ```
//!
//! *IO: SSH to the nodes; the rest through `power`, `nfs_prep` and the store.* Invariants: a transition is
//! committed before its effect; a step can be entered again at any time and ends the same; one node's failure,
//! panic or silence delays no other; what people ask arrives as rows.

mod deadlines;
mod machine;
mod states;

mod bookings;
mod driver;
mod steps;
mod supervisor;

mod error;
mod exports;
mod remote;
mod ssh;

pub use error::Error;
pub use exports::Exports;
pub use machine::{Change, Event, LastSign, Machine, Plan, Reaction};
pub use remote::{Broken, Dial, DialError, Exit, Output, Remote, Running, Target};
pub use supervisor::Supervisor;

use std::time::Duration;

/// Settings of the deployment workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base address that nodes fetch images from, such as `http://10.20.0.1:9000`.
    pub image_url: String,
    /// TCP port of the nodes' SSH servers, 22.
    pub ssh_port: u16,
    /// Without progress for so long, a node is power-cycled once, then lost.
    pub patience: Duration,
    /// How often a booting node is asked whether its SSH server answers.
    pub probe_interval: Duration,
}

#[cfg(test)]
mod tests;
