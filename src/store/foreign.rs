//! Databases of other programs, opened read-only. *IO: the other file.*
//!
//! Called by the command that imports. PiSeduce's agent keeps its rack in SQLite (`database/tables.py`); whether a
//! number is stored as text depends on the version, so each value is handed on as text.

use super::error::{Error, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use std::collections::BTreeMap;
use std::path::Path;

/// A row: each column's value as text, empty if there is none.
pub type TextRow = BTreeMap<String, String>;

/// The tables of a PiSeduce agent that describe its rack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piseduce {
    /// `rasp_node`.
    pub nodes: Vec<TextRow>,
    /// `rasp_switch`.
    pub switches: Vec<TextRow>,
    /// `rasp_environment`.
    pub environments: Vec<TextRow>,
}

/// Reads a PiSeduce agent's database.
pub fn read_piseduce(path: &Path) -> Result<Piseduce> {
    let failed = |source| Error::Foreign { path: path.to_owned(), source };
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let rows = |sql| rows(&conn, sql).map_err(failed);
    Ok(Piseduce {
        nodes: rows("SELECT * FROM rasp_node ORDER BY name")?,
        switches: rows("SELECT * FROM rasp_switch ORDER BY name")?,
        environments: rows("SELECT * FROM rasp_environment ORDER BY name")?,
    })
}

fn rows(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<TextRow>> {
    let mut statement = conn.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = |row: &Row<'_>| {
        let value = |(index, column): (usize, &String)| Ok((column.clone(), text(row.get_ref(index)?)));
        columns.iter().enumerate().map(value).collect()
    };
    statement.query_map([], read)?.collect()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
