//! Starting a detection, and what it must not touch. *IO: the transaction it is given.*
//!
//! A port is spared if it feeds pimaster, or if its node is booked: now, or before the detection of a whole switch
//! can have ended. It is judged at the start and again in the transaction of every power request. The other way
//! round, a node whose port is claimed by a running detection cannot be reserved.

use super::Refusal;
use crate::model::clock::{SignedDuration, Timestamp};
use crate::model::detection::{DetectWish, DetectedPort};
use crate::model::ids::DetectionId;
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::model::reservation::ReservationState;
use crate::store::{self, Connection, Transaction, deployments, detections, nodes, reservations, switches};

/// A reservation that begins so soon keeps its node's port untouched: 48 ports take about an hour.
const HORIZON: SignedDuration = SignedDuration::from_hours(2);

/// Starts a detection; the task of the daemon takes it up.
pub fn start(tx: &Transaction<'_>, wish: &DetectWish, now: Timestamp) -> Result<DetectionId, Refusal> {
    let found = switches::by_name(tx, &wish.switch)?;
    let switch = found.ok_or_else(|| Refusal::NoSuchSwitch { seen: wish.switch.clone() })?;
    if matches!(switch.driver, PowerDriver::None) {
        return Err(Refusal::Hands { switch: switch.name });
    }
    if let Some(running) = detections::running(tx)?.into_iter().find(|it| it.switch == switch.id) {
        return Err(Refusal::Detecting { switch: switch.name, id: running.id });
    }
    let mut ports = Vec::new();
    for port in wish.ports.iter().copied() {
        if !(1..=switch.ports).contains(&port) {
            return Err(Refusal::NoSuchPort { seen: port, switch: switch.name, ports: switch.ports });
        }
        if let Some(why) = spared(tx, &switch, port, now)? {
            return Err(Refusal::Spared { port, switch: switch.name, why });
        }
        ports.push(DetectedPort { port, was: None, given_back: false, outcome: None });
    }
    if ports.is_empty() {
        return Err(Refusal::NoPorts);
    }
    let id = detections::insert(tx, switch.id, &ports, now)?;
    detections::note(tx, id, now, &format!("{} ports of {} are looked at", ports.len(), switch.name))?;
    Ok(id)
}

/// Asks a detection to stop; one that has ended stays as it is.
pub fn cancel(tx: &Transaction<'_>, id: DetectionId, now: Timestamp) -> Result<(), Refusal> {
    let found = detections::by_id(tx, id)?.ok_or(Refusal::NoSuchDetection { id })?;
    if found.ended_at.is_none() && !found.cancel {
        detections::cancel(tx, id)?;
        detections::note(tx, id, now, "asked to stop")?;
    }
    Ok(())
}

/// Why a port must not be touched; none if it may.
pub(super) fn spared(
    conn: &Connection,
    switch: &Switch,
    port: u16,
    now: Timestamp,
) -> store::Result<Option<String>> {
    if switch.protected_port == Some(port) {
        return Ok(Some("it feeds pimaster itself".to_owned()));
    }
    let at = nodes::by_port(conn, PortRef { switch: switch.id, port })?;
    let Some(node) = at.map(|id| nodes::by_id(conn, id)).transpose()?.flatten() else { return Ok(None) };
    if deployments::current_of_node(conn, node.id)?.is_some() {
        return Ok(Some(format!("{} is in use", node.name)));
    }
    let booked = reservations::unfinished(conn, None)?.into_iter().find(|it| {
        let soon = match it.state {
            ReservationState::Held | ReservationState::Configured => {
                it.end > now && it.start <= now + HORIZON
            }
            ReservationState::Active | ReservationState::Ending => true,
            ReservationState::Ended => false,
        };
        soon && it.nodes.contains(&node.id)
    });
    Ok(booked.map(|_| format!("{} is reserved", node.name)))
}
