//! Switching the ports of the rack: save what is wanted, ask the switch, save what it said.
//!
//! *IO: the store and the drivers.* Called by `deploy` and the command line. One request per port at a time, a few
//! per switch: the processors of PoE switches are slow, and what waits here does not time out there.

use super::none::Hands;
use super::snmp::SnmpSwitch;
use super::{Config, Error, PowerSwitch, Row};
use crate::keys::Sealer;
use crate::model::boot_event::BootEvent;
use crate::model::clock::{Clock, SignedDuration, Timestamp};
use crate::model::power::PowerState;
use crate::model::rack::{Community, PortRef, PowerDriver, Switch};
use crate::store::boot_events::{self, NewEvent};
use crate::store::{self, Store, Transaction, nodes, switches};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Requests to one switch at the same time.
const PER_SWITCH: usize = 4;
/// A switch that needed longer to agree switched later than it was asked: time counts from its word.
const PROMPT: SignedDuration = SignedDuration::from_secs(1);

/// The power of all ports; clones share it.
#[derive(Clone)]
pub struct Power {
    config: Config,
    store: Store,
    clock: Clock,
    /// Opens communities.
    sealer: Option<Sealer>,
    ports: Gates<PortRef>,
    switches: Gates<crate::model::ids::SwitchId>,
}

/// Since when a port is as wanted, by the committed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since(pub Timestamp);

impl std::fmt::Debug for Power {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Power")
    }
}

impl Power {
    /// The power of the rack that `store` describes.
    pub fn new(config: Config, store: Store) -> Self {
        Self::on_clock(config, store, Clock::system())
    }

    /// The same on another clock.
    pub fn on_clock(config: Config, store: Store, clock: Clock) -> Self {
        Self { config, store, clock, sealer: None, ports: Gates::new(1), switches: Gates::new(PER_SWITCH) }
    }

    /// The same with what opens the communities that are sealed.
    #[must_use]
    pub fn with_sealer(self, sealer: Sealer) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// How long a port stays off at least when a node is restarted.
    pub fn min_off(&self) -> Duration {
        self.config.min_off
    }

    /// Switches a port: commits what is wanted, asks the switch, reads back, commits what was seen.
    ///
    /// Asking again for what the switch has confirmed already keeps the time since which it is so.
    pub async fn set(&self, port: PortRef, wanted: PowerState) -> Result<Since, Error> {
        let since = self.set_if(port, wanted, |_| Ok(true)).await?;
        // What is always allowed is always done.
        since.ok_or(Error::NoSuchSwitch { id: port.switch })
    }

