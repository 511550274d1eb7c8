//! Booking: all nodes of a wish, or as many as are free if that will do. `plan` is *pure*; `book` works in the
//! transaction it is given. Called by `local`.

use super::error::{Error, Result};
use super::hindrance::{self, Hindrances};
use super::queue;
use crate::model::agent::{Caller, Choice, Once, ReserveWish};
use crate::model::audit::Action;
use crate::model::booking::BookingRules;
use crate::model::clock::{SignedDuration, TimeZone, Timestamp};
use crate::model::ids::{NodeId, ReservationId};
use crate::model::node::{Node, NodeName};
use crate::model::reservation::{Reservation, judge_period};
use crate::store::reservations::NewReservation;
use crate::store::{Transaction, audit, first_answers, nodes, reservations};

/// The longest name of a bin, in characters.
const LONGEST_NAME: usize = 64;

/// A wish that is sound in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    nodes: Choice,
    as_many_as_possible: bool,
    start: Timestamp,
    end: Timestamp,
    hours: i64,
    name: String,
}

/// Judges what can be judged without the database.
pub(super) fn plan(wish: ReserveWish, now: Timestamp) -> Result<Plan> {
    let nodes = match wish.nodes {
        Choice::Named(mut names) => {
            names.sort();
            names.dedup();
            if names.is_empty() {
                return Err(Error::NoNodes);
            }
            Choice::Named(names)
        }
        Choice::Any { count: 0, .. } => return Err(Error::NoNodes),
        any @ Choice::Any { .. } => any,
    };
    let name = judge_bin_name(&wish.name)?;
    let (start, end) = judge_period(wish.start, wish.hours, now)?;
    Ok(Plan { nodes, as_many_as_possible: wish.as_many_as_possible, start, end, hours: wish.hours, name })
}

/// The name of a bin.
pub(super) fn judge_bin_name(text: &str) -> Result<String> {
    let name = text.trim().to_owned();
    let seen = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&seen) || name.chars().any(char::is_control) {
        return Err(Error::BinName { seen });
    }
    Ok(name)
}

/// Books in one transaction.
pub(super) fn book(
    tx: &Transaction<'_>,
    by: &Caller,
    plan: &Plan,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<ReservationId> {
    let rights = hindrance::rights(tx, by.user)?;
    let (rules, period) = (&rights.rules, (plan.start, plan.end));
    if !by.is_admin {
        rules.judge_length(plan.hours)?;
        hindrance::refuse_closed(tx, period, zone)?;
    }
    let found = match &plan.nodes {
        Choice::Named(names) => named(tx, names)?,
        Choice::Any { model, .. } => {
            nodes::list(tx)?.into_iter().filter(|node| model.is_none_or(|it| it == node.model)).collect()
        }
    };
    let margin = rules.margin();
    // Administrators may go before those who wait.
    let awaited = if by.is_admin {
        Vec::new()
    } else {
        queue::held(tx, (plan.start - margin, plan.end + margin), zone, now)?
    };
    let hindrances = Hindrances::of(tx, &found, period, &rights, now)?.with_awaited(awaited);
    let free: Vec<&Node> = found.iter().filter(|node| hindrances.is_free(node)).collect();
    let wanted = match &plan.nodes {
        Choice::Named(names) => names.len(),
        Choice::Any { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX),
    };
    if free.len() < wanted && (free.is_empty() || !plan.as_many_as_possible) {
        return Err(match &plan.nodes {
            Choice::Any { model, .. } => Error::NotEnough { wanted, free: free.len(), model: *model },
            Choice::Named(_) => hindrances.refusal(tx, &found)?,
        });
    }
    let (chosen, names): (Vec<NodeId>, Vec<&str>) =
        free.iter().take(wanted).map(|node| (node.id, node.name.as_str())).unzip();
    if !by.is_admin {
        let others = reservations::unfinished(tx, Some(by.user))?;
        rules.judge_amount(&others, chosen.len(), period)?;
    }
    let new = NewReservation {
        owner: by.user,
        name: plan.name.clone(),
        start: plan.start,
        end: plan.end,
        nodes: chosen,
        margin: rules.margin(),
    };
    match reservations::book(tx, &new, now)? {
        Ok(id) => {
            let subject =
                format!("reservation {id}: {} from {} until {}", names.join(", "), plan.start, plan.end);
            audit::record(tx, &by.actor, Action::Reserved, &subject, now)?;
            Ok(id)
        }
        Err(overlaps) => Err(Error::Taken { taken: hindrance::name_overlaps(tx, overlaps)? }),
    }
}

/// Books in one transaction, unless that key did.
pub(super) fn book_once(
    tx: &Transaction<'_>,
    by: &Caller,
    plan: &Plan,
    once: &Once,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<ReservationId> {
    if let Some(first) = first_answers::by_key(tx, by.user, &once.key, now)? {
        if first.request != once.request {
            return Err(Error::KeyReused);
        }
        if let Some(id) = first.reservation {
            return Ok(id);
        }
    }
    let id = book(tx, by, plan, zone, now)?;
    first_answers::keep_booking(tx, by.user, once, id, now)?;
    Ok(id)
}

/// Whether a reservation may be made longer beside the owner's others.
pub(super) fn refuse_amount(
    tx: &Transaction<'_>,
    rules: &BookingRules,
    reservation: &Reservation,
    hours: u32,
) -> Result<()> {
    let others = reservations::unfinished(tx, Some(reservation.owner))?;
    let more = reservation.end + SignedDuration::from_hours(i64::from(hours));
    Ok(rules.judge_amount(&others, reservation.nodes.len(), (reservation.end, more))?)
}

fn named(tx: &Transaction<'_>, names: &[NodeName]) -> Result<Vec<Node>> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match nodes::by_name(tx, name.as_str())? {
            Some(node) => found.push(node),
            None => unknown.push(name.clone()),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Error::UnknownNodes { names: unknown }) }
}
