//! Queries on environments.

use super::convert::{json, parsed, time, to_integer, to_json, unsigned, word};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::environment::{Environment, OsFamily};
use crate::model::ids::EnvironmentId;
use crate::model::image::{Digest, Layout};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// An environment to be created.
#[derive(Debug, Clone)]
pub struct NewEnvironment {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The system on it.
    pub family: OsFamily,
    /// The account that people sign in with.
    pub ssh_user: String,
    /// Partitions of the image.
    pub layout: Layout,
    /// Size of the uncompressed image, in bytes.
    pub disk_bytes: u64,
    /// Bytes of used blocks.
    pub used_bytes: u64,
    /// Bytes stored and sent.
    pub stored_bytes: u64,
    /// Names the content.
    pub digest: Digest,
}

const COLUMNS: &str = "id, name, description, family, ssh_user, layout, disk_bytes, used_bytes, stored_bytes, \
                       digest, imported_at";

fn environment(row: &Row<'_>) -> rusqlite::Result<Environment> {
    Ok(Environment {
        id: EnvironmentId(row.get("id")?),
        name: row.get("name")?,
        description: row.get("description")?,
        family: word(row, "family", OsFamily::from_word)?,
        ssh_user: row.get("ssh_user")?,
        layout: json(row, "layout")?,
        disk_bytes: unsigned(row, "disk_bytes")?,
        used_bytes: unsigned(row, "used_bytes")?,
        stored_bytes: unsigned(row, "stored_bytes")?,
        digest: parsed(row, "digest")?,
        imported_at: time(row, "imported_at")?,
    })
}

/// Creates an environment.
pub fn insert(tx: &Transaction<'_>, new: &NewEnvironment, now: Timestamp) -> Result<EnvironmentId> {
    tx.execute(
        "INSERT INTO environments
         (name, description, family, ssh_user, layout, disk_bytes, used_bytes, stored_bytes, digest, imported_at)
         VALUES (:name, :description, :family, :ssh_user, :layout, :disk_bytes, :used_bytes, :stored_bytes,
                 :digest, :imported_at)",
        named_params! {
            ":name": new.name,
            ":description": new.description,
            ":family": new.family.as_str(),
            ":ssh_user": new.ssh_user,
            ":layout": to_json(&new.layout)?,
            ":disk_bytes": to_integer(new.disk_bytes),
            ":used_bytes": to_integer(new.used_bytes),
            ":stored_bytes": to_integer(new.stored_bytes),
            ":digest": new.digest.to_string(),
            ":imported_at": to_millis(now),
        },
    )?;
    Ok(EnvironmentId(tx.last_insert_rowid()))
}

/// Every environment, by name.
pub fn list(conn: &Connection) -> Result<Vec<Environment>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM environments ORDER BY name"))?;
    let environments = statement.query_map([], environment)?.collect::<rusqlite::Result<_>>()?;
    Ok(environments)
}

/// The environment of that row.
pub fn by_id(conn: &Connection, id: EnvironmentId) -> Result<Option<Environment>> {
    let sql = format!("SELECT {COLUMNS} FROM environments WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], environment).optional()?)
}

/// The environment of that name.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<Environment>> {
    let sql = format!("SELECT {COLUMNS} FROM environments WHERE name = ?1");
    Ok(conn.query_row(&sql, [name], environment).optional()?)
}

/// Removes an environment that no deployment refers to.
pub fn delete(tx: &Transaction<'_>, id: EnvironmentId) -> Result<()> {
    tx.execute("DELETE FROM environments WHERE id = ?1", [id.0])?;
    Ok(())
}
