//! TFTP: what a node finds when its firmware asks for boot files (RFC 1350, 2347-2349, 7440).
//!
//! ```text
//! UDP 69 ─► server ─ wire ─► session (one task for each request)
//!                              │ path, resolve (pure: node + boot target + name -> which bytes)
//!                              │ content, tree (a file beneath a tree, or generated text), options
//!                              │ again (pure: a request whose port has an open transfer)
//!                              │ patience (pure: how long a silent client is left alone)
//!                              ├─► port (a few, shared by all transfers; batch: many packets in one call)
//!                              │     sender (pure: which blocks to send now)
//!                              └─► events (one row for each transfer)
//! ```
//!
//! Invariants: nothing outside the served trees can be named; nobody gets the files of another node; nothing
//! is ever written; no packet is an error, it is answered or ignored.

pub(crate) mod again;
mod arp;
mod batch;
mod content;
mod events;
pub(crate) mod options;
mod path;
pub(crate) mod patience;
mod port;
pub mod resolve;
pub(crate) mod sender;
mod server;
mod session;
mod tree;
pub(crate) mod wire;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

pub use path::{Asked, PathFault, Prefix};
pub use resolve::{Resolution, Seen, Served, resolve};
pub use server::{Error, Server};

use crate::model::folder::DataFolder;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Settings of the TFTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and UDP port to listen on, port 69.
    pub listen: SocketAddr,
    /// The data folder, whose `tftp/` and `images/*/boot/` are served.
    pub data: DataFolder,
    /// The NFS server's address for the installer's kernel command line.
    pub nfs_server: Ipv4Addr,
    /// The exported installer root for the installer's kernel command line.
    pub nfs_root: PathBuf,
    /// More words for the installer's kernel command line.
    pub extra_cmdline: String,
    /// The UDP port at which the installer's kernel is heard, if it is to send what it says.
    pub netconsole: Option<u16>,
    /// Whose addresses nodes have.
    pub addresses: Addresses,
    /// Transfers at once; more requests wait for the firmware's retry.
    pub max_transfers: usize,
}

/// Whose addresses nodes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// pimaster gives them: each node has its fixed address.
    Given,
    /// Another DHCP server gives them: a node is known by its hardware address or by the prefix it asks with, and its
    /// address is remembered.
    Learnt,
}
