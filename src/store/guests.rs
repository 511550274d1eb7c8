//! Queries on guests: nodes that `pimaster doctor` enrols for one simulated boot and removes again.
//!
//! DHCP and TFTP find them like any node; `nodes::list`, `nodes::by_name` and `nodes::installing` do not.

use super::error::Result;
use super::nodes::{self, NewNode};
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::NodeId;
use crate::model::node::BootTarget;
use rusqlite::{Connection, Transaction};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// Enrols a guest that boots the installer.
pub fn insert(tx: &Transaction<'_>, new: &NewNode, now: Timestamp) -> Result<NodeId> {
    let id = nodes::insert(tx, new, now)?;
    tx.execute("UPDATE nodes SET purpose = 'doctor' WHERE id = ?1", [id.0])?;
    nodes::set_boot_target(tx, id, BootTarget::Installer)?;
    Ok(id)
}

/// Removes a guest with all that it left.
pub fn remove(tx: &Transaction<'_>, id: NodeId) -> Result<()> {
    tx.execute("DELETE FROM nodes WHERE id = ?1 AND purpose = 'doctor'", [id.0])?;
    Ok(())
}

/// Removes the guests of earlier than `before`, which killed doctors left; gives their number.
pub fn remove_left(tx: &Transaction<'_>, before: Timestamp) -> Result<usize> {
    let sql = "DELETE FROM nodes WHERE purpose = 'doctor' AND created_at < ?1";
    Ok(tx.execute(sql, [to_millis(before)])?)
}

/// Every address that a node, a lease or a device has.
pub fn taken_addresses(conn: &Connection) -> Result<HashSet<Ipv4Addr>> {
    let mut statement = conn.prepare(
        "SELECT address FROM nodes UNION SELECT address FROM leases UNION SELECT address FROM devices",
    )?;
    let texts =
        statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::boot_event::BootEvent;
    use crate::model::clock::from_millis;
    use crate::model::net::MacAddr;
    use crate::store::leases::{self, Lease, LeaseState};
    use crate::store::{Store, boot_events};

    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn guest() -> NewNode {
        NewNode {
            name: "doctor-1".parse().unwrap(),
            mac: MAC,
            address: [10, 20, 0, 99].into(),
            model: BoardModel::Pi4b,
            serial: None,
            port: None,
        }
    }

    #[tokio::test]
    async fn a_guest_is_answered_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let id = store.write(|tx| insert(tx, &guest(), from_millis(1))).await.unwrap();
        let seen = |conn: &Connection| {
            let found = nodes::by_mac(conn, MAC)?;
            let shown = (nodes::list(conn)?, nodes::by_name(conn, "doctor-1")?, nodes::installing(conn)?);
            Ok((found.map(|node| node.boot_target), shown, taken_addresses(conn)?))
        };
        let (target, shown, taken) = store.read(seen).await.unwrap();
        assert_eq!(target, Some(BootTarget::Installer));
        assert_eq!(shown, (vec![], None, vec![]));
        assert_eq!(taken, HashSet::from([guest().address]));
        store
            .write(move |tx| {
                let (since, expires_at) = (from_millis(1), from_millis(2));
                let (address, state) = (guest().address, LeaseState::Bound);
                leases::upsert(tx, &Lease { mac: MAC, address, node: id, state, since, expires_at })?;
                let event = BootEvent::Console { line: "Linux".into() };
                boot_events::add(tx, &[boot_events::NewEvent { node: id, at: since, event }])?;
                remove(tx, id)
            })
            .await
            .unwrap();
        let (target, _, taken) = store.read(seen).await.unwrap();
        assert_eq!((target, taken), (None, HashSet::new()));
    }

    #[tokio::test]
    async fn only_old_guests_are_left_over_and_a_board_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let board = NewNode { name: "pi-1".parse().unwrap(), mac: MacAddr([2; 6]), ..guest() };
        let left = store
            .write(move |tx| {
                insert(tx, &guest(), from_millis(50))?;
                let early = remove_left(tx, from_millis(50))?;
                let later = remove_left(tx, from_millis(51))?;
                let board = nodes::insert(tx, &board, from_millis(0))?;
                remove(tx, board)?;
                Ok((early, later, remove_left(tx, from_millis(99))?, nodes::list(tx)?.len()))
            })
            .await
            .unwrap();
        assert_eq!(left, (0, 1, 0, 1));
    }
}
