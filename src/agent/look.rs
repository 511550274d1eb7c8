//! From rows to views. *IO: reads the connection it is given.* Called by `local`.

use super::boots;
use super::contract::Whose;
use super::error::{Error, Result};
use crate::model::agent::{
    BlockView, Booking, CalendarRow, Caller, EnvironmentView, NodeDeploymentView, NodeView, RackNode,
    ReservationView, Taken,
};
use crate::model::block::Scope;
use crate::model::booking::BookingRules;
use crate::model::clock::Timestamp;
use crate::model::deployment::{Deployment, DeploymentState};
use crate::model::discovery::PortName;
use crate::model::environment::Environment;
use crate::model::ids::{NodeId, ReservationId, UserId};
use crate::model::node::{Node, NodeName};
use crate::model::reservation::{Reservation, ReservationState};
use crate::store::reservations::Booked;
use crate::store::{
    Connection, blocks, deployments, environments, nodes, quarantine, reservations, site, switches, users,
};
use std::collections::HashMap;

/// Nodes of one reservation whose boot is explained beside them: each means to read hundreds of events.
const MOST_EXPLAINED: usize = 20;

/// Every node with who has it now and later.
pub(super) fn nodes(conn: &Connection, now: Timestamp) -> Result<Vec<NodeView>> {
    let switches: HashMap<_, _> =
        switches::list(conn)?.into_iter().map(|switch| (switch.id, switch.name)).collect();
    let mut bookings: HashMap<NodeId, Vec<Taken>> = HashMap::new();
    for reservation in reservations::unfinished(conn, None)? {
        let owner = email(conn, reservation.owner)?;
        let Reservation { id, start, end, .. } = reservation;
        if is_past(&reservation, now) {
            continue;
        }
        for node in &reservation.nodes {
            let taken = Taken { reservation: id, owner: owner.clone(), start, end };
            bookings.entry(*node).or_default().push(taken);
        }
    }
    let mut kept = quarantine::list(conn)?;
    let view = |node: Node| {
        let booked = bookings.remove(&node.id).unwrap_or_default();
        let (mut current, later): (Vec<_>, Vec<_>) = booked.into_iter().partition(|it| it.start <= now);
        let port = node.port.and_then(|port| Some(format!("{} {}", switches.get(&port.switch)?, port.port)));
        NodeView {
            name: node.name,
            model: node.model,
            board: node.model.shown_with(node.revision),
            address: node.address,
            serial: node.serial.map(|serial| serial.to_string()),
            port,
            quarantine: kept.remove(&node.id),
            taken: current.pop(),
            later,
        }
    };
    Ok(nodes::list(conn)?.into_iter().map(view).collect())
}

/// Every node of the rack as administrators see it.
pub(super) fn rack(conn: &Connection, now: Timestamp) -> Result<Vec<RackNode>> {
    let switches = switches::list(conn)?;
    let mut rows: HashMap<NodeName, Node> =
        nodes::list(conn)?.into_iter().map(|node| (node.name.clone(), node)).collect();
    let view = |node: NodeView| {
        let Node { mac, port, boot_target, .. } = rows.remove(&node.name)?;
        let port = port.and_then(|port| {
            let switch = switches.iter().find(|switch| switch.id == port.switch)?.name.clone();
            Some(PortName { switch, port: port.port })
        });
        Some(RackNode { node, mac, port, boot_target })
    };
    Ok(self::nodes(conn, now)?.into_iter().filter_map(view).collect())
}

