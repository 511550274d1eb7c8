//! A simulated rack on the real protocols: boards with boot firmware, an installer and a card, and a PoE switch.
//!
//! *The only code that pretends.* Used by `pimaster demo` and by the tests; it speaks the wire and imports
//! nothing of the daemon.
//!
//! ```text
//! rack ─┬─ switch: SNMP (mib, ber)                         set ─► power of a board
//!       └─ board ─┬─ firmware: DHCP, TFTP (cable: faults)  decides what is booted
//!                 ├─ installer: SSH (ssh), node verbs (verb; proxy and worn for faults)
//!                 ├─ local: the system on the card (card), SSH, a few commands
//!                 └─ status: stage, faults, own time       shown by control
//! disk_image, tree: a small real system, to deploy and to install from
//! ```

mod ber;
mod bridge;
mod mib;
pub mod switch;

pub mod firmware;

mod card;
mod commands;
mod ssh;
pub mod status;
mod tools;

mod board;
mod cable;
mod installer;
mod local;
mod netconsole;
mod proxy;
mod verb;
mod worn;

pub mod disk_image;
pub mod tree;

pub mod control;
pub mod rack;

pub use board::{Settings, Spec};
pub use rack::Rack;
pub use switch::Switch;
