//! DHCP: addresses and network-boot options for the boards of the rack.
//!
//! *IO: UDP port 67, frames on one interface.* Only nodes are answered, each always with its own address; other
//! machines are remembered as sightings. Reading order as below.
//!
//! ```text
//! socket ─► wire::decode ─► observe ─► Responder::respond ─► commit lease and event ─► wire::encode ─► socket / link
//!             Request       Observation   Decision (boot, destination)                    Reply           frame
//! ```

pub mod boot;
pub mod destination;
pub mod frame;
pub(crate) mod identity;
mod link;
mod neighbour;
pub mod observe;
pub(crate) mod repeats;
mod responder;
mod server;
mod socket;
pub mod verdict;
pub mod wire;

#[cfg(test)]
mod exchanges;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod packets;
#[cfg(test)]
mod rules;

pub use responder::{Known, Responder};
pub use server::Server;

use crate::model::net::Subnet;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Settings of the DHCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The interface to bind to; on loopback (relayed requests only) none.
    pub interface: Option<String>,
    /// pimaster's own address in the nodes' network: server identifier, TFTP and NFS server.
    pub server_address: Ipv4Addr,
    /// UDP port to listen on, 67; answers to relays go to the same port at giaddr.
    pub port: u16,
    /// UDP port of clients, 68.
    pub client_port: u16,
    /// The nodes' network.
    pub subnet: Subnet,
    /// Router given to nodes.
    pub router: Option<Ipv4Addr>,
    /// DNS servers given to nodes.
    pub dns: Vec<Ipv4Addr>,
    /// NTP servers given to nodes.
    pub ntp: Vec<Ipv4Addr>,
    /// Domain given to nodes.
    pub domain: Option<String>,
    /// Length of a lease, in seconds.
    pub lease_seconds: u32,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket cannot be bound.
    #[error(
        "cannot listen for DHCP on {address} {interface}; check [network] interface and address, stop other DHCP servers on this machine (dnsmasq, isc-dhcp-server), and give pimaster CAP_NET_BIND_SERVICE and CAP_NET_RAW or run it as root"
    )]
    Bind {
        /// Address and port.
        address: SocketAddrV4,
        /// The interface; empty if none is configured.
        interface: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}
