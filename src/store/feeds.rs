//! Queries on people's calendar feeds. The secret of a feed's address is known by its digest.

use super::convert::{time, unsigned, word};
use super::error::Result;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::{ReservationId, UserId};
use crate::model::user::Role;
use rusqlite::{Connection, OptionalExtension, Transaction};

/// The newest so many reservations are in a feed.
const MOST_ENTRIES: u32 = 1000;

/// A reservation in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The reservation.
    pub id: ReservationId,
    /// The name of the bin.
    pub name: String,
    /// From when.
    pub start: Timestamp,
    /// Until when, or when it was over before that.
    pub end: Timestamp,
    /// When it was booked.
    pub created: Timestamp,
    /// When its time changed last.
    pub changed: Timestamp,
    /// How often its time changed.
    pub sequence: u32,
    /// The names of its nodes.
    pub nodes: Vec<String>,
}

/// Sets the digest of the secret of a person's feed; none for no feed.
pub fn set(tx: &Transaction<'_>, user: UserId, hash: Option<&[u8; 32]>) -> Result<()> {
    let hash = hash.map(<[u8; 32]>::as_slice);
    tx.execute("UPDATE users SET feed_hash = ?2 WHERE id = ?1", (user.0, hash))?;
    Ok(())
}

/// Whether a person has a feed.
pub fn exists(conn: &Connection, user: UserId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND feed_hash IS NOT NULL)";
    Ok(conn.prepare_cached(sql)?.query_row([user.0], |row| row.get(0))?)
}

/// Whose feed has that digest; nobody's who may not sign in.
pub fn owner(conn: &Connection, hash: &[u8; 32]) -> Result<Option<UserId>> {
    let sql = "SELECT id, role FROM users WHERE feed_hash = ?1";
    let found = conn.prepare_cached(sql)?.query_row([hash.as_slice()], |row| {
        Ok((UserId(row.get("id")?), word(row, "role", Role::from_word)?))
    });
    Ok(found.optional()?.and_then(|(user, role)| match role {
        Role::User | Role::Admin => Some(user),
        Role::Pending => None,
    }))
}

/// A person's reservations that end after `since`, over or not, newest first.
pub fn entries(conn: &Connection, user: UserId, since: Timestamp) -> Result<Vec<Entry>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, start_at, end_at, ended_at, created_at, changed_at, sequence FROM reservations
         WHERE owner_id = ?1 AND end_at > ?2 ORDER BY start_at DESC, id DESC LIMIT ?3",
    )?;
    let rows = statement.query_map((user.0, to_millis(since), MOST_ENTRIES), |row| {
        let (end, ended): (Timestamp, Option<i64>) = (time(row, "end_at")?, row.get("ended_at")?);
        Ok(Entry {
            id: ReservationId(row.get("id")?),
            name: row.get("name")?,
            start: time(row, "start_at")?,
            end: ended.map_or(end, |ended| end.min(from_millis(ended))),
            created: time(row, "created_at")?,
            changed: time(row, "changed_at")?,
            sequence: unsigned(row, "sequence")?,
            nodes: Vec::new(),
        })
    })?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut names = conn.prepare_cached(
        "SELECT n.name FROM reservation_nodes rn JOIN nodes n ON n.id = rn.node_id
         WHERE rn.reservation_id = ?1 ORDER BY n.name",
    )?;
    for entry in &mut found {
        entry.nodes = names.query_map([entry.id.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}
