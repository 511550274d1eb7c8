//! Who is at which port, by a switch's own tables. *Pure.*
//!
//! Forwarding tables name *bridge ports* (RFC 4188 `dot1dTpFdbPort`, RFC 4363 `dot1qTpFdbPort`), power tables name the
//! ports as printed. Between them stands `dot1dBasePortIfIndex` with the interfaces, and no standard says how those
//! follow the print: a numbering is taken only if it gives every port of the switch exactly one bridge port.
//! A port behind which many machines are heard, or whose neighbour says by LLDP that it is a bridge, is an uplink.

use crate::model::net::MacAddr;
use crate::model::rack::{PowerDriver, Switch};
use crate::power::{Cell, Row};
use std::collections::{BTreeMap, BTreeSet};

/// More machines than this behind a port make it an uplink; a board has one, or a few with containers on it.
const MOST_BEHIND_A_BOARD: usize = 4;
/// `learned` of `dot1dTpFdbStatus`; others are the switch itself, or set by hand.
const LEARNED: i64 = 3;
/// `macAddress` of `LldpChassisIdSubtype` and of `LldpPortIdSubtype`.
const CHASSIS_BY_MAC: i64 = 4;
const PORT_BY_MAC: i64 = 3;
/// `bridge` of `LldpSystemCapabilitiesMap`, in the first octet.
const BRIDGE: u8 = 0x20;

/// The columns that are read, and what each is for.
pub(super) const COLUMNS: [(Column, &str); 11] = [
    (Column::BasePort, "1.3.6.1.2.1.17.1.4.1.2"),
    (Column::Name, "1.3.6.1.2.1.31.1.1.1.1"),
    (Column::Port, "1.3.6.1.2.1.17.4.3.1.2"),
    (Column::Status, "1.3.6.1.2.1.17.4.3.1.3"),
    (Column::VlanPort, "1.3.6.1.2.1.17.7.1.2.2.1.2"),
    (Column::VlanStatus, "1.3.6.1.2.1.17.7.1.2.2.1.3"),
    (Column::ChassisKind, "1.0.8802.1.1.2.1.4.1.1.4"),
    (Column::Chassis, "1.0.8802.1.1.2.1.4.1.1.5"),
    (Column::PortKind, "1.0.8802.1.1.2.1.4.1.1.6"),
    (Column::PortId, "1.0.8802.1.1.2.1.4.1.1.7"),
    (Column::Capabilities, "1.0.8802.1.1.2.1.4.1.1.12"),
];

/// A column of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    /// Bridge port to interface.
    BasePort,
    /// Interface to its name.
    Name,
    /// Hardware address to bridge port.
    Port,
    /// Hardware address to how it is known.
    Status,
    /// VLAN and hardware address to bridge port.
    VlanPort,
    /// VLAN and hardware address to how it is known.
    VlanStatus,
    /// What names an LLDP neighbour.
    ChassisKind,
    /// Its name.
    Chassis,
    /// What names the neighbour's port.
    PortKind,
    /// The port's name.
    PortId,
    /// What the neighbour is.
    Capabilities,
}

/// The tables of one switch as they came.
pub(super) type Columns = BTreeMap<Column, Vec<Row>>;

/// Where a machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At that port, and nothing contradicts it.
    Port(u16),
    /// Somewhere behind an uplink.
    Beyond,
    /// At several ports at once.
    Several(Vec<u16>),
    /// At a port with other machines that were asked for.
    Shared(u16),
    /// At a bridge port whose printed number nobody knows.
    Unnumbered(u64),
    /// Not in the tables.
    Nowhere,
}

/// The tables of one switch, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tables {
    /// The machines heard at each bridge port.
    heard: BTreeMap<u64, BTreeSet<MacAddr>>,
    /// Bridge ports that lead to other switches.
    uplinks: BTreeSet<u64>,
    /// Bridge port to printed number.
    numbers: BTreeMap<u64, u16>,
}

