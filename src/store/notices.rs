//! Queries on what people want to be told of their reservations, and on what they were told.

use super::convert::{json, time, to_json, word};
use super::error::Result;
use super::site;
use crate::model::booking::BookingRules;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::{ReservationId, UserId};
use crate::model::notification::{Ending, NoticeKind, Notifications};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// A reservation of which its owner is to be told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The reservation.
    pub reservation: ReservationId,
    /// The name of the bin.
    pub name: String,
    /// When it ends.
    pub end: Timestamp,
    /// The owner's e-mail address.
    pub email: String,
    /// What the owner wants.
    pub wants: Notifications,
}

/// What a person wants to be told.
pub fn wants(conn: &Connection, user: UserId) -> Result<Notifications> {
    let sql = "SELECT notifications FROM users WHERE id = ?1";
    let found = conn.prepare_cached(sql)?.query_row([user.0], |row| json(row, "notifications")).optional()?;
    Ok(found.unwrap_or_default())
}

/// Sets what a person wants to be told.
pub fn set_wants(tx: &Transaction<'_>, user: UserId, wants: &Notifications) -> Result<()> {
    tx.execute("UPDATE users SET notifications = ?2 WHERE id = ?1", (user.0, to_json(wants)?))?;
    Ok(())
}

/// A person's reservations of which their pages tell: those that have begun and end soon, as they want to be told, and
/// those that the queue brought and nobody has configured.
pub fn ending(conn: &Connection, user: UserId, now: Timestamp) -> Result<Vec<Ending>> {
    let sql = "SELECT id, name, end_at, state = 'held' AND EXISTS
                   (SELECT 1 FROM notices n WHERE n.reservation_id = r.id AND n.kind = 'turn') AS is_turn
               FROM reservations r WHERE owner_id = ?1 AND end_at > ?2 AND start_at <= ?2
                   AND state IN ('held', 'configured', 'active') ORDER BY end_at, id";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((user.0, to_millis(now)), |row| {
        let end = time(row, "end_at")?;
        let (id, is_turn) = (ReservationId(row.get("id")?), row.get("is_turn")?);
        Ok(Ending { id, name: row.get("name")?, end, is_turn })
    })?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    if !found.is_empty() {
        let (wants, minutes) = (wants(conn, user)?, site_minutes(conn)?);
        found.retain(|ending| ending.is_turn || wants.told_at(ending.end, minutes) <= now);
    }
    Ok(found)
}

