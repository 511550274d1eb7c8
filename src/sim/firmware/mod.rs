//! The boot firmware of Raspberry Pis as a client: what a board does from power-on until a kernel would start.
//!
//! ```text
//! power ─► DISCOVER (×n) ─► OFFER with "Raspberry Pi Boot" ─► [REQUEST ─► ACK] ─► files by TFTP ─► Loaded
//!               │ nobody answers                                     │ not found
//!               ▼                                                    ▼
//!            NoAnswer                                             NoFiles    (both: the next boot mode)
//! ```
//!
//! `facts` is the table of what each class of firmware sends and wants; `packet` and `config_txt` are pure;
//! `boot` runs the table over a [`Wire`], which is a relay on loopback ([`Relayed`]) or whatever a virtual
//! machine brings.

mod boot;
mod config_txt;
mod dhcp;
mod facts;
mod packet;
mod tftp;
mod wire;

pub use boot::{Firmware, Keep, Loaded, NetworkBoot, Transfer};
pub use config_txt::ConfigTxt;
pub use dhcp::{kernel_lease, release};
pub use packet::{Identity, Lease};
pub use tftp::Outcome;
pub use wire::{Pace, Relayed, Wire, relay};

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
