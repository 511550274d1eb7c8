//! DHCP: addresses and network-boot options for the boards of the rack.
//!
//! *IO: UDP port 67, frames on one interface.* Only nodes are answered, each always with its own address; other
//! machines are remembered as sightings. Reading order as below.
//!
//! ```text
//! socket ─► wire::decode ─► observe ─► Responder::respond ─► commit lease ─► wire::encode ─► socket / link
//!             Request       Observation   Decision (boot, destination)          Reply           frame
//!                                           └─► Note ─► journal ─► boot events, notices, sightings
//! ```

pub mod boot;
mod boot_server;
pub mod destination;
mod devices;
pub mod extra;
pub mod frame;
mod hold_off;
pub(crate) mod identity;
mod journal;
mod link;
mod neighbour;
mod notes;
pub mod observe;
mod proxy;
mod recent;
pub(crate) mod repeats;
mod reply_option;
mod responder;
mod server;
mod service;
mod sights;
mod socket;
pub mod verdict;
mod watch;
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
pub use service::Service;
pub use sights::ServerSight;
pub use watch::other_servers;

use crate::model::net::Subnet;
use crate::model::network::{Mode, Network};
use extra::OptionTables;
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
    /// What part pimaster plays beside other DHCP servers.
    pub mode: Mode,
    /// Whether it gives addresses although another DHCP server does, too.
    pub beside_others: bool,
    /// UDP port of the boot server of proxy mode, 4011 (PXE specification 2.1, section 2.4.5).
    pub boot_port: u16,
    /// Networks behind relays.
    pub relayed: Vec<Network>,
    /// Options that the administrator sets.
    pub options: OptionTables,
}

impl Config {
    /// The network at the interface.
    pub fn home(&self) -> Network {
        let (dns, ntp) = (self.dns.clone(), self.ntp.clone());
        Network { subnet: self.subnet, router: self.router, dns, ntp }
    }

    /// The network from which a request comes: that of its relay, else the one at the interface. None if the relay's
    /// is unknown.
    fn network_of(&self, request: &wire::Request) -> Option<Network> {
        match request.relay() {
            Some(relay) if !self.subnet.contains(relay) => {
                self.relayed.iter().find(|network| network.subnet.contains(relay)).cloned()
            }
            Some(_) | None => Some(self.home()),
        }
    }
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
    /// Another server gives addresses here, and nobody said that this is meant.
    #[error(
        "another DHCP server, {server} at {mac}, gives addresses on {interface} (it {offered}); two of them would fight over the nodes: stop it or let it leave out this network, or set dhcp.mode = \"proxy\" to work beside it, or set dhcp.beside_others = true if you know that it leaves the nodes alone"
    )]
    OtherServer {
        /// Its address.
        server: Ipv4Addr,
        /// Its hardware address.
        mac: crate::model::net::MacAddr,
        /// The interface it was seen on.
        interface: String,
        /// What it offered.
        offered: String,
    },
    /// The database refused.
    #[error("the database cannot be used")]
    Store(#[from] crate::store::Error),
}
