//! Changing what is known of a node, and taking one out of the rack. *IO: the transaction it is given.* Called by
//! `agent`.

use super::Refusal;
use super::enrol::{known, named_port, refuse_address, refuse_clash, refuse_in_use};
use super::rules::Rules;
use crate::model::clock::Timestamp;
use crate::model::discovery::{EnrolWish, PortWish};
use crate::model::node::{Node, NodeName};
use crate::store::nodes::NewNode;
use crate::store::{Connection, Transaction, leases, nodes, reservations};

/// A node before and after it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it was.
    pub before: Node,
    /// As it is.
    pub after: Node,
}

/// Changes name, address, model and port of a node, by the rules of enrolling; what the wish leaves out stays, and so
/// does its board. Name and address stay while somebody's system runs by them.
pub fn change(
    tx: &Transaction<'_>,
    rules: &Rules,
    name: &NodeName,
    wish: &EnrolWish,
) -> Result<Changed, Refusal> {
    let before = find(tx, name)?;
    let mut known = known(tx)?;
    known.nodes.retain(|other| other.id != before.id);
    let new = NewNode {
        name: wish.name.clone().unwrap_or_else(|| before.name.clone()),
        mac: before.mac,
        address: wish.address.unwrap_or(before.address),
        model: wish.model.unwrap_or(before.model),
        serial: before.serial,
        port: match &wish.port {
            PortWish::AsFound => before.port,
            PortWish::Nowhere => None,
            PortWish::At(port) => Some(named_port(&known, port)?),
        },
    };
    let is_readdressed = new.address != before.address;
    if is_readdressed || new.name != before.name {
        refuse_in_use(tx, std::iter::once(&before))?;
    }
    if is_readdressed {
        refuse_address(rules, new.address)?;
    }
    refuse_clash(&known, &new)?;
    if is_readdressed {
        leases::forget_node(tx, before.id)?;
        nodes::set_address(tx, before.id, new.address)?;
    }
    nodes::change(tx, before.id, &new.name, new.model, new.port)?;
    let after = find(tx, &new.name)?;
    Ok(Changed { before, after })
}

/// Takes a node out of the rack if no reservation has it that is not over. Its row stays, for the history speaks of
/// it; its board is unknown again.
pub fn retire(tx: &Transaction<'_>, name: &NodeName, now: Timestamp) -> Result<Node, Refusal> {
    let node = find(tx, name)?;
    let booked = reservations::unfinished(tx, None)?.into_iter().find(|it| it.nodes.contains(&node.id));
    if let Some(reservation) = booked {
        return Err(Refusal::Booked { node: node.name, reservation: reservation.id });
    }
    leases::forget_node(tx, node.id)?;
    nodes::retire(tx, &node, now)?;
    Ok(node)
}

fn find(conn: &Connection, name: &NodeName) -> Result<Node, Refusal> {
    nodes::by_name(conn, name.as_str())?.ok_or_else(|| Refusal::NoSuchNode { name: name.clone() })
}
