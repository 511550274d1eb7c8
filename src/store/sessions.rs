//! Queries on sessions of the pages. A session is known by the digest of its id: the id itself is only in the
//! person's cookie.

use super::convert::time;
use super::error::Result;
use super::users;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::UserId;
use crate::model::user::User;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

/// A session that has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub user: User,
    /// The token that every form of this session carries.
    pub csrf: String,
}

/// A session as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Names it: the beginning of its digest in hex.
    pub name: String,
    /// Whether it is the one that asks.
    pub is_own: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// From which address it was begun; empty if that is not known.
    pub address: String,
    /// What its browser calls itself.
    pub browser: String,
}

/// From where a session is begun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The address; empty if it is not known.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

/// Begins a session.
pub fn insert(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    user: UserId,
    csrf: &str,
    origin: &Origin,
    (now, expires): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?1", [to_millis(now)])?;
    tx.execute(
        "INSERT INTO sessions (hash, user_id, csrf, created_at, expires_at, address, browser)
         VALUES (:hash, :user, :csrf, :now, :expires, :address, :browser)",
        named_params! {
            ":hash": hash.as_slice(), ":user": user.0, ":csrf": csrf, ":now": to_millis(now),
            ":expires": to_millis(expires), ":address": origin.address, ":browser": origin.browser,
        },
    )?;
    Ok(())
}

/// The session with that digest, unless it has expired.
pub fn by_hash(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>> {
    let sql = "SELECT user_id, csrf FROM sessions WHERE hash = ?1 AND expires_at > ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement
        .query_row((hash.as_slice(), to_millis(now)), |row| Ok((UserId(row.get(0)?), row.get(1)?)))
        .optional()?;
    let Some((user, csrf)) = found else { return Ok(None) };
    Ok(users::by_id(conn, user)?.map(|user| Session { user, csrf }))
}

/// An account's sessions that have not expired, newest first. `own` is the digest of the one that asks.
pub fn list(conn: &Connection, user: UserId, own: &[u8; 32], now: Timestamp) -> Result<Vec<Listed>> {
    let sql = "SELECT lower(substr(hex(hash), 1, 16)) AS name, hash = ?2 AS is_own, created_at, expires_at, address, browser
               FROM sessions WHERE user_id = ?1 AND expires_at > ?3 ORDER BY created_at DESC";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((user.0, own.as_slice(), to_millis(now)), |row| {
        Ok(Listed {
            name: row.get("name")?,
            is_own: row.get("is_own")?,
            created_at: time(row, "created_at")?,
            expires_at: time(row, "expires_at")?,
            address: row.get("address")?,
            browser: row.get("browser")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends the session of that name, if it is the account's; says whether there was one.
pub fn delete_named(tx: &Transaction<'_>, user: UserId, name: &str) -> Result<bool> {
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND lower(substr(hex(hash), 1, 16)) = ?2";
    Ok(tx.execute(sql, (user.0, name))? > 0)
}

/// Ends one session.
pub fn delete(tx: &Transaction<'_>, hash: &[u8; 32]) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE hash = ?1", [hash.as_slice()])?;
    Ok(())
}

/// Ends all sessions of an account but one: after a change of password.
pub fn delete_others(tx: &Transaction<'_>, user: UserId, kept: Option<&[u8; 32]>) -> Result<()> {
    tx.execute(
        "DELETE FROM sessions WHERE user_id = ?1 AND hash IS NOT ?2",
        (user.0, kept.map(|hash| hash.as_slice())),
    )?;
    Ok(())
}
