//! Queries on nodes.

use super::convert::{optional_word, parsed, time, word};
use super::error::Result;
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::boot_order::BootOrder;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::{EnvironmentId, NodeId, SwitchId};
use crate::model::net::MacAddr;
use crate::model::node::{BootTarget, LONGEST_NAME, Node, NodeName};
use crate::model::rack::PortRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use std::net::Ipv4Addr;

/// A node to be created.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// Its name.
    pub name: NodeName,
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its fixed address.
    pub address: Ipv4Addr,
    /// Its model.
    pub model: BoardModel,
    /// Its serial number, if known.
    pub serial: Option<BoardSerial>,
    /// Its port, if known.
    pub port: Option<PortRef>,
}

/// The address is the one that the node uses: what another DHCP server gave it goes before the fixed one.
const COLUMNS: &str = "id, name, mac,
    coalesce((SELECT used.address FROM addresses_in_use AS used WHERE used.node_id = nodes.id), address) AS address,
    model, revision, serial, switch_id, port, boot_target";

/// Neither the doctor's simulated board nor a node that left.
const IN_RACK: &str = "purpose = 'rack' AND retired_at IS NULL";

fn node(row: &Row<'_>) -> rusqlite::Result<Node> {
    let switch: Option<i64> = row.get("switch_id")?;
    let port: Option<u16> = row.get("port")?;
    let serial: Option<u32> = row.get("serial")?;
    let revision: Option<u32> = row.get("revision")?;
    Ok(Node {
        id: NodeId(row.get("id")?),
        name: parsed(row, "name")?,
        mac: parsed(row, "mac")?,
        address: parsed(row, "address")?,
        model: parsed(row, "model")?,
        revision: revision.map(RevisionCode),
        serial: serial.map(BoardSerial),
        port: switch.zip(port).map(|(switch, port)| PortRef { switch: SwitchId(switch), port }),
        boot_target: word(row, "boot_target", BootTarget::from_word)?,
    })
}

/// Creates a node.
pub fn insert(tx: &Transaction<'_>, new: &NewNode, now: Timestamp) -> Result<NodeId> {
    tx.execute(
        "INSERT INTO nodes (name, mac, address, model, serial, switch_id, port, created_at)
         VALUES (:name, :mac, :address, :model, :serial, :switch_id, :port, :created_at)",
        named_params! {
            ":name": new.name.as_str(),
            ":mac": new.mac.to_string(),
            ":address": new.address.to_string(),
            ":model": new.model.as_str(),
            ":serial": new.serial.map(|serial| serial.0),
            ":switch_id": new.port.map(|port| port.switch.0),
            ":port": new.port.map(|port| port.port),
            ":created_at": to_millis(now),
        },
    )?;
    Ok(NodeId(tx.last_insert_rowid()))
}

/// Every node of the rack, by name.
pub fn list(conn: &Connection) -> Result<Vec<Node>> {
    let sql = format!("SELECT {COLUMNS} FROM nodes WHERE {IN_RACK} ORDER BY name");
    let mut statement = conn.prepare_cached(&sql)?;
    let nodes = statement.query_map([], node)?.collect::<rusqlite::Result<_>>()?;
    Ok(nodes)
}

/// The node of that row.
pub fn by_id(conn: &Connection, id: NodeId) -> Result<Option<Node>> {
    one(conn, "id = ?1", id.0)
}

/// The node of the rack of that name.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<Node>> {
    one(conn, &format!("name = ?1 AND {IN_RACK}"), name)
}

/// The node whose board has that hardware address.
pub fn by_mac(conn: &Connection, mac: MacAddr) -> Result<Option<Node>> {
    one(conn, "mac = ?1", mac.to_string())
}

/// The node with that fixed address, or that uses it.
pub fn by_address(conn: &Connection, address: Ipv4Addr) -> Result<Option<Node>> {
    let fixed = one(conn, "address = ?1", address.to_string())?.filter(|node| node.address == address);
    if fixed.is_some() { Ok(fixed) } else { by_address_in_use(conn, address) }
}

/// The node that another DHCP server gave that address.
pub fn by_address_in_use(conn: &Connection, address: Ipv4Addr) -> Result<Option<Node>> {
    let condition = "id = (SELECT node_id FROM addresses_in_use WHERE address = ?1)";
    one(conn, condition, address.to_string())
}

