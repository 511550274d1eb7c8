//! What stands in the way of a wish: nodes and reservations, as refusals name them. *Pure.* Called by `error`.

use super::error::list;
use crate::model::clock::Timestamp;
use crate::model::ids::ReservationId;
use crate::model::node::NodeName;
use std::fmt;

/// A node that is taken, by whom and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNode {
    /// The node.
    pub node: NodeName,
    /// The owner's e-mail address.
    pub owner: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl fmt::Display for TakenNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, owner, start, end } = self;
        let (start, end) = (start.strftime("%Y-%m-%d %H:%M"), end.strftime("%Y-%m-%d %H:%M UTC"));
        write!(f, "{node} is taken by {owner} from {start} until {end}")
    }
}

/// A node that a block keeps, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedNode {
    /// The node.
    pub node: NodeName,
    /// What the administrator said.
    pub reason: String,
    /// The group that may book it then.
    pub group: Option<String>,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl fmt::Display for BlockedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, reason, group, start, end } = self;
        let (start, end) = (start.strftime("%Y-%m-%d %H:%M"), end.strftime("%Y-%m-%d %H:%M UTC"));
        write!(f, "{node} is blocked from {start} until {end} ({reason})")?;
        group.as_ref().map_or(Ok(()), |group| write!(f, ", for the group {group}"))
    }
}

/// A reservation that lies in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The reservation.
    pub reservation: ReservationId,
    /// The owner's e-mail address.
    pub owner: String,
    /// Its nodes.
    pub nodes: Vec<NodeName>,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start.strftime("%Y-%m-%d %H:%M"), self.end.strftime("%Y-%m-%d %H:%M UTC"));
        write!(f, "{} of {} ({}) from {start} until {end}", self.reservation, self.owner, list(&self.nodes))
    }
}

/// A node on which an environment does not boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitNode {
    /// The node.
    pub node: NodeName,
    /// What people read of its board.
    pub board: String,
}

impl fmt::Display for UnfitNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.node, self.board)
    }
}

/// A node that is kept from being reserved, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedNode {
    /// The node.
    pub node: NodeName,
    /// What the administrator said.
    pub reason: String,
}

impl fmt::Display for QuarantinedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is in quarantine: {}", self.node, self.reason)
    }
}
