//! The switches that feed the nodes: what agents can do with them, and how the local one does. *IO: the database.*
//! For administrators alone. A wish to switch a port, and a question to a switch, become rows; tasks of the daemon take
//! them up.

use super::discovery::admit;
use super::error::{Error, Result};
use super::local::Local;
use super::look;
use super::obstacles::TakenNode;
use crate::detect::{self, Refusal};
use crate::model::agent::{Caller, NodeView, RackNode};
use crate::model::audit::Action;
use crate::model::clock::{self, Timestamp};
use crate::model::discovery::PortName;
use crate::model::ids::InquiryId;
use crate::model::port_map::{PortView, PowerWish, SwitchView};
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::model::switch::{CommunityWish, Inquiry, SnmpWish, SwitchWish};
use crate::store::{Connection, Transaction, audit, detections, inquiries, switches};
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

    /// The settings of every switch, by name. Communities are told to nobody.
    async fn switch_settings(&self, caller: &Caller) -> Result<Vec<Switch>>;

    /// Enrols a switch.
    async fn add_switch(&self, caller: &Caller, wish: SwitchWish) -> Result<()>;

    /// Changes a switch, its name too.
    async fn change_switch(&self, caller: &Caller, name: &str, wish: SwitchWish) -> Result<()>;

    /// Removes a switch that feeds no node.
    async fn remove_switch(&self, caller: &Caller, name: &str) -> Result<()>;

    /// Asks a switch by settings that are not saved, those of a new one or of `known` changed.
    async fn try_switch(&self, caller: &Caller, known: Option<&str>, wish: SwitchWish) -> Result<InquiryId>;

    /// Asks a switch about all its ports; what it says is stored.
    async fn read_switch(&self, caller: &Caller, name: &str) -> Result<InquiryId>;

    /// A question to a switch, with the answer once it is there.
    async fn inquiry(&self, caller: &Caller, id: InquiryId) -> Result<Inquiry>;
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

    async fn switch_settings(&self, caller: &Caller) -> Result<Vec<Switch>> {
        admit(caller, "the settings of switches")?;
        self.read(|conn| Ok(switches::list(conn)?)).await
    }

    async fn add_switch(&self, caller: &Caller, wish: SwitchWish) -> Result<()> {
        admit(caller, "adding a switch")?;
        let (by, now, rules) = (caller.actor.clone(), clock::now(), self.rules.clone());
        let wish = self.sealed(wish)?;
        let add = move |tx: &Transaction<'_>| {
            detect::save_switch(tx, &rules, &wish, None)?;
            let subject = format!("switch {}: added, {} ports", wish.name, wish.ports);
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(add).await?;
        tracing::info!(user = caller.user.0, "switch added");
        Ok(())
    }

    async fn change_switch(&self, caller: &Caller, name: &str, wish: SwitchWish) -> Result<()> {
        admit(caller, "changing a switch")?;
        let (by, now, rules) = (caller.actor.clone(), clock::now(), self.rules.clone());
        let (wish, known) = (self.sealed(wish)?, name.to_owned());
        let change = move |tx: &Transaction<'_>| {
            let before = detect::find_switch(tx, &known)?;
            detect::save_switch(tx, &rules, &wish, Some(&before))?;
            let after = detect::find_switch(tx, &wish.name)?;
            let what = differences(&before, &after);
            if what.is_empty() {
                return Ok(());
            }
            let subject = format!("switch {known}: {}", what.join(", "));
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(change).await?;
        tracing::info!(user = caller.user.0, switch = name, "switch changed");
        Ok(())
    }

    async fn remove_switch(&self, caller: &Caller, name: &str) -> Result<()> {
        admit(caller, "removing a switch")?;
        let (by, now, removed) = (caller.actor.clone(), clock::now(), name.to_owned());
        let remove = move |tx: &Transaction<'_>| {
            detect::remove_switch(tx, &detect::find_switch(tx, &removed)?)?;
            Ok(audit::record(tx, &by, Action::RackChanged, &format!("switch {removed}: removed"), now)?)
        };
        self.write(remove).await?;
        tracing::info!(user = caller.user.0, switch = name, "switch removed");
        Ok(())
    }

    async fn try_switch(&self, caller: &Caller, known: Option<&str>, wish: SwitchWish) -> Result<InquiryId> {
        admit(caller, "trying a switch")?;
        let (now, rules) = (clock::now(), self.rules.clone());
        let (wish, known) = (self.sealed(wish)?, known.map(str::to_owned));
        let ask = move |tx: &Transaction<'_>| {
            let known = known.map(|name| detect::find_switch(tx, &name)).transpose()?;
            let draft = detect::settle(tx, &rules, &wish, known.as_ref())?;
            if draft.driver == PowerDriver::None {
                return Err(Refusal::Hands { switch: draft.name }.into());
            }
            Ok(inquiries::ask(tx, known.map(|known| known.id), Some(&draft), now)?)
        };
        self.write(ask).await
    }

    async fn read_switch(&self, caller: &Caller, name: &str) -> Result<InquiryId> {
        admit(caller, "asking a switch")?;
        let (now, name) = (clock::now(), name.to_owned());
        let ask = move |tx: &Transaction<'_>| {
            let switch = detect::find_switch(tx, &name)?;
            if switch.driver == PowerDriver::None {
                return Err(Refusal::Hands { switch: switch.name }.into());
            }
            // Who asks while it is asked hears the same answer.
            match inquiries::latest(tx, switch.id)?.filter(|it| it.answer.is_none()) {
                Some(open) => Ok(open.id),
                None => Ok(inquiries::ask(tx, Some(switch.id), None, now)?),
            }
        };
        self.write(ask).await
    }

    async fn inquiry(&self, caller: &Caller, id: InquiryId) -> Result<Inquiry> {
        admit(caller, "the answer of a switch")?;
        let found = self.read(move |conn| Ok(inquiries::by_id(conn, id)?)).await?;
        found.ok_or_else(|| Error::NotKnown { what: format!("question {id}") })
    }
}

