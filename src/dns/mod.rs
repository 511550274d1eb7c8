//! DNS: the names of the nodes, and everything else from upstream.
//!
//! *IO: UDP and TCP port 53 of pimaster's address in the nodes' network.* Reading order as below.
//!
//! ```text
//! server ─► wire::read ─► zone: whose name is it? ─┬─► answer (pure: question + rows of the store -> reply)
//!             Asking        Place                   └─► forward ─► cache, or exchange with one of upstreams
//!        ◄─ wire::render ◄─ Reply ◄──────────────────────┘
//! ```
//!
//! Invariants: what lies in the rack's domain or in the nodes' network is answered here alone, from the database as
//! it is now, and never forwarded; nobody outside the nodes' network is served; no packet is an error, it is
//! answered or ignored; whoever floods the server fills neither its memory nor its table of open files.

mod answer;
mod cache;
mod exchange;
mod forward;
mod places;
mod server;
mod upstreams;
mod wire;
mod zone;

#[cfg(test)]
mod tests;

pub use answer::{Hosts, answer};
pub use server::Server;
pub use upstreams::Source;
pub use wire::Reply;
pub use zone::{Place, Zone};

use crate::model::net::Subnet;
use std::io;
use std::net::SocketAddrV4;

/// Settings of the DNS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The interface to the nodes; on loopback none. This machine itself is answered beside it.
    pub interface: Option<String>,
    /// pimaster's own address in the nodes' network, and the port, 53.
    pub listen: SocketAddrV4,
    /// The networks whose machines are answered, and whose addresses have their names here.
    pub subnets: Vec<Subnet>,
    /// The domain of the nodes' names; without one they are single words.
    pub domain: Option<String>,
    /// Who answers for everything else.
    pub upstreams: Source,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else has the port.
    #[error(
        "port {} of {} is taken by another DNS server on this machine (dnsmasq, named, unbound); stop that one, tell it to listen elsewhere, or set enabled = false in [dns]",
        .listen.port(), .listen.ip()
    )]
    Taken {
        /// Address and port.
        listen: SocketAddrV4,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The port cannot be had for another reason.
    #[error(
        "cannot listen for DNS on {listen}; check that [network] address is this machine's, and give pimaster CAP_NET_BIND_SERVICE or run it as root"
    )]
    Bind {
        /// Address and port.
        listen: SocketAddrV4,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The configured domain is no name.
    #[error("[network] domain is `{0}`, which is no domain name")]
    Domain(String),
}
