//! Queries on first answers: what a request with an Idempotency-Key brought when it came the first time.
//!
//! They are kept for a day, and of each account so many at most.

use super::error::Result;
use crate::model::agent::Once;
use crate::model::clock::{SignedDuration, Timestamp, to_millis};
use crate::model::ids::{ReservationId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// How long a first answer is given again.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Of each account; an answer is as long as its reservation has nodes, some kilobytes.
const KEPT_MOST: u32 = 100;

/// What a request brought when it came the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The digest of what was asked.
    pub request: [u8; 32],
    /// The reservation that was made of it, if one was.
    pub reservation: Option<ReservationId>,
    /// HTTP status and body; none if pimaster ended between the booking and the answer.
    pub answer: Option<(u16, String)>,
}

/// What the account's request with that key brought, if it came within the last day.
pub fn by_key(conn: &Connection, user: UserId, key: &str, now: Timestamp) -> Result<Option<First>> {
    let sql = "SELECT request, reservation_id, status, body FROM first_answers
               WHERE user_id = ?1 AND key = ?2 AND created_at > ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_row((user.0, key, to_millis(now - KEPT_FOR)), first).optional()?;
    Ok(found)
}

/// Keeps what was booked, in the transaction that books: the answer follows.
pub fn keep_booking(
    tx: &Transaction<'_>,
    user: UserId,
    once: &Once,
    reservation: ReservationId,
    now: Timestamp,
) -> Result<()> {
    // A row that is there was refused, or is older than a day.
    tx.execute(
        "INSERT INTO first_answers (user_id, key, request, reservation_id, created_at)
         VALUES (:user, :key, :request, :reservation, :now)
         ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request,
             reservation_id = excluded.reservation_id, status = NULL, body = NULL, created_at = excluded.created_at",
        named_params! {
            ":user": user.0, ":key": once.key, ":request": once.request.as_slice(),
            ":reservation": reservation.0, ":now": to_millis(now),
        },
    )?;
    forget(tx, user, now)
}

/// Keeps an answer, unless there is one: of a booking, or with `None` of a refusal.
pub fn keep_answer(
    tx: &Transaction<'_>,
    user: UserId,
    once: &Once,
    reservation: Option<ReservationId>,
    (status, body): (u16, &str),
    now: Timestamp,
) -> Result<()> {
    forget(tx, user, now)?;
    tx.execute(
        "INSERT INTO first_answers (user_id, key, request, reservation_id, status, body, created_at)
         VALUES (:user, :key, :request, :reservation, :status, :body, :now)
         ON CONFLICT (user_id, key) DO UPDATE SET status = excluded.status, body = excluded.body
             WHERE status IS NULL AND reservation_id IS excluded.reservation_id",
        named_params! {
            ":user": user.0, ":key": once.key, ":request": once.request.as_slice(),
            ":reservation": reservation.map(|id| id.0), ":status": status, ":body": body, ":now": to_millis(now),
        },
    )?;
    forget(tx, user, now)
}

fn forget(tx: &Transaction<'_>, user: UserId, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM first_answers WHERE created_at <= ?1", [to_millis(now - KEPT_FOR)])?;
    tx.execute(
        "DELETE FROM first_answers WHERE user_id = ?1 AND id NOT IN
             (SELECT id FROM first_answers WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2)",
        (user.0, KEPT_MOST),
    )?;
    Ok(())
}

fn first(row: &Row<'_>) -> rusqlite::Result<First> {
    let (status, body): (Option<u16>, Option<String>) = (row.get("status")?, row.get("body")?);
    Ok(First {
        request: row.get("request")?,
        reservation: row.get::<_, Option<i64>>("reservation_id")?.map(ReservationId),
        answer: status.zip(body),
    })
}