    /// The same if `allowed` says so in the transaction that commits what is wanted; none if it does not.
    pub async fn set_if<F>(
        &self,
        port: PortRef,
        wanted: PowerState,
        allowed: F,
    ) -> Result<Option<Since>, Error>
    where
        F: FnOnce(&Transaction<'_>) -> store::Result<bool> + Send + 'static,
    {
        let _alone = self.ports.enter(port).await;
        let switch = self.switch(port).await?;
        if wanted == PowerState::Off && switch.protected_port == Some(port.port) {
            return Err(Error::Protected { switch: switch.name, port: port.port });
        }
        let asked = self.clock.now();
        let event = BootEvent::Power { wanted, switch: switch.name.clone(), port: port.port };
        let since = self.store.write(move |tx| {
            if !allowed(tx)? {
                return Ok(None);
            }
            let since = switches::want(tx, port, wanted, asked)?;
            if since == asked {
                remember(tx, port, event, asked)?;
            }
            Ok(Some(since))
        });
        let Some(since) = since.await? else { return Ok(None) };
        let switched = {
            let _turn = self.switches.enter(port.switch).await;
            match self.driver(&switch, Some(wanted)) {
                Ok(driver) => driver.set(port.port, wanted).await,
                Err(error) => Err(error),
            }
        };
        if let Err(error) = switched {
            let event = BootEvent::PowerRefused { wanted, seen: error.to_string() };
            let now = self.clock.now();
            self.store.write(move |tx| remember(tx, port, event, now)).await?;
            return Err(error);
        }
        let seen_at = self.clock.now();
        let since = if since == asked && seen_at.duration_since(asked) > PROMPT { seen_at } else { since };
        self.store.write(move |tx| switches::confirm(tx, port, wanted, since, seen_at)).await?;
        Ok(Some(Since(since)))
    }

    /// Asks the switch about a port and commits what it said.
    pub async fn read(&self, port: PortRef) -> Result<PowerState, Error> {
        let _alone = self.ports.enter(port).await;
        let switch = self.switch(port).await?;
        let known = self.store.read(move |conn| switches::port_power(conn, port)).await?;
        let seen = {
            let _turn = self.switches.enter(port.switch).await;
            self.driver(&switch, known.wanted.map(|(wanted, _)| wanted))?.read(port.port).await?
        };
        let now = self.clock.now();
        self.store.write(move |tx| switches::set_seen(tx, port, seen, now)).await?;
        Ok(seen)
    }

    /// Whether somebody switches that port: not so if people pull plugs.
    pub async fn is_switched(&self, port: PortRef) -> Result<bool, Error> {
        Ok(self.switch(port).await?.driver != PowerDriver::None)
    }

    /// Every row of a column of a switch's table; none if the switch has no such table or answers nobody's questions.
    pub async fn walk(&self, switch: &Switch, column: &str) -> Result<Vec<Row>, Error> {
        let Some(snmp) = self.snmp(switch)? else { return Ok(Vec::new()) };
        let _turn = self.switches.enter(switch.id).await;
        snmp.walk(column).await
    }

    async fn switch(&self, port: PortRef) -> Result<Switch, Error> {
        let found = self.store.read(move |conn| switches::by_id(conn, port.switch)).await?;
        let switch = found.ok_or(Error::NoSuchSwitch { id: port.switch })?;
        if (1..=switch.ports).contains(&port.port) {
            Ok(switch)
        } else {
            Err(Error::NoSuchPort { switch: switch.name, port: port.port, ports: switch.ports })
        }
    }

    fn driver(&self, switch: &Switch, wanted: Option<PowerState>) -> Result<Box<dyn PowerSwitch>, Error> {
        Ok(match self.snmp(switch)? {
            Some(snmp) => Box::new(snmp),
            None => Box::new(Hands { wanted }),
        })
    }

    /// How a switch is asked; none if people pull plugs.
    pub(super) fn snmp(&self, switch: &Switch) -> Result<Option<SnmpSwitch>, Error> {
        let PowerDriver::Snmp { address, community, base_oid, index_offset } = &switch.driver else {
            return Ok(None);
        };
        let opened = match (&self.sealer, community) {
            (Some(sealer), community) => sealer.open_community(community),
            (None, Community::Clear(text)) => Some(text.clone()),
            (None, Community::Sealed { .. }) => None,
        };
        Ok(Some(SnmpSwitch {
            name: switch.name.clone(),
            address: *address,
            community: opened.ok_or_else(|| Error::Sealed { switch: switch.name.clone() })?,
            base_oid: base_oid.clone(),
            index_offset: *index_offset,
            timeout: self.config.timeout,
        }))
    }
}

/// Notes among the boot events of the node at that port what was done to it.
fn remember(
    tx: &Transaction<'_>,
    port: PortRef,
    event: BootEvent,
    at: Timestamp,
) -> Result<(), crate::store::Error> {
    let Some(node) = nodes::by_port(tx, port)? else { return Ok(()) };
    boot_events::add(tx, &[NewEvent { node, at, event }])
}

/// A gate per key that lets so many in at a time.
#[derive(Clone)]
struct Gates<K> {
    width: usize,
    gates: Arc<Mutex<HashMap<K, Arc<Semaphore>>>>,
}

impl<K: Eq + Hash> Gates<K> {
    fn new(width: usize) -> Self {
        Self { width, gates: Arc::default() }
    }

    /// Waits for a place; gives it back when dropped. The gates are never closed.
    async fn enter(&self, key: K) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(gates.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.width))))
        };
        gate.acquire_owned().await.ok()
    }
}
