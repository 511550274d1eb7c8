//! Where a reply goes (RFC 2131 section 4.1). *Pure.*
//!
//! Called by `responder`; `socket` knows the way to each kind.

use super::wire::{Reply, ReplyKind, Request};
use crate::model::net::MacAddr;
use std::fmt;
use std::net::Ipv4Addr;

/// Where a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To the relay, on the server's port.
    Relay(Ipv4Addr),
    /// To a client that uses its address already and answers ARP.
    Client(Ipv4Addr),
    /// To a client that has no address yet: a frame to its hardware address, since it cannot answer ARP.
    Frame {
        /// The address it is about to get.
        address: Ipv4Addr,
        /// Its hardware address.
        mac: MacAddr,
    },
    /// To everybody on the nodes' network.
    Broadcast,
}

impl Destination {
    /// Where the reply to this request goes.
    pub fn of(request: &Request, reply: &Reply) -> Self {
        if !request.giaddr.is_unspecified() {
            return Self::Relay(request.giaddr);
        }
        match reply.kind {
            // The client may use an address that is not its own.
            ReplyKind::Nak => Self::Broadcast,
            ReplyKind::Offer | ReplyKind::Ack => match request.ciaddr {
                Ipv4Addr::UNSPECIFIED if request.wants_broadcast() => Self::Broadcast,
                // A proxy gives no address: dnsmasq broadcasts its offers, and all boards take them so.
                Ipv4Addr::UNSPECIFIED if reply.yiaddr.is_unspecified() => Self::Broadcast,
                Ipv4Addr::UNSPECIFIED => Self::Frame { address: reply.yiaddr, mac: reply.mac },
                ciaddr => Self::Client(ciaddr),
            },
        }
    }

    /// Whether only a server on the client's own network segment can reach it.
    pub fn needs_link(self) -> bool {
        match self {
            Self::Relay(_) | Self::Client(_) => false,
            Self::Frame { .. } | Self::Broadcast => true,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(address) => write!(f, "relay {address}"),
            Self::Client(address) => write!(f, "{address}"),
            Self::Frame { address, mac } => write!(f, "{address} at {mac}"),
            Self::Broadcast => f.write_str("broadcast"),
        }
    }
}
