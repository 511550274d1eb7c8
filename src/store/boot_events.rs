//! Queries on boot events: what nodes did on their way up, bounded per node by number and age.
//!
//! Written by everybody who meets a node on the wire, read by `explain` through those who ask it.

use super::convert::{json, parsed, time, to_json};
use super::error::Result;
use super::{deployments, networks};
use crate::model::boot_event::{BootEvent, BootEventKind, BootRecord, System};
use crate::model::clock::{Timestamp, to_millis};
use crate::model::deployment::{Deployment, DeploymentState};
use crate::model::explanation::NodeFacts;
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::node::Node;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use std::collections::HashSet;

/// Events kept for each node: a Pi 3 asks for about 40 files each time it boots.
const KEPT: u32 = 500;
/// Events above that before the oldest go: to find them means to read all of the node's.
const SLACK: u32 = 50;
/// Console lines kept among them: the last ones say why a kernel gave up, and all of them would push out the rest.
const KEPT_LINES: u32 = 150;
/// Older events say nothing of the present boot, in milliseconds: 14 days.
const KEPT_MILLIS: i64 = 14 * 86_400_000;

/// An event to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Whose.
    pub node: NodeId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: BootEvent,
}

fn record(row: &Row<'_>) -> rusqlite::Result<BootRecord> {
    Ok(BootRecord { id: row.get("id")?, at: time(row, "at")?, event: json(row, "detail")? })
}

/// Adds events, then drops what each of their nodes has beyond its bounds. Those of a node that was deleted
/// meanwhile are dropped.
pub fn add(tx: &Transaction<'_>, events: &[NewEvent]) -> Result<()> {
    let mut write = tx.prepare_cached(
        "INSERT INTO boot_events (node_id, at, kind, detail)
         SELECT id, :at, :kind, :detail FROM nodes WHERE id = :node",
    )?;
    let (mut latest, mut talkers): (HashSet<NodeId>, HashSet<NodeId>) = Default::default();
    for NewEvent { node, at, event } in events {
        write.execute(named_params! {
            ":node": node.0, ":at": to_millis(*at), ":kind": event.kind().as_str(), ":detail": to_json(event)?,
        })?;
        latest.insert(*node);
        if event.kind() == BootEventKind::Console {
            talkers.insert(*node);
        }
    }
    let Some(now) = events.iter().map(|new| to_millis(new.at)).max() else { return Ok(()) };
    // Rows are in the order of time, but for a few that were late.
    let mut is_beyond = tx.prepare_cached(
        "SELECT 1 WHERE :oldest > (SELECT at FROM boot_events WHERE node_id = :node ORDER BY id LIMIT 1)
         OR EXISTS (SELECT 1 FROM boot_events WHERE node_id = :node ORDER BY id LIMIT 1 OFFSET :most)",
    )?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM boot_events WHERE node_id = :node AND (at < :oldest OR id <=
         (SELECT id FROM boot_events WHERE node_id = :node ORDER BY id DESC LIMIT 1 OFFSET :kept))",
    )?;
    let mut prune_lines = tx.prepare_cached(
        "DELETE FROM boot_events WHERE node_id = :node AND kind = 'console' AND id <=
         (SELECT id FROM boot_events WHERE node_id = :node AND kind = 'console' ORDER BY id DESC LIMIT 1 OFFSET :kept)",
    )?;
    for node in talkers {
        prune_lines.execute(named_params! { ":node": node.0, ":kept": KEPT_LINES })?;
    }
    for node in latest {
        let oldest = now - KEPT_MILLIS;
        if is_beyond.exists(named_params! { ":node": node.0, ":most": KEPT + SLACK, ":oldest": oldest })? {
            prune.execute(named_params! { ":node": node.0, ":kept": KEPT, ":oldest": oldest })?;
        }
    }
    Ok(())
}

/// Whether the node has that very event, whenever it was.
pub fn has(conn: &Connection, node: NodeId, event: &BootEvent) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM boot_events WHERE node_id = ?1 AND detail = ?2)";
    Ok(conn.prepare_cached(sql)?.query_row((node.0, to_json(event)?), |row| row.get(0))?)
}

