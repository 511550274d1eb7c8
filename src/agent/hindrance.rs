//! What keeps nodes from being booked in a period. *IO: reads the connection it is given.* Called by `reserve`, `act`
//! and `blocks`.

use super::error::{Error, Result};
use super::look;
use super::obstacles::{BlockedNode, QuarantinedNode, TakenNode};
use crate::model::block::Block;
use crate::model::booking::BookingRules;
use crate::model::clock::{TimeZone, Timestamp};
use crate::model::group::Limits;
use crate::model::ids::{GroupId, NodeId, UserId};
use crate::model::node::{Node, NodeName};
use crate::model::opening::OpeningHours;
use crate::model::quarantine::Quarantine;
use crate::model::rack::PortRef;
use crate::store::reservations::Overlap;
use crate::store::{Connection, blocks, detections, groups, nodes, quarantine, reservations, site};
use std::collections::HashMap;

/// What a person may, by the rules for all and their groups.
#[derive(Debug, Clone)]
pub(super) struct Rights {
    /// The rules that bind them.
    pub(super) rules: BookingRules,
    /// Their groups.
    pub(super) groups: Vec<GroupId>,
}

/// What a person may.
pub(super) fn rights(conn: &Connection, user: UserId) -> Result<Rights> {
    let (groups, limits): (Vec<GroupId>, Vec<Limits>) = groups::of_user(conn, user)?.into_iter().unzip();
    let rules: BookingRules = site::get(conn, BookingRules::NAME)?;
    Ok(Rights { rules: rules.within(Limits::of_all(limits)), groups })
}

/// Refuses a period in which the lab is closed.
pub(super) fn refuse_closed(
    conn: &Connection,
    (start, end): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<()> {
    let hours: OpeningHours = site::get(conn, OpeningHours::NAME)?;
    Ok(hours.judge(start, end, zone)?)
}

/// What keeps some nodes from being booked in a period.
#[derive(Debug)]
pub(super) struct Hindrances {
    claimed: Vec<PortRef>,
    kept: HashMap<NodeId, Quarantine>,
    blocks: Vec<Block>,
    overlaps: Vec<Overlap>,
    /// Nodes that others wait for and are to get in that period.
    awaited: Vec<NodeId>,
}

impl Hindrances {
    /// Those of `nodes` in a period, for somebody with those rights.
    pub(super) fn of(
        conn: &Connection,
        nodes: &[Node],
        (start, end): (Timestamp, Timestamp),
        rights: &Rights,
        now: Timestamp,
    ) -> Result<Self> {
        let (ids, margin): (Vec<NodeId>, _) =
            (nodes.iter().map(|node| node.id).collect(), rights.rules.margin());
        let mut blocks = blocks::between(conn, start, end)?;
        blocks.retain(|block| block.binds(&rights.groups));
        Ok(Self {
            claimed: detections::claimed(conn)?.into_iter().collect(),
            kept: quarantine::list(conn)?,
            blocks,
            overlaps: reservations::overlaps(conn, &ids, start - margin, end + margin, now)?,
            awaited: Vec::new(),
        })
    }

    /// With nodes that others wait for and are to get in that period.
    pub(super) fn with_awaited(self, awaited: Vec<NodeId>) -> Self {
        Self { awaited, ..self }
    }

    /// Whether nothing keeps a node.
    pub(super) fn is_free(&self, node: &Node) -> bool {
        !self.is_claimed(node)
            && !self.kept.contains_key(&node.id)
            && !self.blocks.iter().any(|block| block.scope.covers(node))
            && !self.overlaps.iter().any(|overlap| overlap.node == node.id)
            && !self.awaited.contains(&node.id)
    }

    /// Why these nodes cannot be booked, if one of them cannot.
    pub(super) fn refusal(self, conn: &Connection, nodes: &[Node]) -> Result<Error> {
        let quarantined = name_quarantined(nodes, &self.kept);
        if !quarantined.is_empty() {
            return Ok(Error::Quarantined { nodes: quarantined });
        }
        let blocked = name_blocked(conn, nodes, &self.blocks)?;
        if !blocked.is_empty() {
            return Ok(Error::Blocked { nodes: blocked });
        }
        if !self.overlaps.is_empty() {
            return Ok(Error::Taken { taken: name_overlaps(conn, self.overlaps)? });
        }
        let names = |nodes: &mut dyn Iterator<Item = &Node>| nodes.map(|node| node.name.clone()).collect();
        let claimed: Vec<NodeName> = names(&mut nodes.iter().filter(|node| self.is_claimed(node)));
        if !claimed.is_empty() {
            return Ok(Error::Detected { nodes: claimed });
        }
        let awaited = names(&mut nodes.iter().filter(|node| self.awaited.contains(&node.id)));
        Ok(Error::Awaited { nodes: awaited })
    }

    fn is_claimed(&self, node: &Node) -> bool {
        node.port.is_some_and(|port| self.claimed.contains(&port))
    }
}

/// The nodes that blocks keep in a period from somebody with those rights; none if there is none.
pub(super) fn blocked(
    conn: &Connection,
    ids: &[NodeId],
    (start, end): (Timestamp, Timestamp),
    rights: &Rights,
) -> Result<Vec<BlockedNode>> {
    let mut blocks = blocks::between(conn, start, end)?;
    blocks.retain(|block| block.binds(&rights.groups));
    let mut found = Vec::new();
    for id in ids {
        found.extend(nodes::by_id(conn, *id)?);
    }
    name_blocked(conn, &found, &blocks)
}

/// One line per blocked node: the first block in its way.
fn name_blocked(conn: &Connection, nodes: &[Node], blocks: &[Block]) -> Result<Vec<BlockedNode>> {
    let mut named = Vec::new();
    for node in nodes {
        let Some(block) = blocks.iter().find(|block| block.scope.covers(node)) else { continue };
        let group = block.group.map(|group| groups::name(conn, group)).transpose()?.flatten();
        let (reason, start, end) = (block.reason.clone(), block.start, block.end);
        named.push(BlockedNode { node: node.name.clone(), reason, group, start, end });
    }
    Ok(named)
}

/// The nodes that are kept back, each with its reason.
fn name_quarantined(nodes: &[Node], kept: &HashMap<NodeId, Quarantine>) -> Vec<QuarantinedNode> {
    let named = nodes.iter().filter_map(|node| {
        let reason = kept.get(&node.id)?.reason.clone();
        Some(QuarantinedNode { node: node.name.clone(), reason })
    });
    named.collect()
}

/// One line per taken node: the first reservation in its way.
pub(super) fn name_overlaps(conn: &Connection, overlaps: Vec<Overlap>) -> Result<Vec<TakenNode>> {
    let mut taken: Vec<TakenNode> = Vec::new();
    for Overlap { node, reservation, start, end } in overlaps {
        let Some(Node { name, .. }) = nodes::by_id(conn, node)? else { continue };
        if taken.iter().any(|it| it.node == name) {
            continue;
        }
        let holder = reservations::by_id(conn, reservation)?;
        let owner = holder.map(|holder| look::email(conn, holder.owner)).transpose()?.unwrap_or_default();
        taken.push(TakenNode { node: name, owner, start, end });
    }
    Ok(taken)
}
