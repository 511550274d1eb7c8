//! Queries on blocks: times in which nodes are kept for a group, or for nobody.

use super::convert::{json, time, to_json};
use super::error::Result;
use crate::model::block::{Block, Scope};
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::{BlockId, GroupId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

const COLUMNS: &str = "id, start_at, end_at, reason, scope, group_id";

/// Makes a block.
pub fn insert(
    tx: &Transaction<'_>,
    (start, end): (Timestamp, Timestamp),
    reason: &str,
    scope: &Scope,
    group: Option<GroupId>,
    now: Timestamp,
) -> Result<BlockId> {
    tx.execute(
        "INSERT INTO blocks (start_at, end_at, reason, scope, group_id, created_at)
         VALUES (:start, :end, :reason, :scope, :group, :now)",
        named_params! {
            ":start": to_millis(start), ":end": to_millis(end), ":reason": reason, ":scope": to_json(scope)?,
            ":group": group.map(|group| group.0), ":now": to_millis(now),
        },
    )?;
    Ok(BlockId(tx.last_insert_rowid()))
}

/// Those that lie in a period, by start.
pub fn between(conn: &Connection, start: Timestamp, end: Timestamp) -> Result<Vec<Block>> {
    let sql =
        format!("SELECT {COLUMNS} FROM blocks WHERE end_at > ?1 AND start_at < ?2 ORDER BY start_at, id");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map((to_millis(start), to_millis(end)), block)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those that are not over, by start.
pub fn list(conn: &Connection, now: Timestamp) -> Result<Vec<Block>> {
    between(conn, now, Timestamp::MAX)
}

/// The block of that row.
pub fn by_id(conn: &Connection, id: BlockId) -> Result<Option<Block>> {
    let sql = format!("SELECT {COLUMNS} FROM blocks WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], block).optional()?)
}

/// Ends a block: one that has begun stays in the calendar of the past.
pub fn end(tx: &Transaction<'_>, id: BlockId, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM blocks WHERE id = ?1 AND start_at >= ?2", (id.0, to_millis(now)))?;
    tx.execute("UPDATE blocks SET end_at = ?2 WHERE id = ?1 AND end_at > ?2", (id.0, to_millis(now)))?;
    Ok(())
}

fn block(row: &Row<'_>) -> rusqlite::Result<Block> {
    let group: Option<i64> = row.get("group_id")?;
    Ok(Block {
        id: BlockId(row.get("id")?),
        start: time(row, "start_at")?,
        end: time(row, "end_at")?,
        reason: row.get("reason")?,
        scope: json(row, "scope")?,
        group: group.map(GroupId),
    })
}
