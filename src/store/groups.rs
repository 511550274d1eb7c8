//! Queries on groups of people.

use super::convert::{json, to_json};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::group::{Group, Limits};
use crate::model::ids::{GroupId, UserId};
use rusqlite::{Connection, OptionalExtension, Transaction};

/// Makes a group without members; none if one is called so.
pub fn insert(tx: &Transaction<'_>, name: &str, limits: &Limits, now: Timestamp) -> Result<Option<GroupId>> {
    if by_name(tx, name)?.is_some() {
        return Ok(None);
    }
    let sql = "INSERT INTO user_groups (name, limits, created_at) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (name, to_json(limits)?, to_millis(now)))?;
    Ok(Some(GroupId(tx.last_insert_rowid())))
}

/// The group of that name, in letters of either case.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<GroupId>> {
    let sql = "SELECT id FROM user_groups WHERE name = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([name], |row| row.get(0).map(GroupId)).optional()?)
}

/// The name of a group.
pub fn name(conn: &Connection, id: GroupId) -> Result<Option<String>> {
    let sql = "SELECT name FROM user_groups WHERE id = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([id.0], |row| row.get(0)).optional()?)
}

/// Changes name and limits. Says whether there is such a group.
pub fn update(tx: &Transaction<'_>, id: GroupId, name: &str, limits: &Limits) -> Result<bool> {
    let sql = "UPDATE user_groups SET name = ?2, limits = ?3 WHERE id = ?1";
    Ok(tx.execute(sql, (id.0, name, to_json(limits)?))? > 0)
}

/// Replaces the members of a group.
pub fn set_members(tx: &Transaction<'_>, id: GroupId, members: &[UserId]) -> Result<()> {
    tx.execute("DELETE FROM group_members WHERE group_id = ?1", [id.0])?;
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO group_members (group_id, user_id) VALUES (?1, ?2)")?;
    for member in members {
        insert.execute((id.0, member.0))?;
    }
    Ok(())
}

/// Removes a group: its members are as all again, its blocks are for nobody. Says whether there was one.
pub fn delete(tx: &Transaction<'_>, id: GroupId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM user_groups WHERE id = ?1", [id.0])? > 0)
}

/// Every group with its members, by name.
pub fn list(conn: &Connection) -> Result<Vec<Group>> {
    let mut statement = conn.prepare_cached("SELECT id, name, limits FROM user_groups ORDER BY name")?;
    let rows = statement.query_map([], |row| {
        Ok(Group {
            id: GroupId(row.get("id")?),
            name: row.get("name")?,
            limits: json(row, "limits")?,
            members: Vec::new(),
        })
    })?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut members = conn.prepare_cached(
        "SELECT u.id, u.email FROM group_members m JOIN users u ON u.id = m.user_id WHERE m.group_id = ?1 ORDER BY u.email",
    )?;
    for group in &mut found {
        let rows = members.query_map([group.id.0], |row| Ok((UserId(row.get("id")?), row.get("email")?)))?;
        group.members = rows.collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}

/// The groups of a person, each with its limits.
pub fn of_user(conn: &Connection, user: UserId) -> Result<Vec<(GroupId, Limits)>> {
    let sql = "SELECT g.id, g.limits FROM user_groups g JOIN group_members m ON m.group_id = g.id
               WHERE m.user_id = ?1 ORDER BY g.id";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([user.0], |row| Ok((GroupId(row.get("id")?), json(row, "limits")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
