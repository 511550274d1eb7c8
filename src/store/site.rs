//! Queries on what administrators set on pages: one JSON value for each name.

use super::convert::{json, to_json};
use super::error::Result;
use crate::model::version::{Seen, Stale, Version};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value of that name; its default if it was never set.
pub fn get<T: DeserializeOwned + Default>(conn: &Connection, name: &str) -> Result<T> {
    let sql = "SELECT value FROM site_settings WHERE name = ?1";
    let found = conn.prepare_cached(sql)?.query_row([name], |row| json(row, "value")).optional()?;
    Ok(found.unwrap_or_default())
}

/// Sets the value of that name.
pub fn set<T: Serialize>(tx: &Transaction<'_>, name: &str, value: &T) -> Result<()> {
    tx.execute(
        "INSERT INTO site_settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, to_json(value)?),
    )?;
    Ok(())
}

/// Sets the value of that name, if it still is what the editor saw.
pub fn replace<T: Serialize + DeserializeOwned + Default>(
    tx: &Transaction<'_>,
    name: &str,
    value: &T,
    seen: &Seen,
) -> Result<std::result::Result<(), Stale>> {
    if let Err(stale) = seen.judge(&Version::of(&get::<T>(tx, name)?)) {
        return Ok(Err(stale));
    }
    set(tx, name, value).map(Ok)
}