/// Remembers that a node uses an address that another DHCP server gave; who used it before does so no more. Says
/// whether it is news.
pub fn set_address_in_use(
    tx: &Transaction<'_>,
    id: NodeId,
    address: Ipv4Addr,
    now: Timestamp,
) -> Result<bool> {
    let address = address.to_string();
    let mut known =
        tx.prepare_cached("SELECT 1 FROM addresses_in_use WHERE node_id = ?1 AND address = ?2")?;
    if known.exists((id.0, &address))? {
        return Ok(false);
    }
    tx.execute("DELETE FROM addresses_in_use WHERE address = ?1", [&address])?;
    tx.execute(
        "INSERT INTO addresses_in_use (node_id, address, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (node_id) DO UPDATE SET address = excluded.address, at = excluded.at",
        (id.0, &address, to_millis(now)),
    )?;
    Ok(true)
}

/// Forgets all addresses that other servers gave: pimaster gives them itself.
pub fn forget_addresses_in_use(tx: &Transaction<'_>) -> Result<()> {
    tx.execute("DELETE FROM addresses_in_use", [])?;
    Ok(())
}

/// The node whose board has that serial number.
pub fn by_serial(conn: &Connection, serial: BoardSerial) -> Result<Option<Node>> {
    one(conn, "serial = ?1", serial.0)
}

fn one(conn: &Connection, condition: &str, value: impl rusqlite::ToSql) -> Result<Option<Node>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM nodes WHERE {condition}"))?;
    Ok(statement.query_row([value], node).optional()?)
}

/// The nodes that may mount the installer root, by name: their boot target is the installer, and a deployment is
/// where no system of a tenant runs. Before `nfs_boot_on` the power may still be on; a node that is lost, failed
/// or destroyed may run anything. A node that never had a deployment has had no tenant. In `boot_files` the target is
/// the card's system already, while the installer still has to restart: without its root it could not.
pub fn installing(conn: &Connection) -> Result<Vec<Node>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM nodes WHERE {IN_RACK} AND (
             EXISTS (SELECT 1 FROM deployments WHERE node_id = nodes.id AND state = 'boot_files')
             OR boot_target = 'installer' AND EXISTS (
                 SELECT 1 FROM deployments WHERE node_id = nodes.id
                 AND CASE state WHEN 'hard_reboot' THEN saved_state ELSE state END IN (
                     'nfs_boot_on', 'env_copy', 'env_check', 'delete_partition', 'create_partition',
                     'mount_partition', 'resize_partition', 'wait_resizing', 'system_conf', 'boot_files',
                     'destroying'))
             OR boot_target = 'installer'
             AND NOT EXISTS (SELECT 1 FROM deployments WHERE node_id = nodes.id AND state <> 'initialized')
         ) ORDER BY name"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let nodes = statement.query_map([], node)?.collect::<rusqlite::Result<_>>()?;
    Ok(nodes)
}

/// Sets where a node boots the next time.
pub fn set_boot_target(tx: &Transaction<'_>, id: NodeId, target: BootTarget) -> Result<()> {
    tx.execute("UPDATE nodes SET boot_target = ?2 WHERE id = ?1", (id.0, target.as_str()))?;
    Ok(())
}

/// Remembers what a node's card boots: its environment and kernel command line; none after a wipe.
pub fn set_installed(
    tx: &Transaction<'_>,
    id: NodeId,
    installed: Option<(EnvironmentId, &str)>,
) -> Result<()> {
    tx.execute(
        "UPDATE nodes SET environment_id = ?2, cmdline = ?3 WHERE id = ?1",
        (id.0, installed.map(|(environment, _)| environment.0), installed.map(|(_, cmdline)| cmdline)),
    )?;
    Ok(())
}

/// What a node's card boots: its environment and kernel command line.
pub fn installed(conn: &Connection, id: NodeId) -> Result<Option<(EnvironmentId, String)>> {
    let sql = "SELECT environment_id, cmdline FROM nodes
               WHERE id = ?1 AND environment_id IS NOT NULL AND cmdline IS NOT NULL";
    let found =
        conn.query_row(sql, [id.0], |row| Ok((EnvironmentId(row.get(0)?), row.get(1)?))).optional()?;
    Ok(found)
}

