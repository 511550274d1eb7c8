//! How nodes boot: a node's latest boot, explained. *IO: reads the database.*

use super::error::{Error, Result};
use super::local::Local;
use crate::explain::{explain_latest, latest};
use crate::model::agent::Caller;
use crate::model::clock::{self, Timestamp};
use crate::model::explanation::{BootView, Explanation};
use crate::model::node::{Node, NodeName};
use crate::store::{Connection, boot_events, nodes, reservations};
use async_trait::async_trait;

/// What an agent knows of how its nodes boot.
#[async_trait]
pub trait Boots: Send + Sync {
    /// A node's latest boot, for administrators and for whoever has the node now.
    async fn boot(&self, caller: &Caller, node: &NodeName) -> Result<BootView>;
}

#[async_trait]
impl Boots for Local {
    async fn boot(&self, caller: &Caller, node: &NodeName) -> Result<BootView> {
        let (caller, name, now) = (caller.clone(), node.clone(), clock::now());
        let look = move |conn: &Connection| {
            let node = by_name(conn, &name)?;
            if !caller.is_admin && !has_now(conn, &caller, &node, now)? {
                return Err(Error::NotYourNode { node: node.name });
            }
            view(conn, node, now)
        };
        self.read(look).await
    }
}

/// A node's latest boot, whoever asks: for the command line, where whoever reads the database may see all of it.
pub fn boot_view(conn: &Connection, name: &NodeName, now: Timestamp) -> Result<BootView> {
    view(conn, by_name(conn, name)?, now)
}

/// What a node's latest boot means.
pub(super) fn explanation(conn: &Connection, node: &Node, now: Timestamp) -> Result<Explanation> {
    let (records, facts) = (boot_events::by_node(conn, node.id)?, boot_events::facts(conn, node)?);
    Ok(explain_latest(&records, &facts, now))
}

fn by_name(conn: &Connection, name: &NodeName) -> Result<Node> {
    nodes::by_name(conn, name.as_str())?.ok_or_else(|| Error::NoSuchNode { name: name.to_string() })
}

fn view(conn: &Connection, node: Node, now: Timestamp) -> Result<BootView> {
    let (records, facts) = (boot_events::by_node(conn, node.id)?, boot_events::facts(conn, &node)?);
    let boot = latest(&records);
    Ok(BootView {
        explanation: explain_latest(&records, &facts, now),
        began: boot.as_ref().map(|boot| boot.began()),
        events: boot.map(|boot| boot.records.to_vec()).unwrap_or_default(),
        node: node.name,
        model: node.model,
        address: node.address,
        boot_target: node.boot_target,
        boot_order: nodes::boot_order(conn, node.id)?,
    })
}

/// Whether the caller has the node now: its reservation has begun and is not over.
fn has_now(conn: &Connection, caller: &Caller, node: &Node, now: Timestamp) -> Result<bool> {
    let own = reservations::unfinished(conn, Some(caller.user))?;
    Ok(own.iter().any(|it| it.nodes.contains(&node.id) && it.start <= now && !super::look::is_past(it, now)))
}
