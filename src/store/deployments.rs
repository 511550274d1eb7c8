//! Queries on deployments and their step events.

use super::convert::{optional_json, optional_word, time, to_json, unsigned, word};
use super::error::Result;
use crate::model::board::BoardModel;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::deployment::{Deployment, DeploymentState, Progress, Request, StepEvent};
use crate::model::ids::{DeploymentId, EnvironmentId, NodeId, ReservationId};
use crate::model::problem::Problem;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

const COLUMNS: &str = "id, reservation_id, node_id, environment_id, state, state_since, progress_at, progress, \
                       saved_state, power_cycles, retries, request, problem, created_at";

fn deployment(row: &Row<'_>) -> rusqlite::Result<Deployment> {
    Ok(Deployment {
        id: DeploymentId(row.get("id")?),
        reservation: ReservationId(row.get("reservation_id")?),
        node: NodeId(row.get("node_id")?),
        environment: EnvironmentId(row.get("environment_id")?),
        state: word(row, "state", DeploymentState::from_word)?,
        state_since: time(row, "state_since")?,
        progress_at: time(row, "progress_at")?,
        progress: optional_json(row, "progress")?,
        saved_state: optional_word(row, "saved_state", DeploymentState::from_word)?,
        power_cycles: row.get("power_cycles")?,
        retries: row.get("retries")?,
        request: optional_word(row, "request", Request::from_word)?,
        problem: optional_json(row, "problem")?,
        created_at: time(row, "created_at")?,
    })
}

/// Creates the deployment of one node in the given first state.
pub fn insert(
    tx: &Transaction<'_>,
    reservation: ReservationId,
    node: NodeId,
    environment: EnvironmentId,
    state: DeploymentState,
    now: Timestamp,
) -> Result<DeploymentId> {
    tx.execute(
        "INSERT INTO deployments
         (reservation_id, node_id, environment_id, state, state_since, progress_at, created_at, owner_id)
         SELECT id, :node, :environment, :state, :now, :now, :now, owner_id
         FROM reservations WHERE id = :reservation",
        named_params! {
            ":reservation": reservation.0, ":node": node.0, ":environment": environment.0,
            ":state": state.as_str(), ":now": to_millis(now),
        },
    )?;
    Ok(DeploymentId(tx.last_insert_rowid()))
}

/// The deployment of that row.
pub fn by_id(conn: &Connection, id: DeploymentId) -> Result<Option<Deployment>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deployments WHERE id = ?1"))?;
    Ok(statement.query_row([id.0], deployment).optional()?)
}

/// The deployments of a reservation, by node.
pub fn by_reservation(conn: &Connection, id: ReservationId) -> Result<Vec<Deployment>> {
    let sql = format!("SELECT {COLUMNS} FROM deployments WHERE reservation_id = ?1 ORDER BY node_id");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map([id.0], deployment)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// So many of the last deployments count.
const LAST: u32 = 20;

/// How long the last deployments of that environment on nodes of that model took, in seconds: from their beginning
/// until the environment ran. What a person's own script and updates take is not in it.
pub fn seconds_before(conn: &Connection, id: EnvironmentId, model: BoardModel) -> Result<Vec<u64>> {
    let mut statement = conn.prepare_cached(
        "SELECT (ran_at - began_at) / 1000 AS seconds FROM (
             SELECT (SELECT min(at) FROM step_events WHERE deployment_id = d.id AND state = 'nfs_boot_conf') AS began_at,
                 (SELECT min(at) FROM step_events
                  WHERE deployment_id = d.id AND state IN ('system_update', 'user_script', 'deployed')) AS ran_at
             FROM deployments d JOIN nodes n ON n.id = d.node_id
             WHERE d.environment_id = :id AND n.model = :model ORDER BY d.id DESC LIMIT :looked_at
         ) WHERE ran_at > began_at LIMIT :last",
    )?;
    let params = named_params! {
        ":id": id.0, ":model": model.as_str(), ":looked_at": 2 * LAST, ":last": LAST,
    };
    let rows = statement.query_map(params, |row| unsigned(row, "seconds"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every deployment that is not destroyed.
pub fn unfinished(conn: &Connection) -> Result<Vec<Deployment>> {
    let sql = format!("SELECT {COLUMNS} FROM deployments WHERE state <> 'destroyed' ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map([], deployment)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

/// The node's deployment that is not destroyed, if there is one.
pub fn current_of_node(conn: &Connection, node: NodeId) -> Result<Option<Deployment>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM deployments WHERE node_id = ?1 AND state <> 'destroyed' ORDER BY id DESC LIMIT 1"
    );
    Ok(conn.query_row(&sql, [node.0], deployment).optional()?)
}

/// How the deployments of one reservation stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Not destroyed yet.
    pub unfinished: u32,
    /// Neither destroyed nor being destroyed nor asked to be.
    pub staying: u32,
}

/// How the deployments of a reservation stand.
pub fn standing(conn: &Connection, reservation: ReservationId) -> Result<Standing> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE state <> 'destroyed') AS unfinished,
             count(*) FILTER (WHERE state NOT IN ('destroying', 'destroyed') AND request IS NOT 'destroy') AS staying
         FROM deployments WHERE reservation_id = ?1",
    )?;
    let read =
        |row: &Row<'_>| Ok(Standing { unfinished: row.get("unfinished")?, staying: row.get("staying")? });
    Ok(statement.query_row([reservation.0], read)?)
}