/// Reservations whose end is near and was not told, and when the next one's is.
pub fn before_end(conn: &Connection, now: Timestamp) -> Result<(Vec<Due>, Option<Timestamp>)> {
    let sql = "SELECT r.id, r.name, r.start_at, r.end_at, u.email, u.notifications
               FROM reservations r JOIN users u ON u.id = r.owner_id
               WHERE r.state IN ('held', 'configured', 'active') AND r.end_at > :now AND NOT EXISTS
                   (SELECT 1 FROM notices n WHERE n.reservation_id = r.id AND n.kind = 'before_end' AND n.of_at = r.end_at)
               ORDER BY r.end_at";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement
        .query_map(named_params! { ":now": to_millis(now) }, |row| Ok((due(row)?, time(row, "start_at")?)))?;
    let (minutes, mut found, mut next) = (site_minutes(conn)?, Vec::new(), None::<Timestamp>);
    for row in rows {
        let (due, start) = row?;
        // Who wants to know days before is not told of what has not begun.
        let at = due.wants.told_at(due.end, minutes).max(start);
        if at <= now {
            found.push(due);
        } else {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    Ok((found, next))
}

/// Reservations none of whose deployments goes on by itself, whose owners were not told so.
pub fn outcomes(conn: &Connection) -> Result<Vec<Due>> {
    // The second word about the state names the index of what is not over.
    let sql = "SELECT r.id, r.name, r.end_at, u.email, u.notifications
               FROM reservations r JOIN users u ON u.id = r.owner_id
               WHERE r.state = 'active' AND r.state <> 'ended'
                   AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.reservation_id = r.id AND n.kind = 'outcome')
                   AND EXISTS (SELECT 1 FROM deployments d WHERE d.reservation_id = r.id AND d.state <> 'destroyed')
                   AND NOT EXISTS (SELECT 1 FROM deployments d WHERE d.reservation_id = r.id
                       AND d.state NOT IN ('deployed', 'lost', 'failed', 'destroyed'))
               ORDER BY r.id";
    Ok(conn.prepare_cached(sql)?.query_map([], due)?.collect::<rusqlite::Result<_>>()?)
}

/// The nodes of a reservation, each with whether it is deployed, by name.
pub fn deployed(conn: &Connection, reservation: ReservationId) -> Result<Vec<(String, bool)>> {
    let sql = "SELECT n.name, d.state = 'deployed' AS is_deployed FROM deployments d JOIN nodes n ON n.id = d.node_id
               WHERE d.reservation_id = ?1 AND d.state <> 'destroyed' ORDER BY n.name";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([reservation.0], |row| Ok((row.get("name")?, row.get("is_deployed")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes that somebody is told; `of` is the end that it speaks of, none for what is told once. Says whether nobody
/// had noted it before: then the mail is to be written in the same transaction.
pub fn note(
    tx: &Transaction<'_>,
    reservation: ReservationId,
    kind: NoticeKind,
    of: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let sql = "INSERT INTO notices (reservation_id, kind, of_at, told_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET told_at = excluded.told_at WHERE told_at = 0";
    let of = of.map_or(0, to_millis);
    Ok(tx.execute(sql, (reservation.0, kind.as_str(), of, to_millis(now)))? > 0)
}

/// Asks that somebody be told: the row waits for who writes the mail.
pub fn ask(tx: &Transaction<'_>, reservation: ReservationId, kind: NoticeKind) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO notices (reservation_id, kind, of_at, told_at) VALUES (?1, ?2, 0, 0)";
    tx.execute(sql, (reservation.0, kind.as_str()))?;
    Ok(())
}

/// Those of whom that was asked, not told yet.
pub fn asked(conn: &Connection) -> Result<Vec<(Due, NoticeKind)>> {
    let sql = "SELECT r.id, r.name, r.end_at, u.email, u.notifications, n.kind
               FROM notices n JOIN reservations r ON r.id = n.reservation_id JOIN users u ON u.id = r.owner_id
               WHERE n.told_at = 0 AND u.removed_at IS NULL ORDER BY r.id";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((due(row)?, word(row, "kind", NoticeKind::from_word)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes which mail it is.
pub fn set_mail(
    tx: &Transaction<'_>,
    reservation: ReservationId,
    kind: NoticeKind,
    of: Option<Timestamp>,
    mail: i64,
) -> Result<()> {
    let sql = "UPDATE notices SET outbox_id = ?4 WHERE reservation_id = ?1 AND kind = ?2 AND of_at = ?3";
    tx.execute(sql, (reservation.0, kind.as_str(), of.map_or(0, to_millis), mail))?;
    Ok(())
}

/// Mails of an end that still wait and are no longer true: the reservation was extended or given back, or is over.
pub fn stale(conn: &Connection, now: Timestamp) -> Result<Vec<i64>> {
    let sql = "SELECT o.id FROM outbox o JOIN notices n ON n.outbox_id = o.id AND n.kind = 'before_end'
               JOIN reservations r ON r.id = n.reservation_id
               WHERE o.state = 'waiting'
                   AND (r.end_at <> n.of_at OR r.end_at <= ?1 OR r.state IN ('ending', 'ended'))";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([to_millis(now)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn site_minutes(conn: &Connection) -> Result<u32> {
    Ok(site::get::<BookingRules>(conn, BookingRules::NAME)?.notice_minutes)
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        reservation: ReservationId(row.get("id")?),
        name: row.get("name")?,
        end: time(row, "end_at")?,
        email: row.get("email")?,
        wants: json(row, "notifications")?,
    })
}
