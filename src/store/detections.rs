//! Queries on detections and their logs, bounded both.

use super::convert::{json, time, to_json, word};
use super::error::Result;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::detection::{DetectedPort, Detection, DetectionEvent, DetectionState, Step};
use crate::model::ids::{DetectionId, SwitchId};
use crate::model::rack::PortRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// Detections kept.
const KEPT: u32 = 50;
/// Lines kept of each log: a detection of 512 ports has about four a port.
const KEPT_LINES: u32 = 3000;

const COLUMNS: &str = "id, switch_id, state, step, step_since, ports, cancel, started_at, ended_at";

fn detection(row: &Row<'_>) -> rusqlite::Result<Detection> {
    let ended_at: Option<i64> = row.get("ended_at")?;
    Ok(Detection {
        id: DetectionId(row.get("id")?),
        switch: SwitchId(row.get("switch_id")?),
        state: word(row, "state", DetectionState::from_word)?,
        step: json(row, "step")?,
        step_since: time(row, "step_since")?,
        ports: json(row, "ports")?,
        cancel: row.get("cancel")?,
        started_at: time(row, "started_at")?,
        ended_at: ended_at.map(from_millis),
    })
}

/// Creates a running detection; the oldest ended ones go.
pub fn insert(
    tx: &Transaction<'_>,
    switch: SwitchId,
    ports: &[DetectedPort],
    now: Timestamp,
) -> Result<DetectionId> {
    tx.execute(
        "INSERT INTO detections (switch_id, state, step, step_since, ports, started_at)
         VALUES (:switch, 'running', :step, :now, :ports, :now)",
        named_params! {
            ":switch": switch.0, ":step": to_json(&Step::Tables)?, ":ports": to_json(&ports)?, ":now": to_millis(now),
        },
    )?;
    let id = DetectionId(tx.last_insert_rowid());
    tx.execute(
        "DELETE FROM detections WHERE state <> 'running' AND id NOT IN
         (SELECT id FROM detections ORDER BY id DESC LIMIT ?1)",
        [KEPT],
    )?;
    Ok(id)
}

/// Every running detection.
pub fn running(conn: &Connection) -> Result<Vec<Detection>> {
    many(conn, "WHERE state = 'running' ORDER BY id")
}

/// The latest detections, the newest first.
pub fn list(conn: &Connection) -> Result<Vec<Detection>> {
    many(conn, "ORDER BY id DESC LIMIT 50")
}

fn many(conn: &Connection, end: &str) -> Result<Vec<Detection>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM detections {end}"))?;
    let found = statement.query_map([], detection)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The detection of that row.
pub fn by_id(conn: &Connection, id: DetectionId) -> Result<Option<Detection>> {
    let sql = format!("SELECT {COLUMNS} FROM detections WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], detection).optional()?)
}

/// The ports that running detections may switch.
pub fn claimed(conn: &Connection) -> Result<Vec<PortRef>> {
    let ports = running(conn)?.into_iter().flat_map(|detection| {
        let switch = detection.switch;
        detection.ports.into_iter().map(move |it| PortRef { switch, port: it.port })
    });
    Ok(ports.collect())
}

/// Stores where a detection stands; a wish to stop it, which others write, stays.
pub fn save(tx: &Transaction<'_>, row: &Detection) -> Result<()> {
    tx.execute(
        "UPDATE detections SET state = :state, step = :step, step_since = :since, ports = :ports, ended_at = :ended
         WHERE id = :id",
        named_params! {
            ":id": row.id.0, ":state": row.state.as_str(), ":step": to_json(&row.step)?,
            ":since": to_millis(row.step_since), ":ports": to_json(&row.ports)?,
            ":ended": row.ended_at.map(to_millis),
        },
    )?;
    Ok(())
}

/// Asks a detection to stop.
pub fn cancel(tx: &Transaction<'_>, id: DetectionId) -> Result<()> {
    tx.execute("UPDATE detections SET cancel = 1 WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Adds a line to a log.
pub fn note(tx: &Transaction<'_>, id: DetectionId, now: Timestamp, text: &str) -> Result<()> {
    let insert = "INSERT INTO detection_events (detection_id, at, text) VALUES (?1, ?2, ?3)";
    tx.execute(insert, (id.0, to_millis(now), text))?;
    tx.execute(
        "DELETE FROM detection_events WHERE detection_id = ?1 AND id NOT IN
         (SELECT id FROM detection_events WHERE detection_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (id.0, KEPT_LINES),
    )?;
    Ok(())
}

/// A log, oldest first.
pub fn events(conn: &Connection, id: DetectionId) -> Result<Vec<DetectionEvent>> {
    let sql = "SELECT at, text FROM detection_events WHERE detection_id = ?1 ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    let line = |row: &Row<'_>| Ok(DetectionEvent { at: time(row, "at")?, text: row.get("text")? });
    let lines = statement.query_map([id.0], line)?.collect::<rusqlite::Result<_>>()?;
    Ok(lines)
}
