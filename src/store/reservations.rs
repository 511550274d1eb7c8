//! Queries on reservations. Booking checks and inserts in one transaction, so that no node is booked twice.

use super::convert::{optional_json, time, to_json, word};
use super::error::Result;
use crate::model::clock::{SignedDuration, Timestamp, to_millis};
use crate::model::ids::{NodeId, ReservationId, UserId};
use crate::model::reservation::{Configuration, Reservation, ReservationState};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

/// A reservation to be created.
#[derive(Debug, Clone)]
pub struct NewReservation {
    /// Who books.
    pub owner: UserId,
    /// The name of the bin.
    pub name: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// The nodes.
    pub nodes: Vec<NodeId>,
    /// The time that must lie between it and others.
    pub margin: SignedDuration,
}

/// A node that is taken in a period, by whom and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The node.
    pub node: NodeId,
    /// The reservation that holds it.
    pub reservation: ReservationId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

const COLUMNS: &str = "id, owner_id, name, start_at, end_at, state, configuration, created_at";

/// Nodes of `nodes` that unfinished reservations hold at some time between `start` and `end`.
pub fn overlaps(
    conn: &Connection,
    nodes: &[NodeId],
    start: Timestamp,
    end: Timestamp,
    now: Timestamp,
) -> Result<Vec<Overlap>> {
    // A reservation that is being taken down holds its nodes until the cards are wiped, whatever its end says:
    // a period that starts now must wait, one that starts later need not.
    let mut statement = conn.prepare_cached(
        "SELECT n.node_id, r.id, r.start_at, r.end_at
         FROM reservation_nodes n JOIN reservations r ON r.id = n.reservation_id
         WHERE n.node_id = :node AND r.state <> 'ended'
           AND r.start_at < :end AND (r.end_at > :start OR (r.state IN ('active', 'ending') AND :start <= :now))
         ORDER BY r.start_at",
    )?;
    let mut found = Vec::new();
    for node in nodes {
        let params = named_params! {
            ":node": node.0, ":start": to_millis(start), ":end": to_millis(end), ":now": to_millis(now),
        };
        let rows = statement.query_map(params, |row| {
            Ok(Overlap {
                node: NodeId(row.get("node_id")?),
                reservation: ReservationId(row.get("id")?),
                start: time(row, "start_at")?,
                end: time(row, "end_at")?,
            })
        })?;
        found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Books all nodes, or none: the overlaps come back instead.
pub fn book(
    tx: &Transaction<'_>,
    new: &NewReservation,
    now: Timestamp,
) -> Result<std::result::Result<ReservationId, Vec<Overlap>>> {
    let (start, end) = (new.start - new.margin, new.end + new.margin);
    let taken = overlaps(tx, &new.nodes, start, end, now)?;
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    tx.execute(
        "INSERT INTO reservations (owner_id, name, start_at, end_at, state, created_at, changed_at)
         VALUES (:owner, :name, :start, :end, 'held', :now, :now)",
        named_params! {
            ":owner": new.owner.0, ":name": new.name, ":start": to_millis(new.start),
            ":end": to_millis(new.end), ":now": to_millis(now),
        },
    )?;
    let id = ReservationId(tx.last_insert_rowid());
    let mut insert =
        tx.prepare_cached("INSERT INTO reservation_nodes (reservation_id, node_id) VALUES (?1, ?2)")?;
    for node in &new.nodes {
        insert.execute((id.0, node.0))?;
    }
    Ok(Ok(id))
}

/// The reservation of that row.
pub fn by_id(conn: &Connection, id: ReservationId) -> Result<Option<Reservation>> {
    let sql = format!("SELECT {COLUMNS} FROM reservations WHERE id = ?1");
    let found = conn.query_row(&sql, [id.0], reservation).optional()?;
    found.map(|reservation| with_nodes(conn, reservation)).transpose()
}

/// Everything not ended, by start; of one owner, or of all.
pub fn unfinished(conn: &Connection, owner: Option<UserId>) -> Result<Vec<Reservation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM reservations
         WHERE state <> 'ended' AND (:owner IS NULL OR owner_id = :owner) ORDER BY start_at, id"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let params = named_params! { ":owner": owner.map(|owner| owner.0) };
    let rows = statement.query_map(params, reservation)?.collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|reservation| with_nodes(conn, reservation)).collect()
}

