//! Netconsole: what the kernels of booting nodes say, received and put among their boot events.
//!
//! *IO: a UDP socket, the store.* Off unless the settings say otherwise. The words that make a kernel send stand in
//! the installer's command line (`tftp::resolve`).
//!
//! ```text
//! kernel ── UDP 6666 ─► server ─► known sender? within its share? ─► lines (pure: datagram -> lines) ─► boot events
//! ```
//!
//! Invariants: only datagrams from a node's address are read; a node gets so many lines a second and no more; no
//! control character is stored.

mod lines;
mod server;
mod share;

pub use lines::lines;
pub use server::{Error, Server};

use std::net::SocketAddrV4;

/// Settings of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Address and UDP port to listen on; none if it is off.
    pub listen: Option<SocketAddrV4>,
}
