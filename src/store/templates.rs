//! Queries on templates: the forms that people saved.

use super::convert::{json, to_json};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::{TemplateId, UserId};
use crate::model::template::{Contents, Template};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

const COLUMNS: &str = "id, name, contents";

/// Saves a template; one of the same name is replaced and keeps its row.
pub fn save(
    tx: &Transaction<'_>,
    user: UserId,
    name: &str,
    contents: &Contents,
    now: Timestamp,
) -> Result<TemplateId> {
    let sql =
        "INSERT INTO templates (user_id, name, contents, created_at) VALUES (:user, :name, :contents, :now)
               ON CONFLICT (user_id, name) DO UPDATE SET contents = excluded.contents RETURNING id";
    let params = named_params! {
        ":user": user.0, ":name": name, ":contents": to_json(contents)?, ":now": to_millis(now),
    };
    Ok(tx.query_row(sql, params, |row| row.get(0).map(TemplateId))?)
}

/// A person's templates, by name.
pub fn list(conn: &Connection, user: UserId) -> Result<Vec<Template>> {
    let sql = format!("SELECT {COLUMNS} FROM templates WHERE user_id = ?1 ORDER BY name");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map([user.0], template)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// That template of a person.
pub fn by_id(conn: &Connection, user: UserId, id: TemplateId) -> Result<Option<Template>> {
    let sql = format!("SELECT {COLUMNS} FROM templates WHERE user_id = ?1 AND id = ?2");
    Ok(conn.query_row(&sql, (user.0, id.0), template).optional()?)
}

/// Deletes a template of that person; says whether there was one.
pub fn delete(tx: &Transaction<'_>, user: UserId, id: TemplateId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM templates WHERE user_id = ?1 AND id = ?2", (user.0, id.0))? > 0)
}

fn template(row: &Row<'_>) -> rusqlite::Result<Template> {
    Ok(Template { id: TemplateId(row.get("id")?), name: row.get("name")?, contents: json(row, "contents")? })
}