impl Tables {
    /// Understands the columns; rows that make no sense are passed over.
    pub(super) fn read(switch: &Switch, columns: &Columns) -> Self {
        let interfaces = interfaces(columns);
        let mut tables = Self { numbers: numbering(switch, &interfaces, columns), ..Self::default() };
        for (ports, states) in [(Column::Port, Column::Status), (Column::VlanPort, Column::VlanStatus)] {
            let states: BTreeMap<&[u64], i64> = integers(columns, states).collect();
            for (index, port) in integers(columns, ports) {
                // Some switches have no column of states: what they list they have learned.
                let is_learned = states.get(index).is_none_or(|state| *state == LEARNED);
                if let (Some(mac), Ok(port @ 1..), true) = (mac_of(index), u64::try_from(port), is_learned) {
                    tables.heard.entry(port).or_default().insert(mac);
                }
            }
        }
        tables.add_neighbours(&interfaces, columns);
        let is_crowded = |(_, macs): &(&u64, &BTreeSet<MacAddr>)| macs.len() > MOST_BEHIND_A_BOARD;
        let crowded: Vec<u64> = tables.heard.iter().filter(is_crowded).map(|(port, _)| *port).collect();
        tables.uplinks.extend(crowded);
        tables
    }

    /// Where each of these machines is.
    pub(super) fn places(&self, macs: &[MacAddr]) -> Vec<(MacAddr, Place)> {
        let places: Vec<(MacAddr, Place)> = macs.iter().map(|mac| (*mac, self.place(*mac))).collect();
        let at = |port: u16| places.iter().filter(|(_, place)| *place == Place::Port(port)).count();
        let judged = places.iter().map(|(mac, place)| match place {
            Place::Port(port) if at(*port) > 1 => (*mac, Place::Shared(*port)),
            Place::Port(_)
            | Place::Beyond
            | Place::Several(_)
            | Place::Shared(_)
            | Place::Unnumbered(_)
            | Place::Nowhere => (*mac, place.clone()),
        });
        judged.collect()
    }

    fn place(&self, mac: MacAddr) -> Place {
        let heard: Vec<u64> =
            self.heard.iter().filter(|(_, macs)| macs.contains(&mac)).map(|(port, _)| *port).collect();
        let near: Vec<u64> = heard.iter().copied().filter(|port| !self.uplinks.contains(port)).collect();
        let numbers: Vec<u16> = near.iter().filter_map(|port| self.numbers.get(port).copied()).collect();
        match (numbers.as_slice(), near.as_slice(), heard.as_slice()) {
            ([port], [_], _) => Place::Port(*port),
            ([], [port, ..], _) => Place::Unnumbered(*port),
            ([], [], [_, ..]) => Place::Beyond,
            ([], [], []) => Place::Nowhere,
            (several, _, _) => Place::Several(several.to_vec()),
        }
    }

    fn add_neighbours(&mut self, interfaces: &BTreeMap<u64, u64>, columns: &Columns) {
        let capabilities: BTreeMap<&[u64], &[u8]> = octets(columns, Column::Capabilities).collect();
        let local = |index: &[u64]| match index {
            [_, local, _] => bridge_port(*local, interfaces),
            [..] => None,
        };
        for (index, bits) in &capabilities {
            if let (Some(port), Some(first)) = (local(index), bits.first())
                && first & BRIDGE != 0
            {
                self.uplinks.insert(port);
            }
        }
        let named = [
            (Column::ChassisKind, Column::Chassis, CHASSIS_BY_MAC),
            (Column::PortKind, Column::PortId, PORT_BY_MAC),
        ];
        for (kinds, names, by_mac) in named {
            let kinds: BTreeMap<&[u64], i64> = integers(columns, kinds).collect();
            for (index, name) in octets(columns, names) {
                let is_mac = kinds.get(index) == Some(&by_mac);
                if let (Some(port), Ok(mac), true) = (local(index), <[u8; 6]>::try_from(name), is_mac) {
                    self.heard.entry(port).or_default().insert(MacAddr(mac));
                }
            }
        }
    }
}

/// LLDP counts its local ports as bridge ports or as interfaces (IEEE 802.1AB leaves both open).
fn bridge_port(local: u64, interfaces: &BTreeMap<u64, u64>) -> Option<u64> {
    if interfaces.contains_key(&local) {
        return Some(local);
    }
    interfaces.iter().find(|(_, interface)| **interface == local).map(|(port, _)| *port)
}

/// Bridge port to interface.
fn interfaces(columns: &Columns) -> BTreeMap<u64, u64> {
    let pair = |(index, interface): (&[u64], i64)| match index {
        [port] => Some((*port, u64::try_from(interface).ok()?)),
        [..] => None,
    };
    integers(columns, Column::BasePort).filter_map(pair).collect()
}

