//! From a machine that was seen to a node. *IO: the transaction it is given.* Called by `agent` and `commands`.

use super::Refusal;
use super::rules::{Known, Rules};
use crate::model::board::BoardModel;
use crate::model::clock::Timestamp;
use crate::model::device::Device;
use crate::model::discovery::{DiscoveredView, EnrolWish, PortName, PortWish, Proposal};
use crate::model::net::MacAddr;
use crate::model::node::{Node, NodeName};
use crate::model::rack::PortRef;
use crate::model::reservation::ReservationState;
use crate::store::nodes::NewNode;
use crate::store::sightings::Sighting;
use crate::store::{
    self, Connection, Transaction, devices, leases, nodes, reservations, sightings, switches,
};
use std::net::Ipv4Addr;

/// Every machine that asked and is no node, the latest first, each with what it would become.
pub fn discovered(conn: &Connection, rules: &Rules) -> store::Result<Vec<DiscoveredView>> {
    let mut known = known(conn)?;
    let mut found = Vec::new();
    for seen in sightings::list(conn)? {
        if known.nodes.iter().all(|node| node.mac != seen.mac) {
            found.push(view(rules, &mut known, seen));
        }
    }
    Ok(found)
}

fn view(rules: &Rules, known: &mut Known, seen: Sighting) -> DiscoveredView {
    let Sighting { mac, first_at, last_at, requests, observation, port } = seen;
    let address = rules.address(port, Some(&observation), known);
    let name = address.and_then(|address| rules.name(address, known));
    known.promised.extend(address.map(|address| (address, name.clone())));
    let holder = port.and_then(|port| known.at(port)).map(|node| node.name.clone());
    let port =
        port.and_then(|port| Some(PortName { switch: known.switch(port)?.name.clone(), port: port.port }));
    let proposal = Proposal { name, address, holder };
    DiscoveredView { mac, first_at, last_at, requests, observation, port, proposal }
}

/// Makes a machine a node: what the wish leaves out is taken from what was seen and what is free.
pub fn enrol(tx: &Transaction<'_>, rules: &Rules, wish: &EnrolWish, now: Timestamp) -> Result<Node, Refusal> {
    let known = known(tx)?;
    let seen = sightings::by_mac(tx, wish.mac)?;
    let port = match &wish.port {
        PortWish::Nowhere => None,
        PortWish::At(port) => Some(named_port(&known, port)?),
        // Somebody else's port is no reason to refuse what was only guessed.
        PortWish::AsFound => {
            seen.as_ref().and_then(|seen| seen.port).filter(|port| known.at(*port).is_none())
        }
    };
    let told = seen.map(|seen| seen.observation);
    let free = || rules.address(port, told.as_ref(), &known);
    let address = wish.address.or_else(free).ok_or(Refusal::NoAddress)?;
    refuse_address(rules, address)?;
    let name = wish.name.clone().or_else(|| rules.name(address, &known));
    let new = NewNode {
        name: name.ok_or(Refusal::NoName { address })?,
        mac: wish.mac,
        address,
        model: wish.model.or_else(|| Some(told.as_ref()?.model())).unwrap_or(BoardModel::Unknown),
        serial: wish.serial.or_else(|| told.as_ref()?.serial),
        port,
    };
    refuse_clash(&known, &new)?;
    let id = nodes::insert(tx, &new, now)?;
    nodes::set_identity(tx, id, None, told.and_then(|told| told.revision))?;
    sightings::forget(tx, wish.mac)?;
    nodes::by_id(tx, id)?.ok_or(Refusal::NoSuchNode { name: new.name })
}

/// Puts another board in a node's place: name, address and port stay, what was known of the old board goes, its
/// lease with it.
pub fn replace_board(tx: &Transaction<'_>, name: &NodeName, mac: MacAddr) -> Result<(), Refusal> {
    let node =
        nodes::by_name(tx, name.as_str())?.ok_or_else(|| Refusal::NoSuchNode { name: name.clone() })?;
    refuse_in_use(tx, std::iter::once(&node))?;
    let seen = sightings::by_mac(tx, mac)?.ok_or(Refusal::NotSeen { mac })?.observation;
    if let Some(other) = nodes::by_mac(tx, mac)? {
        return Err(has(&other, "mac", format!("the hardware address {mac}")));
    }
    if let Some(serial) = seen.serial
        && let Some(other) = nodes::by_serial(tx, serial)?.filter(|other| other.id != node.id)
    {
        return Err(has(&other, "serial", format!("the serial number {serial}")));
    }
    leases::forget_node(tx, node.id)?;
    nodes::set_board(tx, node.id, mac, seen.model(), seen.serial, seen.revision)?;
    Ok(sightings::forget(tx, mac)?)
}

