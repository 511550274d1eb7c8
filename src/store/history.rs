//! Queries on past deployments: each walks an index from the newest on and stops when the page is full.

use super::convert::{optional_json, optional_word, parsed, time, word};
use super::deployments;
use super::error::Result;
use crate::model::clock::{Timestamp, from_millis};
use crate::model::deployment::DeploymentState;
use crate::model::history::{DeploymentView, PastDeployment};
use crate::model::ids::{DeploymentId, NodeId, ReservationId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

const SELECT: &str = "SELECT d.id, d.reservation_id, r.name AS bin, u.email, n.name AS node, e.name AS environment,
       d.state, d.state_since, d.created_at, d.saved_state, d.problem,
       (SELECT min(at) FROM step_events s WHERE s.deployment_id = d.id AND s.state = 'nfs_boot_conf') AS began_at,
       (SELECT min(at) FROM step_events s WHERE s.deployment_id = d.id AND s.state = 'deployed') AS handed_over_at,
       (SELECT nullif(s.state, 'deployed') FROM step_events s
        WHERE s.deployment_id = d.id AND s.state IN ('deployed', 'lost', 'failed') ORDER BY s.id DESC LIMIT 1) AS stopped
     FROM deployments d JOIN reservations r ON r.id = d.reservation_id JOIN users u ON u.id = r.owner_id
       JOIN nodes n ON n.id = d.node_id JOIN environments e ON e.id = d.environment_id";

fn past(row: &Row<'_>) -> rusqlite::Result<PastDeployment> {
    let state = word(row, "state", DeploymentState::from_word)?;
    let optional_time = |column| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(from_millis))
    };
    Ok(PastDeployment {
        id: DeploymentId(row.get("id")?),
        reservation: ReservationId(row.get("reservation_id")?),
        bin: row.get("bin")?,
        owner: row.get("email")?,
        node: parsed(row, "node")?,
        environment: row.get("environment")?,
        state,
        created: time(row, "created_at")?,
        began: optional_time("began_at")?,
        handed_over: optional_time("handed_over_at")?,
        stopped: optional_word(row, "stopped", DeploymentState::from_word)?,
        ended: (state == DeploymentState::Destroyed).then(|| time(row, "state_since")).transpose()?,
    })
}

