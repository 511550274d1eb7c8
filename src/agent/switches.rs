//! The switches that feed the nodes: what agents can do with them, and how the local one does. *IO: the database.*
//! For administrators alone. A wish becomes a row; the power worker of the daemon takes it up.

use super::discovery::admit;
use super::error::{Error, Result, TakenNode};
use super::local::Local;
use super::look;
use crate::detect::Refusal;
use crate::model::agent::{Caller, NodeView, RackNode};
use crate::model::audit::Action;
use crate::model::clock::{self, Timestamp};
use crate::model::discovery::PortName;
use crate::model::port_map::{PortView, PowerWish, SwitchView};
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::store::{Connection, Transaction, audit, detections, switches};
use async_trait::async_trait;
use std::collections::HashMap;

/// Looking at switches, and switching their ports.
#[async_trait]
pub trait Switches: Send + Sync {
    /// Every switch, by name, with all its ports.
    async fn port_maps(&self, caller: &Caller) -> Result<Vec<SwitchView>>;

    /// Asks for the power of a port: never of the one that feeds pimaster, and of a node that somebody has only if the
    /// wish names their reservation.
    async fn switch_port(&self, caller: &Caller, wish: PowerWish) -> Result<()>;
}

#[async_trait]
impl Switches for Local {
    async fn port_maps(&self, caller: &Caller) -> Result<Vec<SwitchView>> {
        admit(caller, "the list of switches")?;
        let now = clock::now();
        self.read(move |conn| views(conn, now)).await
    }

    async fn switch_port(&self, caller: &Caller, wish: PowerWish) -> Result<()> {
        admit(caller, "switching a port")?;
        let (by, now) = (caller.actor.clone(), clock::now());
        let (port, wanted) = (wish.port.to_string(), wish.wanted);
        let ask = move |tx: &Transaction<'_>| {
            let (at, node) = judge(tx, &wish, now)?;
            switches::ask(tx, at, wish.wanted)?;
            let node = node.map(|node| format!(" ({})", told(&node))).unwrap_or_default();
            let subject = format!("port {}{node}: power {}", wish.port, wish.wanted.as_str());
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(ask).await?;
        tracing::info!(user = caller.user.0, port, wanted = wanted.as_str(), "port power asked for");
        Ok(())
    }
}

fn views(conn: &Connection, now: Timestamp) -> Result<Vec<SwitchView>> {
    let at = |node: RackNode| Some((node.port?, node.node));
    let mut nodes: HashMap<PortName, NodeView> = look::rack(conn, now)?.into_iter().filter_map(at).collect();
    let mut shown = Vec::new();
    for switch in switches::list(conn)? {
        let mut known = switches::powers(conn, switch.id)?;
        let port = |number: u16| {
            let node = nodes.remove(&PortName { switch: switch.name.clone(), port: number });
            PortView {
                number,
                is_protected: switch.protected_port == Some(number),
                power: known.remove(&number).unwrap_or_default(),
                taken: node.as_ref().and_then(|node| node.taken.clone()),
                node: node.map(|node| node.name),
            }
        };
        let ports = (1..=switch.ports).map(port).collect();
        shown.push(SwitchView { is_switched: switch.driver != PowerDriver::None, name: switch.name, ports });
    }
    Ok(shown)
}

/// Judges a wish; gives its port and the node there.
fn judge(tx: &Transaction<'_>, wish: &PowerWish, now: Timestamp) -> Result<(PortRef, Option<NodeView>)> {
    let PortName { switch: name, port } = wish.port.clone();
    let Some(switch) = switches::by_name(tx, &name)? else {
        return Err(Refusal::NoSuchSwitch { seen: name }.into());
    };
    refuse_port(&switch, port)?;
    let at = PortRef { switch: switch.id, port };
    let looks = detections::running(tx)?.into_iter().find(|it| it.switch == switch.id);
    if let Some(running) = looks.filter(|it| it.ports.iter().any(|it| it.port == port)) {
        return Err(Refusal::Detecting { switch: name, id: running.id }.into());
    }
    let here = |node: &RackNode| node.port.as_ref() == Some(&wish.port);
    let node = look::rack(tx, now)?.into_iter().find(here).map(|found| found.node);
    if let Some(NodeView { name: node, taken: Some(taken), .. }) = &node
        && wish.despite != Some(taken.reservation)
    {
        let (owner, start, end) = (taken.owner.clone(), taken.start, taken.end);
        return Err(Error::Held { taken: TakenNode { node: node.clone(), owner, start, end } });
    }
    Ok((at, node))
}

fn refuse_port(switch: &Switch, port: u16) -> Result<()> {
    let name = switch.name.clone();
    if !(1..=switch.ports).contains(&port) {
        return Err(Refusal::NoSuchPort { seen: port, switch: name, ports: switch.ports }.into());
    }
    if switch.protected_port == Some(port) {
        return Err(Refusal::Protected { port, switch: name }.into());
    }
    if switch.driver == PowerDriver::None {
        return Err(Refusal::Hands { switch: name }.into());
    }
    Ok(())
}

fn told(node: &NodeView) -> String {
    match &node.taken {
        Some(taken) => format!("{} of {}", node.name, taken.owner),
        None => node.name.to_string(),
    }
}
