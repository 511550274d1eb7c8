//! Queries on switches and their ports.

use super::convert::{json, optional_parsed, optional_word, to_json, word};
use super::error::{Error, Result};
use crate::model::clock::{Timestamp, from_millis, to_millis};
use crate::model::ids::SwitchId;
use crate::model::port_map;
use crate::model::power::PowerState;
use crate::model::rack::{Community, PortRef, PowerDriver, Switch};
use crate::model::switch::SwitchSettings;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use std::collections::HashMap;
use std::net::Ipv4Addr;

const COLUMNS: &str = "id, name, driver, ports, protected_port, first_address";

fn switch(row: &Row<'_>) -> rusqlite::Result<Switch> {
    Ok(Switch {
        id: SwitchId(row.get("id")?),
        name: row.get("name")?,
        driver: json(row, "driver")?,
        ports: row.get("ports")?,
        protected_port: row.get("protected_port")?,
        first_address: optional_parsed(row, "first_address")?,
    })
}

/// Creates a switch, or changes the one of that name.
pub fn upsert(
    tx: &Transaction<'_>,
    name: &str,
    driver: &PowerDriver,
    ports: u16,
    protected_port: Option<u16>,
) -> Result<SwitchId> {
    let id = tx.query_row(
        "INSERT INTO switches (name, driver, ports, protected_port) VALUES (:name, :driver, :ports, :protected)
         ON CONFLICT (name) DO UPDATE
         SET driver = excluded.driver, ports = excluded.ports, protected_port = excluded.protected_port
         RETURNING id",
        named_params! {
            ":name": name, ":driver": to_json(driver)?, ":ports": ports, ":protected": protected_port,
        },
        |row| row.get(0),
    )?;
    Ok(SwitchId(id))
}

/// Enrols a switch, or changes the one of that row.
pub fn save(tx: &Transaction<'_>, id: Option<SwitchId>, settings: &SwitchSettings) -> Result<SwitchId> {
    let SwitchSettings { name, driver, ports, protected_port, first_address } = settings;
    let id = tx.query_row(
        "INSERT INTO switches (id, name, driver, ports, protected_port, first_address)
         VALUES (:id, :name, :driver, :ports, :protected, :first)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, driver = excluded.driver, ports = excluded.ports,
             protected_port = excluded.protected_port, first_address = excluded.first_address
         RETURNING id",
        named_params! {
            ":id": id.map(|id| id.0), ":name": name, ":driver": to_json(driver)?, ":ports": ports,
            ":protected": protected_port, ":first": first_address.map(|first| first.to_string()),
        },
        |row| row.get(0),
    )?;
    tx.execute("DELETE FROM ports WHERE switch_id = ?1 AND port > ?2", (id, ports))?;
    Ok(SwitchId(id))
}

/// Removes a switch and what is known of its ports.
pub fn remove(tx: &Transaction<'_>, id: SwitchId) -> Result<()> {
    tx.execute("DELETE FROM switches WHERE id = ?1", [id.0])?;
    Ok(())
}

/// Seals the communities that stand in the clear, as older versions kept them; gives how many.
pub fn seal(tx: &Transaction<'_>, seal: impl Fn(Community) -> Option<Community>) -> Result<usize> {
    let mut sealed = 0;
    for switch in list(tx)? {
        let mut driver = switch.driver;
        if let PowerDriver::Snmp { community: community @ Community::Clear(_), .. } = &mut driver {
            let failed =
                || Error::Content { seen: "a community".to_owned(), expected: "one that can be sealed" };
            *community = seal(community.clone()).ok_or_else(failed)?;
            tx.execute("UPDATE switches SET driver = ?2 WHERE id = ?1", (switch.id.0, to_json(&driver)?))?;
            sealed += 1;
        }
    }
    Ok(sealed)
}

/// Sets the address that the node at port 1 gets, or that ports give none.
pub fn set_first_address(tx: &Transaction<'_>, id: SwitchId, first: Option<Ipv4Addr>) -> Result<()> {
    let first = first.map(|first| first.to_string());
    tx.execute("UPDATE switches SET first_address = ?2 WHERE id = ?1", (id.0, first))?;
    Ok(())
}

/// Every switch, by name.
pub fn list(conn: &Connection) -> Result<Vec<Switch>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM switches ORDER BY name"))?;
    let switches = statement.query_map([], switch)?.collect::<rusqlite::Result<_>>()?;
    Ok(switches)
}

/// The switch of that row.
pub fn by_id(conn: &Connection, id: SwitchId) -> Result<Option<Switch>> {
    let sql = format!("SELECT {COLUMNS} FROM switches WHERE id = ?1");
    Ok(conn.query_row(&sql, [id.0], switch).optional()?)
}

/// The switch of that name.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<Switch>> {
    let sql = format!("SELECT {COLUMNS} FROM switches WHERE name = ?1");
    Ok(conn.query_row(&sql, [name], switch).optional()?)
}

/// What is known of a port's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortPower {
    /// What was asked for last, and when.
    pub wanted: Option<(PowerState, Timestamp)>,
    /// What the switch said last, and when.
    pub seen: Option<(PowerState, Timestamp)>,
}

