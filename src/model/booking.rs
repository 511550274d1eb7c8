//! The rules by which nodes are booked, as administrators set them. *Pure:* times are given.

use super::clock::{SignedDuration, Timestamp};
use super::reservation::Reservation;
use serde::{Deserialize, Serialize};

/// The rules by which nodes are booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BookingRules {
    /// The longest reservation when it is made, in hours.
    pub longest_hours: u32,
    /// The longest a reservation may become by being extended, in hours from its start.
    pub longest_extended_hours: u32,
    /// What a person's unfinished reservations may add up to, in nodes times hours; any amount if not set.
    pub node_hours: Option<u32>,
    /// How many nodes a person may have at the same time; any number if not set.
    pub nodes_at_once: Option<u32>,
    /// Between two reservations of a node, in minutes: for cards to be wiped.
    pub margin_minutes: u32,
    /// How long a reservation that has begun may stay without a configuration, in minutes.
    pub hold_minutes: u32,
    /// How long before its end people are told of it, in minutes; each may choose another time.
    pub notice_minutes: u32,
}

impl Default for BookingRules {
    fn default() -> Self {
        Self {
            longest_hours: 72,
            longest_extended_hours: 7 * 24,
            node_hours: None,
            nodes_at_once: None,
            margin_minutes: 0,
            hold_minutes: 15,
            notice_minutes: 30,
        }
    }
}

/// What would go beyond a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeyondRule {
    /// Too long.
    #[error("the reservation would last {hours} hours; expected at most {most}")]
    TooLong {
        /// How long.
        hours: i64,
        /// What may be.
        most: u32,
    },
    /// Too many at the same time for one person.
    #[error("you would have {seen} nodes at the same time; expected at most {most}")]
    AtOnce {
        /// With these.
        seen: usize,
        /// What may be.
        most: u32,
    },
    /// Too much for one person.
    #[error("all your reservations would add up to {seen} node hours; expected at most {most}")]
    Quota {
        /// With this one.
        seen: i64,
        /// What may be.
        most: u32,
    },
}

impl BookingRules {
    /// The name under which they are stored.
    pub const NAME: &str = "booking";

    /// The time between two reservations of a node.
    pub fn margin(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.margin_minutes))
    }

    /// When a reservation ends by itself because nobody said what shall be put on its nodes.
    pub fn held_until(&self, reservation: &Reservation) -> Timestamp {
        let from = reservation.start.max(reservation.created);
        (from + SignedDuration::from_mins(i64::from(self.hold_minutes))).min(reservation.end)
    }

    /// Whether a person may have another `nodes` times `hours` beside `others`.
    pub fn judge_amount(
        &self,
        others: &[Reservation],
        nodes: usize,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<(), BeyondRule> {
        if let Some(most) = self.nodes_at_once {
            let seen = nodes + at_once(others, (start, end));
            if u32::try_from(seen).is_ok_and(|seen| seen > most) {
                return Err(BeyondRule::AtOnce { seen, most });
            }
        }
        let Some(most) = self.node_hours else { return Ok(()) };
        let used: i64 = others.iter().map(|it| node_hours(it.nodes.len(), it.start, it.end)).sum();
        let seen = used.saturating_add(node_hours(nodes, start, end));
        if seen <= i64::from(most) { Ok(()) } else { Err(BeyondRule::Quota { seen, most }) }
    }

    /// Whether a reservation may be made this long.
    pub fn judge_length(&self, hours: i64) -> Result<(), BeyondRule> {
        let most = self.longest_hours;
        if hours <= i64::from(most) { Ok(()) } else { Err(BeyondRule::TooLong { hours, most }) }
    }

    /// The end of a reservation once it is made longer by so many hours.
    pub fn extended(&self, reservation: &Reservation, hours: u32) -> Result<Timestamp, BeyondRule> {
        let end = reservation.end + SignedDuration::from_hours(i64::from(hours));
        let (lasts, most) = (whole_hours(reservation.start, end), self.longest_extended_hours);
        if lasts <= i64::from(most) { Ok(end) } else { Err(BeyondRule::TooLong { hours: lasts, most }) }
    }
}

