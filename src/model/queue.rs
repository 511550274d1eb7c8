//! The queue of wishes that wait for nodes, and the plan of who gets which when. *Pure.*
//!
//! The rule: each gets the earliest time that what is booked and those ahead of them leave. So a later wish goes first
//! only where that delays nobody ahead of it, and nobody ahead is ever delayed by one behind.

use super::board::BoardModel;
use super::clock::{SignedDuration, Timestamp};
use super::ids::{NodeId, QueueId, ReservationId, UserId};

/// So many wishes of one person wait at most.
pub const MOST_WISHES: usize = 5;

/// A wish in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Its row: those with lower numbers are ahead.
    pub id: QueueId,
    /// Who waits.
    pub owner: UserId,
    /// What the bin will be called.
    pub name: String,
    /// For how many nodes.
    pub count: u32,
    /// Of which model; any if not given.
    pub model: Option<BoardModel>,
    /// For how many hours.
    pub hours: u32,
    /// Since when.
    pub since: Timestamp,
    /// Where it stands.
    pub state: QueueState,
}

/// Where a wish stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueState {
    /// It waits.
    Waiting,
    /// It became a reservation.
    Served(ReservationId),
    /// Its owner left.
    Left,
}

impl QueueState {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Served(_) => "served",
            Self::Left => "left",
        }
    }
}

/// A time in which a node is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// The node.
    pub node: NodeId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl Busy {
    fn meets(&self, start: Timestamp, end: Timestamp) -> bool {
        self.start < end && self.end > start
    }
}

/// What the plan needs of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The nodes that would do, the best first.
    pub nodes: Vec<NodeId>,
    /// How many of them.
    pub count: usize,
    /// For how long.
    pub lasts: SignedDuration,
    /// What keeps nodes from this person alone, such as blocks for others.
    pub kept: Vec<Busy>,
    /// Further times at which it could begin, such as when the lab opens.
    pub moments: Vec<Timestamp>,
}

/// What a wish gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Which nodes.
    pub nodes: Vec<NodeId>,
}

/// Who gets which nodes when: for each wish, in order, the earliest place; none if there will be none. `busy` is what
/// is booked, `margin` lies between two times of a node, `is_open` says whether the wish of that number may have a time.
pub fn plan(
    wishes: &[Wanted],
    mut busy: Vec<Busy>,
    margin: SignedDuration,
    now: Timestamp,
    is_open: impl Fn(usize, Timestamp, Timestamp) -> bool,
) -> Vec<Option<Place>> {
    let mut places = Vec::with_capacity(wishes.len());
    for (number, wish) in wishes.iter().enumerate() {
        let place = earliest(wish, &busy, margin, now, |start, end| is_open(number, start, end));
        if let Some(Place { start, end, nodes }) = &place {
            busy.extend(nodes.iter().map(|node| Busy { node: *node, start: *start, end: *end }));
        }
        places.push(place);
    }
    places
}