/// Asks all deployments of a reservation to be destroyed, whatever was asked before.
pub fn request_destroy(tx: &Transaction<'_>, reservation: ReservationId) -> Result<()> {
    tx.execute(
        "UPDATE deployments SET request = 'destroy'
         WHERE reservation_id = ?1 AND state NOT IN ('destroying', 'destroyed')",
        [reservation.0],
    )?;
    Ok(())
}

/// The deployments that do not rest: each has a driver.
pub fn active(conn: &Connection) -> Result<Vec<DeploymentId>> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM deployments
         WHERE state <> 'destroyed' AND state NOT IN ('initialized', 'deployed', 'lost', 'failed') ORDER BY id",
    )?;
    let ids = statement.query_map([], |row| Ok(DeploymentId(row.get(0)?)))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// A deployment that nobody drives and that may need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The deployment.
    pub id: DeploymentId,
    /// Whether a person asks something of it.
    pub is_asked: bool,
    /// Whether it waits for its node, and no earlier deployment has that any more.
    pub has_node: bool,
}

/// The deployments of which something is asked, and those that wait for their node.
pub fn waiting(conn: &Connection) -> Result<Vec<Waiting>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, request IS NOT NULL AS is_asked,
             state = 'initialized' AND NOT EXISTS (
                 SELECT 1 FROM deployments earlier
                 WHERE earlier.node_id = d.node_id AND earlier.id < d.id AND earlier.state <> 'destroyed'
             ) AS has_node
         FROM deployments d
         WHERE state <> 'destroyed' AND (request IS NOT NULL OR state = 'initialized') ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Waiting {
            id: DeploymentId(row.get("id")?),
            is_asked: row.get("is_asked")?,
            has_node: row.get("has_node")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a person asks of a deployment now.
pub fn request(conn: &Connection, id: DeploymentId) -> Result<Option<Request>> {
    let mut statement = conn.prepare_cached("SELECT request FROM deployments WHERE id = ?1")?;
    let found = statement.query_row([id.0], |row| optional_word(row, "request", Request::from_word));
    Ok(found.optional()?.flatten())
}

/// The driver has taken up what was asked, unless something else is asked by now.
pub fn take_request(tx: &Transaction<'_>, id: DeploymentId, taken: Request) -> Result<()> {
    tx.prepare_cached("UPDATE deployments SET request = NULL WHERE id = ?1 AND request = ?2")?
        .execute((id.0, taken.as_str()))?;
    Ok(())
}

/// Remembers the boot of the installer that was connected to last.
pub fn set_boot_id(tx: &Transaction<'_>, id: DeploymentId, boot_id: &str) -> Result<()> {
    tx.execute("UPDATE deployments SET boot_id = ?2 WHERE id = ?1", (id.0, boot_id))?;
    Ok(())
}

/// The boot of the installer that was connected to last on that node, by any deployment.
pub fn last_boot_id(conn: &Connection, node: NodeId) -> Result<Option<String>> {
    let sql =
        "SELECT boot_id FROM deployments WHERE node_id = ?1 AND boot_id IS NOT NULL ORDER BY id DESC LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row([node.0], |row| row.get(0)).optional()?)
}

/// Writes what the driver changes of a deployment: state, times, counters, problem. What a person asks
/// meanwhile stays; see [`take_request`].
pub fn save(tx: &Transaction<'_>, changed: &Deployment) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE deployments SET state = :state, state_since = :state_since, progress_at = :progress_at,
             progress = :progress, saved_state = :saved_state, power_cycles = :power_cycles, retries = :retries,
             problem = :problem
         WHERE id = :id",
    )?;
    statement.execute(named_params! {
        ":id": changed.id.0,
        ":state": changed.state.as_str(),
        ":state_since": to_millis(changed.state_since),
        ":progress_at": to_millis(changed.progress_at),
        ":progress": changed.progress.as_ref().map(to_json).transpose()?,
        ":saved_state": changed.saved_state.map(DeploymentState::as_str),
        ":power_cycles": changed.power_cycles,
        ":retries": changed.retries,
        ":problem": changed.problem.as_ref().map(to_json::<Problem>).transpose()?,
    })?;
    Ok(())
}

