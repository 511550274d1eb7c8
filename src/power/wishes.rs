//! Carries out what administrators ask of ports: the row is there, the switch is asked, the row is cleared.
//!
//! *IO: the store, the switches.* A task of the daemon. A wish whose port is being switched when pimaster ends is still
//! there when it starts again. A switch that fails costs its ports the wish, with the reason; it delays no other.

use super::Power;
use crate::model::power::PowerState;
use crate::model::rack::PortRef;
use crate::store::{self, Store, switches};
use std::collections::HashSet;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Carries wishes out.
#[derive(Debug)]
pub struct Wishes {
    store: Store,
    power: Power,
}

impl Wishes {
    /// The wishes in `store`, carried out by `power`.
    pub fn new(store: Store, power: Power) -> Self {
        Self { store, power }
    }

    /// Carries out what is there and what comes, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), store::Error> {
        let mut changes = self.store.changes();
        // One for each port at most: no more than the rack has.
        let (mut under_way, mut ports) = (JoinSet::new(), HashSet::new());
        loop {
            for (port, wanted) in self.store.read(switches::asked).await? {
                if ports.insert(port) {
                    under_way.spawn(carry_out(self.store.clone(), self.power.clone(), port, wanted));
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                Some(ended) = under_way.join_next() => {
                    let Ok((port, outcome)) = ended else { return Err(store::Error::Closed) };
                    ports.remove(&port);
                    outcome?;
                }
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
        }
    }
}

async fn carry_out(
    store: Store,
    power: Power,
    port: PortRef,
    wanted: PowerState,
) -> (PortRef, Result<(), store::Error>) {
    let problem = power.set(port, wanted).await.err().map(|error| error.to_string());
    if let Some(why) = &problem {
        tracing::warn!(switch = port.switch.0, port = port.port, why, "a port was not switched as asked");
    }
    let outcome = store.write(move |tx| switches::answered(tx, port, wanted, problem.as_deref())).await;
    (port, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::port_map::PowerView;
    use crate::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PowerDriver};
    use crate::power::Config;
    use std::time::Duration;

    #[tokio::test]
    async fn wishes_are_carried_out_and_a_deaf_switch_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let deaf = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let driver = PowerDriver::Snmp {
            address: deaf.local_addr().unwrap(),
            community: "c".into(),
            base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
            index_offset: 0,
        };
        let (hands, deaf) = store
            .write(move |tx| {
                let hands = switches::upsert(tx, "hands", &PowerDriver::None, 2, None)?;
                let deaf = switches::upsert(tx, "deaf", &driver, 2, None)?;
                switches::ask(tx, PortRef { switch: hands, port: 1 }, PowerState::On)?;
                switches::ask(tx, PortRef { switch: deaf, port: 2 }, PowerState::Off)?;
                Ok((hands, deaf))
            })
            .await
            .unwrap();
        let config = Config { min_off: Duration::ZERO, timeout: Duration::from_millis(20) };
        let (mut changes, stop) = (store.changes(), CancellationToken::new());
        let wishes = Wishes::new(store.clone(), Power::new(config, store.clone()));
        let task = tokio::spawn(wishes.run(stop.clone()));
        while !store.read(switches::asked).await.unwrap().is_empty() {
            changes.changed().await.unwrap();
        }
        let at = |switch, port| {
            store.read(move |conn| Ok(switches::powers(conn, switch)?.remove(&port).unwrap_or_default()))
        };
        let done: PowerView = at(hands, 1).await.unwrap();
        assert_eq!(done.seen.map(|(seen, _)| seen), Some(PowerState::On));
        assert_eq!((done.wanted, done.problem), (Some(PowerState::On), None));
        let failed: PowerView = at(deaf, 2).await.unwrap();
        assert_eq!((failed.wanted, failed.seen), (Some(PowerState::Off), None));
        let problem = failed.problem.unwrap();
        assert!(problem.contains("switch deaf") && problem.contains("no answer for port 2"), "{problem}");
        stop.cancel();
        task.await.unwrap().unwrap();
    }
}