/// The newest `count` deployments before one, the newest first; of a node, of an owner, of both or of all.
pub fn list(
    conn: &Connection,
    node: Option<NodeId>,
    owner: Option<UserId>,
    before: Option<DeploymentId>,
    count: u32,
) -> Result<Vec<PastDeployment>> {
    // A condition that may be empty would keep SQLite from using the index.
    let which = match (node, owner) {
        (None, None) => "d.id < :before",
        (Some(_), None) => "d.node_id = :node AND d.id < :before",
        (None, Some(_)) => "d.owner_id = :owner AND d.id < :before",
        (Some(_), Some(_)) => "d.node_id = :node AND d.owner_id = :owner AND d.id < :before",
    };
    let sql = format!("{SELECT} WHERE {which} ORDER BY d.id DESC LIMIT :count");
    let mut statement = conn.prepare_cached(&sql)?;
    let before = before.map_or(i64::MAX, |id| id.0);
    let (node, owner) = (node.map(|id| id.0), owner.map(|id| id.0));
    let mut values: Vec<(&str, &dyn rusqlite::ToSql)> = vec![(":before", &before), (":count", &count)];
    if let Some(node) = &node {
        values.push((":node", node));
    }
    if let Some(owner) = &owner {
        values.push((":owner", owner));
    }
    let found = statement.query_map(values.as_slice(), past)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// One deployment with its history, and whose it is.
pub fn by_id(conn: &Connection, id: DeploymentId) -> Result<Option<DeploymentView>> {
    let mut statement = conn.prepare_cached(&format!("{SELECT} WHERE d.id = :id"))?;
    let read = |row: &Row<'_>| {
        Ok(DeploymentView {
            past: past(row)?,
            saved_state: optional_word(row, "saved_state", DeploymentState::from_word)?,
            problem: optional_json(row, "problem")?,
            events: Vec::new(),
        })
    };
    let found = statement.query_row(named_params! { ":id": id.0 }, read).optional()?;
    let with_events = |mut view: DeploymentView| -> Result<DeploymentView> {
        view.events = deployments::events(conn, id)?;
        Ok(view)
    };
    found.map(with_events).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::{Store, Transaction};

    /// Past reservations of two people on 20 nodes, each with a history.
    fn years_of_use(tx: &Transaction<'_>, count: i64) -> Result<()> {
        tx.execute_batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
             INSERT INTO nodes (id, name, mac, address, model, created_at)
             SELECT i, 'pi-' || i, printf('02:00:00:00:00:%02x', i), '10.20.0.' || i, 'pi4b', 0 FROM n;
             INSERT INTO users (id, email, role, created_at) VALUES (1, 'ada@lab', 'user', 0), (2, 'bob@lab', 'user', 0);
             INSERT INTO environments (id, name, description, family, ssh_user, layout, disk_bytes, used_bytes,
                 stored_bytes, digest, imported_at) VALUES (1, 'raspios', '', 'debian', 'pi', '{{}}', 1, 1, 1, '', 0);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO reservations (id, owner_id, name, start_at, end_at, state, created_at)
             SELECT i, 1 + (i % 100 = 0), 'bin', i, i + 1, 'ended', i FROM n;
             INSERT INTO deployments (id, reservation_id, node_id, environment_id, state, state_since, progress_at,
                 created_at, owner_id) SELECT id, id, 1 + id % 20, 1, 'destroyed', id, id, id, owner_id FROM reservations;
             INSERT INTO step_events (deployment_id, at, state, text)
             SELECT d.id, d.id, s.value, '' FROM deployments d,
                 json_each('[\"initialized\", \"nfs_boot_conf\", \"env_copy\", \"deployed\", \"destroyed\"]') s;"
        ))?;
        Ok(())
    }

    #[tokio::test]
    async fn a_page_of_years_of_use_walks_an_index_and_sorts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        store.write(|tx| years_of_use(tx, 10_000)).await.unwrap();
        let look = |conn: &Connection| {
            for (which, index) in [
                ("d.node_id = 1 AND d.id < 5", "deployments_by_node"),
                ("d.owner_id = 1 AND d.id < 5", "deployments_by_owner"),
                ("d.id < 5", "PRIMARY KEY"),
            ] {
                let sql = format!("EXPLAIN QUERY PLAN {SELECT} WHERE {which} ORDER BY d.id DESC LIMIT 51");
                let mut statement = conn.prepare(&sql)?;
                let plan: Vec<String> =
                    statement.query_map([], |row| row.get("detail"))?.collect::<rusqlite::Result<_>>()?;
                assert!(
                    plan.iter().any(|line| line.starts_with("SEARCH d ") && line.contains(index)),
                    "{plan:?}"
                );
                let is_costly = |line: &String| line.contains("SCAN") || line.contains("TEMP B-TREE");
                assert!(!plan.iter().any(is_costly), "{plan:?}");
            }
            let ids = |found: Vec<PastDeployment>| found.iter().map(|it| it.id.0).collect::<Vec<_>>();
            assert_eq!(ids(list(conn, Some(NodeId(2)), None, None, 3)?), [9981, 9961, 9941]);
            assert_eq!(ids(list(conn, None, Some(UserId(2)), Some(DeploymentId(9900)), 2)?), [9800, 9700]);
            assert_eq!(ids(list(conn, Some(NodeId(1)), Some(UserId(2)), None, 2)?), [10_000, 9900]);
            let newest = list(conn, None, None, None, 1)?;
            assert_eq!(newest.first().and_then(|it| it.handed_over), Some(from_millis(10_000)));
            Ok(())
        };
        store.read(look).await.unwrap();
    }
}