/// Remembers progress alone: cheap, several times a second in a large rack.
pub fn set_progress(
    tx: &Transaction<'_>,
    id: DeploymentId,
    progress: Progress,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE deployments SET progress = ?2, progress_at = ?3 WHERE id = ?1",
        (id.0, to_json(&progress)?, to_millis(now)),
    )?;
    Ok(())
}

/// Stores what a person asks; the driver takes it up.
pub fn set_request(tx: &Transaction<'_>, id: DeploymentId, request: Request) -> Result<()> {
    tx.execute("UPDATE deployments SET request = ?2 WHERE id = ?1", (id.0, request.as_str()))?;
    Ok(())
}

/// Opens the image to the holder of the token with that digest, or closes it.
pub fn set_image_token(tx: &Transaction<'_>, id: DeploymentId, digest: Option<&[u8; 32]>) -> Result<()> {
    tx.execute(
        "UPDATE deployments SET image_token = ?2 WHERE id = ?1",
        (id.0, digest.map(|digest| digest.as_slice())),
    )?;
    Ok(())
}

/// Whether the image is open to the holder of some token.
pub fn has_image_token(conn: &Connection, id: DeploymentId) -> Result<bool> {
    let sql = "SELECT image_token IS NOT NULL FROM deployments WHERE id = ?1";
    Ok(conn.query_row(sql, [id.0], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// The running deployment that a token with that digest belongs to.
pub fn by_image_token(conn: &Connection, digest: &[u8; 32]) -> Result<Option<Deployment>> {
    let sql = format!("SELECT {COLUMNS} FROM deployments WHERE image_token = ?1");
    Ok(conn.query_row(&sql, [digest.as_slice()], deployment).optional()?)
}

/// Adds a line to a deployment's history.
pub fn add_event(tx: &Transaction<'_>, id: DeploymentId, event: &StepEvent) -> Result<()> {
    tx.execute(
        "INSERT INTO step_events (deployment_id, at, state, text) VALUES (?1, ?2, ?3, ?4)",
        (id.0, to_millis(event.at), event.state.as_str(), &event.text),
    )?;
    Ok(())
}

/// A deployment's history, oldest first.
pub fn events(conn: &Connection, id: DeploymentId) -> Result<Vec<StepEvent>> {
    let mut statement =
        conn.prepare_cached("SELECT at, state, text FROM step_events WHERE deployment_id = ?1 ORDER BY id")?;
    let rows = statement.query_map([id.0], |row| {
        Ok(StepEvent {
            at: time(row, "at")?,
            state: word(row, "state", DeploymentState::from_word)?,
            text: row.get("text")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