/// The first of three numberings that gives every printed port exactly one bridge port: interfaces counted as the
/// power table counts (they often share their index), the number that ends the interface's name, the bridge port.
fn numbering(switch: &Switch, interfaces: &BTreeMap<u64, u64>, columns: &Columns) -> BTreeMap<u64, u16> {
    let offset = match &switch.driver {
        PowerDriver::Snmp { index_offset, .. } => u64::from(*index_offset),
        PowerDriver::None => 0,
    };
    let names: BTreeMap<u64, u16> = octets(columns, Column::Name).filter_map(ending_number).collect();
    let printed = |number: u64| u16::try_from(number).ok().filter(|port| (1..=switch.ports).contains(port));
    let by_power = |_: u64, interface: u64| printed(interface.checked_sub(offset)?);
    let by_name = |_: u64, interface: u64| printed(u64::from(*names.get(&interface)?));
    let by_bridge = |port: u64, _: u64| printed(port);
    let numberings: [&dyn Fn(u64, u64) -> Option<u16>; 3] = [&by_power, &by_name, &by_bridge];
    let tried = numberings.into_iter().map(|number| {
        let pair = |(port, interface): (&u64, &u64)| Some((*port, number(*port, *interface)?));
        interfaces.iter().filter_map(pair).collect::<BTreeMap<u64, u16>>()
    });
    let is_whole = |numbers: &BTreeMap<u64, u16>| {
        let distinct: BTreeSet<u16> = numbers.values().copied().collect();
        numbers.len() == usize::from(switch.ports) && distinct.len() == numbers.len()
    };
    tried.into_iter().find(is_whole).unwrap_or_default()
}

/// An interface and the number at the end of its name: `GigabitEthernet1/0/7` is 7.
fn ending_number((index, name): (&[u64], &[u8])) -> Option<(u64, u16)> {
    let text = std::str::from_utf8(name).ok()?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    match index {
        [interface] => Some((*interface, text.get(digits..)?.parse().ok()?)),
        [..] => None,
    }
}

/// The hardware address at the end of an index.
fn mac_of(index: &[u64]) -> Option<MacAddr> {
    let arcs = index.last_chunk::<6>()?;
    let mut mac = [0u8; 6];
    for (octet, arc) in mac.iter_mut().zip(arcs) {
        *octet = u8::try_from(*arc).ok()?;
    }
    Some(MacAddr(mac))
}

fn integers(columns: &Columns, column: Column) -> impl Iterator<Item = (&[u64], i64)> {
    columns.get(&column).into_iter().flatten().filter_map(|row| match &row.cell {
        Cell::Integer(number) => Some((row.index.as_slice(), *number)),
        Cell::Octets(_) | Cell::Other => None,
    })
}

