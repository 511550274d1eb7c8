//! The machine over every state and event, and over random histories.

use super::*;
use crate::model::clock::{SignedDuration, from_millis};
use crate::model::ids::{DeploymentId, EnvironmentId, NodeId, ReservationId};
use proptest::prelude::*;

const PLAIN: Machine =
    Machine { patience: Duration::from_secs(300), plan: Plan { system_update: false, user_script: false } };
const FULL: Machine =
    Machine { patience: Duration::from_secs(300), plan: Plan { system_update: true, user_script: true } };

fn row(state: S) -> Deployment {
    Deployment {
        id: DeploymentId(1),
        reservation: ReservationId(1),
        node: NodeId(1),
        environment: EnvironmentId(1),
        state,
        state_since: from_millis(0),
        progress_at: from_millis(0),
        progress: None,
        saved_state: None,
        power_cycles: 0,
        retries: 0,
        request: None,
        problem: None,
        created_at: from_millis(0),
    }
}

fn problem() -> Problem {
    Problem::new("the connection broke", "an answer", "Look at the cable.")
}

fn again() -> Event {
    Event::Setback(problem(), Retry::Worthwhile)
}

/// What the row becomes, whatever runs on.
fn after(machine: &Machine, row: &Deployment, event: Event) -> Deployment {
    match machine.react(row, event, from_millis(1000)) {
        Reaction::Enter(change) | Reaction::Keep(change) => change.deployment,
        Reaction::Ignored(_) => row.clone(),
    }
}

fn walk(machine: &Machine, mut row: Deployment, events: impl IntoIterator<Item = Event>) -> Vec<S> {
    let mut states = Vec::new();
    for event in events {
        row = after(machine, &row, event);
        states.push(row.state);
    }
    states
}

#[test]
fn a_deployment_without_trouble_goes_through_the_known_states() {
    let check = |machine: &Machine, last: &[S]| {
        let mut row = after(machine, &row(S::Initialized), Event::NodeFree);
        let mut seen = vec![row.state];
        let mut lines = Vec::new();
        while row.state != S::Deployed {
            let Reaction::Enter(change) = machine.react(&row, Event::Done, from_millis(5)) else { panic!() };
            lines.extend(change.events.iter().map(|event| event.state));
            row = change.deployment;
            seen.push(row.state);
        }
        assert!(seen.ends_with(last), "{seen:?}");
        for state in &S::ALL[2..15] {
            assert!(lines.contains(state), "{state} has no line");
        }
    };
    check(&PLAIN, &[S::BootFiles, S::EnvBoot, S::UserConf, S::Deployed]);
    check(&FULL, &[S::UserConf, S::SystemUpdate, S::UserScript, S::Deployed]);
}

#[test]
fn a_verb_walks_its_states_forward_only() {
    let copying = row(S::EnvCopy);
    assert!(matches!(PLAIN.react(&copying, Event::Reached(S::EnvCheck), from_millis(1)), Reaction::Keep(_)));
    for wrong in [S::EnvCopy, S::NfsBootOn, S::DeletePartition, S::Deployed] {
        assert!(matches!(PLAIN.react(&copying, Event::Reached(wrong), from_millis(1)), Reaction::Ignored(_)));
    }
    let Reaction::Keep(change) =
        PLAIN.react(&row(S::DeletePartition), Event::Reached(S::WaitResizing), from_millis(1))
    else {
        panic!()
    };
    let lines: Vec<S> = change.events.iter().map(|event| event.state).collect();
    assert_eq!(lines, [S::CreatePartition, S::MountPartition, S::ResizePartition, S::WaitResizing]);
}

#[test]
fn the_image_closes_when_the_card_is_checked() {
    let Reaction::Enter(change) = PLAIN.react(&row(S::EnvCheck), Event::Done, from_millis(1)) else {
        panic!()
    };
    assert!(change.closes_image && change.deployment.state == S::DeletePartition);
    let Reaction::Keep(change) = PLAIN.react(&row(S::EnvCopy), Event::Reached(S::EnvCheck), from_millis(1))
    else {
        panic!()
    };
    assert!(!change.closes_image);
}