/// Remembers what a board said of itself; a serial number that another node has is left alone, and so is a model
/// that a person has named.
pub fn set_identity(
    tx: &Transaction<'_>,
    id: NodeId,
    serial: Option<BoardSerial>,
    revision: Option<RevisionCode>,
) -> Result<()> {
    tx.execute(
        "UPDATE OR IGNORE nodes SET serial = coalesce(:serial, serial), revision = coalesce(:revision, revision),
             model = iif(model = :unknown, coalesce(:model, model), model)
         WHERE id = :id",
        named_params! {
            ":id": id.0,
            ":serial": serial.map(|serial| serial.0),
            ":revision": revision.map(|revision| revision.0),
            ":unknown": BoardModel::Unknown.as_str(),
            ":model": revision.map(|revision| revision.model().as_str()),
        },
    )?;
    Ok(())
}

/// The node that a switch port feeds.
pub fn by_port(conn: &Connection, port: PortRef) -> Result<Option<NodeId>> {
    let sql = "SELECT id FROM nodes WHERE switch_id = ?1 AND port = ?2";
    let found = conn.prepare_cached(sql)?.query_row((port.switch.0, port.port), |row| row.get("id"));
    Ok(found.optional()?.map(NodeId))
}

/// Remembers the boot order that a board's EEPROM was seen with; none keeps what was seen before.
pub fn set_boot_order(tx: &Transaction<'_>, id: NodeId, order: Option<BootOrder>) -> Result<()> {
    let sql = "UPDATE nodes SET boot_order = coalesce(?2, boot_order) WHERE id = ?1";
    tx.execute(sql, (id.0, order.map(|order| order.0)))?;
    Ok(())
}

/// The boot order that a board's EEPROM was last seen with.
pub fn boot_order(conn: &Connection, id: NodeId) -> Result<Option<BootOrder>> {
    let sql = "SELECT boot_order FROM nodes WHERE id = ?1";
    let found: Option<Option<u32>> = conn.query_row(sql, [id.0], |row| row.get(0)).optional()?;
    Ok(found.flatten().map(BootOrder))
}

/// Sets the port that feeds a node.
pub fn set_port(tx: &Transaction<'_>, id: NodeId, port: PortRef) -> Result<()> {
    tx.execute("UPDATE nodes SET switch_id = ?2, port = ?3 WHERE id = ?1", (id.0, port.switch.0, port.port))?;
    Ok(())
}

/// Gives a node another name.
pub fn rename(tx: &Transaction<'_>, id: NodeId, name: &str) -> Result<()> {
    tx.execute("UPDATE nodes SET name = ?2 WHERE id = ?1", (id.0, name))?;
    Ok(())
}

/// Changes what people say of a node.
pub fn change(
    tx: &Transaction<'_>,
    id: NodeId,
    name: &NodeName,
    model: BoardModel,
    port: Option<PortRef>,
) -> Result<()> {
    tx.execute(
        "UPDATE nodes SET name = :name, model = :model, switch_id = :switch, port = :port WHERE id = :id",
        named_params! {
            ":id": id.0, ":name": name.as_str(), ":model": model.as_str(),
            ":switch": port.map(|port| port.switch.0), ":port": port.map(|port| port.port),
        },
    )?;
    Ok(())
}

/// Gives a node another fixed address.
pub fn set_address(tx: &Transaction<'_>, id: NodeId, address: Ipv4Addr) -> Result<()> {
    tx.execute("UPDATE nodes SET address = ?2 WHERE id = ?1", (id.0, address.to_string()))?;
    Ok(())
}

