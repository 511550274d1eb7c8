//! Queries on one-time links. A link is known by the digest of its secret.

use super::convert::word;
use super::error::Result;
use super::users;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::UserId;
use crate::model::user::{LinkPurpose, User};
use rusqlite::{Connection, OptionalExtension, Transaction};

/// A link that was not used and has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose it is.
    pub user: User,
    /// What it is for.
    pub purpose: LinkPurpose,
}

/// Makes a link; earlier ones of the same account and purpose no longer work.
pub fn insert(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    user: UserId,
    purpose: LinkPurpose,
    expires: Timestamp,
) -> Result<()> {
    tx.execute("DELETE FROM links WHERE user_id = ?1 AND purpose = ?2", (user.0, purpose.as_str()))?;
    tx.execute(
        "INSERT INTO links (hash, user_id, purpose, expires_at) VALUES (?1, ?2, ?3, ?4)",
        (hash.as_slice(), user.0, purpose.as_str(), to_millis(expires)),
    )?;
    Ok(())
}

/// Ends every link of an account.
pub fn delete_all(tx: &Transaction<'_>, user: UserId) -> Result<()> {
    tx.execute("DELETE FROM links WHERE user_id = ?1", [user.0])?;
    Ok(())
}

/// The link with that digest, if it still works.
pub fn by_hash(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<Link>> {
    let sql = "SELECT user_id, purpose FROM links WHERE hash = ?1 AND expires_at > ?2";
    let found = conn
        .query_row(sql, (hash.as_slice(), to_millis(now)), |row| {
            Ok((UserId(row.get("user_id")?), word(row, "purpose", LinkPurpose::from_word)?))
        })
        .optional()?;
    let Some((user, purpose)) = found else { return Ok(None) };
    Ok(users::by_id(conn, user)?.map(|user| Link { user, purpose }))
}

/// Uses a link up: it works once.
pub fn take(tx: &Transaction<'_>, hash: &[u8; 32], now: Timestamp) -> Result<Option<Link>> {
    let link = by_hash(tx, hash, now)?;
    tx.execute("DELETE FROM links WHERE hash = ?1 OR expires_at <= ?2", (hash.as_slice(), to_millis(now)))?;
    Ok(link)
}
