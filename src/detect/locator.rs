//! Finds the ports of unknown machines, and of nodes without one, in the switches' tables. *IO: SNMP through
//! `power`, the store.* A task of the daemon: woken by changes, it looks at most every few seconds, and only while
//! there is somebody to find.

use super::tables::{COLUMNS, Columns, Place, Tables};
use crate::model::clock::{Clock, SignedDuration, Timestamp};
use crate::model::net::MacAddr;
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::power::{self, Power};
use crate::store::{self, Store, Transaction, nodes, sightings, switches};
use std::collections::HashSet;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A machine that has not asked for so long may have been unplugged: its port is left as it was found.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// Looks where unknown machines are.
#[derive(Debug)]
pub struct Locator {
    store: Store,
    power: Power,
    interval: Duration,
    clock: Clock,
    /// Switches whose failure was said already.
    failing: HashSet<String>,
}

impl Locator {
    /// A locator that looks at most once per `interval`.
    pub fn new(store: Store, power: Power, interval: Duration) -> Self {
        Self { store, power, interval, clock: Clock::system(), failing: HashSet::new() }
    }

    /// Looks until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), store::Error> {
        let mut changes = self.store.changes();
        loop {
            self.look().await?;
            let pause = async {
                tokio::time::sleep(self.interval).await;
                changes.changed().await
            };
            // The store ends after its users.
            if !matches!(shutdown.run_until_cancelled(pause).await, Some(Ok(()))) {
                return Ok(());
            }
        }
    }

    async fn look(&mut self) -> Result<(), store::Error> {
        let now = self.clock.now();
        let (sought, switches) =
            self.store.read(move |conn| Ok((sought(conn, now)?, switches::list(conn)?))).await?;
        if sought.is_empty() {
            return Ok(());
        }
        for switch in switches.into_iter().filter(|switch| matches!(switch.driver, PowerDriver::Snmp { .. }))
        {
            match read_tables(&self.power, &switch).await {
                Ok(tables) => {
                    self.failing.remove(&switch.name);
                    self.settle(&switch, &tables, &sought).await?;
                }
                Err(error) if self.failing.insert(switch.name.clone()) => {
                    tracing::warn!(%error, "the ports of unknown machines are not looked up");
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    async fn settle(&self, switch: &Switch, tables: &Tables, sought: &[MacAddr]) -> Result<(), store::Error> {
        let found = tables.places(sought).into_iter().filter_map(|(mac, place)| match place {
            Place::Port(port) => Some((mac, PortRef { switch: switch.id, port })),
            Place::Beyond | Place::Several(_) | Place::Shared(_) | Place::Unnumbered(_) | Place::Nowhere => {
                None
            }
        });
        let mut found: Vec<_> = found.filter(|(_, port)| switch.protected_port != Some(port.port)).collect();
        let known = self.store.read({
            let found = found.clone();
            move |conn| {
                found.into_iter().map(|(mac, port)| Ok(is_known(conn, mac, port)?.then_some(mac))).collect()
            }
        });
        let known: Vec<Option<MacAddr>> = known.await?;
        found.retain(|(mac, _)| !known.contains(&Some(*mac)));
        if found.is_empty() {
            return Ok(());
        }
        for (mac, port) in &found {
            tracing::info!(%mac, switch = switch.name, port = port.port, "found");
        }
        self.store.write(move |tx| found.iter().try_for_each(|(mac, port)| locate(tx, *mac, *port))).await
    }
}

/// Reads every column of a switch that tells who is where.
pub(super) async fn read_tables(power: &Power, switch: &Switch) -> Result<Tables, power::Error> {
    let mut columns = Columns::new();
    for (column, object) in COLUMNS {
        columns.insert(column, power.walk(switch, object).await?);
    }
    Ok(Tables::read(switch, &columns))
}

/// Unknown machines that asked lately, and nodes whose port is not known.
fn sought(conn: &store::Connection, now: Timestamp) -> store::Result<Vec<MacAddr>> {
    let recent = sightings::list(conn)?.into_iter().filter(|seen| now.duration_since(seen.last_at) < RECENT);
    let portless = nodes::list(conn)?.into_iter().filter(|node| node.port.is_none()).map(|node| node.mac);
    Ok(recent.map(|seen| seen.mac).chain(portless).collect())
}

/// Whether that is what the database says, or all that it can say.
fn is_known(conn: &store::Connection, mac: MacAddr, port: PortRef) -> store::Result<bool> {
    let seen = sightings::by_mac(conn, mac)?.is_some_and(|seen| seen.port == Some(port));
    let placed = match nodes::by_mac(conn, mac)? {
        Some(node) => node.port.is_some() || nodes::by_port(conn, port)?.is_some(),
        None => false,
    };
    Ok(seen || placed)
}

/// Stores where a machine is: a node gets its port, unless it has one or the port is another node's.
pub(super) fn locate(tx: &Transaction<'_>, mac: MacAddr, port: PortRef) -> store::Result<()> {
    match nodes::by_mac(tx, mac)? {
        Some(node) if node.port.is_none() && nodes::by_port(tx, port)?.is_none() => {
            nodes::set_port(tx, node.id, port)
        }
        Some(_) => Ok(()),
        None => sightings::locate(tx, mac, Some(port)),
    }
}