/// Forgets what was seen of a machine; it shows up again when it asks again.
pub fn forget(tx: &Transaction<'_>, mac: MacAddr) -> Result<(), Refusal> {
    sightings::by_mac(tx, mac)?.ok_or(Refusal::NotSeen { mac })?;
    Ok(sightings::forget(tx, mac)?)
}

/// The machine with that hardware address or serial number, as people type it.
pub fn find(conn: &Connection, text: &str) -> store::Result<Option<Sighting>> {
    if let Ok(mac) = text.parse::<MacAddr>() {
        return sightings::by_mac(conn, mac);
    }
    let Ok(serial) = text.parse() else { return Ok(None) };
    Ok(sightings::list(conn)?.into_iter().find(|seen| seen.observation.serial == Some(serial)))
}

/// Refuses if what a reservation put on one of them is still there: it goes by the node's name and board.
pub(super) fn refuse_in_use<'a>(
    conn: &Connection,
    nodes: impl Iterator<Item = &'a Node>,
) -> Result<(), Refusal> {
    let mut used = Vec::new();
    for reservation in reservations::unfinished(conn, None)? {
        match reservation.state {
            ReservationState::Active | ReservationState::Ending => used.extend(reservation.nodes),
            ReservationState::Held | ReservationState::Configured | ReservationState::Ended => {}
        }
    }
    let nodes: Vec<NodeName> =
        nodes.filter(|node| used.contains(&node.id)).map(|node| node.name.clone()).collect();
    if nodes.is_empty() { Ok(()) } else { Err(Refusal::InUse { nodes }) }
}

pub(super) fn known(conn: &Connection) -> store::Result<Known> {
    let (nodes, switches, devices) = (nodes::list(conn)?, switches::list(conn)?, devices::list(conn)?);
    Ok(Known { nodes, switches, devices, promised: Vec::new() })
}

pub(super) fn named_port(known: &Known, wanted: &PortName) -> Result<PortRef, Refusal> {
    let PortName { switch, port } = wanted.clone();
    let Some(found) = known.switches.iter().find(|known| known.name == switch) else {
        return Err(Refusal::NoSuchSwitch { seen: switch });
    };
    if !(1..=found.ports).contains(&port) {
        return Err(Refusal::NoSuchPort { seen: port, switch, ports: found.ports });
    }
    if found.protected_port == Some(port) {
        return Err(Refusal::Protected { port, switch });
    }
    Ok(PortRef { switch: found.id, port })
}

/// Refuses an address that no node can have.
pub(super) fn refuse_address(rules: &Rules, address: Ipv4Addr) -> Result<(), Refusal> {
    if address == rules.server_address {
        return Err(Refusal::Own { seen: address });
    }
    if rules.is_router(address) {
        return Err(Refusal::Router { seen: address });
    }
    if !rules.holds(address) {
        return Err(Refusal::Outside { seen: address, subnets: rules.shown() });
    }
    Ok(())
}

/// Refuses what another node or a device has already.
pub(super) fn refuse_clash(known: &Known, new: &NewNode) -> Result<(), Refusal> {
    let with_nodes = known.nodes.iter().find_map(|other| clash(other, new));
    let with_devices = || known.devices.iter().find_map(|device| clash_with_device(device, new));
    with_nodes.or_else(with_devices).map_or(Ok(()), Err)
}

fn clash(other: &Node, new: &NewNode) -> Option<Refusal> {
    let what = [
        (other.name == new.name, "name", format!("the name {}", new.name)),
        (other.mac == new.mac, "mac", format!("the hardware address {}", new.mac)),
        (other.address == new.address, "address", format!("the address {}", new.address)),
        (other.serial.is_some() && other.serial == new.serial, "serial", "that serial number".to_owned()),
        (other.port.is_some() && other.port == new.port, "port", "that switch port".to_owned()),
    ];
    let (_, field, what) = what.into_iter().find(|(same, _, _)| *same)?;
    Some(has(other, field, what))
}

fn clash_with_device(device: &Device, new: &NewNode) -> Option<Refusal> {
    let what = [
        (device.name == new.name, "name", format!("the name {}", new.name)),
        (device.mac == new.mac, "mac", format!("the hardware address {}", new.mac)),
        (device.address == new.address, "address", format!("the address {}", new.address)),
    ];
    let (_, field, what) = what.into_iter().find(|(same, _, _)| *same)?;
    Some(Refusal::Clash { node: device.name.clone(), field, what })
}

fn has(other: &Node, field: &'static str, what: String) -> Refusal {
    Refusal::Clash { node: other.name.clone(), field, what }
}