impl Local {
    /// What is typed is sealed before anything is stored.
    fn sealed(&self, mut wish: SwitchWish) -> Result<SwitchWish> {
        if let Some(SnmpWish { community: CommunityWish::Given(community), .. }) = &mut wish.snmp {
            let sealer = self.keys.sealer().map_err(|_| Error::Seal)?;
            *community = sealer.seal_community(community.clone()).map_err(|_| Error::Seal)?;
        }
        Ok(wish)
    }
}

/// What changed of a switch, for the audit log. Of the community it is only said that it did.
fn differences(before: &Switch, after: &Switch) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |what: &str, before: String, after: String| {
        if before != after {
            found.push(format!("{what} {before} to {after}"));
        }
    };
    let number = |port: Option<u16>| port.map_or_else(|| "none".to_owned(), |port| port.to_string());
    let first = |it: &Switch| it.first_address.map_or_else(|| "none".to_owned(), |it| it.to_string());
    note("name", before.name.clone(), after.name.clone());
    note("asked at", shown(&before.driver), shown(&after.driver));
    note("ports", before.ports.to_string(), after.ports.to_string());
    note("protected port", number(before.protected_port), number(after.protected_port));
    note("first address", first(before), first(after));
    if found.is_empty() && before.driver != after.driver {
        found.push("the community".to_owned());
    }
    found
}

fn shown(driver: &PowerDriver) -> String {
    match driver {
        PowerDriver::Snmp { address, base_oid, index_offset, .. } => {
            format!("{address} {base_oid} +{index_offset}")
        }
        PowerDriver::None => "none".to_owned(),
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
        let read = inquiries::latest(conn, switch.id)?;
        let (id, is_switched) = (switch.id, switch.driver != PowerDriver::None);
        shown.push(SwitchView { id, name: switch.name, read, is_switched, ports });
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
