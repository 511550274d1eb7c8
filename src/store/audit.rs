//! Queries on the audit log.

use super::convert::{time, word};
use super::error::Result;
use crate::model::audit::{Action, Actor, Entry};
use crate::model::clock::{Timestamp, to_millis};
use rusqlite::{Connection, Transaction};

/// The lines that are kept: some years of a busy rack.
const KEPT: i64 = 200_000;
/// The longest subject that is kept, in characters.
const LONGEST: usize = 500;

/// Writes a line, in the transaction of what it speaks of.
pub fn record(tx: &Transaction<'_>, by: &Actor, action: Action, subject: &str, now: Timestamp) -> Result<()> {
    let address = by.from.map(|from| from.to_canonical().to_string()).unwrap_or_default();
    let subject: String = subject.chars().take(LONGEST).collect();
    let who = by.email.as_deref().unwrap_or_default();
    let mut statement = tx.prepare_cached(
        "INSERT INTO audit (at, who, address, action, subject) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    statement.execute((to_millis(now), who, address, action.as_str(), subject))?;
    tx.execute("DELETE FROM audit WHERE id <= ?1", [tx.last_insert_rowid() - KEPT])?;
    Ok(())
}

/// The newest `count` lines before the line `before`, newest first.
pub fn list(conn: &Connection, before: Option<i64>, count: u32) -> Result<Vec<Entry>> {
    let sql =
        "SELECT id, at, who, address, action, subject FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((before.unwrap_or(i64::MAX), count), |row| {
        Ok(Entry {
            id: row.get("id")?,
            at: time(row, "at")?,
            who: row.get("who")?,
            address: row.get("address")?,
            action: word(row, "action", Action::from_word)?,
            subject: row.get("subject")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
