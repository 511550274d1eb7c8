//! Queries on API tokens. A token is known by its digest.

use super::convert::{parsed, time};
use super::error::Result;
use super::users;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::{TokenId, UserId};
use crate::model::token::{LastUse, Token, TokenWish};
use crate::model::user::User;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// Makes a token.
pub fn insert(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    user: UserId,
    wish: &TokenWish,
    now: Timestamp,
) -> Result<TokenId> {
    tx.execute(
        "INSERT INTO tokens (hash, user_id, name, scopes, created_at, expires_at)
         VALUES (:hash, :user, :name, :scopes, :now, :expires)",
        named_params! {
            ":hash": hash.as_slice(), ":user": user.0, ":name": wish.name, ":scopes": wish.scopes.to_string(),
            ":now": to_millis(now), ":expires": wish.expires_at(now).map(to_millis),
        },
    )?;
    Ok(TokenId(tx.last_insert_rowid()))
}

/// The token with that digest and its owner, unless it has expired.
pub fn bearer(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<(User, Token)>> {
    let sql =
        "SELECT user_id, id, name, scopes, created_at, expires_at, last_used_at, last_used_from FROM tokens
               WHERE hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement
        .query_row((hash.as_slice(), to_millis(now)), |row| Ok((UserId(row.get("user_id")?), token(row)?)));
    let Some((user, token)) = found.optional()? else { return Ok(None) };
    Ok(users::by_id(conn, user)?.map(|user| (user, token)))
}

/// Notes that a token was used.
pub fn used(tx: &Transaction<'_>, id: TokenId, from: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3 WHERE id = ?1";
    tx.execute(sql, (id.0, to_millis(now), from))?;
    Ok(())
}

/// An account's tokens, newest first.
pub fn list(conn: &Connection, user: UserId) -> Result<Vec<Token>> {
    let sql = "SELECT id, name, scopes, created_at, expires_at, last_used_at, last_used_from FROM tokens
               WHERE user_id = ?1 ORDER BY id DESC";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_map([user.0], token)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// Revokes a token of that account; says whether there was one.
pub fn delete(tx: &Transaction<'_>, user: UserId, id: TokenId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tokens WHERE user_id = ?1 AND id = ?2", (user.0, id.0))? > 0)
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let (expires, used): (Option<i64>, Option<i64>) = (row.get("expires_at")?, row.get("last_used_at")?);
    let from: String = row.get("last_used_from")?;
    Ok(Token {
        id: TokenId(row.get("id")?),
        name: row.get("name")?,
        scopes: parsed(row, "scopes")?,
        created_at: time(row, "created_at")?,
        expires_at: expires.map(from_millis),
        last_use: used.map(|at| LastUse { at: from_millis(at), from }),
    })
}
