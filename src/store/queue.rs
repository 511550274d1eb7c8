//! Queries on the queue of wishes that wait for nodes.

use super::convert::{optional_parsed, time, unsigned};
use super::error::{Error, Result};
use crate::model::clock::{SignedDuration, to_millis};
use crate::model::ids::{QueueId, ReservationId, UserId};
use crate::model::queue::{QueueState, Queued};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// What no longer waits is kept so long.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

const COLUMNS: &str =
    "q.id, q.user_id, q.name, q.count, q.model, q.hours, q.state, q.reservation_id, q.created_at";

/// Adds a wish at the end; its `id` and `state` do not count.
pub fn insert(tx: &Transaction<'_>, wish: &Queued) -> Result<QueueId> {
    tx.execute(
        "INSERT INTO queue (user_id, name, count, model, hours, state, created_at)
         VALUES (:user, :name, :count, :model, :hours, 'waiting', :since)",
        named_params! {
            ":user": wish.owner.0, ":name": wish.name, ":count": wish.count,
            ":model": wish.model.map(|model| model.as_str()), ":hours": wish.hours, ":since": to_millis(wish.since),
        },
    )?;
    let id = QueueId(tx.last_insert_rowid());
    let sql = "DELETE FROM queue WHERE state <> 'waiting' AND created_at < ?1";
    tx.execute(sql, [to_millis(wish.since - KEPT_FOR)])?;
    Ok(id)
}

/// Those that wait, the head first; not those of people who may not sign in at present.
pub fn waiting(conn: &Connection) -> Result<Vec<Queued>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM queue q JOIN users u ON u.id = q.user_id
         WHERE q.state = 'waiting' AND u.role <> 'pending' ORDER BY q.id"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok(queued(row)))?;
    rows.map(|row| row?).collect()
}

/// The wish of that row.
pub fn by_id(conn: &Connection, id: QueueId) -> Result<Option<Queued>> {
    let sql = format!("SELECT {COLUMNS} FROM queue q WHERE q.id = ?1");
    conn.query_row(&sql, [id.0], |row| Ok(queued(row))).optional()?.transpose()
}

/// Notes what became of a wish.
pub fn set_state(tx: &Transaction<'_>, id: QueueId, state: QueueState) -> Result<()> {
    let reservation = match state {
        QueueState::Served(reservation) => Some(reservation.0),
        QueueState::Waiting | QueueState::Left => None,
    };
    tx.execute(
        "UPDATE queue SET state = ?2, reservation_id = ?3 WHERE id = ?1",
        (id.0, state.as_str(), reservation),
    )?;
    Ok(())
}

fn queued(row: &Row<'_>) -> Result<Queued> {
    let (word, reservation): (String, Option<i64>) = (row.get("state")?, row.get("reservation_id")?);
    let state = match (word.as_str(), reservation) {
        ("waiting", None) => QueueState::Waiting,
        ("served", Some(id)) => QueueState::Served(ReservationId(id)),
        ("left", None) => QueueState::Left,
        _ => return Err(Error::Content { seen: word, expected: "a state of the queue" }),
    };
    Ok(Queued {
        id: QueueId(row.get("id")?),
        owner: UserId(row.get("user_id")?),
        name: row.get("name")?,
        count: unsigned(row, "count")?,
        model: optional_parsed(row, "model")?,
        hours: unsigned(row, "hours")?,
        since: time(row, "created_at")?,
        state,
    })
}