#[test]
fn a_stuck_node_is_power_cycled_once_then_lost_and_comes_back_to_where_it_was() {
    let check = |stuck: S, boots: S| {
        let cycling = after(&PLAIN, &row(stuck), Event::Overdue(None));
        assert_eq!(
            (cycling.state, cycling.saved_state, cycling.power_cycles),
            (S::HardReboot, Some(stuck), 1)
        );
        let booting = after(&PLAIN, &cycling, Event::Done);
        assert_eq!(booting.state, boots, "{stuck}");
        let back =
            if booting.state == stuck { booting.clone() } else { after(&PLAIN, &booting, Event::Done) };
        assert_eq!((back.state, back.saved_state, back.power_cycles), (stuck, None, 1));
        let lost =
            after(&PLAIN, &back, Event::Overdue(Some(LastSign { seen: "no answer".into(), advice: None })));
        assert_eq!((lost.state, lost.saved_state), (S::Lost, Some(stuck)));
        assert!(lost.problem.as_ref().unwrap().seen.ends_with("last: no answer"));
        let lost_booting = after(&PLAIN, &booting, Event::Overdue(None));
        assert_eq!((lost_booting.state, lost_booting.saved_state), (S::Lost, Some(stuck)));
        let rebooted = after(&PLAIN, &lost, Event::Requested(Request::HardReboot));
        assert_eq!(
            (rebooted.state, rebooted.saved_state, rebooted.power_cycles),
            (S::HardReboot, Some(stuck), 0)
        );
    };
    check(S::NfsBootOn, S::NfsBootOn);
    check(S::EnvCopy, S::NfsBootOn);
    check(S::EnvCheck, S::NfsBootOn);
    check(S::WaitResizing, S::NfsBootOn);
    check(S::BootFiles, S::NfsBootOn);
    check(S::EnvBoot, S::EnvBoot);
    check(S::UserScript, S::EnvBoot);
}

#[test]
fn a_deployed_node_comes_back_deployed_from_a_hard_reboot() {
    let request = Event::Requested(Request::HardReboot);
    let states = walk(&FULL, row(S::Deployed), [request, Event::Done, Event::Done]);
    assert_eq!(states, [S::HardReboot, S::EnvBoot, S::Deployed]);
}

#[test]
fn the_power_cycle_of_one_state_does_not_count_for_the_next() {
    let mut copying = row(S::EnvCopy);
    copying.power_cycles = 1;
    let next = after(&PLAIN, &copying, Event::Done);
    assert_eq!((next.state, next.power_cycles), (S::DeletePartition, 0));
}

#[test]
fn tries_in_place_come_before_the_power_cycle_and_pauses_grow() {
    let mut copying = row(S::EnvCopy);
    for retries in 1..=5 {
        let Reaction::Enter(change) = PLAIN.react(&copying, again(), from_millis(1)) else { panic!() };
        assert_eq!((change.deployment.state, change.deployment.retries), (S::EnvCopy, retries));
        assert_eq!(change.pause, deadlines::pause(retries));
        copying = change.deployment;
    }
    assert_eq!(after(&PLAIN, &copying, again()).state, S::HardReboot);
    let failed = after(&PLAIN, &copying, Event::Setback(problem(), Retry::Pointless));
    assert_eq!(
        (failed.state, failed.saved_state, failed.problem),
        (S::Failed, Some(S::EnvCopy), Some(problem()))
    );
}

#[test]
fn destroying_ends_whatever_the_node_does() {
    let start = after(&PLAIN, &row(S::Deployed), Event::Requested(Request::Destroy));
    assert_eq!(start.state, S::Destroying);
    assert_eq!(after(&PLAIN, &start, Event::Done).problem, None);
    let second = after(&PLAIN, &start, Event::Overdue(None));
    assert_eq!((second.state, second.power_cycles, take_down(&second)), (S::Destroying, 1, TakeDown::Wipe));
    let given_up = after(&PLAIN, &second, Event::Overdue(None));
    assert_eq!((given_up.state, take_down(&given_up)), (S::Destroying, TakeDown::PowerOnly));
    for last in [Event::Done, Event::Overdue(None), Event::Setback(problem(), Retry::Pointless)] {
        let over = after(&PLAIN, &given_up, last);
        assert_eq!(over.state, S::Destroyed);
        assert!(over.problem.unwrap().seen.starts_with("card not wiped"));
    }
    let stubborn = (0..3).fold(given_up, |row, _| after(&PLAIN, &row, again()));
    assert_eq!(stubborn.state, S::Destroyed);
    assert!(stubborn.problem.unwrap().seen.starts_with("card not wiped"));
    let no_card = after(&PLAIN, &start, Event::Setback(problem(), Retry::Pointless));
    assert_eq!(take_down(&no_card), TakeDown::PowerOnly);
}