/// When the node's latest event of that kind was.
pub fn last_at(conn: &Connection, node: NodeId, kind: BootEventKind) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached(
        "SELECT at FROM boot_events WHERE node_id = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1",
    )?;
    Ok(statement.query_row((node.0, kind.as_str()), |row| time(row, "at")).optional()?)
}

/// Everything that is kept of a node, the oldest first.
pub fn by_node(conn: &Connection, node: NodeId) -> Result<Vec<BootRecord>> {
    let sql = "SELECT id, at, detail FROM boot_events WHERE node_id = ?1 ORDER BY at, id";
    let mut statement = conn.prepare_cached(sql)?;
    let events = statement.query_map([node.0], record)?.collect::<rusqlite::Result<_>>()?;
    Ok(events)
}

/// The newest event's row; 0 if there is none.
pub fn last_id(conn: &Connection) -> Result<i64> {
    let sql = "SELECT coalesce(max(id), 0) FROM boot_events";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// The events of all nodes behind that row, without requests for files and console lines, in the order of rows.
pub fn without_files_after(conn: &Connection, id: i64) -> Result<Vec<(NodeId, BootRecord)>> {
    let sql = "SELECT node_id, id, at, detail FROM boot_events
               WHERE id > ?1 AND kind NOT IN ('file', 'console') ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    let events = statement.query_map([id], |row| Ok((NodeId(row.get("node_id")?), record(row)?)))?;
    Ok(events.collect::<rusqlite::Result<_>>()?)
}

/// When each node asked for an address last, since then.
pub fn dhcp_since(conn: &Connection, since: Timestamp) -> Result<Vec<(MacAddr, Timestamp)>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.mac AS mac, max(e.at) AS at FROM boot_events e JOIN nodes n ON n.id = e.node_id
         WHERE e.kind = 'dhcp' AND e.at >= ?1 GROUP BY n.id",
    )?;
    let asked = statement.query_map([to_millis(since)], |row| Ok((parsed(row, "mac")?, time(row, "at")?)))?;
    Ok(asked.collect::<rusqlite::Result<_>>()?)
}

/// What must be known of a node to explain its boot.
pub fn facts(conn: &Connection, node: &Node) -> Result<NodeFacts> {
    let deployment = deployments::current_of_node(conn, node.id)?;
    // What was given up is still explained as what it was.
    let is_given_up = |it: &Deployment| matches!(it.state, DeploymentState::Lost | DeploymentState::Failed);
    let state = deployment.and_then(|it| if is_given_up(&it) { it.saved_state } else { Some(it.state) });
    let awaited = match state {
        Some(DeploymentState::NfsBootOn | DeploymentState::Destroying) => Some(System::Installer),
        Some(DeploymentState::EnvBoot) => Some(System::Deployed),
        Some(_) | None => None,
    };
    Ok(NodeFacts {
        firmware: node.firmware(),
        boot_target: node.boot_target,
        awaited,
        notices_mounts: mounts_are_noticed(conn)?,
        foreign_servers: networks::servers(conn)?,
    })
}

