//! Waiting for nodes: what agents can do, how the local one does, and the keeper that brings people their turn.
//! *IO: the database; the keeper is run by `daemon`.*
//!
//! Every look plans the whole queue anew (`model::queue`), from rows alone. Nobody overtakes it either: what people
//! book or extend by themselves keeps away from the places of those who wait.

use super::error::{Error, Result};
use super::hindrance::rights;
use super::local::Local;
use super::look;
use super::reserve::judge_bin_name;
use crate::model::agent::{Caller, QueueView, QueueWish};
use crate::model::audit::{Action, Actor};
use crate::model::booking::BookingRules;
use crate::model::clock::{self, Clock, SignedDuration, TimeZone, Timestamp, seconds_between};
use crate::model::ids::{NodeId, QueueId, ReservationId, UserId};
use crate::model::node::Node;
use crate::model::notification::NoticeKind;
use crate::model::opening::OpeningHours;
use crate::model::queue::{Busy, MOST_WISHES, Place, QueueState, Queued, Wanted, plan};
use crate::model::reservation::{ReservationState, judge_period};
use crate::model::user::Role;
use crate::store::reservations::NewReservation;
use crate::store::{
    self, Connection, Store, Transaction, audit, blocks, detections, nodes, notices, quarantine, queue,
    reservations, site, users,
};
use async_trait::async_trait;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is being taken down, or is not yet though its end has passed, is thought to be free after so long.
const TAKE_DOWN: SignedDuration = SignedDuration::from_mins(5);
/// So many days ahead the plan looks for hours in which the lab is open.
const OPENING_DAYS: i32 = 28;
/// Rows are read so often at most: nodes commit all the time.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// They are read at least so often.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Waiting for nodes.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Everything that waits, the head first, with when it is expected to begin.
    async fn queue(&self, caller: &Caller) -> Result<Vec<QueueView>>;

    /// A wish of the caller, also one that no longer waits; any for administrators.
    async fn queued(&self, caller: &Caller, id: QueueId) -> Result<QueueView>;

    /// Waits for nodes; served at once if they are free.
    async fn wait(&self, caller: &Caller, wish: QueueWish) -> Result<QueueId>;

    /// Leaves the queue.
    async fn leave(&self, caller: &Caller, id: QueueId) -> Result<()>;
}

#[async_trait]
impl Queue for Local {
    async fn queue(&self, caller: &Caller) -> Result<Vec<QueueView>> {
        let (user, zone, now) = (caller.user, self.zone().clone(), clock::now());
        self.read(move |conn| views(conn, user, &zone, now)).await
    }

    async fn queued(&self, caller: &Caller, id: QueueId) -> Result<QueueView> {
        let (by, zone, now) = (caller.clone(), self.zone().clone(), clock::now());
        self.read(move |conn| {
            let found = admitted(conn, &by, id)?;
            let listed = views(conn, by.user, &zone, now)?.into_iter().find(|view| view.id == id);
            listed.map_or_else(|| view(conn, found, by.user, None), Ok)
        })
        .await
    }

    async fn wait(&self, caller: &Caller, wish: QueueWish) -> Result<QueueId> {
        let (by, zone, now) = (caller.clone(), self.zone().clone(), clock::now());
        let id = self
            .write(move |tx| {
                let id = join(tx, &by, &wish, now)?;
                advance(tx, &zone, now)?;
                Ok(id)
            })
            .await?;
        tracing::info!(user = caller.user.0, wish = id.0, "waits for nodes");
        Ok(id)
    }

    async fn leave(&self, caller: &Caller, id: QueueId) -> Result<()> {
        let (by, now) = (caller.clone(), clock::now());
        self.write(move |tx| {
            match admitted(tx, &by, id)?.state {
                QueueState::Waiting => {}
                QueueState::Served(_) | QueueState::Left => return Ok(()),
            }
            queue::set_state(tx, id, QueueState::Left)?;
            Ok(audit::record(tx, &by.actor, Action::Queued, &format!("wish {id} left the queue"), now)?)
        })
        .await
    }
}

/// Adds a wish that is sound and that the rules allow by itself.
pub(super) fn join(tx: &Transaction<'_>, by: &Caller, wish: &QueueWish, now: Timestamp) -> Result<QueueId> {
    let name = judge_bin_name(&wish.name)?;
    let (count, hours) = (usize::try_from(wish.count).unwrap_or(usize::MAX), i64::from(wish.hours));
    if count == 0 {
        return Err(Error::NoNodes);
    }
    let (start, end) = judge_period(None, hours, now)?;
    if !by.is_admin {
        let rules = rights(tx, by.user)?.rules;
        rules.judge_length(hours)?;
        rules.judge_amount(&[], count, (start, end))?;
    }
    let there = nodes::list(tx)?.iter().filter(|node| wish.model.is_none_or(|it| it == node.model)).count();
    if there < count {
        return Err(Error::NeverEnough { wanted: count, there, model: wish.model });
    }
    if queue::waiting(tx)?.iter().filter(|it| it.owner == by.user).count() >= MOST_WISHES {
        return Err(Error::QueueFull);
    }
    let queued = Queued {
        id: QueueId(0),
        owner: by.user,
        name,
        count: wish.count,
        model: wish.model,
        hours: wish.hours,
        since: now,
        state: QueueState::Waiting,
    };
    let id = queue::insert(tx, &queued)?;
    let subject = format!("wish {id}: {count} nodes for {hours} h");
    audit::record(tx, &by.actor, Action::Queued, &subject, now)?;
    Ok(id)
}

