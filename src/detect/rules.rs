//! Names and addresses for new nodes. *Pure.*
//!
//! A switch with a range of its own gives port `p` the address `first_address + p - 1`, so that people find a board
//! by its address; otherwise the next free address of the node ranges is taken. A machine that was heard through a relay
//! gets an address of the network behind it, any other one of pimaster's own. The name ends with the last number of the
//! address.

use crate::model::device::Device;
use crate::model::net::{AddressRange, Subnet};
use crate::model::node::{Node, NodeName};
use crate::model::observation::Observation;
use crate::model::rack::{PortRef, Switch};
use std::net::Ipv4Addr;

/// What new nodes get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The nodes' networks: pimaster's own first, then those behind relays.
    pub networks: Vec<NodeNetwork>,
    /// pimaster's own address in the first of them.
    pub server_address: Ipv4Addr,
    /// What names begin with.
    pub prefix: String,
}

/// A network that nodes are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeNetwork {
    /// Its addresses.
    pub subnet: Subnet,
    /// Its router, whose address is no node's.
    pub router: Option<Ipv4Addr>,
    /// Addresses for nodes whose port has none.
    pub node_ranges: Vec<AddressRange>,
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
    /// The address for a node at that port: the port's own if it is free and of the network that the machine was heard
    /// in, else the next free one of that network's pool. None also for a machine behind a relay that is unknown.
    pub(super) fn address(
        &self,
        port: Option<PortRef>,
        seen: Option<&Observation>,
        known: &Known,
    ) -> Option<Ipv4Addr> {
        let network = match seen.and_then(|seen| seen.relay) {
            Some(relay) => self.networks.iter().find(|network| network.subnet.contains(relay)),
            None => self.networks.first(),
        }?;
        let own = port.and_then(|port| port_address(known.switch(port)?, port.port));
        let own = own.filter(|address| {
            let may_be_there = seen.is_none() || network.subnet.is_host(*address);
            may_be_there && self.is_usable(*address) && !known.has_address(*address)
        });
        own.or_else(|| self.pooled(network, known))
    }

    /// The next free address of a network's pool; what a switch gives to its ports is not in it.
    fn pooled(&self, network: &NodeNetwork, known: &Known) -> Option<Ipv4Addr> {
        let is_free = |address: &Ipv4Addr| {
            self.is_usable(*address)
                && !known.has_address(*address)
                && !known.switches.iter().any(|switch| owns(switch, *address))
        };
        network.node_ranges.iter().flat_map(|range| range.addresses()).find(is_free)
    }

    /// The nodes' subnets, pimaster's own first.
    pub fn subnets(&self) -> Vec<Subnet> {
        self.networks.iter().map(|network| network.subnet).collect()
    }

    /// The networks as text.
    pub(super) fn shown(&self) -> String {
        self.networks.iter().map(|network| network.subnet.to_string()).collect::<Vec<_>>().join(" or ")
    }

    /// Whether the address lies in one of the networks.
    pub(super) fn holds(&self, address: Ipv4Addr) -> bool {
        self.networks.iter().any(|network| network.subnet.is_host(address))
    }

    /// Whether it is the address of a router.
    pub(super) fn is_router(&self, address: Ipv4Addr) -> bool {
        self.networks.iter().any(|network| network.router == Some(address))
    }

    /// Whether a node may have that address at all.
    fn is_usable(&self, address: Ipv4Addr) -> bool {
        self.holds(address) && address != self.server_address && !self.is_router(address)
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
    let holds_both = |network: &NodeNetwork| network.subnet.is_host(first) && network.subnet.is_host(last);
    if !rules.networks.iter().any(holds_both) {
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
    use crate::model::observation::Asker;
    use crate::model::rack::PowerDriver;

    fn network(subnet: &str, router: [u8; 4], range: &str) -> NodeNetwork {
        let node_ranges = vec![range.parse().unwrap()];
        NodeNetwork { subnet: subnet.parse().unwrap(), router: Some(router.into()), node_ranges }
    }

    fn rules() -> Rules {
        Rules {
            networks: vec![
                network("10.20.0.0/16", [10, 20, 0, 254], "10.20.0.1-10.20.0.12"),
                network("10.31.0.0/24", [10, 31, 0, 1], "10.31.0.1-10.31.0.3"),
            ],
            server_address: Ipv4Addr::new(10, 20, 0, 1),
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
            assert_eq!(rules().address(port, None, &known), Some(expect.into()), "{port:?}");
        };
        check(at(1, 1), [10, 20, 4, 10]);
        check(at(1, 8), [10, 20, 4, 17]);
        // Port 2's address is another node's. The pool starts after pimaster itself, pi-02 and the range of sw3.
        check(at(1, 2), [10, 20, 0, 11]);
        check(at(2, 1), [10, 20, 0, 11]);
        check(None, [10, 20, 0, 11]);
        let full = Rules {
            networks: vec![network("10.20.0.0/16", [10, 20, 0, 254], "10.20.0.1-10.20.0.2")],
            ..rules()
        };
        assert_eq!(full.address(None, None, &known), None);
    }

    #[test]
    fn a_machine_behind_a_relay_gets_an_address_of_its_network() {
        let switches = vec![switch(1, Some([10, 31, 0, 10])), switch(2, Some([10, 20, 4, 10]))];
        let known = Known { nodes: vec![node("pi-02", [10, 31, 0, 2], None)], switches, ..Known::default() };
        let check = |port, relay: Option<[u8; 4]>, expect: Option<[u8; 4]>| {
            let seen = Observation { relay: relay.map(Ipv4Addr::from), ..heard() };
            let address = rules().address(port, Some(&seen), &known);
            assert_eq!(address, expect.map(Ipv4Addr::from), "{port:?} {relay:?}");
        };
        // 10.31.0.1 is the relay's own.
        check(None, Some([10, 31, 0, 1]), Some([10, 31, 0, 3]));
        check(at(1, 2), Some([10, 31, 0, 1]), Some([10, 31, 0, 11]));
        check(at(2, 2), Some([10, 31, 0, 1]), Some([10, 31, 0, 3]));
        check(at(1, 2), None, Some([10, 20, 0, 2]));
        check(at(2, 2), None, Some([10, 20, 4, 11]));
        check(None, Some([10, 99, 0, 1]), None);
        assert_eq!(rules().address(at(1, 2), None, &known), Some([10, 31, 0, 11].into()), "never heard");
    }

    fn heard() -> Observation {
        Observation {
            asker: Asker::Firmware,
            vendor_class: None,
            architecture: None,
            machine_id: None,
            host_name: None,
            serial: None,
            revision: None,
            rom_3b: false,
            is_board: true,
            relay: None,
        }
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
        assert_eq!(rules().address(None, None, &known), Some(Ipv4Addr::new(10, 20, 0, 3)));
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