/// Stores what shall be deployed.
pub fn configure(tx: &Transaction<'_>, id: ReservationId, configuration: &Configuration) -> Result<()> {
    tx.execute(
        "UPDATE reservations SET configuration = ?2, state = 'configured' WHERE id = ?1",
        (id.0, to_json(configuration)?),
    )?;
    Ok(())
}

/// Moves a reservation on.
pub fn set_state(
    tx: &Transaction<'_>,
    id: ReservationId,
    state: ReservationState,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE reservations SET state = ?2, ended_at = CASE ?2 WHEN 'ended' THEN ?3 END,
             sequence = sequence + (?2 = 'ended'), changed_at = CASE ?2 WHEN 'ended' THEN ?3 ELSE changed_at END
         WHERE id = ?1",
        (id.0, state.as_str(), to_millis(now)),
    )?;
    Ok(())
}

/// Makes a reservation last until then.
pub fn set_end(tx: &Transaction<'_>, id: ReservationId, end: Timestamp, now: Timestamp) -> Result<()> {
    let sql = "UPDATE reservations SET end_at = ?2, sequence = sequence + 1, changed_at = ?3 WHERE id = ?1";
    tx.execute(sql, (id.0, to_millis(end), to_millis(now)))?;
    Ok(())
}

/// A node's time in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The node.
    pub node: NodeId,
    /// The reservation that has or had it.
    pub reservation: ReservationId,
    /// The owner's e-mail address.
    pub owner: String,
    /// From when.
    pub start: Timestamp,
    /// Until when, or when it was over before that.
    pub end: Timestamp,
    /// Where it stands.
    pub state: ReservationState,
}

/// What lies in a period, past or future, by node and start.
pub fn between(conn: &Connection, from: Timestamp, until: Timestamp) -> Result<Vec<Booked>> {
    let mut statement = conn.prepare_cached(
        "SELECT n.node_id, r.id, u.email, r.start_at, min(r.end_at, coalesce(r.ended_at, r.end_at)) AS until_at, r.state
         FROM reservations r JOIN reservation_nodes n ON n.reservation_id = r.id JOIN users u ON u.id = r.owner_id
         WHERE r.end_at > :from AND r.start_at < :until AND coalesce(r.ended_at, r.end_at) > max(:from, r.start_at)
         ORDER BY n.node_id, r.start_at",
    )?;
    let params = named_params! { ":from": to_millis(from), ":until": to_millis(until) };
    let rows = statement.query_map(params, |row| {
        Ok(Booked {
            node: NodeId(row.get("node_id")?),
            reservation: ReservationId(row.get("id")?),
            owner: row.get("email")?,
            start: time(row, "start_at")?,
            end: time(row, "until_at")?,
            state: word(row, "state", ReservationState::from_word)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn reservation(row: &Row<'_>) -> rusqlite::Result<Reservation> {
    Ok(Reservation {
        id: ReservationId(row.get("id")?),
        owner: UserId(row.get("owner_id")?),
        name: row.get("name")?,
        start: time(row, "start_at")?,
        end: time(row, "end_at")?,
        state: word(row, "state", ReservationState::from_word)?,
        nodes: Vec::new(),
        configuration: optional_json(row, "configuration")?,
        created: time(row, "created_at")?,
    })
}

fn with_nodes(conn: &Connection, mut reservation: Reservation) -> Result<Reservation> {
    let mut statement = conn.prepare_cached(
        "SELECT rn.node_id FROM reservation_nodes rn JOIN nodes n ON n.id = rn.node_id
         WHERE rn.reservation_id = ?1 ORDER BY n.name",
    )?;
    let nodes = statement.query_map([reservation.id.0], |row| Ok(NodeId(row.get(0)?)))?;
    reservation.nodes = nodes.collect::<rusqlite::Result<_>>()?;
    Ok(reservation)
}
