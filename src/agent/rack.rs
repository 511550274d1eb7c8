//! The nodes of the rack in the hands of administrators: what agents can do, and how the local one does.
//! *IO: the database.*

use super::discovery::admit;
use super::error::{Error, Result};
use super::local::Local;
use super::look;
use crate::detect::{self, Changed};
use crate::model::agent::{Caller, RackNode};
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::discovery::EnrolWish;
use crate::model::node::{Node, NodeName};
use crate::model::quarantine::Quarantine;
use crate::model::rack::PortRef;
use crate::model::version::Seen;
use crate::store::{Connection, Transaction, audit, nodes, quarantine, switches};
use async_trait::async_trait;

/// Looking after the nodes of the rack.
#[async_trait]
pub trait Rack: Send + Sync {
    /// Every node, by name.
    async fn rack(&self, caller: &Caller) -> Result<Vec<RackNode>>;

    /// Changes name, address, model and port of a node, if it still is what the editor saw; what the wish leaves out
    /// stays. Gives its name.
    async fn change_node(
        &self,
        caller: &Caller,
        node: &NodeName,
        wish: EnrolWish,
        seen: Seen,
    ) -> Result<NodeName>;

    /// Takes a node out of the rack if nobody has reserved it; the history keeps it.
    async fn retire(&self, caller: &Caller, node: &NodeName) -> Result<()>;

    /// Keeps a node from being reserved; its reservations go on. Again: gives another reason.
    async fn quarantine(&self, caller: &Caller, node: &NodeName, reason: &str) -> Result<()>;

    /// Lets a node be reserved again.
    async fn end_quarantine(&self, caller: &Caller, node: &NodeName) -> Result<()>;
}

#[async_trait]
impl Rack for Local {
    async fn rack(&self, caller: &Caller) -> Result<Vec<RackNode>> {
        admit(caller, "the list of the rack")?;
        let now = clock::now();
        self.read(move |conn| look::rack(conn, now)).await
    }

    async fn change_node(
        &self,
        caller: &Caller,
        node: &NodeName,
        wish: EnrolWish,
        seen: Seen,
    ) -> Result<NodeName> {
        admit(caller, "changing a node")?;
        let (by, name, now) = (caller.actor.clone(), node.clone(), clock::now());
        let rules = self.rules.clone();
        let change = move |tx: &Transaction<'_>| {
            let present = look::rack(tx, now)?.into_iter().find(|present| present.node.name == name);
            present.map_or(Ok(()), |present| seen.judge(&present.version()))?;
            let changed = detect::change(tx, &rules, &name, &wish)?;
            let what = differences(tx, &changed)?;
            if !what.is_empty() {
                let subject = format!("{name}: {}", what.join(", "));
                audit::record(tx, &by, Action::RackChanged, &subject, now)?;
            }
            Ok(changed.after.name)
        };
        let changed = self.write(change).await?;
        tracing::info!(user = caller.user.0, %node, name = %changed, "node changed");
        Ok(changed)
    }

    async fn retire(&self, caller: &Caller, node: &NodeName) -> Result<()> {
        admit(caller, "retiring a node")?;
        let (by, name, now) = (caller.actor.clone(), node.clone(), clock::now());
        let retire = move |tx: &Transaction<'_>| {
            let was = detect::retire(tx, &name, now)?;
            let subject = format!("{name}: retired; it was {} at {}", was.mac, was.address);
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(retire).await?;
        tracing::info!(user = caller.user.0, %node, "node retired");
        Ok(())
    }

    async fn quarantine(&self, caller: &Caller, node: &NodeName, reason: &str) -> Result<()> {
        admit(caller, "putting a node in quarantine")?;
        let now = clock::now();
        let (by, name, kept) = (caller.actor.clone(), node.clone(), Quarantine::new(reason, now)?);
        let begin = move |tx: &Transaction<'_>| {
            quarantine::begin(tx, find(tx, &name)?.id, &kept)?;
            let subject = format!("{name}: in quarantine: {}", kept.reason);
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(begin).await?;
        tracing::info!(user = caller.user.0, %node, "quarantine begun");
        Ok(())
    }

    async fn end_quarantine(&self, caller: &Caller, node: &NodeName) -> Result<()> {
        admit(caller, "taking a node out of quarantine")?;
        let (by, name, now) = (caller.actor.clone(), node.clone(), clock::now());
        let end = move |tx: &Transaction<'_>| {
            if quarantine::end(tx, find(tx, &name)?.id)? {
                audit::record(tx, &by, Action::RackChanged, &format!("{name}: out of quarantine"), now)?;
            }
            Ok(())
        };
        self.write(end).await?;
        tracing::info!(user = caller.user.0, %node, "quarantine ended");
        Ok(())
    }
}

/// What changed of a node, for the audit log.
fn differences(conn: &Connection, changed: &Changed) -> Result<Vec<String>> {
    let Changed { before, after } = changed;
    let mut found = Vec::new();
    let mut note = |what: &str, before: &str, after: &str| {
        if before != after {
            found.push(format!("{what} {before} to {after}"));
        }
    };
    note("name", before.name.as_str(), after.name.as_str());
    note("address", &before.address.to_string(), &after.address.to_string());
    note("model", before.model.as_str(), after.model.as_str());
    note("port", &port_name(conn, before.port)?, &port_name(conn, after.port)?);
    Ok(found)
}

fn port_name(conn: &Connection, port: Option<PortRef>) -> Result<String> {
    let Some(PortRef { switch, port }) = port else { return Ok("none".to_owned()) };
    let name = switches::by_id(conn, switch)?.map(|switch| switch.name).unwrap_or_default();
    Ok(format!("{name} {port}"))
}

fn find(conn: &Connection, name: &NodeName) -> Result<Node> {
    nodes::by_name(conn, name.as_str())?.ok_or_else(|| Error::NoSuchNode { name: name.to_string() })
}
