//! Blocks, and when the lab is open: what agents can do, and how the local one does. *IO: the database.*

use super::discovery::admit;
use super::error::{Error, Result};
use super::hindrance::{Rights, rights};
use super::local::Local;
use super::obstacles::Collision;
use super::{act, look};
use crate::model::agent::{BlockView, BlockWish, Caller, ScopeWish};
use crate::model::audit::Action;
use crate::model::block::{Block, Collisions, Scope};
use crate::model::clock::{self, Timestamp};
use crate::model::ids::{BlockId, GroupId};
use crate::model::node::Node;
use crate::model::notification::NoticeKind;
use crate::model::opening::OpeningHours;
use crate::model::quarantine::Quarantine;
use crate::model::reservation::{Reservation, ReservationState};
use crate::store::{
    Connection, Transaction, audit, blocks, groups, nodes, notices, reservations, site, switches,
};
use async_trait::async_trait;

/// Keeping nodes for a time, and the hours in which there is anything to book.
#[async_trait]
pub trait Blocks: Send + Sync {
    /// Every block that is not over, by start.
    async fn blocks(&self) -> Result<Vec<BlockView>>;

    /// Keeps nodes for a group or for nobody; says which reservations lie in it. For administrators.
    async fn block(&self, caller: &Caller, wish: BlockWish) -> Result<(BlockId, Vec<Collision>)>;

    /// Ends a block, or takes back one that has not begun. For administrators.
    async fn end_block(&self, caller: &Caller, id: BlockId) -> Result<()>;

    /// When the lab is open.
    async fn opening_hours(&self) -> Result<OpeningHours>;

    /// Sets when the lab is open. For administrators.
    async fn set_opening_hours(&self, caller: &Caller, hours: OpeningHours) -> Result<()>;
}

#[async_trait]
impl Blocks for Local {
    async fn blocks(&self) -> Result<Vec<BlockView>> {
        let now = clock::now();
        self.read(move |conn| blocks::list(conn, now)?.into_iter().map(|block| view(conn, block)).collect())
            .await
    }

    async fn block(&self, caller: &Caller, wish: BlockWish) -> Result<(BlockId, Vec<Collision>)> {
        admit(caller, "blocking nodes")?;
        let (by, now) = (caller.clone(), clock::now());
        let made = self.write(move |tx| make(tx, &by, &wish, now)).await?;
        tracing::info!(user = caller.user.0, block = made.0.0, "nodes are blocked");
        Ok(made)
    }

    async fn end_block(&self, caller: &Caller, id: BlockId) -> Result<()> {
        admit(caller, "blocking nodes")?;
        let (by, now) = (caller.clone(), clock::now());
        let end = move |tx: &Transaction<'_>| {
            let found = blocks::by_id(tx, id)?.filter(|block| block.end > now);
            let block = found.ok_or_else(|| Error::NotKnown { what: format!("block {id}") })?;
            blocks::end(tx, id, now)?;
            let subject = format!("block {id} ({}) ended", block.reason);
            Ok(audit::record(tx, &by.actor, Action::RackChanged, &subject, now)?)
        };
        self.write(end).await
    }

    async fn opening_hours(&self) -> Result<OpeningHours> {
        self.read(|conn| Ok(site::get(conn, OpeningHours::NAME)?)).await
    }

    async fn set_opening_hours(&self, caller: &Caller, hours: OpeningHours) -> Result<()> {
        admit(caller, "blocking nodes")?;
        let (by, now) = (caller.clone(), clock::now());
        let store = move |tx: &Transaction<'_>| {
            site::set(tx, OpeningHours::NAME, &hours)?;
            let subject = format!("the opening hours: {hours}");
            Ok(audit::record(tx, &by.actor, Action::SettingChanged, &subject, now)?)
        };
        self.write(store).await
    }
}

/// Makes a block and does with what lies in it as the wish says.
pub(super) fn make(
    tx: &Transaction<'_>,
    by: &Caller,
    wish: &BlockWish,
    now: Timestamp,
) -> Result<(BlockId, Vec<Collision>)> {
    let reason = Quarantine::new(&wish.reason, now)?.reason;
    if wish.end <= wish.start.max(now) {
        return Err(Error::BlockPeriod { start: wish.start, end: wish.end });
    }
    let (scope, group) =
        (scope(tx, &wish.scope)?, wish.group.as_deref().map(|name| group(tx, name)).transpose()?);
    let mut block = Block { id: BlockId(0), start: wish.start.max(now), end: wish.end, reason, scope, group };
    let colliding = colliding(tx, &block, now)?;
    let named = colliding.iter().map(|found| name(tx, found)).collect::<Result<Vec<_>>>()?;
    match wish.collisions {
        Collisions::Refuse if !named.is_empty() => return Err(Error::Collides { reservations: named }),
        Collisions::Refuse | Collisions::Keep => {}
        Collisions::GiveBack => {
            for reservation in &colliding {
                give_back(tx, by, reservation, &block, now)?;
            }
        }
    }
    block.id = blocks::insert(tx, (block.start, block.end), &block.reason, &block.scope, group, now)?;
    let (id, reason, start, end) = (block.id, &block.reason, block.start, block.end);
    let subject = format!(
        "block {id} ({reason}) from {start} until {end}; {} reservations in it: {}",
        named.len(),
        wish.collisions.as_str()
    );
    audit::record(tx, &by.actor, Action::RackChanged, &subject, now)?;
    Ok((id, named))
}

