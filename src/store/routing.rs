//! Queries on what the kernel forwarded before pimaster set up routing: one row at most.

use super::convert::parsed;
use super::error::Result;
use crate::model::routing::{Before, Forwarding};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

fn row(row: &Row<'_>) -> rusqlite::Result<Before> {
    Ok(Before {
        boot: row.get("boot")?,
        nodes: parsed(row, "nodes")?,
        uplink: parsed(row, "uplink")?,
        forwarding: Forwarding {
            nodes: row.get("nodes_forward")?,
            uplink: row.get("uplink_forward")?,
            machine: row.get("machine_forwards")?,
        },
    })
}

/// What was before, if routing is set up, or was when pimaster was killed.
pub fn before(conn: &Connection) -> Result<Option<Before>> {
    let mut statement = conn.prepare_cached(
        "SELECT boot, nodes, uplink, nodes_forward, uplink_forward, machine_forwards FROM routing_before",
    )?;
    Ok(statement.query_row([], row).optional()?)
}

/// Remembers it; fails if something is remembered already.
pub fn remember(tx: &Transaction<'_>, before: &Before) -> Result<()> {
    let Before { boot, nodes, uplink, forwarding } = before;
    tx.execute(
        "INSERT INTO routing_before
             (id, boot, nodes, uplink, nodes_forward, uplink_forward, machine_forwards)
         VALUES (1, :boot, :nodes, :uplink, :nodes_forward, :uplink_forward, :machine_forwards)",
        named_params! {
            ":boot": boot, ":nodes": nodes.as_str(), ":uplink": uplink.as_str(),
            ":nodes_forward": forwarding.nodes, ":uplink_forward": forwarding.uplink,
            ":machine_forwards": forwarding.machine,
        },
    )?;
    Ok(())
}

/// Forgets it: routing is undone.
pub fn forget(tx: &Transaction<'_>) -> Result<()> {
    tx.execute("DELETE FROM routing_before", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn one_row_is_kept_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let kept = Before {
            boot: "b".to_owned(),
            nodes: "eth0".parse().unwrap(),
            uplink: "wlan0".parse().unwrap(),
            forwarding: Forwarding { nodes: false, uplink: true, machine: false },
        };
        assert_eq!(store.read(before).await.unwrap(), None);
        for is_first in [true, false] {
            let row = kept.clone();
            assert_eq!(store.write(move |tx| remember(tx, &row)).await.is_ok(), is_first);
        }
        assert_eq!(store.read(before).await.unwrap(), Some(kept));
        store.write(forget).await.unwrap();
        assert_eq!(store.read(before).await.unwrap(), None);
    }
}
