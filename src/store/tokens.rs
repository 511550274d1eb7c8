//! Queries on API tokens. A token is known by its digest.

use super::convert::time;
use super::error::Result;
use super::users;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::{TokenId, UserId};
use crate::model::user::User;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// An API token as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its row.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Makes a token.
pub fn insert(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    user: UserId,
    name: &str,
    now: Timestamp,
    expires: Option<Timestamp>,
) -> Result<TokenId> {
    tx.execute(
        "INSERT INTO tokens (hash, user_id, name, created_at, expires_at)
         VALUES (:hash, :user, :name, :now, :expires)",
        named_params! {
            ":hash": hash.as_slice(), ":user": user.0, ":name": name, ":now": to_millis(now),
            ":expires": expires.map(to_millis),
        },
    )?;
    Ok(TokenId(tx.last_insert_rowid()))
}

/// Whose token has that digest, unless it has expired.
pub fn owner(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<User>> {
    let sql = "SELECT user_id FROM tokens WHERE hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let mut statement = conn.prepare_cached(sql)?;
    let user =
        statement.query_row((hash.as_slice(), to_millis(now)), |row| row.get(0).map(UserId)).optional()?;
    user.map_or(Ok(None), |user| users::by_id(conn, user))
}

/// An account's tokens, newest first.
pub fn list(conn: &Connection, user: UserId) -> Result<Vec<Token>> {
    let sql = "SELECT id, name, created_at, expires_at FROM tokens WHERE user_id = ?1 ORDER BY id DESC";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_map([user.0], token)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The token with that digest, expired or not.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Token>> {
    let sql = "SELECT id, name, created_at, expires_at FROM tokens WHERE hash = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([hash.as_slice()], token).optional()?)
}

/// Revokes a token of that account; says whether there was one.
pub fn delete(tx: &Transaction<'_>, user: UserId, id: TokenId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tokens WHERE user_id = ?1 AND id = ?2", (user.0, id.0))? > 0)
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let expires: Option<i64> = row.get("expires_at")?;
    Ok(Token {
        id: TokenId(row.get("id")?),
        name: row.get("name")?,
        created_at: time(row, "created_at")?,
        expires_at: expires.map(from_millis),
    })
}
