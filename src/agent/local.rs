//! The nodes of this pimaster. *IO: the database, the folder of keys.*
//!
//! Called by `web` through [`Agent`]; made by `daemon` and `demo`. The database is the truth: each method is
//! one transaction, and the deployment workers take up what it left there.

use super::contract::{Agent, Whose};
use super::error::{Error, Result};
use super::{act, configure, hindrance, look, reserve};
use crate::detect::{Refusal, Rules};
use crate::keys::KeyFolder;
use crate::model::agent::{
    CalendarRow, Caller, ConfigureWish, Configured, EnvironmentView, NodeView, Once, ReservationView,
    ReserveWish,
};
use crate::model::audit::Action;
use crate::model::booking::BookingRules;
use crate::model::clock::{self, TimeZone, Timestamp};
use crate::model::deployment::Request;
use crate::model::folder::DataFolder;
use crate::model::ids::ReservationId;
use crate::model::network::Networks;
use crate::model::node::NodeName;
use crate::model::version::Seen;
use crate::store::{self, Changes, Connection, Store, Transaction, audit, site};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The nodes of this pimaster.
#[derive(Debug, Clone)]
pub struct Local {
    pub(super) store: Store,
    pub(super) keys: KeyFolder,
    pub(super) data: DataFolder,
    ssh_port: u16,
    pub(super) rules: Rules,
    networks: Networks,
    zone: TimeZone,
    /// Host keys never change: each is read from its file once.
    host_keys: Arc<Mutex<HashMap<NodeName, String>>>,
}

impl Local {
    /// The agent on a database and its folder. `ssh_port` is where the nodes' SSH servers listen, `rules` say what new
    /// nodes get.
    pub fn new(
        store: Store,
        keys: KeyFolder,
        data: DataFolder,
        ssh_port: u16,
        rules: Rules,
        networks: Networks,
    ) -> Self {
        Self { store, keys, data, ssh_port, rules, networks, zone: TimeZone::UTC, host_keys: Arc::default() }
    }

    /// In the zone of the lab's clock, which its opening hours are of; UTC otherwise.
    pub fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone, ..self }
    }

    /// The zone of the lab's clock.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The networks of the nodes.
    pub(super) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Looks at a consistent snapshot.
    pub(super) async fn read<T, F>(&self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.store.read(move |conn| split(look(conn))).await?
    }

    pub(super) async fn write<T, F>(&self, act: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.store.write(move |tx| split(act(tx))).await?
    }

    async fn book(&self, caller: &Caller, wish: ReserveWish, once: Option<Once>) -> Result<ReservationId> {
        let (by, now) = (caller.clone(), clock::now());
        let (plan, zone) = (reserve::plan(wish, now)?, self.zone.clone());
        let book = move |tx: &Transaction<'_>| match &once {
            Some(once) => reserve::book_once(tx, &by, &plan, once, &zone, now),
            None => reserve::book(tx, &by, &plan, &zone, now),
        };
        let id = self.write(book).await?;
        tracing::info!(user = caller.user.0, reservation = id.0, "reserved");
        Ok(id)
    }

    /// Adds the host keys of what is deployed.
    async fn with_host_keys(&self, mut found: Vec<ReservationView>) -> Result<Vec<ReservationView>> {
        let (keys, known) = (self.keys.clone(), Arc::clone(&self.host_keys));
        let filled = tokio::task::spawn_blocking(move || {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            for node in found.iter_mut().flat_map(|reservation| &mut reservation.nodes) {
                if look::has_host_key(node.state) {
                    node.host_key = host_key(&keys, &mut known, &node.node);
                }
            }
            found
        });
        filled.await.map_err(|_| Error::Store(store::Error::Closed))
    }
}

#[async_trait]
impl Agent for Local {
    async fn nodes(&self) -> Result<Vec<NodeView>> {
        let now = clock::now();
        self.read(move |conn| look::nodes(conn, now)).await
    }

    async fn environments(&self, caller: &Caller) -> Result<Vec<EnvironmentView>> {
        let by = caller.clone();
        self.read(move |conn| look::environments(conn, &by)).await
    }

    async fn reservations(&self, caller: &Caller, whose: Whose) -> Result<Vec<ReservationView>> {
        let (owner, now, port) = (look::owner_filter(caller, whose), clock::now(), self.ssh_port);
        let found = self.read(move |conn| look::reservations(conn, owner, port, now)).await?;
        self.with_host_keys(found).await
    }

    async fn reservation(&self, caller: &Caller, id: ReservationId) -> Result<ReservationView> {
        let (caller, now, port) = (caller.clone(), clock::now(), self.ssh_port);
        let found = self.read(move |conn| look::reservation(conn, &caller, id, port, now)).await?;
        let mut filled = self.with_host_keys(vec![found]).await?;
        filled.pop().ok_or(Error::NoSuchReservation { id })
    }

    async fn reserve(&self, caller: &Caller, wish: ReserveWish) -> Result<ReservationId> {
        self.book(caller, wish, None).await
    }

