//! Which names are the rack's own. *Pure.*
//!
//! Called by `server` for each question. Names compare without regard to case (RFC 4343).

use crate::model::net::Subnet;
use hickory_proto::rr::{Name, RecordType};
use std::net::Ipv4Addr;

/// The name of pimaster itself, unless a machine of the rack is called so.
pub(super) const OWN_LABEL: &str = "pimaster";

/// The names that are answered here alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    domain: Option<Name>,
    subnets: Vec<Subnet>,
    address: Ipv4Addr,
}

/// Where a name lies. The apex is the zone it belongs to; names without one belong to none that has an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// What may be a machine: its name without the domain.
    Host {
        /// The first label, in lower case.
        label: String,
        /// The rack's domain, if the name is in it.
        apex: Option<Name>,
    },
    /// An address of the nodes' network.
    Address {
        /// The address.
        address: Ipv4Addr,
        /// The zone of the reverse names.
        apex: Option<Name>,
    },
    /// The zone itself.
    Apex(Name),
    /// A name that only others lie below.
    Inner(Name),
    /// A name of the zone that nothing can have.
    Nothing(Option<Name>),
    /// This machine, whoever asks (RFC 6761 section 6.3).
    Localhost,
    /// Not the rack's: others know.
    Elsewhere,
}

impl Zone {
    /// The zone of these settings; nothing if the domain is no name.
    pub fn new(domain: Option<&str>, subnets: Vec<Subnet>, address: Ipv4Addr) -> Option<Self> {
        let domain = match domain {
            Some(text) => Some(fully_qualified(text)?),
            None => None,
        };
        Some(Self { domain, subnets, address })
    }

    /// pimaster's own address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The full name of a machine of the rack.
    pub fn name_of(&self, label: &str) -> Option<Name> {
        let name = fully_qualified(label)?;
        match &self.domain {
            Some(domain) => name.append_name(domain).ok(),
            None => Some(name),
        }
    }

    /// Whether a machine has its name in the domain.
    pub fn has_domain(&self) -> bool {
        self.domain.is_some()
    }

    /// Where that name lies.
    pub fn place(&self, name: &Name, kind: RecordType) -> Place {
        let labels: Vec<String> =
            name.iter().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        if let Some(domain) = self.domain.as_ref().filter(|domain| domain.zone_of(name)) {
            let apex = domain.to_lowercase();
            return match labels.as_slice().split_at_checked(labels.len() - domain.iter().count()) {
                Some(([], _)) => Place::Apex(apex),
                Some(([label], _)) => Place::Host { label: (*label).to_owned(), apex: Some(apex) },
                Some(_) | None => Place::Nothing(Some(apex)),
            };
        }
        match labels.as_slice() {
            [.., "localhost"] => Place::Localhost,
            // RFC 6761 section 6.4 and RFC 7686: nobody has such a name.
            [.., "invalid" | "onion"] => Place::Nothing(None),
            [octets @ .., "in-addr", "arpa"] => self.reverse(octets),
            // A word without dots is a machine of this rack or none: it never leaves. What resolvers that check
            // signatures ask of a top-level domain does.
            [label] if !is_of_delegations(kind) => Place::Host { label: (*label).to_owned(), apex: None },
            _ => Place::Elsewhere,
        }
    }

    /// `octets` are the labels before `in-addr.arpa`, the last octet first.
    fn reverse(&self, octets: &[&str]) -> Place {
        let known: Vec<u8> = octets.iter().rev().take(4).map_while(|label| octet(label)).collect();
        let mut bytes = [0; 4];
        for (byte, octet) in bytes.iter_mut().zip(&known) {
            *byte = *octet;
        }
        let address = Ipv4Addr::from(bytes);
        let covers =
            |subnet: &&Subnet| usize::from(subnet.prefix()) <= known.len() * 8 && subnet.contains(address);
        let Some(subnet) = self.subnets.iter().find(covers) else { return Place::Elsewhere };
        // Zones end at whole octets. Of a network smaller than 256 addresses each address would be one.
        let depth = usize::from(subnet.prefix()).div_ceil(8);
        let apex = (depth < 4).then(|| reverse_name(&bytes, depth)).flatten();
        match apex {
            _ if octets.len() == 4 && known.len() == 4 => Place::Address { address, apex },
            Some(apex) if octets.len() == known.len() && known.len() == depth => Place::Apex(apex),
            Some(apex) if octets.len() == known.len() => Place::Inner(apex),
            apex => Place::Nothing(apex),
        }
    }
}

/// What is asked of the servers of a domain rather than of a machine.
fn is_of_delegations(kind: RecordType) -> bool {
    matches!(kind, RecordType::DS | RecordType::DNSKEY | RecordType::NS | RecordType::SOA)
}

/// One octet as reverse names write it.
fn octet(label: &str) -> Option<u8> {
    label.parse().ok().filter(|octet: &u8| octet.to_string() == label)
}

fn reverse_name(bytes: &[u8; 4], depth: usize) -> Option<Name> {
    let octets = bytes.iter().take(depth).rev().map(u8::to_string);
    fully_qualified(&octets.chain(["in-addr.arpa".to_owned()]).collect::<Vec<_>>().join("."))
}

fn fully_qualified(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?.to_lowercase();
    name.set_fqdn(true);
    Some(name)
}