/// Whether a mount was ever noticed: where none can be, its absence means nothing.
fn mounts_are_noticed(conn: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM boot_events WHERE kind = 'nfs')";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::boot_event::{FileOutcome, FileTransfer, MountSource};
    use crate::model::clock::from_millis;
    use crate::store::{Store, nodes};

    fn insert(tx: &Transaction<'_>, number: u8) -> Result<NodeId> {
        let new = nodes::NewNode {
            name: format!("pi-{number}").parse().unwrap(),
            mac: crate::model::net::MacAddr([2, 0, 0, 0, 0, number]),
            address: [10, 20, 0, number].into(),
            model: crate::model::board::BoardModel::Pi4b,
            serial: None,
            port: None,
        };
        nodes::insert(tx, &new, from_millis(0))
    }

    fn file(node: NodeId, number: i64) -> NewEvent {
        let event = BootEvent::File(FileTransfer {
            path: format!("file-{number}"),
            bytes: 7,
            size_bytes: Some(7),
            millis: 3,
            repeats: 0,
            options: true,
            outcome: FileOutcome::Complete,
        });
        NewEvent { node, at: from_millis(number), event }
    }

    #[tokio::test]
    async fn each_node_keeps_its_latest_events() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let (busy, calm) = store.write(move |tx| Ok((insert(tx, 1)?, insert(tx, 2)?))).await.unwrap();
        let mut events = vec![file(calm, 0)];
        events.extend((0..i64::from(KEPT + SLACK)).map(|number| file(busy, number)));
        let all = events.clone();
        store.write(move |tx| add(tx, &all)).await.unwrap();
        let kept = store.read(move |conn| by_node(conn, busy)).await.unwrap();
        assert_eq!(kept.len(), usize::try_from(KEPT + SLACK).unwrap());
        events = vec![file(busy, i64::from(KEPT + SLACK))];
        let last = events.last().unwrap().event.clone();
        store.write(move |tx| add(tx, &events)).await.unwrap();
        let kept = store.read(move |conn| by_node(conn, busy)).await.unwrap();
        assert_eq!(kept.len(), usize::try_from(KEPT).unwrap());
        assert_eq!(kept.first().map(|it| it.at), Some(from_millis(i64::from(SLACK) + 1)));
        assert_eq!(kept.last().map(|it| &it.event), Some(&last));
        assert!(store.read(move |conn| has(conn, busy, &last)).await.unwrap());
        assert_eq!(store.read(move |conn| by_node(conn, calm)).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn old_events_go_and_the_order_is_that_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let node = store.write(|tx| insert(tx, 1)).await.unwrap();
        let at = |number| move |tx: &Transaction<'_>| add(tx, &[file(node, number)]);
        store.write(at(0)).await.unwrap();
        store.write(at(KEPT_MILLIS + 5)).await.unwrap();
        store.write(at(KEPT_MILLIS + 1)).await.unwrap();
        let kept = store.read(move |conn| by_node(conn, node)).await.unwrap();
        let times: Vec<i64> = kept.iter().map(|it| to_millis(it.at)).collect();
        assert_eq!(times, [KEPT_MILLIS + 1, KEPT_MILLIS + 5]);
    }

    #[tokio::test]
    async fn a_talkative_kernel_pushes_out_its_own_lines_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let node = store.write(|tx| insert(tx, 1)).await.unwrap();
        let line = move |number: i64| NewEvent {
            node,
            at: from_millis(number),
            event: BootEvent::Console { line: number.to_string() },
        };
        let mut events = vec![file(node, 0)];
        events.extend((1..=400).map(line));
        store.write(move |tx| add(tx, &events)).await.unwrap();
        let kept = store.read(move |conn| by_node(conn, node)).await.unwrap();
        assert_eq!(kept.len(), 1 + usize::try_from(KEPT_LINES).unwrap());
        assert_eq!(kept.last().unwrap().event, BootEvent::Console { line: "400".into() });
        let others = store.read(move |conn| without_files_after(conn, 0)).await.unwrap();
        assert!(others.is_empty());
        assert!(store.read(last_id).await.unwrap() >= 401);
    }

    #[tokio::test]
    async fn a_deleted_node_has_no_history_and_mounts_are_known_to_be_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let node = store.write(|tx| insert(tx, 1)).await.unwrap();
        store.write(move |tx| add(tx, &[file(NodeId(99), 0)])).await.unwrap();
        assert!(store.read(|conn| by_node(conn, NodeId(99))).await.unwrap().is_empty());
        assert!(!store.read(mounts_are_noticed).await.unwrap());
        let event = BootEvent::NfsMount { noticed_in: MountSource::MountTable };
        let mount = NewEvent { node, at: from_millis(0), event };
        store.write(move |tx| add(tx, &[mount])).await.unwrap();
        assert!(store.read(mounts_are_noticed).await.unwrap());
    }
}