/// Takes a node out of the rack. What one node alone can have is free again: it gets a name that says so, a group
/// address, from which no board sends (IEEE 802, 8.2.2), and an address of 0.0.0.0/8, which is nobody's (RFC 6890).
pub fn retire(tx: &Transaction<'_>, node: &Node, now: Timestamp) -> Result<()> {
    let suffix = format!("-retired-{}", node.id);
    let kept = LONGEST_NAME.saturating_sub(suffix.len());
    let name: String = node.name.as_str().chars().take(kept).chain(suffix.chars()).collect();
    let [a, b, c, d] = u32::try_from(node.id.0).unwrap_or(u32::MAX).to_be_bytes();
    tx.execute("DELETE FROM addresses_in_use WHERE node_id = ?1", [node.id.0])?;
    tx.execute(
        "UPDATE nodes SET name = :name, mac = :mac, address = :address, serial = NULL, switch_id = NULL, port = NULL,
             boot_target = 'local', environment_id = NULL, cmdline = NULL, retired_at = :now
         WHERE id = :id",
        named_params! {
            ":id": node.id.0, ":name": name, ":mac": MacAddr([0x03, 0, a, b, c, d]).to_string(),
            ":address": Ipv4Addr::new(0, b, c, d).to_string(), ":now": to_millis(now),
        },
    )?;
    Ok(())
}

/// Puts another board in a node's place: what was known of the old one and of its card goes.
pub fn set_board(
    tx: &Transaction<'_>,
    id: NodeId,
    mac: MacAddr,
    model: BoardModel,
    serial: Option<BoardSerial>,
    revision: Option<RevisionCode>,
) -> Result<()> {
    tx.execute(
        "UPDATE nodes SET mac = :mac, model = :model, serial = :serial, revision = :revision,
             boot_target = 'local', environment_id = NULL, cmdline = NULL
         WHERE id = :id",
        named_params! {
            ":id": id.0, ":mac": mac.to_string(), ":model": model.as_str(),
            ":serial": serial.map(|serial| serial.0), ":revision": revision.map(|revision| revision.0),
        },
    )?;
    Ok(())
}

/// When a node was created.
pub fn created_at(conn: &Connection, id: NodeId) -> Result<Option<Timestamp>> {
    let sql = "SELECT created_at FROM nodes WHERE id = ?1";
    Ok(conn.query_row(sql, [id.0], |row| time(row, "created_at")).optional()?)
}

/// The boot target alone, for readers that need nothing else.
pub fn boot_target(conn: &Connection, id: NodeId) -> Result<Option<BootTarget>> {
    let sql = "SELECT boot_target FROM nodes WHERE id = ?1";
    let found = conn.query_row(sql, [id.0], |row| optional_word(row, "boot_target", BootTarget::from_word));
    Ok(found.optional()?.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::Store;

    #[tokio::test]
    async fn an_address_of_another_server_goes_before_the_fixed_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let fixed = |last| Ipv4Addr::new(10, 20, 0, last);
        let ids = store.write(move |tx| {
            [7, 8]
                .map(|last| {
                    let new = NewNode {
                        name: format!("pi-{last}").parse().unwrap(),
                        mac: MacAddr([0xdc, 0xa6, 0x32, 0, 0, last]),
                        address: fixed(last),
                        model: BoardModel::Pi4b,
                        serial: None,
                        port: None,
                    };
                    insert(tx, &new, from_millis(0))
                })
                .into_iter()
                .collect::<Result<Vec<_>>>()
        });
        let [first, second] = ids.await.unwrap().try_into().unwrap();
        let uses = async |id, last| {
            store.write(move |tx| set_address_in_use(tx, id, fixed(last), from_millis(1))).await.unwrap()
        };
        let holder = async |last| {
            let found = store.read(move |conn| by_address(conn, fixed(last))).await.unwrap();
            found.map(|node| (node.id, node.address))
        };
        assert_eq!(holder(7).await, Some((first, fixed(7))));
        // The other server gives the first node what is fixed for the second one.
        assert!(uses(first, 8).await);
        assert!(!uses(first, 8).await, "no news");
        assert_eq!((holder(7).await, holder(8).await), (None, Some((second, fixed(8)))));
        assert!(uses(second, 9).await);
        assert_eq!((holder(8).await, holder(9).await), (Some((first, fixed(8))), Some((second, fixed(9)))));
        // The address changes hands.
        assert!(uses(second, 8).await);
        assert_eq!((holder(7).await, holder(8).await), (Some((first, fixed(7))), Some((second, fixed(8)))));
        store.write(forget_addresses_in_use).await.unwrap();
        assert_eq!(holder(8).await, Some((second, fixed(8))));
    }
}
