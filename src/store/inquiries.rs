//! Queries on questions to switches.

use super::convert::{optional_json, time, to_json};
use super::error::Result;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::{InquiryId, SwitchId};
use crate::model::switch::{Inquiry, SwitchAnswer, SwitchSettings};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// The questions that are kept: the last answer of each of 100 switches, and what people tried.
const KEPT: i64 = 500;
const COLUMNS: &str = "id, switch_id, draft, asked_at, answered_at, answer";

fn inquiry(row: &Row<'_>) -> rusqlite::Result<Inquiry> {
    let switch: Option<i64> = row.get("switch_id")?;
    let answered: Option<i64> = row.get("answered_at")?;
    let answer: Option<SwitchAnswer> = optional_json(row, "answer")?;
    Ok(Inquiry {
        id: InquiryId(row.get("id")?),
        switch: switch.map(SwitchId),
        draft: optional_json(row, "draft")?,
        asked_at: time(row, "asked_at")?,
        answer: answer.zip(answered.map(from_millis)),
    })
}

/// Asks a switch: the enrolled one, or the settings that are tried in its place or for a new one.
pub fn ask(
    tx: &Transaction<'_>,
    switch: Option<SwitchId>,
    draft: Option<&SwitchSettings>,
    now: Timestamp,
) -> Result<InquiryId> {
    tx.execute(
        "INSERT INTO inquiries (switch_id, draft, asked_at) VALUES (?1, ?2, ?3)",
        (switch.map(|it| it.0), draft.map(to_json).transpose()?, to_millis(now)),
    )?;
    let id = tx.last_insert_rowid();
    tx.execute("DELETE FROM inquiries WHERE id <= ?1 AND answered_at IS NOT NULL", [id - KEPT])?;
    Ok(InquiryId(id))
}

/// Remembers what the switch said.
pub fn answer(tx: &Transaction<'_>, id: InquiryId, answer: &SwitchAnswer, now: Timestamp) -> Result<()> {
    let sql = "UPDATE inquiries SET answer = ?2, answered_at = ?3 WHERE id = ?1";
    tx.execute(sql, (id.0, to_json(answer)?, to_millis(now)))?;
    Ok(())
}

/// What was asked and is not answered, the oldest first.
pub fn open(conn: &Connection) -> Result<Vec<Inquiry>> {
    let sql = format!("SELECT {COLUMNS} FROM inquiries WHERE answered_at IS NULL ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map([], inquiry)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The question of that row.
pub fn by_id(conn: &Connection, id: InquiryId) -> Result<Option<Inquiry>> {
    let sql = format!("SELECT {COLUMNS} FROM inquiries WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], inquiry).optional()?)
}

/// The last time that an enrolled switch was asked to read its ports again.
pub fn latest(conn: &Connection, switch: SwitchId) -> Result<Option<Inquiry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inquiries WHERE switch_id = ?1 AND draft IS NULL ORDER BY id DESC LIMIT 1"
    );
    Ok(conn.query_row(&sql, [switch.0], inquiry).optional()?)
}
