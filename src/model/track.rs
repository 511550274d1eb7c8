//! The way of a deployment through its states, and how long it was in each. *Pure.*
//!
//! Made of a deployment's stored history by the pages and the API.

use super::clock::{Timestamp, to_millis};
use super::deployment::{DeploymentState, StepEvent};

/// The states that a deployment goes through, in order; those beside them interrupt or end it.
pub const COURSE: [DeploymentState; 18] = {
    use DeploymentState::*;
    [
        Initialized,
        NfsBootConf,
        NfsBootOff,
        NfsBootOn,
        EnvCopy,
        EnvCheck,
        DeletePartition,
        CreatePartition,
        MountPartition,
        ResizePartition,
        WaitResizing,
        SystemConf,
        BootFiles,
        EnvBoot,
        UserConf,
        SystemUpdate,
        UserScript,
        Deployed,
    ]
};

/// One state of the course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Which.
    pub state: DeploymentState,
    /// How it stands.
    pub standing: Standing,
    /// Milliseconds in it since the deployment began, all visits together; none if it was never there.
    pub millis: Option<u64>,
}

/// How a state of the course stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is behind.
    Passed,
    /// The deployment is there, or comes back to it.
    Here,
    /// The deployment stopped there: lost or failed.
    Stopped,
    /// It was not asked for.
    LeftOut,
    /// It is to come, or was never reached.
    Ahead,
}

/// The course of a deployment that is in `state`, with the state to come back to (or in which it was lost) and its
/// history, oldest first. A deployment that was begun again counts from there.
pub fn legs(
    events: &[StepEvent],
    state: DeploymentState,
    saved: Option<DeploymentState>,
    now: Timestamp,
) -> Vec<Leg> {
    let latest = events.get(beginning(events)..).unwrap_or_default();
    let mut farthest = latest.iter().filter_map(|event| position(event.state)).max();
    let here = place(state, saved);
    farthest = farthest.max(here);
    let leg = |(at, of): (usize, &DeploymentState)| {
        // What was waited for before it began is part of its first beginning.
        let history = if *of == DeploymentState::Initialized { events } else { latest };
        let millis = millis_in(history, *of, now);
        Leg { state: *of, standing: standing(at, here, farthest, state, millis), millis }
    };
    COURSE.iter().enumerate().map(leg).collect()
}

/// The standings alone, for where no history is at hand.
pub fn standings(
    state: DeploymentState,
    saved: Option<DeploymentState>,
) -> impl Iterator<Item = Standing> + use<> {
    let here = place(state, saved);
    (0..COURSE.len()).map(move |at| standing(at, here, here, state, Some(0)))
}

/// The place of a deployment in its course; none once it is taken down.
fn place(state: DeploymentState, saved: Option<DeploymentState>) -> Option<usize> {
    use DeploymentState::{Deployed, Failed, HardReboot, Lost, SaveEnv};
    let beside = || match saved {
        Some(saved) if matches!(state, Lost | Failed | HardReboot) => position(saved),
        _ if state == SaveEnv => position(Deployed),
        Some(_) | None => None,
    };
    position(state).or_else(beside)
}

fn standing(
    at: usize,
    here: Option<usize>,
    farthest: Option<usize>,
    state: DeploymentState,
    millis: Option<u64>,
) -> Standing {
    let has_stopped = matches!(state, DeploymentState::Lost | DeploymentState::Failed);
    match here {
        Some(here) if at == here && has_stopped => Standing::Stopped,
        Some(here) if at == here => Standing::Here,
        Some(here) if at > here => Standing::Ahead,
        None if farthest.is_none_or(|farthest| at > farthest) => Standing::Ahead,
        Some(_) | None if millis.is_none() && at > 0 => Standing::LeftOut,
        Some(_) | None => Standing::Passed,
    }
}

fn position(state: DeploymentState) -> Option<usize> {
    COURSE.iter().position(|known| *known == state)
}

/// Where the deployment began last.
fn beginning(events: &[StepEvent]) -> usize {
    let first = DeploymentState::NfsBootConf;
    let mut before = None;
    let mut found = 0;
    for (at, event) in events.iter().enumerate() {
        if event.state == first && before != Some(first) {
            found = at;
        }
        before = Some(event.state);
    }
    found
}

