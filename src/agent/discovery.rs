//! Machines that are no nodes yet, and the names of nodes: what agents can do with them, and how the local one does.
//! *IO: the database.* For administrators alone.

use super::error::{Error, Result};
use super::local::Local;
use crate::detect;
use crate::model::agent::Caller;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::discovery::{DiscoveredView, EnrolWish, RenameWish, Renamed};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use crate::store::{Transaction, audit};
use async_trait::async_trait;

/// Making nodes of machines, and naming them.
#[async_trait]
pub trait Discovery: Send + Sync {
    /// Every machine that asked for an address and is no node, the latest first.
    async fn discovered(&self, caller: &Caller) -> Result<Vec<DiscoveredView>>;

    /// Makes a machine a node; what the wish leaves out is chosen.
    async fn enrol(&self, caller: &Caller, wish: EnrolWish) -> Result<NodeName>;

    /// Puts a machine's board in a node's place.
    async fn replace_board(&self, caller: &Caller, node: &NodeName, mac: MacAddr) -> Result<()>;

    /// Forgets a machine until it asks again.
    async fn forget(&self, caller: &Caller, mac: MacAddr) -> Result<()>;

    /// Renames one node or all, or none.
    async fn rename(&self, caller: &Caller, wish: RenameWish) -> Result<Vec<Renamed>>;
}

#[async_trait]
impl Discovery for Local {
    async fn discovered(&self, caller: &Caller) -> Result<Vec<DiscoveredView>> {
        admit(caller, "the list of discovered machines")?;
        let rules = self.rules.clone();
        self.read(move |conn| Ok(detect::discovered(conn, &rules)?)).await
    }

    async fn enrol(&self, caller: &Caller, wish: EnrolWish) -> Result<NodeName> {
        admit(caller, "enrolling a node")?;
        let (by, rules, now) = (caller.actor.clone(), self.rules.clone(), clock::now());
        let enrol = move |tx: &Transaction<'_>| {
            let node = detect::enrol(tx, &rules, &wish, now)?;
            let subject = format!("{}: enrolled; it is {} at {}", node.name, node.mac, node.address);
            audit::record(tx, &by, Action::RackChanged, &subject, now)?;
            Ok(node)
        };
        let node = self.write(enrol).await?;
        tracing::info!(user = caller.user.0, node = %node.name, mac = %node.mac, address = %node.address, "enrolled");
        Ok(node.name)
    }

    async fn replace_board(&self, caller: &Caller, node: &NodeName, mac: MacAddr) -> Result<()> {
        admit(caller, "replacing a board")?;
        let (by, name, now) = (caller.actor.clone(), node.clone(), clock::now());
        let replace = move |tx: &Transaction<'_>| {
            detect::replace_board(tx, &name, mac)?;
            let subject = format!("{name}: its board is {mac} now");
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(replace).await?;
        tracing::info!(user = caller.user.0, %node, %mac, "board replaced");
        Ok(())
    }

    async fn forget(&self, caller: &Caller, mac: MacAddr) -> Result<()> {
        admit(caller, "forgetting a machine")?;
        self.write(move |tx| Ok(detect::forget(tx, mac)?)).await
    }

    async fn rename(&self, caller: &Caller, wish: RenameWish) -> Result<Vec<Renamed>> {
        admit(caller, "renaming nodes")?;
        let (by, now) = (caller.actor.clone(), clock::now());
        let rename = move |tx: &Transaction<'_>| {
            let renamed = detect::rename(tx, &wish)?;
            for Renamed { from, to } in &renamed {
                audit::record(tx, &by, Action::RackChanged, &format!("{from}: name {from} to {to}"), now)?;
            }
            Ok(renamed)
        };
        let renamed = self.write(rename).await?;
        tracing::info!(user = caller.user.0, nodes = renamed.len(), "renamed");
        Ok(renamed)
    }
}

/// Only administrators may.
pub(super) fn admit(caller: &Caller, wish: &'static str) -> Result<()> {
    if caller.is_admin { Ok(()) } else { Err(Error::NotAdmin { wish }) }
}