/// The unfinished reservations that lie in a block and whose owners it binds.
fn colliding(tx: &Transaction<'_>, block: &Block, now: Timestamp) -> Result<Vec<Reservation>> {
    let covered: Vec<_> =
        nodes::list(tx)?.into_iter().filter(|node| block.scope.covers(node)).map(|node| node.id).collect();
    let mut found = Vec::new();
    for reservation in reservations::unfinished(tx, None)? {
        let lies_in_it = reservation.state != ReservationState::Ending
            && block.overlaps(reservation.start, reservation.end)
            && !look::is_past(&reservation, now)
            && reservation.nodes.iter().any(|node| covered.contains(node));
        if lies_in_it && block.binds(&rights(tx, reservation.owner)?.groups) {
            found.push(reservation);
        }
    }
    Ok(found)
}

/// What begins before the block ends when it begins; the rest is given back now.
fn give_back(
    tx: &Transaction<'_>,
    by: &Caller,
    reservation: &Reservation,
    block: &Block,
    now: Timestamp,
) -> Result<()> {
    if reservation.start < block.start && block.start > now {
        reservations::set_end(tx, reservation.id, block.start, now)?;
    } else {
        act::release(tx, by, reservation.id, now)?;
    }
    Ok(notices::ask(tx, reservation.id, NoticeKind::GivenBack)?)
}

fn name(tx: &Transaction<'_>, reservation: &Reservation) -> Result<Collision> {
    let mut names = Vec::new();
    for node in &reservation.nodes {
        names.extend(nodes::by_id(tx, *node)?.map(|node| node.name));
    }
    Ok(Collision {
        reservation: reservation.id,
        owner: look::email(tx, reservation.owner)?,
        nodes: names,
        start: reservation.start,
        end: reservation.end,
    })
}

fn scope(tx: &Transaction<'_>, wish: &ScopeWish) -> Result<Scope> {
    Ok(match wish {
        ScopeWish::All => Scope::All,
        ScopeWish::Model(model) => Scope::Model(*model),
        ScopeWish::Switch(name) => {
            let found = switches::by_name(tx, name)?;
            Scope::Switch(found.ok_or_else(|| Error::NotKnown { what: format!("switch {name}") })?.id)
        }
        ScopeWish::Nodes(names) if names.is_empty() => return Err(Error::NoNodes),
        ScopeWish::Nodes(names) => {
            let mut ids = Vec::new();
            for name in names {
                let node: Option<Node> = nodes::by_name(tx, name.as_str())?;
                ids.push(node.ok_or_else(|| Error::UnknownNodes { names: vec![name.clone()] })?.id);
            }
            Scope::Nodes(ids)
        }
    })
}

fn group(tx: &Transaction<'_>, name: &str) -> Result<GroupId> {
    groups::by_name(tx, name)?.ok_or_else(|| Error::NotKnown { what: format!("group {name}") })
}

/// A block as people see it.
pub(super) fn view(conn: &Connection, block: Block) -> Result<BlockView> {
    let Block { id, start, end, reason, scope, group } = block;
    let scope = match scope {
        Scope::All => ScopeWish::All,
        Scope::Model(model) => ScopeWish::Model(model),
        Scope::Switch(switch) => {
            ScopeWish::Switch(switches::by_id(conn, switch)?.map(|found| found.name).unwrap_or_default())
        }
        Scope::Nodes(ids) => {
            let mut names = Vec::new();
            for id in ids {
                names.extend(nodes::by_id(conn, id)?.map(|node| node.name));
            }
            ScopeWish::Nodes(names)
        }
    };
    let group = group.map(|group| groups::name(conn, group)).transpose()?.flatten();
    Ok(BlockView { id, start, end, reason, scope, group })
}

/// Whether blocks keep these nodes in a period from somebody with those rights.
pub(super) fn refuse_blocked(
    tx: &Transaction<'_>,
    reservation: &Reservation,
    period: (Timestamp, Timestamp),
    rights: &Rights,
) -> Result<()> {
    let nodes = super::hindrance::blocked(tx, &reservation.nodes, period, rights)?;
    if nodes.is_empty() { Ok(()) } else { Err(Error::Blocked { nodes }) }
}
