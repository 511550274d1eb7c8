//! Releasing reservations and asking things of what is deployed. *IO: the transaction it is given.* Called by
//! `local`.
//!
//! A request is a column of the deployment's row; the deployment workers take it up and clear it.

use super::error::{Error, Result};
use super::look;
use crate::model::agent::Caller;
use crate::model::deployment::{DeploymentState, Request};
use crate::model::ids::ReservationId;
use crate::model::node::NodeName;
use crate::model::reservation::ReservationState;
use crate::store::{Transaction, deployments, nodes, reservations};

/// Gives a reservation's nodes back. Asking twice is no error.
pub(super) fn release(tx: &Transaction<'_>, caller: &Caller, id: ReservationId) -> Result<()> {
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
    Ok(reservations::set_state(tx, id, next)?)
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
