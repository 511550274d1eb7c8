//! The nodes of the rack in the hands of administrators: what agents can do, and how the local one does.
//! *IO: the database.*

use super::discovery::admit;
use super::error::{Error, Result};
use super::local::Local;
use crate::model::agent::Caller;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::node::{Node, NodeName};
use crate::model::quarantine::Quarantine;
use crate::store::{Connection, Transaction, audit, nodes, quarantine};
use async_trait::async_trait;

/// Looking after the nodes of the rack.
#[async_trait]
pub trait Rack: Send + Sync {
    /// Keeps a node from being reserved; its reservations go on. Again: gives another reason.
    async fn quarantine(&self, caller: &Caller, node: &NodeName, reason: &str) -> Result<()>;

    /// Lets a node be reserved again.
    async fn end_quarantine(&self, caller: &Caller, node: &NodeName) -> Result<()>;
}

#[async_trait]
impl Rack for Local {
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

fn find(conn: &Connection, name: &NodeName) -> Result<Node> {
    nodes::by_name(conn, name.as_str())?.ok_or_else(|| Error::NoSuchNode { name: name.to_string() })
}