/// What those who wait get, in order, as far as they get anything.
pub(super) fn places(
    conn: &Connection,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<(Queued, Option<Place>)>> {
    let waiting = queue::waiting(conn)?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let hours: OpeningHours = site::get(conn, OpeningHours::NAME)?;
    let rules: BookingRules = site::get(conn, BookingRules::NAME)?;
    let scene = Scene {
        nodes: nodes::list(conn)?,
        bookable: bookable(conn)?,
        openings: hours.openings(now, OPENING_DAYS, zone),
        now,
    };
    let mut wishes = Vec::new();
    for wish in &waiting {
        wishes.push((scene.wanted(conn, wish)?, is_admin(conn, wish.owner)?));
    }
    let (wishes, are_admins): (Vec<Wanted>, Vec<bool>) = wishes.into_iter().unzip();
    let is_open = |number: usize, start, end| {
        are_admins.get(number) == Some(&true) || hours.closed_at(start, end, zone).is_none()
    };
    let planned = plan(&wishes, busy(conn, now)?, rules.margin(), now, is_open);
    Ok(waiting.into_iter().zip(planned).collect())
}

/// The nodes that anybody can book at some time: neither in quarantine nor being looked for.
fn bookable(conn: &Connection) -> Result<Vec<Node>> {
    let (kept, claimed) = (quarantine::list(conn)?, detections::claimed(conn)?);
    let mut found = nodes::list(conn)?;
    found.retain(|node| {
        !kept.contains_key(&node.id) && !node.port.is_some_and(|port| claimed.contains(&port))
    });
    Ok(found)
}

fn is_admin(conn: &Connection, user: UserId) -> Result<bool> {
    Ok(users::by_id(conn, user)?.is_some_and(|user| user.role == Role::Admin))
}

/// What is the same for all wishes.
struct Scene {
    nodes: Vec<Node>,
    /// Those that anybody can book at some time.
    bookable: Vec<Node>,
    /// When the lab opens.
    openings: Vec<Timestamp>,
    now: Timestamp,
}

impl Scene {
    fn wanted(&self, conn: &Connection, wish: &Queued) -> Result<Wanted> {
        let rights = rights(conn, wish.owner)?;
        let lasts = SignedDuration::from_hours(i64::from(wish.hours));
        let count = usize::try_from(wish.count).unwrap_or(usize::MAX);
        // Whoever has as much as they may is passed over until they have less, and keeps nothing from others.
        let others = reservations::unfinished(conn, Some(wish.owner))?;
        let may = is_admin(conn, wish.owner)?
            || rights.rules.judge_amount(&others, count, (self.now, self.now + lasts)).is_ok();
        let fits = |node: &&Node| may && wish.model.is_none_or(|model| model == node.model);
        let mut blocks = blocks::list(conn, self.now)?;
        blocks.retain(|block| block.binds(&rights.groups));
        let kept = blocks.iter().flat_map(|block| {
            let covered = self.nodes.iter().filter(|node| block.scope.covers(node));
            covered.map(|node| Busy { node: node.id, start: block.start, end: block.end })
        });
        Ok(Wanted {
            nodes: self.bookable.iter().filter(fits).map(|node| node.id).collect(),
            count,
            lasts,
            kept: kept.collect(),
            moments: self.openings.clone(),
        })
    }
}

/// What is booked. What holds its nodes beyond its end is thought to be gone soon.
fn busy(conn: &Connection, now: Timestamp) -> Result<Vec<Busy>> {
    let mut found = Vec::new();
    for reservation in reservations::unfinished(conn, None)? {
        if look::is_past(&reservation, now) {
            continue;
        }
        let (start, end) = match reservation.state {
            ReservationState::Active | ReservationState::Ending => {
                (reservation.start, reservation.end.max(now + TAKE_DOWN))
            }
            ReservationState::Held | ReservationState::Configured | ReservationState::Ended => {
                (reservation.start, reservation.end)
            }
        };
        found.extend(reservation.nodes.iter().map(|node| Busy { node: *node, start, end }));
    }
    Ok(found)
}

/// Gives nodes to those whose turn it is; says to which reservations.
pub(super) fn advance(tx: &Transaction<'_>, zone: &TimeZone, now: Timestamp) -> Result<Vec<ReservationId>> {
    let mut served = Vec::new();
    for (wish, place) in places(tx, zone, now)? {
        let Some(Place { start, end, nodes }) = place.filter(|place| place.start <= now) else { continue };
        let rules = rights(tx, wish.owner)?.rules;
        // Another wish of theirs may have been served just now.
        let others = reservations::unfinished(tx, Some(wish.owner))?;
        if !is_admin(tx, wish.owner)? && rules.judge_amount(&others, nodes.len(), (start, end)).is_err() {
            continue;
        }
        let (owner, margin) = (wish.owner, rules.margin());
        let new = NewReservation { owner, name: wish.name.clone(), start, end, nodes, margin };
        let Ok(id) = reservations::book(tx, &new, now)? else { continue };
        queue::set_state(tx, wish.id, QueueState::Served(id))?;
        notices::ask(tx, id, NoticeKind::Turn)?;
        let actor = Actor { email: Some(look::email(tx, owner)?), from: None };
        let subject = format!("reservation {id} from the queue (wish {}) until {end}", wish.id);
        audit::record(tx, &actor, Action::Reserved, &subject, now)?;
        served.push(id);
    }
    Ok(served)
}

/// Refuses a time of nodes that those who wait are to get.
pub(super) fn refuse_overtaking(
    tx: &Transaction<'_>,
    nodes: &[NodeId],
    (start, end): (Timestamp, Timestamp),
    zone: &TimeZone,
    now: Timestamp,
) -> Result<()> {
    let found = held(tx, (start, end), zone, now)?;
    let mut named = Vec::new();
    for node in nodes.iter().filter(|node| found.contains(node)) {
        named.extend(nodes::by_id(tx, *node)?.map(|node| node.name));
    }
    if named.is_empty() { Ok(()) } else { Err(Error::Awaited { nodes: named }) }
}

/// The nodes that those who wait are to get in a period.
pub(super) fn held(
    conn: &Connection,
    (start, end): (Timestamp, Timestamp),
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<NodeId>> {
    let planned = places(conn, zone, now)?.into_iter().filter_map(|(_, place)| place);
    Ok(planned.filter(|it| it.start < end && it.end > start).flat_map(|it| it.nodes).collect())
}

fn views(conn: &Connection, user: UserId, zone: &TimeZone, now: Timestamp) -> Result<Vec<QueueView>> {
    let planned = places(conn, zone, now)?.into_iter().zip(1u32..);
    planned
        .map(|((wish, place), position)| {
            let estimate = place.map(|place| place.start);
            Ok(QueueView { position: Some(position), ..view(conn, wish, user, estimate)? })
        })
        .collect()
}

fn view(conn: &Connection, wish: Queued, user: UserId, estimate: Option<Timestamp>) -> Result<QueueView> {
    let (owner, is_own) = (look::email(conn, wish.owner)?, wish.owner == user);
    let Queued { id, name, count, model, hours, since, state, .. } = wish;
    Ok(QueueView { id, owner, is_own, name, count, model, hours, since, state, position: None, estimate })
}

fn admitted(conn: &Connection, caller: &Caller, id: QueueId) -> Result<Queued> {
    let found = queue::by_id(conn, id)?.filter(|wish| wish.owner == caller.user || caller.is_admin);
    found.ok_or_else(|| Error::NotKnown { what: format!("wish {id}") })
}

/// Brings people their turn.
#[derive(Debug)]
pub struct QueueKeeper {
    store: Store,
    zone: TimeZone,
    clock: Clock,
}

impl QueueKeeper {
    /// Over the queue of `store`; the opening hours are of `zone`.
    pub fn new(store: Store, zone: TimeZone, clock: Clock) -> Self {
        Self { store, zone, clock }
    }

    /// Keeps it until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> store::Result<()> {
        let work = async {
            let mut changes = self.store.changes();
            loop {
                changes.mark_unchanged();
                let wait = match self.serve_due().await {
                    Ok(Some(at)) => {
                        Duration::from_secs(seconds_between(self.clock.now(), at) + 1).min(LONGEST_WAIT)
                    }
                    Ok(None) => LONGEST_WAIT,
                    Err(Error::Store(error)) => return Err(error),
                    // Nothing that is asked here can be refused.
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the queue cannot be served"
                        );
                        LONGEST_WAIT
                    }
                };
                // The store tells of changes as long as it lives, and it lives as long as this.
                drop(tokio::time::timeout(wait, changes.changed()).await);
                tokio::time::sleep(LOOK_EACH).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            ended = work => ended,
        }
    }

    /// Serves those whose turn it is; says when the next turn is expected.
    pub async fn serve_due(&self) -> Result<Option<Timestamp>> {
        let (zone, now) = (self.zone.clone(), self.clock.now());
        let planned = self.store.read(move |conn| super::local::split(places(conn, &zone, now))).await??;
        let next = planned.iter().filter_map(|(_, place)| place.as_ref()).map(|place| place.start).min();
        // Asked first without writing: a commit would wake everybody, and this again.
        if next.is_some_and(|at| at <= now) {
            let zone = self.zone.clone();
            let served = self.store.write(move |tx| super::local::split(advance(tx, &zone, now))).await??;
            for id in served {
                tracing::info!(reservation = id.0, "the queue has brought a reservation");
            }
        }
        Ok(next)
    }
}