/// A time becomes free only where another ends: no other beginnings need to be tried.
fn earliest(
    wish: &Wanted,
    busy: &[Busy],
    margin: SignedDuration,
    now: Timestamp,
    is_open: impl Fn(Timestamp, Timestamp) -> bool,
) -> Option<Place> {
    if wish.count == 0 || wish.nodes.len() < wish.count {
        return None;
    }
    let mut begins: Vec<Timestamp> = busy.iter().map(|it| it.end + margin).collect();
    begins.extend(wish.kept.iter().map(|it| it.end));
    begins.extend(&wish.moments);
    begins.retain(|at| *at > now);
    begins.push(now);
    begins.sort_unstable();
    begins.dedup();
    begins.into_iter().find_map(|start| {
        let end = start + wish.lasts;
        if !is_open(start, end) {
            return None;
        }
        let is_free = |node: &NodeId| {
            !busy.iter().any(|it| it.node == *node && it.meets(start - margin, end + margin))
                && !wish.kept.iter().any(|it| it.node == *node && it.meets(start, end))
        };
        let nodes: Vec<NodeId> = wish.nodes.iter().copied().filter(is_free).take(wish.count).collect();
        (nodes.len() == wish.count).then_some(Place { start, end, nodes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    fn at(hours: i64) -> Timestamp {
        from_millis(hours * HOUR)
    }

    fn busy(node: i64, start: i64, end: i64) -> Busy {
        Busy { node: NodeId(node), start: at(start), end: at(end) }
    }

    fn wish(nodes: i64, count: usize, hours: i64) -> Wanted {
        Wanted {
            nodes: (1..=nodes).map(NodeId).collect(),
            count,
            lasts: SignedDuration::from_hours(hours),
            kept: vec![],
            moments: vec![],
        }
    }

    fn starts(wishes: &[Wanted], booked: Vec<Busy>) -> Vec<Option<i64>> {
        let places = plan(wishes, booked, SignedDuration::ZERO, at(0), |_, _, _| true);
        places.into_iter().map(|place| place.map(|it| it.start.as_millisecond() / HOUR)).collect()
    }

    #[test]
    fn the_head_gets_the_first_time_at_which_enough_are_free() {
        let booked = || vec![busy(1, 0, 4), busy(2, 0, 6)];
        assert_eq!(starts(&[wish(2, 1, 2)], booked()), [Some(4)]);
        assert_eq!(starts(&[wish(2, 2, 2)], booked()), [Some(6)]);
        assert_eq!(starts(&[wish(3, 1, 2)], booked()), [Some(0)]);
        assert_eq!(starts(&[wish(2, 3, 2)], booked()), [None]);
        // Between two reservations of a node, if it fits.
        assert_eq!(starts(&[wish(1, 1, 2)], vec![busy(1, 0, 4), busy(1, 6, 8)]), [Some(4)]);
        assert_eq!(starts(&[wish(1, 1, 3)], vec![busy(1, 0, 4), busy(1, 6, 8)]), [Some(8)]);
    }

    #[test]
    fn a_small_wish_goes_first_only_if_it_delays_nobody() {
        // Node 2 is free until the head, who waits for both, begins at 4.
        let booked = || vec![busy(1, 0, 4)];
        assert_eq!(starts(&[wish(2, 2, 2), wish(2, 1, 4)], booked()), [Some(4), Some(0)]);
        assert_eq!(starts(&[wish(2, 2, 2), wish(2, 1, 5)], booked()), [Some(4), Some(6)]);
        assert_eq!(starts(&[wish(2, 1, 5), wish(2, 2, 2)], booked()), [Some(0), Some(5)]);
    }

    #[test]
    fn margins_blocks_and_opening_hours_are_kept() {
        let margin = SignedDuration::from_hours(1);
        let found = plan(&[wish(1, 1, 2)], vec![busy(1, 0, 4)], margin, at(0), |_, _, _| true);
        assert_eq!(found[0].as_ref().unwrap().start, at(5));
        let kept = Wanted { kept: vec![busy(1, 2, 9)], ..wish(1, 1, 3) };
        assert_eq!(starts(&[kept], vec![]), [Some(9)]);
        let opens = Wanted { moments: vec![at(8)], ..wish(1, 1, 3) };
        let found = plan(&[opens], vec![], margin, at(0), |_, start, _| start >= at(8));
        assert_eq!(found[0].as_ref().unwrap().start, at(8));
    }

    fn wishes() -> impl Strategy<Value = Vec<Wanted>> {
        proptest::collection::vec((1i64..=4, 1usize..4, 1i64..6), 0..8)
            .prop_map(|all| all.into_iter().map(|(nodes, count, hours)| wish(nodes, count, hours)).collect())
    }

    fn times() -> impl Strategy<Value = Vec<Busy>> {
        proptest::collection::vec((1i64..=4, 0i64..20, 1i64..6), 0..10).prop_map(|all| {
            all.into_iter().map(|(node, start, hours)| busy(node, start, start + hours)).collect()
        })
    }

    proptest! {
        #[test]
        fn places_overlap_nothing_and_nobody_ahead_is_delayed(wishes in wishes(), booked in times()) {
            let all = plan(&wishes, booked.clone(), SignedDuration::ZERO, at(0), |_, _, _| true);
            let mut held = booked.clone();
            for (place, wish) in all.iter().zip(&wishes) {
                let Some(Place { start, end, nodes }) = place else { continue };
                prop_assert_eq!(nodes.len(), wish.count);
                for node in nodes {
                    prop_assert!(!held.iter().any(|it| it.node == *node && it.meets(*start, *end)));
                    held.push(Busy { node: *node, start: *start, end: *end });
                }
            }
            for ahead in 0..wishes.len() {
                let alone = plan(&wishes[..ahead], booked.clone(), SignedDuration::ZERO, at(0), |_, _, _| true);
                prop_assert_eq!(&alone[..], &all[..ahead]);
            }
        }
    }
}
