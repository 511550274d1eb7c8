//! Queries on devices: machines with a fixed address that are no nodes.
//!
//! Written by `commands` and the agent, read by `dhcp`, `dns` and `tftp`. Triggers hold that no node has a device's name,
//! hardware address or address.

use super::convert::{optional_json, parsed, to_json};
use super::error::Result;
use crate::model::clock::{self, Timestamp, to_millis};
use crate::model::device::{BadDevice, Device, NewDevice};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use std::net::Ipv4Addr;

const COLUMNS: &str = "name, mac, address, boot, seen_at";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let seen_at: Option<i64> = row.get("seen_at")?;
    Ok(Device {
        name: parsed(row, "name")?,
        mac: parsed(row, "mac")?,
        address: parsed(row, "address")?,
        boot: optional_json(row, "boot")?,
        seen_at: seen_at.map(clock::from_millis),
    })
}

/// Adds a device; the refusal names who has its name or one of its addresses.
pub fn insert(
    tx: &Transaction<'_>,
    new: &NewDevice,
    now: Timestamp,
) -> Result<std::result::Result<(), BadDevice>> {
    if let Some(taken) = taken(tx, new)? {
        return Ok(Err(taken));
    }
    insert_free(tx, new, now)?;
    Ok(Ok(()))
}

/// Adds a device whose name and addresses are known to be nobody's.
pub fn insert_free(tx: &Transaction<'_>, new: &NewDevice, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO devices (name, mac, address, boot, created_at)
         VALUES (:name, :mac, :address, :boot, :created_at)",
        named_params! {
            ":name": new.name.as_str(),
            ":mac": new.mac.to_string(),
            ":address": new.address.to_string(),
            ":boot": new.boot.as_ref().map(to_json).transpose()?,
            ":created_at": to_millis(now),
        },
    )?;
    Ok(())
}

/// Who has the new device's name, hardware address or address.
fn taken(conn: &Connection, new: &NewDevice) -> Result<Option<BadDevice>> {
    let (name, mac, address) = (new.name.as_str(), new.mac.to_string(), new.address.to_string());
    let sql = "SELECT name, mac, address FROM nodes WHERE name = ?1 OR mac = ?2 OR address = ?3
               UNION ALL SELECT name, mac, address FROM devices WHERE name = ?1 OR mac = ?2 OR address = ?3
               UNION ALL SELECT 'the lease of ' || mac, mac, address FROM leases
                   WHERE address = ?3 AND mac <> ?2 AND state IN ('offered', 'bound')
               LIMIT 1";
    let found = conn.query_row(sql, (name, &mac, &address), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    });
    let Some((holder, its_mac, its_address)) = found.optional()? else { return Ok(None) };
    let what = if holder == name {
        format!("the name {name}")
    } else if its_address == address {
        format!("the address {address}")
    } else {
        format!("the hardware address {its_mac}")
    };
    Ok(Some(BadDevice::Taken { holder, what }))
}

/// Removes the device of that name; says whether there was one.
pub fn delete(tx: &Transaction<'_>, name: &NodeName) -> Result<bool> {
    Ok(tx.execute("DELETE FROM devices WHERE name = ?1", [name.as_str()])? > 0)
}

/// Every device, by name.
pub fn list(conn: &Connection) -> Result<Vec<Device>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM devices ORDER BY name"))?;
    let devices = statement.query_map([], device)?.collect::<rusqlite::Result<_>>()?;
    Ok(devices)
}

/// The device with that hardware address.
pub fn by_mac(conn: &Connection, mac: MacAddr) -> Result<Option<Device>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM devices WHERE mac = ?1"))?;
    Ok(statement.query_row([mac.to_string()], device).optional()?)
}

/// The device of that name.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<Device>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM devices WHERE name = ?1"))?;
    Ok(statement.query_row([name], device).optional()?)
}

/// The device with that address.
pub fn by_address(conn: &Connection, address: Ipv4Addr) -> Result<Option<Device>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM devices WHERE address = ?1"))?;
    Ok(statement.query_row([address.to_string()], device).optional()?)
}

/// Remembers that the device asked for its address.
pub fn set_seen(tx: &Transaction<'_>, mac: MacAddr, now: Timestamp) -> Result<()> {
    let mut write = tx.prepare_cached("UPDATE devices SET seen_at = ?2 WHERE mac = ?1")?;
    write.execute((mac.to_string(), to_millis(now)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::clock::from_millis;
    use crate::model::device::DeviceBoot;
    use crate::store::{Error, Store, nodes};

    fn new(name: &str, last: u8) -> NewDevice {
        let mac = MacAddr([0, 0x1b, 0x21, 0, 0, last]);
        let boot = Some(DeviceBoot { file: Some("ipxe.efi".to_owned()), ..DeviceBoot::default() });
        NewDevice { name: name.parse().unwrap(), mac, address: [10, 20, 0, last].into(), boot }
    }

    fn node(name: &str, last: u8) -> nodes::NewNode {
        let NewDevice { name, mac, address, .. } = new(name, last);
        nodes::NewNode { name, mac, address, model: BoardModel::Pi4b, serial: None, port: None }
    }

    #[tokio::test]
    async fn names_and_addresses_belong_to_one_machine() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        store.write(|tx| nodes::insert(tx, &node("pi-07", 7), from_millis(0))).await.unwrap();
        let add = async |device: NewDevice| {
            store.write(move |tx| insert(tx, &device, from_millis(1))).await.unwrap()
        };
        assert_eq!(add(new("switch", 2)).await, Ok(()));
        let taken = |device| add(device);
        for (device, field) in [
            (new("pi-07", 9), "name"),
            (new("printer", 7), "address"),
            (NewDevice { address: [10, 20, 0, 9].into(), ..new("printer", 7) }, "mac"),
            (new("switch", 9), "name"),
            (new("printer", 2), "address"),
        ] {
            assert_eq!(taken(device).await.unwrap_err().field(), field);
        }
        for (name, last) in [("switch", 9), ("pi-08", 2)] {
            let refused: Error = store
                .write(move |tx| nodes::insert(tx, &node(name, last), from_millis(0)))
                .await
                .unwrap_err();
            assert!(refused.is_constraint(), "{refused:?}");
        }
        store.write(|tx| set_seen(tx, new("switch", 2).mac, from_millis(5))).await.unwrap();
        let known = store.read(|conn| by_address(conn, [10, 20, 0, 2].into())).await.unwrap().unwrap();
        assert_eq!((known.boot, known.seen_at), (new("switch", 2).boot, Some(from_millis(5))));
        assert!(store.write(|tx| delete(tx, &"switch".parse().unwrap())).await.unwrap());
        assert_eq!(store.read(list).await.unwrap(), []);
    }
}
