//! Addresses: MAC addresses and IPv4 subnets. *Pure.*

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An Ethernet hardware address, shown as `dc:a6:32:01:02:03`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no MAC address; expected six pairs of hex digits such as dc:a6:32:01:02:03")]
pub struct NotAMac {
    seen: String,
}

impl FromStr for MacAddr {
    type Err = NotAMac;

    /// Accepts `:` or `-` between the pairs, in either case.
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let wrong = || NotAMac { seen: text.to_owned() };
        let mut octets = [0u8; 6];
        let mut parts = text.trim().split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or_else(wrong)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(octets)) }
    }
}

impl Serialize for MacAddr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An IPv4 network, `10.20.0.0/24`. The address holds no host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    network: Ipv4Addr,
    prefix: u8,
}

/// Why a text is no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no IPv4 network; expected an address and a prefix of 8 to 30 bits such as 10.20.0.0/24")]
pub struct NotASubnet {
    seen: String,
}

impl Subnet {
    /// The network that holds `address`, `prefix` bits wide.
    pub fn containing(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        let network = Ipv4Addr::from_bits(address.to_bits() & mask_bits(prefix));
        Self { network, prefix }
    }

    /// The network's own address.
    pub fn network(&self) -> Ipv4Addr {
        self.network
    }

    /// The number of network bits.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The netmask, for DHCP option 1.
    pub fn mask(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(mask_bits(self.prefix))
    }

    /// The directed broadcast address, for DHCP option 28.
    pub fn broadcast(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.network.to_bits() | !mask_bits(self.prefix))
    }

    /// Whether `address` lies in the network.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask_bits(self.prefix) == self.network.to_bits()
    }

    /// Whether `address` can belong to a host: inside, neither network nor broadcast address.
    pub fn is_host(&self, address: Ipv4Addr) -> bool {
        self.contains(address) && address != self.network && address != self.broadcast()
    }
}

fn mask_bits(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = NotASubnet;

    fn from_str(text: &str) -> Result<Self, NotASubnet> {
        let wrong = || NotASubnet { seen: text.to_owned() };
        let (address, prefix) = text.trim().split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        let subnet = Self::containing(address, prefix);
        if (8..=30).contains(&prefix) && subnet.network == address { Ok(subnet) } else { Err(wrong()) }
    }
}

/// Addresses from first to last, `10.20.0.10-10.20.0.99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// The lowest.
    pub first: Ipv4Addr,
    /// The highest.
    pub last: Ipv4Addr,
}

impl AddressRange {
    /// Each address, in order.
    pub fn addresses(self) -> impl Iterator<Item = Ipv4Addr> {
        (self.first.to_bits()..=self.last.to_bits()).map(Ipv4Addr::from_bits)
    }
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no range; expected two addresses, the lower first, such as 10.20.0.10-10.20.0.99")]
pub struct NotARange {
    seen: String,
}

impl FromStr for AddressRange {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let wrong = || NotARange { seen: text.to_owned() };
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        let first: Ipv4Addr = first.trim().parse().map_err(|_| wrong())?;
        let last: Ipv4Addr = last.trim().parse().map_err(|_| wrong())?;
        if first <= last { Ok(Self { first, last }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_addresses_parse_and_render() {
        for text in ["dc:a6:32:01:02:03", "DC-A6-32-01-02-03", " dc:a6:32:01:02:03 "] {
            assert_eq!(text.parse::<MacAddr>().unwrap().to_string(), "dc:a6:32:01:02:03");
        }
        for text in ["", "dc:a6:32:01:02", "dc:a6:32:01:02:03:04", "dc:a6:32:01:02:3", "gg:a6:32:01:02:03"] {
            assert!(text.parse::<MacAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn subnets_know_their_hosts() {
        let subnet: Subnet = "10.20.0.0/24".parse().unwrap();
        assert_eq!(subnet.mask(), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(subnet.broadcast(), Ipv4Addr::new(10, 20, 0, 255));
        assert!(subnet.is_host(Ipv4Addr::new(10, 20, 0, 7)));
        for outside in [[10, 20, 0, 0], [10, 20, 0, 255], [10, 20, 1, 7]] {
            assert!(!subnet.is_host(outside.into()));
        }
        for text in ["10.20.0.1/24", "10.20.0.0", "10.20.0.0/33", "10.20.0.0/31", "x/24"] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }
}
