//! `pimaster node add|replace|rename|list` and `pimaster switch add|list|remove`: enrolment by hand. *IO: the database, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon::open_store;
use crate::detect::{self, Refusal};
use crate::keys::KeyFolder;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::discovery::{EnrolWish, PortName, PortWish, RenameWish, Renamed};
use crate::model::net::MacAddr;
use crate::model::node::{Node, NodeName};
use crate::model::rack::PowerDriver;
use crate::model::switch::{CommunityWish, SnmpWish, SwitchWish};
use crate::store::{Store, Transaction, audit, nodes, quarantine, sightings, switches};
use anyhow::{Context, anyhow, bail};

/// `pimaster node add`.
pub(super) async fn add_node(config: Config, new: cli::NewNode, out: &Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let mac = match (new.mac, new.from_discovered) {
        (Some(mac), _) => mac.parse().context("--mac")?,
        (None, Some(seen)) => discovered(&store, seen).await?,
        (None, None) => {
            bail!("expected --mac, or --from-discovered with one that `pimaster node list` shows")
        }
    };
    let wish = EnrolWish {
        mac,
        name: new.name.map(|name| name.parse().context("--name")).transpose()?,
        address: new.address,
        model: new.model.map(|model| model.parse().context("--model")).transpose()?,
        serial: new.serial.map(|serial| serial.parse().context("--serial")).transpose()?,
        port: match (new.switch, new.port) {
            (Some(switch), Some(port)) => PortWish::At(PortName { switch, port }),
            (None, _) | (_, None) => PortWish::AsFound,
        },
    };
    let rules = config.detect.rules;
    let node = settle(&store, move |tx| detect::enrol(tx, &rules, &wish, clock::now())).await?;
    out.line(format_args!("{} enrolled with address {}", node.name, node.address))
}

/// `pimaster node replace`.
pub(super) async fn replace_board(
    config: Config,
    name: String,
    seen: String,
    out: &Output,
) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let mac = discovered(&store, seen).await?;
    let node: NodeName = name.parse()?;
    settle(&store, move |tx| detect::replace_board(tx, &node, mac)).await?;
    out.line(format_args!("{name} is now the board with the hardware address {mac}"))
}

/// `pimaster node rename`.
pub(super) async fn rename(config: Config, wish: cli::NewNames, out: &Output) -> anyhow::Result<()> {
    let wish = match wish {
        cli::NewNames { prefix: Some(prefix), .. } => RenameWish::All { prefix },
        cli::NewNames { node: Some(node), to: Some(to), .. } => {
            RenameWish::One { node: node.parse()?, to: to.parse()? }
        }
        cli::NewNames { .. } => bail!("expected a node and its new name, or --all with --prefix"),
    };
    let renamed = settle(&open_store(&config)?, move |tx| detect::rename(tx, &wish)).await?;
    for Renamed { from, to } in &renamed {
        out.line(format_args!("{from} is now {to}"))?;
    }
    if renamed.is_empty() { out.line(format_args!("every name is so already")) } else { Ok(()) }
}

async fn discovered(store: &Store, seen: String) -> anyhow::Result<MacAddr> {
    let text = seen.clone();
    let found = store.read(move |conn| detect::find(conn, &text)).await?;
    let found = found.ok_or_else(|| {
        anyhow!("no unknown machine is `{seen}`; expected a hardware address or serial number of `pimaster node list`")
    })?;
    Ok(found.mac)
}

/// One transaction whose refusal says what to do.
pub(super) async fn settle<T: Send + 'static>(
    store: &Store,
    act: impl FnOnce(&Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
) -> anyhow::Result<T> {
    let outcome = store.write(move |tx| match act(tx) {
        Err(Refusal::Store(failure)) => Err(failure),
        answer => Ok(answer),
    });
    outcome.await?.map_err(|refusal| anyhow!("{refusal}. {}", refusal.fix()))
}

/// `pimaster node list`.
pub(super) async fn list_nodes(config: Config, out: &Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let kept = store.read(quarantine::list).await?;
    for node in store.read(nodes::list).await? {
        let serial = node.serial.map_or_else(|| "-".to_owned(), |serial| serial.to_string());
        let Node { id, name, address, mac, model, .. } = &node;
        let id = *id;
        out.line(format_args!("{name}\t{address}\t{mac}\t{}\t{serial}", model.as_str()))?;
        if let Some(kept) = kept.get(&id) {
            out.line(format_args!("{name}\tin quarantine since {}: {}", kept.since, kept.reason))?;
        }
        let order = store.read(move |conn| nodes::boot_order(conn, id)).await?;
        if let Some(order) = order.filter(|order| !order.is_network_first()) {
            out.line(format_args!("{name}\twarning: {}", order.warning()))?;
        }
    }
    for seen in store.read(sightings::list).await? {
        let model = seen.observation.shown();
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
        cli::Switch::Remove { name } => remove_switch(&config, name, &out).await,
    }
}

async fn add_switch(config: &Config, switch: cli::NewSwitch, out: &Output) -> anyhow::Result<()> {
    let cli::NewSwitch {
        name,
        address,
        community,
        base_oid,
        index_offset,
        ports,
        protected_port,
        first_address,
    } = switch;
    let store = open_store(config)?;
    let sealer = KeyFolder::open(config.data.root())?.sealer()?;
    let community = match community.filter(|text| !text.is_empty()) {
        Some(text) => CommunityWish::Given(sealer.seal_community(text.into())?),
        None => CommunityWish::Keep,
    };
    let snmp = address.map(|address| SnmpWish { address, community, base_oid, index_offset });
    let wish = SwitchWish { name: name.clone(), snmp, ports, protected_port, first_address };
    let rules = config.detect.rules.clone();
    let save = move |tx: &Transaction<'_>| {
        let known = switches::by_name(tx, &wish.name)?;
        let id = detect::save_switch(tx, &rules, &wish, known.as_ref())?;
        let subject = format!("switch {}: saved on the command line", wish.name);
        audit::record(tx, &Actor::default(), Action::RackChanged, &subject, clock::now())?;
        Ok(id)
    };
    settle(&store, save).await?;
    out.line(format_args!("{name} enrolled with {ports} ports"))
}

async fn remove_switch(config: &Config, name: String, out: &Output) -> anyhow::Result<()> {
    let removed = name.clone();
    let remove = move |tx: &Transaction<'_>| {
        detect::remove_switch(tx, &detect::find_switch(tx, &removed)?)?;
        let subject = format!("switch {removed}: removed on the command line");
        Ok(audit::record(tx, &Actor::default(), Action::RackChanged, &subject, clock::now())?)
    };
    settle(&open_store(config)?, remove).await?;
    out.line(format_args!("{name} removed"))
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
