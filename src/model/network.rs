//! The networks that pimaster serves, and what is noticed in them. *Pure.*

use super::clock::Timestamp;
use super::device::Device;
use super::net::{MacAddr, Subnet};
use super::node::NodeName;
use super::routing::Routing;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// What part pimaster plays in DHCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It alone gives addresses.
    Authoritative,
    /// Another server gives addresses, pimaster tells nodes where to boot from.
    Proxy,
    /// pimaster does no DHCP at all; nodes are known by what they ask for over TFTP.
    Off,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Authoritative, Self::Proxy, Self::Off];

    /// The word in the settings and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authoritative => "authoritative",
            Self::Proxy => "proxy",
            Self::Off => "off",
        }
    }
}

impl FromStr for Mode {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// A network and what its machines are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its addresses.
    pub subnet: Subnet,
    /// Its router.
    pub router: Option<Ipv4Addr>,
    /// DNS servers.
    pub dns: Vec<Ipv4Addr>,
    /// NTP servers.
    pub ntp: Vec<Ipv4Addr>,
}

impl Network {
    /// A network whose machines are told of no servers.
    pub fn new(subnet: Subnet, router: Option<Ipv4Addr>) -> Self {
        Self { subnet, router, dns: Vec::new(), ntp: Vec::new() }
    }
}

/// The networks that pimaster serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// What part pimaster plays.
    pub mode: Mode,
    /// The interface to the nodes; none on loopback.
    pub interface: Option<String>,
    /// pimaster's own address.
    pub own: Ipv4Addr,
    /// The network at the interface.
    pub home: Network,
    /// Networks behind relays.
    pub relayed: Vec<Network>,
    /// How nodes reach the outside through pimaster, if they do.
    pub routing: Option<Routing>,
}

impl Networks {
    /// Every network, the one at the interface first.
    pub fn all(&self) -> impl Iterator<Item = &Network> {
        std::iter::once(&self.home).chain(&self.relayed)
    }

    /// The network in which a machine can have that address.
    pub fn holding(&self, address: Ipv4Addr) -> Option<&Network> {
        self.all().find(|network| network.subnet.is_host(address))
    }

    /// The subnets in words.
    pub fn shown(&self) -> String {
        self.all().map(|network| network.subnet.to_string()).collect::<Vec<_>>().join(", ")
    }
}

/// A DHCP server that is not this pimaster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignServer {
    /// Its address.
    pub address: Ipv4Addr,
    /// Its hardware address, or that of the relay or router before it; unknown if only clients spoke of it.
    pub mac: Option<MacAddr>,
    /// When it was first noticed.
    pub first_at: Timestamp,
    /// When it was last noticed.
    pub last_at: Timestamp,
    /// What it offered last, or how it was noticed.
    pub offered: String,
}

impl fmt::Display for ForeignServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mac {
            Some(mac) => write!(f, "{} at {mac}", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

/// What kind of thing is wrong with the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Two machines use one address.
    DuplicateAddress,
    /// A switch port passes nothing on for a while after it got a link.
    HoldOff,
}

impl NoticeKind {
    const ALL: [Self; 2] = [Self::DuplicateAddress, Self::HoldOff];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateAddress => "duplicate_address",
            Self::HoldOff => "hold_off",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// In words, for people.
    pub fn shown(self) -> &'static str {
        match self {
            Self::DuplicateAddress => "Address used twice",
            Self::HoldOff => "Switch port holds packets back",
        }
    }
}

/// Something that is wrong with the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What kind of thing.
    pub kind: NoticeKind,
    /// What it is about: an address, a node.
    pub subject: String,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub advice: String,
}

/// A notice and when it was true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotice {
    /// The notice as it was last.
    pub notice: Notice,
    /// When it was first given.
    pub first_at: Timestamp,
    /// When it was last given.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

/// The networks as an administrator sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    /// What is served.
    pub networks: Networks,
    /// DHCP servers that are not this pimaster, the last seen first.
    pub servers: Vec<ForeignServer>,
    /// What is wrong, the last seen first.
    pub notices: Vec<StoredNotice>,
    /// Machines with fixed addresses that are no nodes, by name.
    pub devices: Vec<Device>,
    /// Who has which address, the newest change first.
    pub leases: Vec<LeaseView>,
}

/// A lease as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseView {
    /// The address.
    pub address: Ipv4Addr,
    /// Who holds it.
    pub mac: MacAddr,
    /// The node.
    pub node: Option<NodeName>,
    /// How it stands, in a word.
    pub state: &'static str,
    /// When it ends.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_one_network() {
        let network = |subnet: &str| Network::new(subnet.parse().unwrap(), None);
        let networks = Networks {
            mode: Mode::Authoritative,
            interface: None,
            own: [10, 20, 0, 1].into(),
            home: network("10.20.0.0/24"),
            relayed: vec![network("10.30.0.0/24")],
            routing: None,
        };
        assert_eq!(networks.holding([10, 30, 0, 7].into()), networks.relayed.first());
        assert_eq!(networks.holding([10, 20, 0, 7].into()), Some(&networks.home));
        assert_eq!(networks.holding([10, 30, 0, 255].into()), None);
        assert_eq!(networks.holding([10, 40, 0, 7].into()), None);
    }
}
