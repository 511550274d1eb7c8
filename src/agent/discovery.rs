//! Machines that are no nodes yet, and the names of nodes: what agents can do with them, and how the local one does.
//! *IO: the database.* For administrators alone.

use super::error::{Error, Result};
use super::local::Local;
use crate::detect;
use crate::model::agent::Caller;
use crate::model::clock;
use crate::model::discovery::{DiscoveredView, EnrolWish, RenameWish, Renamed};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
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
        let rules = self.rules.clone();
        let node = self.write(move |tx| Ok(detect::enrol(tx, &rules, &wish, clock::now())?)).await?;
        tracing::info!(user = caller.user.0, node = %node.name, mac = %node.mac, address = %node.address, "enrolled");
        Ok(node.name)
    }

    async fn replace_board(&self, caller: &Caller, node: &NodeName, mac: MacAddr) -> Result<()> {
        admit(caller, "replacing a board")?;
        let name = node.clone();
        self.write(move |tx| Ok(detect::replace_board(tx, &name, mac)?)).await?;
        tracing::info!(user = caller.user.0, %node, %mac, "board replaced");
        Ok(())
    }

    async fn forget(&self, caller: &Caller, mac: MacAddr) -> Result<()> {
        admit(caller, "forgetting a machine")?;
        self.write(move |tx| Ok(detect::forget(tx, mac)?)).await
    }

    async fn rename(&self, caller: &Caller, wish: RenameWish) -> Result<Vec<Renamed>> {
        admit(caller, "renaming nodes")?;
        let renamed = self.write(move |tx| Ok(detect::rename(tx, &wish)?)).await?;
        tracing::info!(user = caller.user.0, nodes = renamed.len(), "renamed");
        Ok(renamed)
    }
}

/// Only administrators may.
pub(super) fn admit(caller: &Caller, wish: &'static str) -> Result<()> {
    if caller.is_admin { Ok(()) } else { Err(Error::NotAdmin { wish }) }
}
