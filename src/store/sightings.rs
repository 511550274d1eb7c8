//! Queries on sightings: machines that asked for an address and are not nodes.
//!
//! Written by `dhcp`, read by the pages and verbs that add nodes. Bounded: whoever floods the network with
//! invented hardware addresses pushes out the oldest sightings and fills no disk.

use super::convert::{json, parsed, time, to_json};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::SwitchId;
use crate::model::net::MacAddr;
use crate::model::observation::Observation;
use crate::model::rack::PortRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// Sightings kept; a rack has a few hundred boards.
const KEPT: u32 = 1000;
/// Sightings above that before the oldest go: to find them means to sort all.
const SLACK: u32 = 100;

/// A machine that asked for an address and is not a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Its hardware address.
    pub mac: MacAddr,
    /// When it first asked.
    pub first_at: Timestamp,
    /// When it last asked.
    pub last_at: Timestamp,
    /// How often it asked.
    pub requests: u64,
    /// What it told the last time.
    pub observation: Observation,
    /// The switch port it was found at.
    pub port: Option<PortRef>,
}

const COLUMNS: &str = "mac, first_at, last_at, requests, observation, switch_id, port";

fn sighting(row: &Row<'_>) -> rusqlite::Result<Sighting> {
    let (switch, port): (Option<i64>, Option<u16>) = (row.get("switch_id")?, row.get("port")?);
    Ok(Sighting {
        mac: parsed(row, "mac")?,
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
        requests: super::convert::unsigned(row, "requests")?,
        observation: json(row, "observation")?,
        port: switch.zip(port).map(|(switch, port)| PortRef { switch: SwitchId(switch), port }),
    })
}

/// Counts a request. A packet that tells less leaves what an earlier one told: after the firmware, which tells what
/// the board is, the same board's system asks, which does not.
pub fn record(tx: &Transaction<'_>, mac: MacAddr, seen: &Observation, now: Timestamp) -> Result<()> {
    let mut write = tx.prepare_cached(
        "INSERT INTO sightings (mac, first_at, last_at, requests, observation)
         VALUES (:mac, :now, :now, 1, :observation)
         ON CONFLICT (mac) DO UPDATE SET last_at = excluded.last_at, requests = requests + 1,
             observation = iif(:identified, excluded.observation, observation)",
    )?;
    let identified = by_mac(tx, mac)?.is_none_or(|it| seen.weight() >= it.observation.weight());
    write.execute(named_params! {
        ":mac": mac.to_string(), ":now": to_millis(now), ":observation": to_json(seen)?,
        ":identified": identified,
    })?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM sightings WHERE (SELECT count(*) FROM sightings) > :most AND mac IN
         (SELECT mac FROM sightings ORDER BY last_at DESC, mac LIMIT -1 OFFSET :kept)",
    )?;
    prune.execute(named_params! { ":kept": KEPT, ":most": KEPT + SLACK })?;
    Ok(())
}

/// The sighting of that hardware address.
pub fn by_mac(conn: &Connection, mac: MacAddr) -> Result<Option<Sighting>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM sightings WHERE mac = ?1"))?;
    Ok(statement.query_row([mac.to_string()], sighting).optional()?)
}

/// Every sighting, the latest first.
pub fn list(conn: &Connection) -> Result<Vec<Sighting>> {
    let sql = format!("SELECT {COLUMNS} FROM sightings ORDER BY last_at DESC, mac");
    let mut statement = conn.prepare_cached(&sql)?;
    let sightings = statement.query_map([], sighting)?.collect::<rusqlite::Result<_>>()?;
    Ok(sightings)
}

/// Remembers the port where a machine was found, or that it is nowhere to be found.
pub fn locate(tx: &Transaction<'_>, mac: MacAddr, port: Option<PortRef>) -> Result<()> {
    tx.execute(
        "UPDATE sightings SET switch_id = :switch, port = :port WHERE mac = :mac",
        named_params! {
            ":mac": mac.to_string(), ":switch": port.map(|port| port.switch.0), ":port": port.map(|port| port.port),
        },
    )?;
    Ok(())
}

/// Forgets a machine: it has become a node, or a person wants the list short.
pub fn forget(tx: &Transaction<'_>, mac: MacAddr) -> Result<()> {
    tx.execute("DELETE FROM sightings WHERE mac = ?1", [mac.to_string()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardSerial;
    use crate::model::clock::from_millis;
    use crate::model::observation::Asker;
    use crate::store::Store;

    fn seen(serial: Option<u32>) -> Observation {
        Observation {
            asker: Asker::Firmware,
            vendor_class: None,
            architecture: None,
            machine_id: None,
            host_name: None,
            serial: serial.map(BoardSerial),
            revision: None,
            rom_3b: false,
            relay: None,
            is_board: serial.is_some(),
        }
    }

    #[tokio::test]
    async fn what_the_firmware_told_survives_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let mac = MacAddr([2, 0, 0, 0, 0, 1]);
        for (at, serial) in [(1, None), (2, Some(0xe5ef_6e9d)), (3, None)] {
            store.write(move |tx| record(tx, mac, &seen(serial), from_millis(at))).await.unwrap();
        }
        let all = store.read(list).await.unwrap();
        let [one] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((one.first_at, one.last_at, one.requests), (from_millis(1), from_millis(3), 3));
        assert_eq!(one.observation.serial, Some(BoardSerial(0xe5ef_6e9d)));
        store.write(move |tx| forget(tx, mac)).await.unwrap();
        assert_eq!(store.read(move |conn| by_mac(conn, mac)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_flood_pushes_out_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let flood = |tx: &Transaction<'_>| -> Result<()> {
            for number in 0..=KEPT + SLACK {
                let [a, b, c, d] = number.to_be_bytes();
                record(tx, MacAddr([2, 0, a, b, c, d]), &seen(None), from_millis(i64::from(number)))?;
            }
            Ok(())
        };
        store.write(flood).await.unwrap();
        let all = store.read(list).await.unwrap();
        assert_eq!(all.len(), usize::try_from(KEPT).unwrap());
        assert_eq!(all.last().unwrap().last_at, from_millis(i64::from(SLACK) + 1));
    }
}
