//! Queries on the accounts that people have at other testbeds.

use super::convert::{time, word};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::credential::{Credential, Platform};
use crate::model::ids::UserId;
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

/// Stores an account in place of the one that was there.
pub fn set(
    tx: &Transaction<'_>,
    user: UserId,
    platform: Platform,
    (login, sealed_password): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO credentials (user_id, platform, login, sealed_password, set_at)
         VALUES (:user, :platform, :login, :password, :now)
         ON CONFLICT (user_id, platform) DO UPDATE SET login = excluded.login,
             sealed_password = excluded.sealed_password, set_at = excluded.set_at",
        named_params! {
            ":user": user.0, ":platform": platform.as_str(), ":login": login, ":password": sealed_password,
            ":now": to_millis(now),
        },
    )?;
    Ok(())
}

/// Somebody's accounts, without their passwords.
pub fn list(conn: &Connection, user: UserId) -> Result<Vec<Credential>> {
    let sql = "SELECT platform, login, set_at FROM credentials WHERE user_id = ?1 ORDER BY platform";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([user.0], |row| {
        Ok(Credential {
            platform: word(row, "platform", Platform::from_word)?,
            login: row.get("login")?,
            set_at: time(row, "set_at")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Login and sealed password, for whoever signs in there in somebody's name.
pub fn sealed(conn: &Connection, user: UserId, platform: Platform) -> Result<Option<(String, String)>> {
    let sql = "SELECT login, sealed_password FROM credentials WHERE user_id = ?1 AND platform = ?2";
    let found = conn.query_row(sql, (user.0, platform.as_str()), |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

/// Removes an account; says whether there was one.
pub fn remove(tx: &Transaction<'_>, user: UserId, platform: Platform) -> Result<bool> {
    let sql = "DELETE FROM credentials WHERE user_id = ?1 AND platform = ?2";
    Ok(tx.execute(sql, (user.0, platform.as_str()))? > 0)
}