#[test]
fn requests_are_taken_up_in_every_state_but_the_last() {
    for state in S::ALL {
        for request in [Request::HardReboot, Request::DeployAgain, Request::Destroy] {
            let reaction = PLAIN.react(&row(*state), Event::Requested(request), from_millis(1));
            match reaction {
                Reaction::Enter(change) | Reaction::Keep(change) => {
                    assert_eq!(change.takes, Some(request), "{state}");
                    assert!(!change.events.is_empty());
                }
                Reaction::Ignored(_) => assert_eq!(*state, S::Destroyed),
            }
        }
    }
    let waiting = row(S::Initialized);
    assert_eq!(after(&PLAIN, &waiting, Event::Requested(Request::Destroy)).state, S::Destroyed);
    assert_eq!(after(&PLAIN, &waiting, Event::Requested(Request::DeployAgain)).state, S::Initialized);
    let lost = Deployment { saved_state: Some(S::EnvCopy), power_cycles: 1, ..row(S::Lost) };
    let anew = after(&PLAIN, &lost, Event::Requested(Request::DeployAgain));
    assert_eq!((anew.state, anew.saved_state, anew.power_cycles), (S::NfsBootConf, None, 0));
}

#[test]
fn time_that_pimaster_was_away_does_not_count() {
    let mut booting = row(S::NfsBootOn);
    booting.progress_at = from_millis(0);
    let late = from_millis(10_000_000);
    assert!(PLAIN.due(&booting).unwrap() < late);
    let Reaction::Keep(change) = PLAIN.react(&booting, Event::TakenUp, late) else { panic!() };
    assert_eq!(PLAIN.due(&change.deployment), Some(late + SignedDuration::from_secs(300)));
}

fn any_event() -> impl Strategy<Value = Event> {
    let request = prop_oneof![Just(Request::HardReboot), Just(Request::DeployAgain), Just(Request::Destroy)];
    let state = proptest::sample::select(S::ALL);
    let progress = Progress { done_bytes: 1, total_bytes: 2, rate_bytes_per_second: 3 };
    prop_oneof![
        1 => Just(Event::NodeFree),
        1 => Just(Event::TakenUp),
        1 => request.prop_map(Event::Requested),
        2 => state.prop_map(Event::Reached),
        1 => Just(Event::Progressed(Some(progress))),
        1 => Just(Event::Progressed(None)),
        6 => Just(Event::Done),
        2 => Just(again()),
        1 => Just(Event::Setback(problem(), Retry::Pointless)),
        2 => Just(Event::Overdue(None)),
    ]
}

proptest! {
    #[test]
    fn random_histories_keep_the_rules(
        start in proptest::sample::select(S::ALL),
        full in any::<bool>(),
        events in proptest::collection::vec(any_event(), 1..60),
    ) {
        let machine = if full { FULL } else { PLAIN };
        let mut row = row(start);
        let mut now = from_millis(0);
        for event in events {
            now += SignedDuration::from_secs(7);
            let asked = matches!(event, Event::Requested(_));
            let before = row.clone();
            match machine.react(&row, event, now) {
                Reaction::Enter(change) | Reaction::Keep(change) => {
                    prop_assert!(change.takes.is_some() == asked);
                    prop_assert!(change.pause <= Duration::from_secs(4));
                    row = change.deployment;
                }
                Reaction::Ignored(why) => prop_assert!(!why.is_empty()),
            }
            if !row.state.is_resting() && row.state != S::Initialized {
                prop_assert!(machine.due(&row).is_some());
                prop_assert!(row.progress_at <= now && row.state_since <= now);
            }
            if row.state == S::Lost && before.state != S::Lost {
                prop_assert!(before.power_cycles == 1 && row.problem.is_some());
            }
            if before.state == S::Destroyed {
                prop_assert_eq!(&row, &before);
            }
            if before.state == S::Destroying {
                prop_assert!(matches!(row.state, S::Destroying | S::Destroyed));
            }
            prop_assert!(row.saved_state.is_none_or(|saved| resume(saved) != S::HardReboot));
        }
    }

    #[test]
    fn a_node_that_never_answers_comes_to_rest(start in proptest::sample::select(S::ALL), overdue in any::<bool>()) {
        let mut row = row(start);
        for _ in 0..200 {
            let event = if overdue { Event::Overdue(None) } else { again() };
            row = after(&PLAIN, &row, event);
        }
        prop_assert!(row.state.is_resting() || row.state == S::Initialized, "{}", row.state);
    }
}
