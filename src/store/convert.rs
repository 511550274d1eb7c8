//! Between columns and the vocabulary. *Pure.*

use super::error::{Error, Result};
use crate::model::clock::{self, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Row, types::Type};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// A column of text that parses with `FromStr`.
pub(super) fn parsed<T: FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|cause| wrong(row, column, cause))
}

/// The same for a column that may be null.
pub(super) fn optional_parsed<T: FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|cause| wrong(row, column, cause))).transpose()
}

/// A column of a closed set of words.
pub(super) fn word<T>(row: &Row<'_>, column: &str, from: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    from(&text).ok_or_else(|| wrong(row, column, unknown_word(text)))
}

/// The same for a column that may be null.
pub(super) fn optional_word<T>(
    row: &Row<'_>,
    column: &str,
    from: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| from(&text).ok_or_else(|| wrong(row, column, unknown_word(text)))).transpose()
}

/// A column of milliseconds since 1970.
pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(clock::from_millis)
}

/// A column of JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|cause| wrong(row, column, cause))
}

/// The same for a column that may be null.
pub(super) fn optional_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|cause| wrong(row, column, cause))).transpose()
}

/// An unsigned number of a column; SQLite's integers are signed.
pub(super) fn unsigned<T: TryFrom<i64>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    i64: FromSql,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let number: i64 = row.get(column)?;
    T::try_from(number).map_err(|cause| wrong(row, column, cause))
}

/// A value as JSON text for a column.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| Error::Content { seen: cause.to_string(), expected: "JSON" })
}

/// An unsigned number as a column; beyond 2^63 it is cut.
pub(super) fn to_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unknown_word(text: String) -> Error {
    Error::Content { seen: text, expected: "a word of a closed set" }
}

fn wrong(
    row: &Row<'_>,
    column: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or(usize::MAX);
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(cause))
}
