//! A look at a database file without changing it: no migration, no new file. *IO: the file, read-only.*
//!
//! Called by `doctor`, which must not bring a database to a schema that the running pimaster does not know.

use super::error::{Error, Result};
use super::migrate;
use crate::model::clock::{Timestamp, from_millis};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What a database file is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The number of its schema; 0 for an empty file.
    pub schema: u32,
    /// The newest schema that this program knows.
    pub known: u32,
    /// What SQLite's own check says; none if the file is sound.
    pub damage: Option<String>,
    /// When something was written last, as far as rows have times.
    pub newest: Option<Timestamp>,
}

/// Looks at the file; none if there is none.
pub fn look(path: &Path) -> Result<Option<Look>> {
    // A file in a folder that is closed to this user is there, and cannot be opened.
    if fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    conn.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    let schema: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    let damage = (verdict != "ok").then_some(verdict);
    let newest = if schema == 0 { None } else { newest(&conn)? };
    Ok(Some(Look { schema, known: migrate::known(), damage, newest }))
}

/// These columns are in every schema.
fn newest(conn: &Connection) -> Result<Option<Timestamp>> {
    let sql = "SELECT max(newest) FROM (
        SELECT max(at) AS newest FROM boot_events UNION ALL SELECT max(at) FROM step_events
        UNION ALL SELECT max(since) FROM leases UNION ALL SELECT max(created_at) FROM nodes
        UNION ALL SELECT max(created_at) FROM users UNION ALL SELECT max(imported_at) FROM environments)";
    let millis: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
    Ok(millis.map(from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, users};

    #[tokio::test]
    async fn a_look_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert_eq!(look(&path).unwrap(), None);
        assert!(!path.exists());
        let store = Store::open(&path).unwrap();
        let known = migrate::known();
        let fresh = Look { schema: known, known, damage: None, newest: None };
        assert_eq!(look(&path).unwrap(), Some(fresh.clone()));
        let role = crate::model::user::Role::Admin;
        store.write(move |tx| users::insert(tx, "a@b", role, from_millis(5))).await.unwrap();
        assert_eq!(look(&path).unwrap(), Some(Look { newest: Some(from_millis(5)), ..fresh }));
    }

    #[test]
    fn an_older_file_stays_old_and_rubbish_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(include_str!("migrations/0001_first.sql")).unwrap();
        conn.pragma_update(None, "user_version", 1).unwrap();
        assert_eq!(look(&path).unwrap().map(|look| look.schema), Some(1));
        assert_eq!(look(&path).unwrap().map(|look| look.schema), Some(1));
        std::fs::write(&path, "this is no database, however long one looks at it").unwrap();
        assert!(look(&path).is_err());
    }
}
