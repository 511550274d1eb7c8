//! Releasing reservations and asking things of what is deployed. *IO: the transaction it is given.* Called by
//! `local`.
//!
//! A request is a column of the deployment's row; the deployment workers take it up and clear it.

use super::error::{Error, Result};
use super::{blocks, hindrance, look, queue, reserve};
use crate::model::agent::Caller;
use crate::model::clock::{SignedDuration, TimeZone, Timestamp};
use crate::model::deployment::{DeploymentState, Request};
use crate::model::ids::ReservationId;
use crate::model::node::NodeName;
use crate::model::reservation::{BadPeriod, ReservationState};
use crate::store::{Transaction, deployments, nodes, reservations};

/// Gives a reservation's nodes back. Asking twice is no error.
pub(super) fn release(
    tx: &Transaction<'_>,
    caller: &Caller,
    id: ReservationId,
    now: Timestamp,
) -> Result<()> {
    let reservation = look::admitted(tx, caller, id)?;
    let next = match reservation.state {
        ReservationState::Held | ReservationState::Configured => ReservationState::Ended,
        ReservationState::Active => ReservationState::Ending,
        ReservationState::Ending | ReservationState::Ended => return Ok(()),
    };
    for deployment in deployments::by_reservation(tx, id)? {
        if deployment.state != DeploymentState::Destroyed {
            deployments::set_request(tx, deployment.id, Request::Destroy)?;
        }
    }
    Ok(reservations::set_state(tx, id, next, now)?)
}

/// Makes a reservation last longer, never over somebody else's. Gives its new end.
pub(super) fn extend(
    tx: &Transaction<'_>,
    caller: &Caller,
    id: ReservationId,
    hours: u32,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Timestamp> {
    let reservation = look::admitted(tx, caller, id)?;
    match reservation.state {
        ReservationState::Held | ReservationState::Configured | ReservationState::Active => {}
        ReservationState::Ending | ReservationState::Ended => return Err(Error::Over { id }),
    }
    if reservation.end <= now {
        return Err(Error::Over { id });
    }
    if hours == 0 {
        return Err(Error::Period(BadPeriod::Hours { hours: 0 }));
    }
    let rights = hindrance::rights(tx, reservation.owner)?;
    let rules = &rights.rules;
    let end = if caller.is_admin {
        reservation.end + SignedDuration::from_hours(i64::from(hours))
    } else {
        reserve::refuse_amount(tx, rules, &reservation, hours)?;
        let end = rules.extended(&reservation, hours)?;
        hindrance::refuse_closed(tx, (reservation.end, end), zone)?;
        queue::refuse_overtaking(tx, &reservation.nodes, (reservation.end, end + rules.margin()), zone, now)?;
        end
    };
    blocks::refuse_blocked(tx, &reservation, (reservation.end, end), &rights)?;
    let others = reservations::overlaps(tx, &reservation.nodes, reservation.end, end + rules.margin(), now)?;
    let others: Vec<_> = others.into_iter().filter(|other| other.reservation != id).collect();
    if !others.is_empty() {
        return Err(Error::Taken { taken: hindrance::name_overlaps(tx, others)? });
    }
    reservations::set_end(tx, id, end, now)?;
    Ok(end)
}

/// Asks something of what is deployed on a node.
pub(super) fn request(
    tx: &Transaction<'_>,
    caller: &Caller,
    name: &NodeName,
    request: Request,
) -> Result<()> {
    let node =
        nodes::by_name(tx, name.as_str())?.ok_or_else(|| Error::NoSuchNode { name: name.to_string() })?;
    let deployment = deployments::current_of_node(tx, node.id)?
        .ok_or_else(|| Error::NotDeployed { node: name.clone() })?;
    let reservation = look::admitted(tx, caller, deployment.reservation)?;
    let going_down = reservation.state != ReservationState::Active
        || deployment.state == DeploymentState::Destroying
        || deployment.request == Some(Request::Destroy);
    if going_down {
        return Err(Error::GoingDown { node: name.clone() });
    }
    if deployment.state == DeploymentState::Initialized && request != Request::Destroy {
        return Err(Error::Waiting { node: name.clone() });
    }
    Ok(deployments::set_request(tx, deployment.id, request)?)
}
