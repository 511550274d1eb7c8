//! The boot firmware of Raspberry Pis as a client: what a board does from power-on until a kernel would start.
//!
//! ```text
//! power ─► DISCOVER (×n) ─► OFFER with "Raspberry Pi Boot" ─► [REQUEST ─► ACK] ─► files by TFTP ─► Loaded
//!               │ nobody answers                                     │ not found
//!               ▼                                                    ▼
//!            NoAnswer                                             NoFiles    (both: the next boot mode), or Hung
//! ```
//!
//! `facts` says which kinds of facts there are, `programs` and `boards` are the tables of them; `packet` and `config_txt`
//! are pure; `boot` runs the tables over a [`Wire`], which is a relay on loopback ([`Relayed`]) or whatever a virtual
//! machine brings. `tests` holds the bench on which each class boots from the server's pure cores, and the scenario
//! of each quirk.

mod boards;
mod boot;
mod config_txt;
mod dhcp;
mod facts;
mod packet;
mod programs;
mod session;
mod tftp;
mod wire;

#[cfg(test)]
mod tests;

pub use boot::{Firmware, Keep, Loaded, NetworkBoot, Transfer};
pub use config_txt::ConfigTxt;
pub use dhcp::{decline, insist, kernel_lease, release};
pub use facts::{Arp, Version};
pub use packet::{Identity, Lease};
pub use tftp::Outcome;
pub use wire::{Pace, Relayed, TransferSocket, Wire, relay};

use std::io;

/// What stops a simulated board: the simulator's own network or disk, never the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket of the simulated board failed.
    #[error("the simulated board's network failed")]
    Network(#[source] io::Error),
    /// A fetched file cannot be kept.
    #[error("a fetched boot file cannot be kept")]
    Keep(#[source] io::Error),
}