/// Every node with what is booked on it in a period.
pub(super) fn calendar(
    conn: &Connection,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Result<Vec<CalendarRow>> {
    let mut booked: HashMap<NodeId, Vec<Booking>> = HashMap::new();
    for Booked { node, reservation, owner, start, end, state } in reservations::between(conn, from, until)? {
        // What is being taken down holds its node beyond its end.
        let end = if state == ReservationState::Ending { end.max(now) } else { end };
        booked.entry(node).or_default().push(Booking { reservation, owner, start, end, state });
    }
    let found = blocks::between(conn, from, until)?;
    let found = found.into_iter().map(|block| Ok((block.scope.clone(), super::blocks::view(conn, block)?)));
    let blocks = found.collect::<Result<Vec<(Scope, BlockView)>>>()?;
    let mut rows: HashMap<NodeName, Node> =
        nodes::list(conn)?.into_iter().map(|node| (node.name.clone(), node)).collect();
    let row = |node: NodeView| {
        let row = rows.remove(&node.name);
        let booked = row.as_ref().and_then(|row| booked.remove(&row.id)).unwrap_or_default();
        let keeps = |scope: &Scope| row.as_ref().is_some_and(|row| scope.covers(row));
        let blocked =
            blocks.iter().filter(|(scope, _)| keeps(scope)).map(|(_, block)| block.clone()).collect();
        CalendarRow { node, booked, blocked }
    };
    Ok(self::nodes(conn, now)?.into_iter().map(row).collect())
}

/// Every environment that the caller may deploy, those first that are offered first.
pub(super) fn environments(conn: &Connection, caller: &Caller) -> Result<Vec<EnvironmentView>> {
    let mut entries = environments::catalogue(conn)?;
    entries.retain(|entry| entry.is_usable_by(caller.user, caller.is_admin));
    let found = entries.into_iter().map(|entry| entry.environment).map(|environment| EnvironmentView {
        id: environment.id,
        name: environment.name,
        description: environment.description,
        family: environment.family,
        ssh_user: environment.ssh_user,
        disk_bytes: environment.disk_bytes,
        used_bytes: environment.used_bytes,
        digest: environment.digest.to_string(),
        boots_on: environment.boots_on,
    });
    Ok(found.collect())
}

/// Whose reservations a caller may list.
pub(super) fn owner_filter(caller: &Caller, whose: Whose) -> Option<UserId> {
    match whose {
        Whose::All if caller.is_admin => None,
        Whose::All | Whose::Own => Some(caller.user),
    }
}

/// The reservations of an owner, or of all, without histories.
pub(super) fn reservations(
    conn: &Connection,
    owner: Option<UserId>,
    ssh_port: u16,
    now: Timestamp,
) -> Result<Vec<ReservationView>> {
    let found = reservations::unfinished(conn, owner)?;
    found.into_iter().map(|reservation| view(conn, reservation, ssh_port, now)).collect()
}

/// One reservation with the history of each node.
pub(super) fn reservation(
    conn: &Connection,
    caller: &Caller,
    id: ReservationId,
    ssh_port: u16,
    now: Timestamp,
) -> Result<ReservationView> {
    let mut shown = view(conn, admitted(conn, caller, id)?, ssh_port, now)?;
    let mut explained = 0;
    for node in &mut shown.nodes {
        let Some(deployment) = node.deployment else { continue };
        node.events = deployments::events(conn, deployment)?;
        let is_given_up = matches!(node.state, DeploymentState::Lost | DeploymentState::Failed);
        if is_given_up && explained < MOST_EXPLAINED {
            let row = nodes::by_name(conn, node.node.as_str())?;
            node.boot = row.map(|row| boots::explanation(conn, &row, now)).transpose()?;
            explained += 1;
        }
    }
    Ok(shown)
}

/// The reservation of that row, if the caller may see and act on it.
pub(super) fn admitted(conn: &Connection, caller: &Caller, id: ReservationId) -> Result<Reservation> {
    let found = reservations::by_id(conn, id)?.ok_or(Error::NoSuchReservation { id })?;
    if found.owner == caller.user || caller.is_admin {
        return Ok(found);
    }
    Err(Error::NotYours { id, owner: email(conn, found.owner)? })
}

/// A reservation and its owner, as the audit log names them: administrators act on other people's.
pub(super) fn whose(conn: &Connection, id: ReservationId) -> Result<String> {
    let found = reservations::by_id(conn, id)?.ok_or(Error::NoSuchReservation { id })?;
    Ok(format!("reservation {id} of {}", email(conn, found.owner)?))
}

/// Whether the deployed system's host key is settled: from the step that installs it on.
pub(super) fn has_host_key(state: DeploymentState) -> bool {
    use DeploymentState::{Deployed, EnvBoot, SystemUpdate, UserConf, UserScript};
    matches!(state, EnvBoot | UserConf | SystemUpdate | UserScript | Deployed)
}

/// The e-mail address of an account.
pub(super) fn email(conn: &Connection, user: UserId) -> Result<String> {
    Ok(users::by_id(conn, user)?.map_or_else(|| format!("user {user}"), |user| user.email))
}

/// The end has passed and nothing was ever deployed: the nodes are free, whoever has not tidied up yet.
pub(super) fn is_past(reservation: &Reservation, now: Timestamp) -> bool {
    match reservation.state {
        ReservationState::Held | ReservationState::Configured => reservation.end <= now,
        ReservationState::Active | ReservationState::Ending => false,
        ReservationState::Ended => true,
    }
}

fn view(
    conn: &Connection,
    reservation: Reservation,
    ssh_port: u16,
    now: Timestamp,
) -> Result<ReservationView> {
    let chosen = reservation.configuration.as_ref();
    let environment = |id| environments::by_id(conn, id);
    let common = chosen.map(|chosen| environment(chosen.environment)).transpose()?.flatten();
    let since = reservation.start.min(now);
    let mut shown = Vec::new();
    let mut deployed: HashMap<NodeId, Deployment> =
        deployments::by_reservation(conn, reservation.id)?.into_iter().map(|it| (it.node, it)).collect();
    for id in &reservation.nodes {
        let deployment = deployed.remove(id);
        let changes = chosen.map_or(&[] as &[_], |chosen| &chosen.changes);
        let own = changes.iter().find(|change| change.node == *id).and_then(|change| change.environment);
        let own = own.map(environment).transpose()?.flatten();
        if let Some(node) = nodes::by_id(conn, *id)? {
            shown.push(node_view(node, deployment, ssh_port, own.as_ref().or(common.as_ref()), since));
        }
    }
    let rules: BookingRules = site::get(conn, BookingRules::NAME)?;
    let held_until = (reservation.state == ReservationState::Held).then(|| rules.held_until(&reservation));
    Ok(ReservationView {
        id: reservation.id,
        held_until,
        name: reservation.name,
        owner: reservation.owner,
        owner_email: email(conn, reservation.owner)?,
        start: reservation.start,
        end: reservation.end,
        state: reservation.state,
        environment: common.map(|environment| environment.name),
        nodes: shown,
    })
}

fn node_view(
    node: Node,
    deployment: Option<Deployment>,
    ssh_port: u16,
    environment: Option<&Environment>,
    since: Timestamp,
) -> NodeDeploymentView {
    let blank = NodeDeploymentView {
        node: node.name,
        model: node.model,
        board: node.model.shown_with(node.revision),
        address: node.address,
        ssh_port,
        environment: environment.map(|environment| environment.name.clone()),
        ssh_user: environment.map(|environment| environment.ssh_user.clone()),
        host_key: None,
        deployment: None,
        state: DeploymentState::Initialized,
        saved_state: None,
        state_since: since,
        progress: None,
        request: None,
        problem: None,
        boot: None,
        events: Vec::new(),
    };
    let Some(deployment) = deployment else { return blank };
    NodeDeploymentView {
        deployment: Some(deployment.id),
        state: deployment.state,
        saved_state: deployment.saved_state,
        state_since: deployment.state_since,
        progress: deployment.progress,
        request: deployment.request,
        problem: deployment.problem,
        ..blank
    }
}
