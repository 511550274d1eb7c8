//! Queries on the quarantine of nodes.

use super::convert::time;
use super::error::Result;
use crate::model::clock::to_millis;
use crate::model::ids::NodeId;
use crate::model::quarantine::Quarantine;
use rusqlite::{Connection, Transaction};
use std::collections::HashMap;

/// The nodes in quarantine, and why.
pub fn list(conn: &Connection) -> Result<HashMap<NodeId, Quarantine>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, quarantine, quarantined_at FROM nodes
         WHERE quarantine IS NOT NULL AND quarantined_at IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| {
        let kept = Quarantine { reason: row.get("quarantine")?, since: time(row, "quarantined_at")? };
        Ok((NodeId(row.get("id")?), kept))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Puts a node in quarantine; one that is there already has another reason since the same time.
pub fn begin(tx: &Transaction<'_>, node: NodeId, quarantine: &Quarantine) -> Result<()> {
    tx.execute(
        "UPDATE nodes SET quarantine = ?2, quarantined_at = coalesce(quarantined_at, ?3) WHERE id = ?1",
        (node.0, &quarantine.reason, to_millis(quarantine.since)),
    )?;
    Ok(())
}

/// Takes a node out of quarantine. Says whether it was there.
pub fn end(tx: &Transaction<'_>, node: NodeId) -> Result<bool> {
    let sql = "UPDATE nodes SET quarantine = NULL, quarantined_at = NULL
               WHERE id = ?1 AND quarantine IS NOT NULL";
    Ok(tx.execute(sql, [node.0])? > 0)
}
