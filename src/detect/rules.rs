//! Names and addresses for new nodes. *Pure.*
//!
//! A switch with a range of its own gives port `p` the address `first_address + p - 1`, so that people find a board
//! by its address; otherwise the next free address of `network.node_ranges` is taken. The name ends with the last
//! number of the address.

use crate::model::device::Device;
use crate::model::net::{AddressRange, Subnet};
use crate::model::node::{Node, NodeName};
use crate::model::rack::{PortRef, Switch};
use std::net::Ipv4Addr;

/// What new nodes get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The nodes' networks: pimaster's own, and those behind relays.
    pub subnets: Vec<Subnet>,
    /// pimaster's own address in it.
    pub server_address: Ipv4Addr,
    /// Addresses for nodes whose port has none.
    pub node_ranges: Vec<AddressRange>,
    /// What names begin with.
    pub prefix: String,
}

/// Who is there already.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) nodes: Vec<Node>,
    pub(super) switches: Vec<Switch>,
    pub(super) devices: Vec<Device>,
    /// Addresses and names that are promised to other machines of the same list.
    pub(super) promised: Vec<(Ipv4Addr, Option<NodeName>)>,
}

impl Known {
    /// The switch of that row.
    pub(super) fn switch(&self, port: PortRef) -> Option<&Switch> {
        self.switches.iter().find(|switch| switch.id == port.switch)
    }

    /// The node at that port.
    pub(super) fn at(&self, port: PortRef) -> Option<&Node> {
        self.nodes.iter().find(|node| node.port == Some(port))
    }

    fn has_address(&self, address: Ipv4Addr) -> bool {
        self.nodes.iter().any(|node| node.address == address)
            || self.devices.iter().any(|device| device.address == address)
            || self.promised.iter().any(|(promised, _)| *promised == address)
    }

    fn has_name(&self, name: &NodeName) -> bool {
        self.nodes.iter().any(|node| node.name == *name)
            || self.devices.iter().any(|device| device.name == *name)
            || self.promised.iter().any(|(_, promised)| promised.as_ref() == Some(name))
    }
}

impl Rules {
    /// The address for a node at that port: the port's own if it is free, else the next free one of the pool.
    pub(super) fn address(&self, port: Option<PortRef>, known: &Known) -> Option<Ipv4Addr> {
        let own = port.and_then(|port| port_address(known.switch(port)?, port.port));
        let own = own.filter(|address| self.is_usable(*address) && !known.has_address(*address));
        own.or_else(|| self.pooled(known))
    }

    /// The next free address of the pool; what a switch gives to its ports is not in it.
    fn pooled(&self, known: &Known) -> Option<Ipv4Addr> {
        let is_free = |address: &Ipv4Addr| {
            self.is_usable(*address)
                && !known.has_address(*address)
                && !known.switches.iter().any(|switch| owns(switch, *address))
        };
        self.node_ranges.iter().flat_map(|range| range.addresses()).find(is_free)
    }

    /// The networks as text.
    pub(super) fn shown(&self) -> String {
        self.subnets.iter().map(Subnet::to_string).collect::<Vec<_>>().join(" or ")
    }

    /// Whether a node may have that address at all.
    pub(super) fn is_usable(&self, address: Ipv4Addr) -> bool {
        self.subnets.iter().any(|subnet| subnet.is_host(address)) && address != self.server_address
    }

    /// The name that goes with an address; with one more number of it if another node has that name.
    pub(super) fn name(&self, address: Ipv4Addr, known: &Known) -> Option<NodeName> {
        let [_, _, third, last] = address.octets();
        let long = format!("{}-{third}-{last}", self.prefix).parse().ok();
        let candidates = [numbered(&self.prefix, address), long];
        candidates.into_iter().flatten().find(|name| !known.has_name(name))
    }
}

/// The name of that prefix and the last number of the address; none if the prefix makes no name.
pub(super) fn numbered(prefix: &str, address: Ipv4Addr) -> Option<NodeName> {
    let [.., last] = address.octets();
    format!("{prefix}-{last:02}").parse().ok()
}

/// The address that a switch gives to the node at a port.
pub(super) fn port_address(switch: &Switch, port: u16) -> Option<Ipv4Addr> {
    let first = switch.first_address?.to_bits();
    first.checked_add(u32::from(port).checked_sub(1)?).map(Ipv4Addr::from_bits)
}

fn owns(switch: &Switch, address: Ipv4Addr) -> bool {
    match (switch.first_address, port_address(switch, switch.ports)) {
        (Some(first), Some(last)) => (first..=last).contains(&address),
        (Some(_) | None, _) => false,
    }
}