/// Milliseconds in a state; each line lasts until the next one, the last one until now.
fn millis_in(events: &[StepEvent], state: DeploymentState, now: Timestamp) -> Option<u64> {
    let ends = events.iter().skip(1).map(|event| event.at).chain([now]);
    let spent = events.iter().zip(ends).filter(|(event, _)| event.state == state);
    spent
        .map(|(event, end)| u64::try_from(to_millis(end) - to_millis(event.at)).unwrap_or(0))
        .fold(None, |sum: Option<u64>, millis| Some(sum.unwrap_or(0).saturating_add(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use DeploymentState as S;

    fn history(lines: &[(i64, S)]) -> Vec<StepEvent> {
        let event =
            |(at, state): &(i64, S)| StepEvent { at: from_millis(*at), state: *state, text: String::new() };
        lines.iter().map(event).collect()
    }

    fn leg(events: &[StepEvent], state: S, saved: Option<S>, of: S) -> (Standing, Option<u64>) {
        let leg = legs(events, state, saved, from_millis(10_000)).into_iter().find(|leg| leg.state == of);
        leg.map(|leg| (leg.standing, leg.millis)).unwrap()
    }

    #[test]
    fn each_line_lasts_until_the_next() {
        let events = history(&[
            (0, S::Initialized),
            (1000, S::NfsBootConf),
            (1500, S::NfsBootOff),
            (4000, S::NfsBootOn),
            (4500, S::NfsBootOn),
            (9000, S::EnvCopy),
        ]);
        let check = |of, expected| assert_eq!(leg(&events, S::EnvCopy, None, of), expected, "{of}");
        check(S::Initialized, (Standing::Passed, Some(1000)));
        check(S::NfsBootOff, (Standing::Passed, Some(2500)));
        check(S::NfsBootOn, (Standing::Passed, Some(5000)));
        check(S::EnvCopy, (Standing::Here, Some(1000)));
        check(S::EnvCheck, (Standing::Ahead, None));
    }

    #[test]
    fn what_was_not_asked_for_is_left_out_and_what_stopped_is_said() {
        let events = history(&[(0, S::NfsBootConf), (1000, S::UserConf), (2000, S::Deployed)]);
        assert_eq!(leg(&events, S::Deployed, None, S::UserScript), (Standing::LeftOut, None));
        assert_eq!(leg(&events, S::Deployed, None, S::Deployed), (Standing::Here, Some(8000)));
        let events = history(&[(0, S::NfsBootConf), (1000, S::NfsBootOn), (2000, S::Lost)]);
        let saved = Some(S::NfsBootOn);
        assert_eq!(leg(&events, S::Lost, saved, S::NfsBootOn), (Standing::Stopped, Some(1000)));
        assert_eq!(leg(&events, S::HardReboot, saved, S::NfsBootOn).0, Standing::Here);
        let events = history(&[(0, S::NfsBootConf), (1000, S::EnvCopy), (2000, S::Destroyed)]);
        assert_eq!(leg(&events, S::Destroyed, None, S::EnvCopy), (Standing::Passed, Some(1000)));
        assert_eq!(leg(&events, S::Destroyed, None, S::EnvCheck).0, Standing::Ahead);
    }

    #[test]
    fn a_deployment_that_begins_again_counts_from_there() {
        let events = history(&[
            (0, S::NfsBootConf),
            (1000, S::EnvCopy),
            (5000, S::NfsBootConf),
            (5500, S::NfsBootConf),
            (6000, S::NfsBootOff),
        ]);
        assert_eq!(leg(&events, S::NfsBootOff, None, S::NfsBootConf), (Standing::Passed, Some(1000)));
        assert_eq!(leg(&events, S::NfsBootOff, None, S::EnvCopy), (Standing::Ahead, None));
        assert!(legs(&[], S::Initialized, None, from_millis(0)).iter().all(|leg| leg.millis.is_none()));
    }

    #[test]
    fn without_a_history_the_place_alone_counts() {
        let count = |state, saved, standing| standings(state, saved).filter(|it| *it == standing).count();
        assert_eq!(count(S::EnvCopy, None, Standing::Passed), 4);
        assert_eq!(count(S::EnvCopy, None, Standing::Ahead), 13);
        assert_eq!(count(S::Failed, Some(S::EnvBoot), Standing::Stopped), 1);
        assert_eq!(count(S::Destroying, None, Standing::Ahead), COURSE.len());
    }
}
