//! Queries on accounts.

use super::convert::{json, time, to_json, word};
use super::error::Result;
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::UserId;
use crate::model::ssh_key::PublicKey;
use crate::model::user::{Account, Role, User};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get("id")?),
        email: row.get("email")?,
        role: word(row, "role", Role::from_word)?,
        password_hash: row.get("password_hash")?,
        ssh_keys: json(row, "ssh_keys")?,
    })
}

/// Creates an account without a password.
pub fn insert(tx: &Transaction<'_>, email: &str, role: Role, now: Timestamp) -> Result<UserId> {
    tx.execute(
        "INSERT INTO users (email, role, created_at) VALUES (?1, ?2, ?3)",
        (email, role.as_str(), to_millis(now)),
    )?;
    Ok(UserId(tx.last_insert_rowid()))
}

/// The account of that row.
pub fn by_id(conn: &Connection, id: UserId) -> Result<Option<User>> {
    let sql = "SELECT id, email, role, password_hash, ssh_keys FROM users WHERE id = ?1";
    Ok(conn.query_row(sql, [id.0], user).optional()?)
}

/// The same, unless it was removed.
pub fn present(conn: &Connection, id: UserId) -> Result<Option<User>> {
    let sql =
        "SELECT id, email, role, password_hash, ssh_keys FROM users WHERE id = ?1 AND removed_at IS NULL";
    Ok(conn.query_row(sql, [id.0], user).optional()?)
}

/// The account of that address (lower case).
pub fn by_email(conn: &Connection, email: &str) -> Result<Option<User>> {
    let sql = "SELECT id, email, role, password_hash, ssh_keys FROM users WHERE email = ?1";
    Ok(conn.query_row(sql, [email], user).optional()?)
}

/// Whether any administrator exists.
pub fn has_admin(conn: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin')";
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

/// An administrator, if none of them has ever set a password: nobody could sign in.
pub fn admin_without_password(conn: &Connection) -> Result<Option<User>> {
    let sql = "SELECT id, email, role, password_hash, ssh_keys FROM users
               WHERE role = 'admin' AND NOT EXISTS
                   (SELECT 1 FROM users WHERE role = 'admin' AND password_hash IS NOT NULL)
               ORDER BY id LIMIT 1";
    Ok(conn.query_row(sql, [], user).optional()?)
}

/// Sets an account's password, given as its argon2id hash in PHC form.
pub fn set_password(tx: &Transaction<'_>, id: UserId, hash: &str) -> Result<()> {
    tx.execute("UPDATE users SET password_hash = ?2 WHERE id = ?1", (id.0, hash))?;
    Ok(())
}

/// Sets the keys that are installed on everything this person deploys from now on.
pub fn set_ssh_keys(tx: &Transaction<'_>, id: UserId, keys: &[PublicKey]) -> Result<()> {
    tx.execute("UPDATE users SET ssh_keys = ?2 WHERE id = ?1", (id.0, to_json(&keys)?))?;
    Ok(())
}

/// Changes what an account may do.
pub fn set_role(tx: &Transaction<'_>, id: UserId, role: Role) -> Result<()> {
    tx.execute("UPDATE users SET role = ?2 WHERE id = ?1", (id.0, role.as_str()))?;
    Ok(())
}

/// Sets what a person is called.
pub fn set_name(tx: &Transaction<'_>, id: UserId, name: &str) -> Result<()> {
    tx.execute("UPDATE users SET name = ?2 WHERE id = ?1", (id.0, name))?;
    Ok(())
}

/// Notes that the e-mail address was shown to be theirs.
pub fn confirm(tx: &Transaction<'_>, id: UserId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE users SET confirmed_at = coalesce(confirmed_at, ?2) WHERE id = ?1";
    tx.execute(sql, (id.0, to_millis(now)))?;
    Ok(())
}

/// Notes a sign-in.
pub fn saw(tx: &Transaction<'_>, id: UserId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE users SET seen_at = ?2 WHERE id = ?1", (id.0, to_millis(now)))?;
    Ok(())
}

/// Whether no other account is an administrator's.
pub fn is_last_admin(conn: &Connection, id: UserId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND role = 'admin')
                  AND NOT EXISTS (SELECT 1 FROM users WHERE id <> ?1 AND role = 'admin')";
    Ok(conn.query_row(sql, [id.0], |row| row.get(0))?)
}

/// Every account: those who wait first, then by address.
pub fn list(conn: &Connection) -> Result<Vec<Account>> {
    let sql = "SELECT id, email, name, role, password_hash IS NOT NULL AS has_password, confirmed_at, created_at, seen_at,
                   (SELECT count(*) FROM reservations WHERE owner_id = users.id AND state <> 'ended') AS reservations
               FROM users WHERE removed_at IS NULL ORDER BY role <> 'pending', email";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([], account)?.collect::<rusqlite::Result<_>>()?)
}

/// Takes everything from an account with which somebody could come in, and its name. The row stays, since the
/// history speaks of it; the address is free for another account.
pub fn remove(tx: &Transaction<'_>, id: UserId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE users SET email = 'removed-' || id, name = '', role = 'pending', password_hash = NULL, ssh_keys = '[]',
             notifications = '{}', feed_hash = NULL, removed_at = ?2 WHERE id = ?1",
        (id.0, to_millis(now)),
    )?;
    for sql in [
        "DELETE FROM sessions WHERE user_id = ?1",
        "DELETE FROM tokens WHERE user_id = ?1",
        "DELETE FROM links WHERE user_id = ?1",
        "DELETE FROM group_members WHERE user_id = ?1",
        "DELETE FROM credentials WHERE user_id = ?1",
        "DELETE FROM templates WHERE user_id = ?1",
        "DELETE FROM queue WHERE user_id = ?1",
    ] {
        tx.execute(sql, [id.0])?;
    }
    Ok(())
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let optional =
        |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(from_millis));
    Ok(Account {
        id: UserId(row.get("id")?),
        email: row.get("email")?,
        name: row.get("name")?,
        role: word(row, "role", Role::from_word)?,
        has_password: row.get("has_password")?,
        confirmed_at: optional("confirmed_at")?,
        created_at: time(row, "created_at")?,
        seen_at: optional("seen_at")?,
        reservations: row.get("reservations")?,
    })
}