/// What is known of a port's power.
pub fn port_power(conn: &Connection, port: PortRef) -> Result<PortPower> {
    let sql = "SELECT wanted, wanted_at, seen, seen_at FROM ports WHERE switch_id = ?1 AND port = ?2";
    let read = |row: &Row<'_>| {
        let wanted = optional_word(row, "wanted", PowerState::from_word)?;
        let wanted_at: Option<i64> = row.get("wanted_at")?;
        let seen = optional_word(row, "seen", PowerState::from_word)?;
        let seen_at: Option<i64> = row.get("seen_at")?;
        let at = from_millis;
        Ok(PortPower { wanted: wanted.zip(wanted_at.map(at)), seen: seen.zip(seen_at.map(at)) })
    };
    let found = conn.query_row(sql, (port.switch.0, port.port), read).optional()?;
    Ok(found.unwrap_or(PortPower { wanted: None, seen: None }))
}

/// What administrators asked of ports and nobody has done yet.
pub fn asked(conn: &Connection) -> Result<Vec<(PortRef, PowerState)>> {
    let mut statement =
        conn.prepare_cached("SELECT switch_id, port, asked FROM ports WHERE asked IS NOT NULL")?;
    let rows = statement.query_map([], |row| {
        let port = PortRef { switch: SwitchId(row.get("switch_id")?), port: row.get("port")? };
        Ok((port, word(row, "asked", PowerState::from_word)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Remembers what an administrator asks of a port.
pub fn ask(tx: &Transaction<'_>, port: PortRef, wanted: PowerState) -> Result<()> {
    tx.execute(
        "INSERT INTO ports (switch_id, port, asked) VALUES (?1, ?2, ?3)
         ON CONFLICT (switch_id, port) DO UPDATE SET asked = excluded.asked, problem = NULL",
        (port.switch.0, port.port, wanted.as_str()),
    )?;
    Ok(())
}

/// Clears what was asked of a port, with the reason if it could not be done; what was asked since stays.
pub fn answered(
    tx: &Transaction<'_>,
    port: PortRef,
    wanted: PowerState,
    problem: Option<&str>,
) -> Result<()> {
    tx.execute(
        "UPDATE ports SET asked = NULL, problem = ?4 WHERE switch_id = ?1 AND port = ?2 AND asked = ?3",
        (port.switch.0, port.port, wanted.as_str(), problem),
    )?;
    Ok(())
}

/// What is known of the power of a switch's ports, by their numbers.
pub fn powers(conn: &Connection, switch: SwitchId) -> Result<HashMap<u16, port_map::PowerView>> {
    let mut statement = conn.prepare_cached(
        "SELECT port, wanted, seen, seen_at, asked, problem, milliwatts, measured_at FROM ports WHERE switch_id = ?1",
    )?;
    let rows = statement.query_map([switch.0], |row| {
        let state = |column| optional_word(row, column, PowerState::from_word);
        let seen_at: Option<i64> = row.get("seen_at")?;
        let (milliwatts, measured_at): (Option<u32>, Option<i64>) =
            (row.get("milliwatts")?, row.get("measured_at")?);
        let power = port_map::PowerView {
            milliwatts: milliwatts.zip(measured_at.map(from_millis)),
            asked: state("asked")?,
            problem: row.get("problem")?,
            wanted: state("wanted")?,
            seen: state("seen")?.zip(seen_at.map(from_millis)),
        };
        Ok((row.get("port")?, power))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Remembers what is about to be asked of a port; committed before the switch is asked. Gives back since when it
/// is so: asking for what the switch has confirmed already changes nothing.
pub fn want(tx: &Transaction<'_>, port: PortRef, wanted: PowerState, now: Timestamp) -> Result<Timestamp> {
    let known = port_power(tx, port)?;
    if let (Some((before, since)), Some((seen, seen_at))) = (known.wanted, known.seen)
        && before == wanted
        && seen == wanted
        && seen_at >= since
    {
        return Ok(since);
    }
    set_wanted(tx, port, wanted, now)?;
    Ok(now)
}

/// Remembers that the switch agrees, and since when the port counts as switched.
pub fn confirm(
    tx: &Transaction<'_>,
    port: PortRef,
    wanted: PowerState,
    since: Timestamp,
    now: Timestamp,
) -> Result<()> {
    set_wanted(tx, port, wanted, since)?;
    set_seen(tx, port, wanted, now)
}

/// Remembers what is about to be asked of a port; committed before the switch is asked.
pub fn set_wanted(tx: &Transaction<'_>, port: PortRef, wanted: PowerState, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO ports (switch_id, port, wanted, wanted_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (switch_id, port) DO UPDATE SET wanted = excluded.wanted, wanted_at = excluded.wanted_at",
        (port.switch.0, port.port, wanted.as_str(), to_millis(now)),
    )?;
    Ok(())
}

/// Remembers what the switch said of a port.
pub fn set_seen(tx: &Transaction<'_>, port: PortRef, seen: PowerState, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO ports (switch_id, port, seen, seen_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (switch_id, port) DO UPDATE SET seen = excluded.seen, seen_at = excluded.seen_at",
        (port.switch.0, port.port, seen.as_str(), to_millis(now)),
    )?;
    Ok(())
}

/// Remembers what a port took; none of a switch that does not measure it.
pub fn set_milliwatts(tx: &Transaction<'_>, port: PortRef, taken: Option<u32>, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO ports (switch_id, port, milliwatts, measured_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (switch_id, port) DO UPDATE
         SET milliwatts = excluded.milliwatts, measured_at = excluded.measured_at",
        (port.switch.0, port.port, taken, taken.map(|_| to_millis(now))),
    )?;
    Ok(())
}
