//! What a reservation's time and deployments ask for. *Pure.* Called by the supervisor.

use crate::model::booking::BookingRules;
use crate::model::clock::Timestamp;
use crate::model::reservation::{Reservation, ReservationState as R};
use crate::store::deployments::Standing;

/// What is to be done with a reservation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before that time.
    Wait(Timestamp),
    /// Nothing until something changes.
    Rest,
    /// Its deployments are to be created.
    Start,
    /// Its deployments are to be destroyed.
    TakeDown,
    /// It is over, its nodes are free.
    Over,
}

/// Judges a reservation by the clock and its deployments.
pub(super) fn judge(
    reservation: &Reservation,
    standing: Standing,
    rules: &BookingRules,
    now: Timestamp,
) -> Verdict {
    let has_ended = reservation.end <= now;
    let held_until = rules.held_until(reservation);
    match reservation.state {
        R::Configured if has_ended => Verdict::Over,
        // Nobody said what shall be put on the nodes: others may have them.
        R::Held if held_until <= now => Verdict::Over,
        R::Held => Verdict::Wait(held_until),
        R::Configured if reservation.start <= now => Verdict::Start,
        R::Configured => Verdict::Wait(reservation.start),
        R::Active | R::Ending if standing.unfinished == 0 => Verdict::Over,
        R::Active if has_ended => Verdict::TakeDown,
        R::Active => Verdict::Wait(reservation.end),
        R::Ending if standing.staying > 0 => Verdict::TakeDown,
        R::Ending | R::Ended => Verdict::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::model::ids::{ReservationId, UserId};

    #[test]
    fn reservations_follow_the_clock_and_their_deployments() {
        let check = |state, now, unfinished, staying, expected| {
            let reservation = Reservation {
                id: ReservationId(1),
                owner: UserId(1),
                name: "bin".into(),
                start: from_millis(100),
                end: from_millis(200),
                state,
                nodes: Vec::new(),
                configuration: None,
                created: from_millis(0),
            };
            let standing = Standing { unfinished, staying };
            let rules = BookingRules::default();
            assert_eq!(
                judge(&reservation, standing, &rules, from_millis(now)),
                expected,
                "{state:?} at {now}"
            );
        };
        check(R::Held, 150, 0, 0, Verdict::Wait(from_millis(200)));
        check(R::Held, 200, 0, 0, Verdict::Over);
        check(R::Configured, 99, 0, 0, Verdict::Wait(from_millis(100)));
        check(R::Configured, 100, 0, 0, Verdict::Start);
        check(R::Configured, 200, 0, 0, Verdict::Over);
        check(R::Active, 150, 2, 2, Verdict::Wait(from_millis(200)));
        check(R::Active, 150, 0, 0, Verdict::Over);
        check(R::Active, 200, 2, 2, Verdict::TakeDown);
        check(R::Ending, 150, 2, 1, Verdict::TakeDown);
        check(R::Ending, 150, 2, 0, Verdict::Rest);
        check(R::Ending, 150, 0, 0, Verdict::Over);
        check(R::Ended, 150, 0, 0, Verdict::Rest);
    }
}
