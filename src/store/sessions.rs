//! Queries on sessions of the pages. A session is known by the digest of its id: the id itself is only in the
//! person's cookie.

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

/// Begins a session.
pub fn insert(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    user: UserId,
    csrf: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?1", [to_millis(now)])?;
    tx.execute(
        "INSERT INTO sessions (hash, user_id, csrf, created_at, expires_at)
         VALUES (:hash, :user, :csrf, :now, :expires)",
        named_params! {
            ":hash": hash.as_slice(), ":user": user.0, ":csrf": csrf, ":now": to_millis(now),
            ":expires": to_millis(expires),
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
