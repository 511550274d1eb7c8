//! Queries on environments.
//!
//! A removed environment keeps its row, since the history of deployments speaks of it: `list` and `by_name` no
//! longer find it, `by_id` does.

use super::convert::{json, optional_json, parsed, time, to_integer, to_json, unsigned, word};
use super::error::Result;
use crate::model::chip::Chip;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::environment::{Environment, OsFamily};
use crate::model::ids::{EnvironmentId, ReservationId, UserId};
use crate::model::image::{Digest, Layout};
use crate::model::image_import::Provenance;
use crate::model::sharing::{CatalogueEntry, EnvironmentChange, Sharing, Use};
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
    /// The processors it boots on; none if that is not known.
    pub boots_on: Option<Vec<Chip>>,
}

const COLUMNS: &str = "id, name, description, family, ssh_user, layout, disk_bytes, used_bytes, stored_bytes, \
                       digest, boots_on, imported_at";

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
        boots_on: optional_json(row, "boots_on")?,
        imported_at: time(row, "imported_at")?,
    })
}

/// Creates an environment.
pub fn insert(tx: &Transaction<'_>, new: &NewEnvironment, now: Timestamp) -> Result<EnvironmentId> {
    tx.execute(
        "INSERT INTO environments
         (name, description, family, ssh_user, layout, disk_bytes, used_bytes, stored_bytes, digest, boots_on,
          imported_at)
         VALUES (:name, :description, :family, :ssh_user, :layout, :disk_bytes, :used_bytes, :stored_bytes,
                 :digest, :boots_on, :imported_at)",
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
            ":boots_on": new.boots_on.as_ref().map(to_json).transpose()?,
            ":imported_at": to_millis(now),
        },
    )?;
    Ok(EnvironmentId(tx.last_insert_rowid()))
}

/// Every environment, by name.
pub fn list(conn: &Connection) -> Result<Vec<Environment>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM environments WHERE removed_at IS NULL ORDER BY name"
    ))?;
    let environments = statement.query_map([], environment)?.collect::<rusqlite::Result<_>>()?;
    Ok(environments)
}

/// The environment of that row, also when it was removed.
pub fn by_id(conn: &Connection, id: EnvironmentId) -> Result<Option<Environment>> {
    let sql = format!("SELECT {COLUMNS} FROM environments WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], environment).optional()?)
}

/// The environment of that name.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<Environment>> {
    let sql = format!("SELECT {COLUMNS} FROM environments WHERE name = ?1 AND removed_at IS NULL");
    Ok(conn.query_row(&sql, [name], environment).optional()?)
}

/// Who needs an environment: deployments that are not destroyed, reservations that shall deploy it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// Deployments that are not destroyed.
    pub deployments: u32,
    /// Reservations not ended whose configuration names it.
    pub reservations: u32,
}

/// Who needs that environment now.
pub fn uses(conn: &Connection, id: EnvironmentId) -> Result<Uses> {
    let sql = "SELECT
        (SELECT count(*) FROM deployments WHERE environment_id = :id AND state <> 'destroyed') AS deployments,
        (SELECT count(*) FROM reservations
         WHERE state <> 'ended' AND (configuration ->> '$.environment' = :id OR EXISTS (
             SELECT 1 FROM json_each(configuration, '$.changes') WHERE value ->> '$.environment' = :id
         ))) AS reservations";
    let read = |row: &Row<'_>| {
        Ok(Uses { deployments: row.get("deployments")?, reservations: row.get("reservations")? })
    };
    Ok(conn.query_row(sql, named_params! { ":id": id.0 }, read)?)
}

/// Takes an environment out of every list. Its row stays, so that its number is never given out again.
pub fn remove(tx: &Transaction<'_>, id: EnvironmentId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE environments SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        (id.0, to_millis(now)),
    )?;
    Ok(())
}

/// The rows whose files belong in the data folder.
pub fn stored(conn: &Connection) -> Result<Vec<EnvironmentId>> {
    let mut statement = conn.prepare_cached("SELECT id FROM environments WHERE removed_at IS NULL")?;
    let ids = statement.query_map([], |row| row.get(0).map(EnvironmentId))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Remembers whose an environment is and where it comes from.
pub fn set_provenance(tx: &Transaction<'_>, id: EnvironmentId, from: &Provenance) -> Result<()> {
    tx.execute(
        "UPDATE environments SET owner_id = ?2, sharing = ?3, imported_by = ?4 WHERE id = ?1",
        (id.0, from.owner.map(|owner| owner.0), from.sharing.as_str(), &from.by),
    )?;
    Ok(())
}

/// Changes who may use an environment; `refusal` says why an administrator did not share it.
pub fn set_sharing(tx: &Transaction<'_>, id: EnvironmentId, sharing: Sharing, refusal: &str) -> Result<()> {
    let sql = "UPDATE environments SET sharing = ?2, refusal = ?3 WHERE id = ?1";
    tx.execute(sql, (id.0, sharing.as_str(), refusal))?;
    Ok(())
}

/// Changes what people read of an environment.
pub fn change(tx: &Transaction<'_>, id: EnvironmentId, change: &EnvironmentChange) -> Result<()> {
    let sql = "UPDATE environments SET name = ?2, description = ?3, ssh_user = ?4 WHERE id = ?1";
    tx.execute(sql, (id.0, &change.name, &change.description, &change.ssh_user))?;
    Ok(())
}

/// Every environment with what is known beside its image: those that are offered first, then by name.
pub fn catalogue(conn: &Connection) -> Result<Vec<CatalogueEntry>> {
    let mut found = list(conn)?.into_iter().map(|it| entry(conn, it)).collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|entry| entry.sharing != Sharing::Default);
    Ok(found)
}

/// What is known of an environment beside its image.
pub fn entry(conn: &Connection, environment: Environment) -> Result<CatalogueEntry> {
    let sql = "SELECT owner_id, email, sharing, refusal, imported_by
               FROM environments LEFT JOIN users ON users.id = owner_id WHERE environments.id = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let used_by = used_by(conn, environment.id)?;
    Ok(statement.query_row([environment.id.0], |row| {
        let owner: Option<i64> = row.get("owner_id")?;
        let email: Option<String> = row.get("email")?;
        Ok(CatalogueEntry {
            environment,
            owner: owner.map(UserId).zip(email),
            sharing: word(row, "sharing", Sharing::from_word)?,
            refusal: row.get("refusal")?,
            imported_by: row.get("imported_by")?,
            used_by,
        })
    })?)
}

/// The reservations that need an environment now, by number.
pub fn used_by(conn: &Connection, id: EnvironmentId) -> Result<Vec<Use>> {
    let sql = "SELECT reservations.id, reservations.name, email FROM reservations
               JOIN users ON users.id = owner_id
               WHERE (state <> 'ended' AND (configuration ->> '$.environment' = :id OR EXISTS (
                          SELECT 1 FROM json_each(configuration, '$.changes') WHERE value ->> '$.environment' = :id)))
                  OR reservations.id IN (SELECT reservation_id FROM deployments
                                         WHERE environment_id = :id AND state <> 'destroyed')
               ORDER BY reservations.id";
    let mut statement = conn.prepare_cached(sql)?;
    let uses = statement.query_map(named_params! { ":id": id.0 }, |row| {
        let reservation = ReservationId(row.get("id")?);
        Ok(Use { reservation, name: row.get("name")?, owner: row.get("email")? })
    })?;
    Ok(uses.collect::<rusqlite::Result<_>>()?)
}
