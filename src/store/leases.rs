//! Queries on leases: which address which hardware address holds, and until when.
//!
//! Called by `dhcp`, and by pages that show a node's lease. Invariant, held by the table: an address belongs to
//! one hardware address at a time, and a hardware address holds one address.

use super::convert::{parsed, time, word};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use std::net::Ipv4Addr;

/// How a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaseState {
    /// Offered; counts as a lease, because boot ROMs of the Pi 3 never send a REQUEST.
    Offered,
    /// Acknowledged.
    Bound,
    /// Given back.
    Released,
    /// The client found the address taken by somebody else; not given out until the lease expires.
    Declined,
}

impl LeaseState {
    const ALL: [Self; 4] = [Self::Offered, Self::Bound, Self::Released, Self::Declined];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Bound => "bound",
            Self::Released => "released",
            Self::Declined => "declined",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// An address in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub mac: MacAddr,
    /// The address.
    pub address: Ipv4Addr,
    /// The node it was given to.
    pub node: NodeId,
    /// How it stands.
    pub state: LeaseState,
    /// Since when it stands so.
    pub since: Timestamp,
    /// When it, or the quarantine of a declined address, ends.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Whether the address may be in use at `now`.
    pub fn is_held(&self, now: Timestamp) -> bool {
        match self.state {
            LeaseState::Offered | LeaseState::Bound => self.expires_at > now,
            LeaseState::Released | LeaseState::Declined => false,
        }
    }

    /// Whether the address is set aside at `now` because somebody else was found on it.
    pub fn is_quarantined(&self, now: Timestamp) -> bool {
        self.state == LeaseState::Declined && self.expires_at > now
    }
}

const COLUMNS: &str = "mac, address, node_id, state, since, expires_at";

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease {
        mac: parsed(row, "mac")?,
        address: parsed(row, "address")?,
        node: NodeId(row.get("node_id")?),
        state: word(row, "state", LeaseState::from_word)?,
        since: time(row, "since")?,
        expires_at: time(row, "expires_at")?,
    })
}

/// Writes a lease; one that another hardware address had on the same address is taken away.
pub fn upsert(tx: &Transaction<'_>, lease: &Lease) -> Result<()> {
    let (mac, address) = (lease.mac.to_string(), lease.address.to_string());
    let mut dismiss = tx.prepare_cached("DELETE FROM leases WHERE address = :address AND mac <> :mac")?;
    dismiss.execute(named_params! { ":address": address, ":mac": mac })?;
    let mut write = tx.prepare_cached(
        "INSERT INTO leases (mac, address, node_id, state, since, expires_at)
         VALUES (:mac, :address, :node, :state, :since, :expires_at)
         ON CONFLICT (mac) DO UPDATE SET address = excluded.address, node_id = excluded.node_id,
             state = excluded.state, expires_at = excluded.expires_at,
             since = iif(state = excluded.state AND address = excluded.address, since, excluded.since)",
    )?;
    write.execute(named_params! {
        ":mac": mac, ":address": address, ":node": lease.node.0, ":state": lease.state.as_str(),
        ":since": to_millis(lease.since), ":expires_at": to_millis(lease.expires_at),
    })?;
    Ok(())
}

/// The lease of that hardware address.
pub fn by_mac(conn: &Connection, mac: MacAddr) -> Result<Option<Lease>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM leases WHERE mac = ?1"))?;
    Ok(statement.query_row([mac.to_string()], lease).optional()?)
}

/// The lease on that address.
pub fn by_address(conn: &Connection, address: Ipv4Addr) -> Result<Option<Lease>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM leases WHERE address = ?1"))?;
    Ok(statement.query_row([address.to_string()], lease).optional()?)
}

/// Takes a node's leases away: another board stands in its place.
pub fn forget_node(tx: &Transaction<'_>, node: NodeId) -> Result<()> {
    tx.execute("DELETE FROM leases WHERE node_id = ?1", [node.0])?;
    Ok(())
}

/// Every lease, the newest change first.
pub fn list(conn: &Connection) -> Result<Vec<Lease>> {
    let sql = format!("SELECT {COLUMNS} FROM leases ORDER BY since DESC, mac");
    let mut statement = conn.prepare_cached(&sql)?;
    let leases = statement.query_map([], lease)?.collect::<rusqlite::Result<_>>()?;
    Ok(leases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::{Store, nodes};

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);

    fn mac(last: u8) -> MacAddr {
        MacAddr([0xdc, 0xa6, 0x32, 0, 0, last])
    }

    async fn store_with_node(folder: &tempfile::TempDir) -> (Store, NodeId) {
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let new = nodes::NewNode {
            name: "pi-07".parse().unwrap(),
            mac: mac(1),
            address: ADDRESS,
            model: crate::model::board::BoardModel::Pi4b,
            serial: None,
            port: None,
        };
        let node = store.write(move |tx| nodes::insert(tx, &new, from_millis(0))).await.unwrap();
        (store, node)
    }

    fn lease(node: NodeId, mac: MacAddr, state: LeaseState, at: i64) -> Lease {
        let (since, expires_at) = (from_millis(at), from_millis(at + 1000));
        Lease { mac, address: ADDRESS, node, state, since, expires_at }
    }

    #[tokio::test]
    async fn an_address_changes_hands_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (store, node) = store_with_node(&folder).await;
        let (first, second) =
            (lease(node, mac(1), LeaseState::Bound, 1), lease(node, mac(2), LeaseState::Offered, 2));
        let expected = second.clone();
        store.write(move |tx| upsert(tx, &first)).await.unwrap();
        store.write(move |tx| upsert(tx, &second)).await.unwrap();
        assert_eq!(store.read(list).await.unwrap(), std::slice::from_ref(&expected));
        assert_eq!(store.read(|conn| by_mac(conn, mac(1))).await.unwrap(), None);
        assert_eq!(store.read(|conn| by_address(conn, ADDRESS)).await.unwrap(), Some(expected));
    }

    #[tokio::test]
    async fn a_renewal_keeps_the_time_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let (store, node) = store_with_node(&folder).await;
        for at in [1, 500] {
            let lease = lease(node, mac(1), LeaseState::Bound, at);
            store.write(move |tx| upsert(tx, &lease)).await.unwrap();
        }
        let kept = store.read(|conn| by_mac(conn, mac(1))).await.unwrap().unwrap();
        assert_eq!((kept.since, kept.expires_at), (from_millis(1), from_millis(1500)));
    }

    #[test]
    fn leases_end_by_themselves() {
        let check = |state, at, held, quarantined| {
            let lease = lease(NodeId(1), mac(1), state, 0);
            let now = from_millis(at);
            assert_eq!(
                (lease.is_held(now), lease.is_quarantined(now)),
                (held, quarantined),
                "{state:?} {at}"
            );
        };
        check(LeaseState::Offered, 999, true, false);
        check(LeaseState::Bound, 999, true, false);
        check(LeaseState::Bound, 1000, false, false);
        check(LeaseState::Released, 1, false, false);
        check(LeaseState::Declined, 999, false, true);
        check(LeaseState::Declined, 1000, false, false);
    }
}