fn octets(columns: &Columns, column: Column) -> impl Iterator<Item = (&[u64], &[u8])> {
    columns.get(&column).into_iter().flatten().filter_map(|row| match &row.cell {
        Cell::Octets(octets) => Some((row.index.as_slice(), octets.as_slice())),
        Cell::Integer(_) | Cell::Other => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::SwitchId;

    fn switch(ports: u16, index_offset: u32) -> Switch {
        let driver = PowerDriver::Snmp {
            address: "10.20.0.2:161".parse().unwrap(),
            community: "".into(),
            base_oid: String::new(),
            index_offset,
        };
        let name = "sw".to_owned();
        Switch { id: SwitchId(1), name, driver, ports, protected_port: None, first_address: None }
    }

    fn mac(last: u8) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, last])
    }

    fn integer(index: &[u64], number: i64) -> Row {
        Row { index: index.to_vec(), cell: Cell::Integer(number) }
    }

    fn octets(index: &[u64], octets: &[u8]) -> Row {
        Row { index: index.to_vec(), cell: Cell::Octets(octets.to_vec()) }
    }

    /// Bridge ports with interfaces and names; then machines at bridge ports.
    fn columns(ports: &[(u64, i64, &str)], heard: &[(u8, i64)]) -> Columns {
        let mut columns = Columns::new();
        for (port, interface, name) in ports {
            columns.entry(Column::BasePort).or_default().push(integer(&[*port], *interface));
            let index = u64::try_from(*interface).unwrap();
            columns.entry(Column::Name).or_default().push(octets(&[index], name.as_bytes()));
        }
        for (last, port) in heard {
            let index = mac(*last).0.map(u64::from);
            columns.entry(Column::Port).or_default().push(integer(&index, *port));
            columns.entry(Column::Status).or_default().push(integer(&index, LEARNED));
        }
        columns
    }

    fn place(switch: &Switch, columns: &Columns, last: u8) -> Place {
        Tables::read(switch, columns).place(mac(last))
    }

    #[test]
    fn ports_are_numbered_as_power_names_or_bridge_say() {
        // Interfaces counted as the power table does.
        let offset = columns(&[(7, 49, "a"), (9, 50, "b")], &[(1, 9)]);
        assert_eq!(place(&switch(2, 48), &offset, 1), Place::Port(2));
        // By the end of the name; an uplink of another name beside them has no number here.
        let named = columns(
            &[(7, 10_101, "Gi1/0/1"), (3, 10_102, "Gi1/0/2"), (9, 10_201, "Te1/1/5")],
            &[(1, 3), (2, 9)],
        );
        assert_eq!(place(&switch(2, 0), &named, 1), Place::Port(2));
        assert_eq!(place(&switch(2, 0), &named, 2), Place::Unnumbered(9));
        // Two names end alike: the bridge's own numbers are whole.
        let twice = columns(&[(1, 10_101, "Gi1/0/1"), (2, 10_201, "Te1/0/1")], &[(1, 2)]);
        assert_eq!(place(&switch(2, 0), &twice, 1), Place::Port(2));
        // Nothing fits: said, not guessed.
        let none = columns(&[(5, 10_101, "x"), (6, 10_201, "y")], &[(1, 6)]);
        assert_eq!(place(&switch(2, 0), &none, 1), Place::Unnumbered(6));
    }

    #[test]
    fn an_uplink_is_no_boards_port() {
        let ports = [(1, 1, "p1"), (2, 2, "p2"), (3, 3, "p3")];
        let crowd: Vec<(u8, i64)> = (1..=5).map(|last| (last, 3)).chain([(9, 1)]).collect();
        let crowded = columns(&ports, &crowd);
        assert_eq!(place(&switch(3, 0), &crowded, 1), Place::Beyond);
        assert_eq!(place(&switch(3, 0), &crowded, 9), Place::Port(1));
        let mut neighbour = columns(&ports, &[(1, 3)]);
        neighbour.insert(Column::Capabilities, vec![octets(&[0, 3, 1], &[BRIDGE, 0])]);
        assert_eq!(place(&switch(3, 0), &neighbour, 1), Place::Beyond);
    }

    #[test]
    fn what_is_ambiguous_is_said() {
        let ports = [(1, 1, "p1"), (2, 2, "p2")];
        let twice = columns(&ports, &[(1, 1), (1, 2), (2, 2), (3, 2)]);
        assert_eq!(place(&switch(2, 0), &twice, 1), Place::Several(vec![1, 2]));
        let tables = Tables::read(&switch(2, 0), &twice);
        assert_eq!(
            tables.places(&[mac(2), mac(3)]),
            [(mac(2), Place::Shared(2)), (mac(3), Place::Shared(2))]
        );
        assert_eq!(tables.places(&[mac(2)]), [(mac(2), Place::Port(2))]);
        assert_eq!(tables.place(mac(9)), Place::Nowhere);
    }

    #[test]
    fn vlans_and_neighbours_are_read_and_the_switch_itself_is_not() {
        let mut columns = columns(&[(1, 101, "p1"), (2, 102, "p2")], &[]);
        let [a, b, c, d, e, f] = mac(1).0.map(u64::from);
        // The same machine in two VLANs is at one port.
        let rows = [integer(&[1, a, b, c, d, e, f], 2), integer(&[7, a, b, c, d, e, f], 2)];
        columns.insert(Column::VlanPort, rows.to_vec());
        let own = mac(4).0.map(u64::from);
        columns.insert(Column::Port, vec![integer(&own, 1), integer(&[1, 2, 3], 1), integer(&own, -4)]);
        columns.insert(Column::Status, vec![integer(&own, 4)]);
        // A neighbour that is known by interface.
        columns.insert(Column::ChassisKind, vec![integer(&[0, 101, 1], CHASSIS_BY_MAC)]);
        columns.insert(Column::Chassis, vec![octets(&[0, 101, 1], &mac(8).0)]);
        let tables = Tables::read(&switch(2, 0), &columns);
        assert_eq!(tables.place(mac(1)), Place::Port(2));
        assert_eq!(tables.place(mac(4)), Place::Nowhere);
        assert_eq!(tables.place(mac(8)), Place::Port(1));
    }
}