/// The most nodes that reservations hold at one time of a period: it is reached where one of them begins.
fn at_once(reservations: &[Reservation], (start, end): (Timestamp, Timestamp)) -> usize {
    let held_at = |at: Timestamp| {
        let holding = reservations.iter().filter(|it| it.start <= at && it.end > at);
        holding.map(|it| it.nodes.len()).sum::<usize>()
    };
    let begins = reservations.iter().map(|it| it.start).filter(|at| *at > start && *at < end);
    begins.chain([start]).map(held_at).max().unwrap_or(0)
}

fn node_hours(nodes: usize, start: Timestamp, end: Timestamp) -> i64 {
    i64::try_from(nodes).unwrap_or(i64::MAX).saturating_mul(whole_hours(start, end))
}

/// Begun hours count.
fn whole_hours(start: Timestamp, end: Timestamp) -> i64 {
    let seconds = end.duration_since(start).as_secs();
    seconds.div_euclid(3600) + i64::from(seconds.rem_euclid(3600) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{NodeId, ReservationId, UserId};
    use crate::model::reservation::ReservationState;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}:00Z").parse().unwrap()
    }

    fn reservation(created: &str, start: &str, end: &str, nodes: i64) -> Reservation {
        Reservation {
            id: ReservationId(1),
            owner: UserId(1),
            name: "bin".into(),
            start: at(start),
            end: at(end),
            state: ReservationState::Held,
            nodes: (1..=nodes).map(NodeId).collect(),
            configuration: None,
            created: at(created),
        }
    }

    #[test]
    fn holds_end_a_while_after_they_could_begin() {
        let rules = BookingRules::default();
        let check = |created, start, end, expect: &str| {
            assert_eq!(
                rules.held_until(&reservation(created, start, end, 1)),
                at(expect),
                "{created} {start}"
            );
        };
        check("12:00", "12:00", "14:00", "12:15");
        check("08:00", "12:00", "14:00", "12:15");
        check("12:10", "12:00", "14:00", "12:25");
        check("12:00", "12:00", "12:05", "12:05");
    }

    #[test]
    fn the_amount_of_one_person_is_bounded() {
        let rules = BookingRules { node_hours: Some(10), ..BookingRules::default() };
        let others = [reservation("12:00", "12:00", "14:00", 3)];
        let period = (at("15:00"), at("17:00"));
        assert_eq!(rules.judge_amount(&others, 2, period), Ok(()));
        assert_eq!(rules.judge_amount(&others, 3, period), Err(BeyondRule::Quota { seen: 12, most: 10 }));
        assert_eq!(BookingRules::default().judge_amount(&others, 1000, period), Ok(()));
        let begun = (at("15:00"), at("17:01"));
        assert_eq!(rules.judge_amount(&others, 2, begun), Err(BeyondRule::Quota { seen: 12, most: 10 }));
    }

    #[test]
    fn the_nodes_at_one_time_are_bounded() {
        let rules = BookingRules { nodes_at_once: Some(5), ..BookingRules::default() };
        let others = [reservation("10:00", "12:00", "14:00", 3), reservation("10:00", "13:00", "15:00", 1)];
        let check = |start, end, nodes, expect: Option<usize>| {
            let found = rules.judge_amount(&others, nodes, (at(start), at(end)));
            let expect = expect.map_or(Ok(()), |seen| Err(BeyondRule::AtOnce { seen, most: 5 }));
            assert_eq!(found, expect, "{start} {end} {nodes}");
        };
        check("12:00", "13:00", 2, None);
        check("12:00", "13:01", 2, Some(6));
        check("12:00", "16:00", 1, None);
        check("14:00", "16:00", 4, None);
        check("14:00", "16:00", 5, Some(6));
        check("15:00", "16:00", 5, None);
        check("11:00", "12:00", 6, Some(6));
    }

    #[test]
    fn reservations_grow_to_a_bound() {
        let rules = BookingRules { longest_extended_hours: 6, longest_hours: 4, ..BookingRules::default() };
        let reservation = reservation("12:00", "12:00", "14:00", 1);
        assert_eq!(rules.extended(&reservation, 4), Ok(at("18:00")));
        assert_eq!(rules.extended(&reservation, 5), Err(BeyondRule::TooLong { hours: 7, most: 6 }));
        assert_eq!(rules.judge_length(4), Ok(()));
        assert_eq!(rules.judge_length(5), Err(BeyondRule::TooLong { hours: 5, most: 4 }));
    }
}