    async fn reserve_once(&self, caller: &Caller, wish: ReserveWish, once: Once) -> Result<ReservationId> {
        self.book(caller, wish, Some(once)).await
    }

    async fn configure(&self, caller: &Caller, id: ReservationId, wish: ConfigureWish) -> Result<Configured> {
        let (by, checked) = (caller.clone(), wish.clone());
        let now = clock::now();
        // Judged twice: before the costly hash, and in the transaction that counts.
        self.read(move |conn| configure::judge(conn, &by, id, &checked, now).map(drop)).await?;
        let (password_hash, generated_password) = configure::hash(wish.password.clone()).await?;
        let (by, user) = (caller.clone(), caller.user);
        let store = move |tx: &Transaction<'_>| {
            configure::store(tx, &by, id, &wish, password_hash, now)?;
            let subject = format!("reservation {id}: {}", wish.environment);
            Ok(audit::record(tx, &by.actor, Action::Configured, &subject, now)?)
        };
        self.write(store).await?;
        tracing::info!(user = user.0, reservation = id.0, "configured");
        Ok(Configured { generated_password })
    }

    async fn release(&self, caller: &Caller, id: ReservationId) -> Result<()> {
        let (by, now) = (caller.clone(), clock::now());
        let release = move |tx: &Transaction<'_>| {
            act::release(tx, &by, id, now)?;
            Ok(audit::record(tx, &by.actor, Action::Released, &look::whose(tx, id)?, now)?)
        };
        self.write(release).await?;
        tracing::info!(user = caller.user.0, reservation = id.0, "released");
        Ok(())
    }

    async fn extend(&self, caller: &Caller, id: ReservationId, hours: u32) -> Result<Timestamp> {
        let (by, now, zone) = (caller.clone(), clock::now(), self.zone.clone());
        let extend = move |tx: &Transaction<'_>| {
            let end = act::extend(tx, &by, id, hours, &zone, now)?;
            let subject = format!("{} until {end}", look::whose(tx, id)?);
            audit::record(tx, &by.actor, Action::Extended, &subject, now)?;
            Ok(end)
        };
        let end = self.write(extend).await?;
        tracing::info!(user = caller.user.0, reservation = id.0, %end, "extended");
        Ok(end)
    }

    async fn calendar(&self, from: Timestamp, until: Timestamp) -> Result<Vec<CalendarRow>> {
        let now = clock::now();
        self.read(move |conn| look::calendar(conn, from, until, now)).await
    }

    async fn booking_rules(&self) -> Result<BookingRules> {
        self.read(|conn| Ok(site::get(conn, BookingRules::NAME)?)).await
    }

    async fn own_rules(&self, caller: &Caller) -> Result<BookingRules> {
        let user = caller.user;
        self.read(move |conn| Ok(hindrance::rights(conn, user)?.rules)).await
    }

    async fn set_booking_rules(&self, caller: &Caller, rules: BookingRules, seen: Seen) -> Result<()> {
        if !caller.is_admin {
            return Err(Error::NotAdmin { wish: "setting the rules of booking" });
        }
        let (by, now) = (caller.clone(), clock::now());
        let store = move |tx: &Transaction<'_>| {
            site::replace(tx, BookingRules::NAME, &rules, &seen)??;
            Ok(audit::record(tx, &by.actor, Action::SettingChanged, "the rules of booking", now)?)
        };
        self.write(store).await
    }

    async fn request(&self, caller: &Caller, node: &NodeName, request: Request) -> Result<()> {
        let (by, name, now) = (caller.clone(), node.clone(), clock::now());
        let ask = move |tx: &Transaction<'_>| {
            act::request(tx, &by, &name, request)?;
            let subject = format!("{name}: {}", request.as_str());
            Ok(audit::record(tx, &by.actor, Action::Requested, &subject, now)?)
        };
        self.write(ask).await?;
        tracing::info!(user = caller.user.0, %node, request = request.as_str(), "requested");
        Ok(())
    }

    fn changes(&self) -> Changes {
        self.store.changes()
    }
}

/// A refusal is an answer of the transaction; a failure of the database rolls it back.
pub(super) fn split<T>(outcome: Result<T>) -> store::Result<Result<T>> {
    match outcome {
        Err(Error::Store(failure) | Error::Enrol(Refusal::Store(failure))) => Err(failure),
        answer => Ok(answer),
    }
}

/// Key type and body of a node's host key, as in `known_hosts`; none if its file cannot be read, which the
/// deployment itself reports.
fn host_key(keys: &KeyFolder, known: &mut HashMap<NodeName, String>, node: &NodeName) -> Option<String> {
    if let Some(line) = known.get(node) {
        return Some(line.clone());
    }
    let pair = keys.node_host(node).ok()?;
    let line = format!("{} {}", pair.public.algorithm(), pair.public.blob());
    known.insert(node.clone(), line.clone());
    Some(line)
}
