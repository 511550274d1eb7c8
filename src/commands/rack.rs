//! `pimaster node add|list` and `pimaster switch add|list`: enrolment by hand. *IO: the database, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon::open_store;
use crate::model::clock;
use crate::model::node::Node;
use crate::model::rack::{PortRef, PowerDriver};
use crate::store::{Store, nodes, sightings, switches};
use anyhow::{Context, anyhow, bail};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// `pimaster node add`.
pub(super) async fn add_node(config: Config, new: cli::NewNode, out: &Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let port = match (new.switch.as_deref(), new.port) {
        (Some(switch), Some(port)) => Some(port_of(&store, switch, port).await?),
        (None, _) | (_, None) => None,
    };
    let known = store.read(nodes::list).await?;
    let address = match new.address {
        Some(address) if config.dhcp.subnet.is_host(address) => address,
        Some(address) => bail!("--address is {address}; expected a host address in {}", config.dhcp.subnet),
        None => free_address(&config, &known).context(
            "every address of network.node_ranges is taken, or the list is empty; give --address or widen it",
        )?,
    };
    if address == config.dhcp.server_address {
        bail!("--address is {address}, which is pimaster's own; expected another address");
    }
    let node = nodes::NewNode {
        name: new.name.parse().context("--name")?,
        mac: new.mac.parse().context("--mac")?,
        address,
        model: new.model.parse().context("--model")?,
        serial: new.serial.map(|serial| serial.parse().context("--serial")).transpose()?,
        port,
    };
    if let Some(clash) = known.iter().find_map(|other| clash(other, &node)) {
        bail!("{clash}");
    }
    let (name, address) = (node.name.clone(), node.address);
    store.write(move |tx| nodes::insert(tx, &node, clock::now())).await.context("cannot store the node")?;
    out.line(format_args!("{name} enrolled with address {address}"))
}

fn clash(other: &Node, new: &nodes::NewNode) -> Option<String> {
    let what = [
        (other.name == new.name, format!("the name {}", new.name)),
        (other.mac == new.mac, format!("the hardware address {}", new.mac)),
        (other.address == new.address, format!("the address {}", new.address)),
        (other.serial.is_some() && other.serial == new.serial, "that serial number".to_owned()),
        (other.port.is_some() && other.port == new.port, "that switch port".to_owned()),
    ];
    let (_, what) = what.into_iter().find(|(same, _)| *same)?;
    Some(format!("{} has {what} already; give another, or remove {} first", other.name, other.name))
}

fn free_address(config: &Config, known: &[Node]) -> Option<Ipv4Addr> {
    let mut taken: HashSet<Ipv4Addr> = known.iter().map(|node| node.address).collect();
    taken.insert(config.dhcp.server_address);
    config.node_ranges.iter().flat_map(|range| range.addresses()).find(|address| !taken.contains(address))
}

async fn port_of(store: &Store, switch: &str, port: u16) -> anyhow::Result<PortRef> {
    let name = switch.to_owned();
    let found = store.read(move |conn| switches::by_name(conn, &name)).await?;
    let found = found
        .ok_or_else(|| anyhow!("--switch is `{switch}`; expected one that `pimaster switch list` shows"))?;
    if !(1..=found.ports).contains(&port) {
        bail!("--port is {port}; expected 1 to {}, the ports of {switch}", found.ports);
    }
    if found.protected_port == Some(port) {
        bail!("port {port} of {switch} feeds pimaster itself; expected the port of a node");
    }
    Ok(PortRef { switch: found.id, port })
}

/// `pimaster node list`.
pub(super) async fn list_nodes(config: Config, out: &Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    for node in store.read(nodes::list).await? {
        let serial = node.serial.map_or_else(|| "-".to_owned(), |serial| serial.to_string());
        let Node { id, name, address, mac, model, .. } = &node;
        let id = *id;
        out.line(format_args!("{name}\t{address}\t{mac}\t{}\t{serial}", model.as_str()))?;
        let order = store.read(move |conn| nodes::boot_order(conn, id)).await?;
        if let Some(order) = order.filter(|order| !order.is_network_first()) {
            out.line(format_args!("{name}\twarning: {}", order.warning()))?;
        }
    }
    for seen in store.read(sightings::list).await? {
        let model = seen.observation.model().shown_with(seen.observation.revision);
        let serial = seen.observation.serial.map_or_else(|| "-".to_owned(), |serial| serial.to_string());
        let (mac, last_at) = (seen.mac, seen.last_at);
        out.line(format_args!("(not enrolled)\tlast asked {last_at}\t{mac}\t{model}\t{serial}"))?;
    }
    Ok(())
}

/// `pimaster switch`.
pub(super) async fn run_switch(config: Config, command: cli::Switch, out: Output) -> anyhow::Result<()> {
    match command {
        cli::Switch::Add(switch) => add_switch(&config, switch, &out).await,
        cli::Switch::List => list_switches(&config, &out).await,
    }
}

async fn add_switch(config: &Config, switch: cli::NewSwitch, out: &Output) -> anyhow::Result<()> {
    let cli::NewSwitch { name, address, community, base_oid, index_offset, ports, protected_port } = switch;
    let driver = match (address, community) {
        (Some(address), Some(community)) if !community.is_empty() => {
            PowerDriver::Snmp { address, community, base_oid: judge_oid(&base_oid)?, index_offset }
        }
        (Some(_), _) => bail!("--community is missing; expected the switch's read-write community"),
        (None, _) => PowerDriver::None,
    };
    if !(1..=512).contains(&ports) {
        bail!("--ports is {ports}; expected 1 to 512");
    }
    if let Some(port) = protected_port.filter(|port| !(1..=ports).contains(port)) {
        bail!("--protected-port is {port}; expected 1 to {ports}");
    }
    let store = open_store(config)?;
    let stored = name.clone();
    store.write(move |tx| switches::upsert(tx, &stored, &driver, ports, protected_port)).await?;
    out.line(format_args!("{name} enrolled with {ports} ports"))
}

fn judge_oid(text: &str) -> anyhow::Result<String> {
    let arcs: Vec<&str> = text.trim_start_matches('.').split('.').collect();
    if arcs.len() < 3 || arcs.iter().any(|arc| arc.parse::<u32>().is_err()) {
        bail!("--base-oid is `{text}`; expected numbers with dots such as 1.3.6.1.2.1.105.1.1.1.3.1");
    }
    Ok(arcs.join("."))
}

async fn list_switches(config: &Config, out: &Output) -> anyhow::Result<()> {
    for switch in open_store(config)?.read(switches::list).await? {
        let driver = match &switch.driver {
            PowerDriver::Snmp { address, base_oid, .. } => format!("snmp {address} {base_oid}"),
            PowerDriver::None => "none".to_owned(),
        };
        out.line(format_args!("{}\t{} ports\t{driver}", switch.name, switch.ports))?;
    }
    Ok(())
}