/// Why a switch cannot give that range to its ports; none if it can.
pub fn judge_range(
    rules: &Rules,
    name: &str,
    first: Ipv4Addr,
    ports: u16,
    others: &[Switch],
) -> Option<String> {
    let last = Ipv4Addr::from_bits(first.to_bits().saturating_add(u32::from(ports.saturating_sub(1))));
    if !rules.subnets.iter().any(|subnet| subnet.is_host(first) && subnet.is_host(last)) {
        return Some(format!("{first}-{last}; expected host addresses in {}", rules.shown()));
    }
    if (first..=last).contains(&rules.server_address) {
        return Some(format!("{first}-{last}, which holds pimaster's own {}", rules.server_address));
    }
    let overlaps = |other: &&Switch| {
        other.name != name
            && (first.to_bits()..=last.to_bits()).any(|bits| owns(other, Ipv4Addr::from_bits(bits)))
    };
    let other = others.iter().find(overlaps)?;
    Some(format!("{first}-{last}, which overlaps the range of {}", other.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::ids::{NodeId, SwitchId};
    use crate::model::net::MacAddr;
    use crate::model::node::BootTarget;
    use crate::model::rack::PowerDriver;

    fn rules() -> Rules {
        Rules {
            subnets: vec!["10.20.0.0/16".parse().unwrap(), "10.31.0.0/24".parse().unwrap()],
            server_address: Ipv4Addr::new(10, 20, 0, 1),
            node_ranges: vec!["10.20.0.1-10.20.0.12".parse().unwrap()],
            prefix: "pi".into(),
        }
    }

    fn switch(id: i64, first: Option<[u8; 4]>) -> Switch {
        Switch {
            id: SwitchId(id),
            name: format!("sw{id}"),
            driver: PowerDriver::None,
            ports: 8,
            protected_port: None,
            first_address: first.map(Ipv4Addr::from),
        }
    }

    fn node(name: &str, address: [u8; 4], port: Option<(i64, u16)>) -> Node {
        Node {
            id: NodeId(address[3].into()),
            name: name.parse().unwrap(),
            mac: MacAddr([2, 0, 0, 0, address[2], address[3]]),
            address: address.into(),
            model: BoardModel::Pi4b,
            revision: None,
            serial: None,
            port: port.map(|(switch, port)| PortRef { switch: SwitchId(switch), port }),
            boot_target: BootTarget::Local,
        }
    }

    fn at(switch: i64, port: u16) -> Option<PortRef> {
        Some(PortRef { switch: SwitchId(switch), port })
    }

    #[test]
    fn the_port_gives_the_address_else_the_pool() {
        let nodes = vec![
            node("pi-02", [10, 20, 0, 2], None),
            node("other", [10, 20, 4, 11], at(1, 1).map(|_| (1, 2))),
        ];
        let switches =
            vec![switch(1, Some([10, 20, 4, 10])), switch(2, None), switch(3, Some([10, 20, 0, 3]))];
        let known = Known { nodes, switches, ..Known::default() };
        let check = |port, expect: [u8; 4]| {
            assert_eq!(rules().address(port, &known), Some(expect.into()), "{port:?}");
        };
        check(at(1, 1), [10, 20, 4, 10]);
        check(at(1, 8), [10, 20, 4, 17]);
        // Port 2's address is another node's. The pool starts after pimaster itself, pi-02 and the range of sw3.
        check(at(1, 2), [10, 20, 0, 11]);
        check(at(2, 1), [10, 20, 0, 11]);
        check(None, [10, 20, 0, 11]);
        let full = Rules { node_ranges: Vec::new(), ..rules() };
        assert_eq!(full.address(None, &known), None);
    }

    #[test]
    fn names_follow_addresses_and_never_repeat() {
        let known = Known { nodes: vec![node("pi-07", [10, 20, 1, 7], None)], ..Known::default() };
        let name = |address: [u8; 4]| rules().name(address.into(), &known).map(|name| name.to_string());
        assert_eq!(name([10, 20, 0, 8]).as_deref(), Some("pi-08"));
        assert_eq!(name([10, 20, 0, 107]).as_deref(), Some("pi-107"));
        assert_eq!(name([10, 20, 0, 7]).as_deref(), Some("pi-0-7"));
        let odd = Rules { prefix: "7".into(), ..rules() };
        assert_eq!(odd.name([10, 20, 0, 8].into(), &known), None);
    }

    #[test]
    fn promises_count_as_taken() {
        let first = Ipv4Addr::new(10, 20, 0, 2);
        let known = Known { promised: vec![(first, numbered("pi", first))], ..Known::default() };
        assert_eq!(rules().address(None, &known), Some(Ipv4Addr::new(10, 20, 0, 3)));
        assert_eq!(rules().name(Ipv4Addr::new(10, 20, 9, 2), &known).unwrap().as_str(), "pi-9-2");
    }

    #[test]
    fn ranges_of_switches_are_judged() {
        let others = [switch(1, Some([10, 20, 4, 10]))];
        let judge = |name: &str, first: [u8; 4]| judge_range(&rules(), name, first.into(), 8, &others);
        assert_eq!(judge("sw2", [10, 20, 4, 18]), None);
        assert_eq!(judge("sw1", [10, 20, 4, 12]), None);
        for (first, part) in
            [([10, 20, 4, 3], "overlaps"), ([10, 20, 0, 1], "own"), ([10, 30, 0, 1], "expected host")]
        {
            assert!(judge("sw2", first).unwrap().contains(part), "{first:?}");
        }
    }
}
