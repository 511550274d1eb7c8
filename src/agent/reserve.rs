//! Booking: all nodes of a wish, or none. `plan` is *pure*; `book` works in the transaction it is given.
//! Called by `local`.

use super::error::{Error, Result, TakenNode};
use super::look;
use crate::model::agent::ReserveWish;
use crate::model::clock::Timestamp;
use crate::model::ids::{NodeId, ReservationId, UserId};
use crate::model::node::{Node, NodeName};
use crate::model::reservation::judge_period;
use crate::store::reservations::{NewReservation, Overlap};
use crate::store::{Transaction, detections, nodes, reservations};

/// The longest name of a bin, in characters.
const LONGEST_NAME: usize = 64;

/// A wish that is sound in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    nodes: Vec<NodeName>,
    start: Timestamp,
    end: Timestamp,
    name: String,
}

impl Plan {
    /// As the audit log tells it.
    pub(super) fn shown(&self, id: ReservationId) -> String {
        let nodes: Vec<&str> = self.nodes.iter().map(NodeName::as_str).collect();
        format!("reservation {id}: {} from {} until {}", nodes.join(", "), self.start, self.end)
    }
}

/// Judges what can be judged without the database.
pub(super) fn plan(wish: ReserveWish, now: Timestamp) -> Result<Plan> {
    let mut nodes = wish.nodes;
    nodes.sort();
    nodes.dedup();
    if nodes.is_empty() {
        return Err(Error::NoNodes);
    }
    let name = wish.name.trim().to_owned();
    let seen = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&seen) || name.chars().any(char::is_control) {
        return Err(Error::BinName { seen });
    }
    let (start, end) = judge_period(wish.start, wish.hours, now)?;
    Ok(Plan { nodes, start, end, name })
}

/// Books in one transaction.
pub(super) fn book(
    tx: &Transaction<'_>,
    owner: UserId,
    plan: &Plan,
    now: Timestamp,
) -> Result<ReservationId> {
    let mut found = Vec::new();
    let mut unknown = Vec::new();
    for name in &plan.nodes {
        match nodes::by_name(tx, name.as_str())? {
            Some(node) => found.push(node),
            None => unknown.push(name.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(Error::UnknownNodes { names: unknown });
    }
    refuse_detected(tx, &found)?;
    let found: Vec<(NodeId, NodeName)> = found.into_iter().map(|node| (node.id, node.name)).collect();
    let new = NewReservation {
        owner,
        name: plan.name.clone(),
        start: plan.start,
        end: plan.end,
        nodes: found.iter().map(|(id, _)| *id).collect(),
    };
    match reservations::book(tx, &new, now)? {
        Ok(id) => Ok(id),
        Err(overlaps) => Err(Error::Taken { taken: name_overlaps(tx, &found, overlaps)? }),
    }
}

/// A running detection may switch the power of these ports.
fn refuse_detected(tx: &Transaction<'_>, found: &[Node]) -> Result<()> {
    let claimed = detections::claimed(tx)?;
    let is_claimed = |node: &&Node| node.port.is_some_and(|port| claimed.contains(&port));
    let nodes: Vec<NodeName> = found.iter().filter(is_claimed).map(|node| node.name.clone()).collect();
    if nodes.is_empty() { Ok(()) } else { Err(Error::Detected { nodes }) }
}

/// One line per taken node: the first reservation in its way.
fn name_overlaps(
    tx: &Transaction<'_>,
    names: &[(NodeId, NodeName)],
    overlaps: Vec<Overlap>,
) -> Result<Vec<TakenNode>> {
    let mut taken: Vec<TakenNode> = Vec::new();
    for Overlap { node, reservation, start, end } in overlaps {
        let Some((_, name)) = names.iter().find(|(id, _)| *id == node) else { continue };
        if taken.iter().any(|it| it.node == *name) {
            continue;
        }
        let holder = reservations::by_id(tx, reservation)?;
        let owner = holder.map(|holder| look::email(tx, holder.owner)).transpose()?.unwrap_or_default();
        taken.push(TakenNode { node: name.clone(), owner, start, end });
    }
    Ok(taken)
}
