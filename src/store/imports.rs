//! Queries on images that are being made environments.

use super::convert::{optional_word, time, to_integer, unsigned, word};
use super::error::{Error, Result};
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::{EnvironmentId, ImportId, UserId};
use crate::model::image_import::{INTERRUPTED, Import, ImportState, ImportWish, Source};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// The imports that are kept for people to look back.
const KEPT: i64 = 200;
const SELECT: &str =
    "SELECT imports.id, imports.name, description, ssh_user, owner_id, user_id, source, file, state,
    done_bytes, total_bytes, problem, cancel, started_at, ended_at, users.email
    FROM imports JOIN users ON users.id = imports.user_id";

fn import(row: &Row<'_>) -> rusqlite::Result<Import> {
    let owner: Option<i64> = row.get("owner_id")?;
    let file: String = row.get("file")?;
    let source = word(row, "source", |word| match word {
        "upload" => Some(Source::Upload),
        "folder" => Some(Source::Folder(file.clone())),
        _ => None,
    })?;
    let ended: Option<i64> = row.get("ended_at")?;
    Ok(Import {
        id: ImportId(row.get("id")?),
        wish: ImportWish {
            name: row.get("name")?,
            description: row.get("description")?,
            ssh_user: row.get("ssh_user")?,
            is_for_site: owner.is_none(),
            source,
        },
        user: UserId(row.get("user_id")?),
        by: row.get("email")?,
        state: word(row, "state", ImportState::from_word)?,
        done_bytes: unsigned(row, "done_bytes")?,
        total_bytes: unsigned(row, "total_bytes")?,
        problem: row.get("problem")?,
        is_cancelled: row.get("cancel")?,
        started_at: time(row, "started_at")?,
        ended_at: ended.map(from_millis),
    })
}

/// Begins an import: it waits for its file, or for its turn.
pub fn insert(tx: &Transaction<'_>, wish: &ImportWish, user: UserId, now: Timestamp) -> Result<ImportId> {
    let (file, state) = match &wish.source {
        Source::Upload => ("", ImportState::Receiving),
        Source::Folder(file) => (file.as_str(), ImportState::Waiting),
    };
    tx.execute(
        "INSERT INTO imports (name, description, ssh_user, owner_id, user_id, source, file, state, started_at)
         VALUES (:name, :description, :ssh_user, :owner, :user, :source, :file, :state, :now)",
        named_params! {
            ":name": wish.name, ":description": wish.description, ":ssh_user": wish.ssh_user,
            ":owner": (!wish.is_for_site).then_some(user.0), ":user": user.0, ":source": wish.source.as_str(),
            ":file": file, ":state": state.as_str(), ":now": to_millis(now),
        },
    )?;
    let id = tx.last_insert_rowid();
    tx.execute("DELETE FROM imports WHERE id <= ?1 AND ended_at IS NOT NULL", [id - KEPT])?;
    Ok(ImportId(id))
}

/// The import of that row.
pub fn by_id(conn: &Connection, id: ImportId) -> Result<Option<Import>> {
    let sql = format!("{SELECT} WHERE imports.id = ?1");
    Ok(conn.query_row(&sql, [id.0], import).optional()?)
}

/// The latest imports, those that are not over first; of one account if it is given.
pub fn list(conn: &Connection, user: Option<UserId>, count: u32) -> Result<Vec<Import>> {
    let sql = format!(
        "{SELECT} WHERE :user IS NULL OR user_id = :user
         ORDER BY ended_at IS NOT NULL, imports.id DESC LIMIT :count"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let named = named_params! { ":user": user.map(|user| user.0), ":count": count };
    let found = statement.query_map(named, import)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The import of an account that is not over.
pub fn open_of(conn: &Connection, user: UserId) -> Result<Option<Import>> {
    let sql = format!("{SELECT} WHERE user_id = ?1 AND ended_at IS NULL ORDER BY imports.id LIMIT 1");
    Ok(conn.query_row(&sql, [user.0], import).optional()?)
}

/// The import whose turn it is.
pub fn next(conn: &Connection) -> Result<Option<Import>> {
    let sql = format!("{SELECT} WHERE state = 'waiting' ORDER BY imports.id LIMIT 1");
    Ok(conn.query_row(&sql, [], import).optional()?)
}

/// How far an import is, if it is not over.
pub fn progress(
    tx: &Transaction<'_>,
    id: ImportId,
    state: ImportState,
    done_bytes: u64,
    total_bytes: u64,
) -> Result<()> {
    tx.execute(
        "UPDATE imports SET state = :state, done_bytes = :done, total_bytes = :total
         WHERE id = :id AND ended_at IS NULL",
        named_params! {
            ":id": id.0, ":state": state.as_str(), ":done": to_integer(done_bytes), ":total": to_integer(total_bytes),
        },
    )?;
    Ok(())
}

/// Takes up the sending of a file; says whether the import waited for it.
pub fn receive(tx: &Transaction<'_>, id: ImportId, file: &str, total_bytes: u64) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE imports SET file = ?2, total_bytes = ?3
         WHERE id = ?1 AND state = 'receiving' AND file = '' AND cancel = 0",
        (id.0, file, to_integer(total_bytes)),
    )?;
    Ok(changed == 1)
}

/// Ends an import that is not over.
pub fn finish(
    tx: &Transaction<'_>,
    id: ImportId,
    state: ImportState,
    problem: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE imports SET state = ?2, problem = ?3, ended_at = ?4 WHERE id = ?1 AND ended_at IS NULL",
        (id.0, state.as_str(), problem, to_millis(now)),
    )?;
    Ok(())
}

/// Ends an import well, in the transaction that makes its environment.
pub fn done(tx: &Transaction<'_>, id: ImportId, made: EnvironmentId, now: Timestamp) -> Result<()> {
    finish(tx, id, ImportState::Done, "", now)?;
    tx.execute("UPDATE imports SET environment_id = ?2 WHERE id = ?1", (id.0, made.0))?;
    Ok(())
}

/// Asks an import to stop: at once if nobody works on it.
pub fn cancel(tx: &Transaction<'_>, id: ImportId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE imports SET cancel = 1 WHERE id = ?1 AND ended_at IS NULL", [id.0])?;
    let sql = "SELECT state FROM imports WHERE id = ?1 AND (state = 'waiting' OR (state = 'receiving' AND file = ''))";
    let idle =
        tx.query_row(sql, [id.0], |row| optional_word(row, "state", ImportState::from_word)).optional()?;
    if idle.is_some() { finish(tx, id, ImportState::Cancelled, "", now) } else { Ok(()) }
}

/// Whether somebody asked an import to stop.
pub fn is_cancelled(conn: &Connection, id: ImportId) -> Result<bool> {
    let sql = "SELECT cancel FROM imports WHERE id = ?1";
    Ok(conn.query_row(sql, [id.0], |row| row.get(0)).optional()?.unwrap_or(true))
}

/// Ends what ran when pimaster ended; what waits goes on. Gives how many.
pub fn interrupted(tx: &Transaction<'_>, now: Timestamp) -> Result<usize> {
    let ended = tx.execute(
        "UPDATE imports SET state = 'failed', problem = ?1, ended_at = ?2
         WHERE ended_at IS NULL AND state <> 'waiting'",
        (INTERRUPTED, to_millis(now)),
    );
    ended.map_err(Error::from)
}
