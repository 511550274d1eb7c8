//! DHCP: addresses and network-boot options for the boards of the rack.

use crate::model::net::Subnet;
use std::net::Ipv4Addr;

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
