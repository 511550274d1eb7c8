//! The networks of an agent's nodes: what is noticed in them, and other devices' fixed addresses. *IO: the database.*
//!
//! For administrators alone.

use super::error::{Error, Result};
use super::local::Local;
use crate::model::agent::Caller;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::device::{BadDevice, Device, NewDevice};
use crate::model::network::{ForeignServer, LeaseView, NetworkView, Networks, NoticeKind, StoredNotice};
use crate::model::node::NodeName;
use crate::model::version::Seen;
use crate::store::{self, Connection, Transaction, audit, devices, leases, networks, nodes};
use async_trait::async_trait;
use std::net::Ipv4Addr;

/// The networks of an agent's nodes.
#[async_trait]
pub trait NetworkAgent {
    /// The networks, and what is noticed in them.
    async fn network(&self, caller: &Caller) -> Result<NetworkView>;

    /// Gives a device a fixed address.
    async fn add_device(&self, caller: &Caller, device: NewDevice) -> Result<()>;

    /// Takes a device's fixed address away, if it still is what the caller saw.
    async fn remove_device(&self, caller: &Caller, name: &NodeName, seen: Seen) -> Result<()>;

    /// Forgets a notice that was dealt with. It comes again if it is still true.
    async fn forget_notice(&self, caller: &Caller, kind: NoticeKind, subject: &str) -> Result<()>;

    /// Forgets a foreign DHCP server that is gone.
    async fn forget_server(&self, caller: &Caller, address: Ipv4Addr) -> Result<()>;
}

#[async_trait]
impl NetworkAgent for Local {
    async fn network(&self, caller: &Caller) -> Result<NetworkView> {
        admit(caller)?;
        let networks = self.networks().clone();
        self.read(move |conn| view(conn, networks)).await
    }

    async fn add_device(&self, caller: &Caller, device: NewDevice) -> Result<()> {
        admit(caller)?;
        device.judge(self.networks())?;
        let (by, name, address, now) =
            (caller.actor.clone(), device.name.clone(), device.address, clock::now());
        let add = move |tx: &Transaction<'_>| {
            devices::insert(tx, &device, now)??;
            let subject =
                format!("device {}: added; it is {} at {}", device.name, device.mac, device.address);
            Ok(audit::record(tx, &by, Action::RackChanged, &subject, now)?)
        };
        self.write(add).await?;
        tracing::info!(user = caller.user.0, device = %name, %address, "a device was added");
        Ok(())
    }

    async fn remove_device(&self, caller: &Caller, name: &NodeName, seen: Seen) -> Result<()> {
        admit(caller)?;
        let (by, removed, now) = (caller.actor.clone(), name.clone(), clock::now());
        let remove = move |tx: &Transaction<'_>| {
            let present = devices::list(tx)?.into_iter().find(|device| device.name == removed);
            let present = present.ok_or_else(|| Error::NotKnown { what: removed.to_string() })?;
            seen.judge(&present.version())?;
            devices::delete(tx, &removed)?;
            Ok(audit::record(tx, &by, Action::RackChanged, &format!("device {removed}: removed"), now)?)
        };
        self.write(remove).await?;
        tracing::info!(user = caller.user.0, device = %name, "a device was removed");
        Ok(())
    }

    async fn forget_notice(&self, caller: &Caller, kind: NoticeKind, subject: &str) -> Result<()> {
        admit(caller)?;
        let about = subject.to_owned();
        self.forgotten(subject.to_owned(), move |tx| networks::forget_notice(tx, kind, &about)).await
    }

    async fn forget_server(&self, caller: &Caller, address: Ipv4Addr) -> Result<()> {
        admit(caller)?;
        self.forgotten(address.to_string(), move |tx| networks::forget_server(tx, address)).await
    }
}

impl Local {
    /// Removes a row that must be there.
    async fn forgotten<F>(&self, what: String, forget: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>) -> store::Result<bool> + Send + 'static,
    {
        let was_known = self.write(move |tx| Ok(forget(tx)?)).await?;
        if was_known { Ok(()) } else { Err(Error::NotKnown { what }) }
    }
}

fn admit(caller: &Caller) -> Result<()> {
    if caller.is_admin { Ok(()) } else { Err(Error::NotAdmin { wish: "the network" }) }
}

fn view(conn: &Connection, networks: Networks) -> Result<NetworkView> {
    let servers: Vec<ForeignServer> = networks::servers(conn)?;
    let notices: Vec<StoredNotice> = networks::notices(conn)?;
    let devices: Vec<Device> = devices::list(conn)?;
    let mut shown = Vec::new();
    for lease in leases::list(conn)? {
        shown.push(LeaseView {
            address: lease.address,
            mac: lease.mac,
            node: nodes::by_id(conn, lease.node)?.map(|node| node.name),
            state: lease.state.as_str(),
            expires_at: lease.expires_at,
        });
    }
    Ok(NetworkView { networks, servers, notices, devices, leases: shown })
}

impl From<BadDevice> for Error {
    fn from(bad: BadDevice) -> Self {
        Self::Device(bad)
    }
}
