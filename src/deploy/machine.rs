//! What a deployment does next: the one place that decides. *Pure.*
//!
//! ```text
//! initialized ─► nfs_boot_conf ─► nfs_boot_off ─► nfs_boot_on ─► env_copy ─► env_check ─► delete_partition
//!   ─► create_partition ─► mount_partition ─► resize_partition ─► wait_resizing ─► system_conf ─► boot_files
//!   ─► env_boot ─► user_conf ─► (system_update) ─► (user_script) ─► deployed
//!
//! any ── no progress, tries used up ─► hard_reboot ─► nfs_boot_on or env_boot ─► back to the saved state
//!     ── the same again ─► lost          any ── retrying is pointless ─► failed
//!     ── a person asks ─► hard_reboot | nfs_boot_conf | destroying ─► destroyed
//! ```
//!
//! Called by `driver` with the row, what happened and the time; gives back the changed row, which the driver commits
//! before it acts. Invariants: an unexpected event changes nothing; `lost` comes only after an automatic power-cycle;
//! `destroying` always ends in `destroyed`, with the debt of a wipe in the problem if the card could not be reached.

use super::deadlines;
use super::states::{GIVEN_UP, Step, TakeDown, meaning, origin, position, resume, take_down};
use crate::model::clock::{Timestamp, seconds_between};
use crate::model::deployment::{Deployment, DeploymentState as S, Progress, Request, StepEvent};
use crate::model::problem::Problem;
use crate::model::verb::Retry;
use std::time::Duration;

/// Decides for one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Time without progress before something is done about it.
    pub patience: Duration,
    /// What was asked for beyond the usual states.
    pub plan: Plan,
}

/// What was asked for beyond the usual states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Packages are updated.
    pub system_update: bool,
    /// A script runs at the end.
    pub user_script: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// No earlier deployment has the node any more.
    NodeFree,
    /// pimaster was started again: time that it was away does not count.
    TakenUp,
    /// A person asked for something.
    Requested(Request),
    /// The running step came to a later state of its own.
    Reached(S),
    /// The running step got on, with figures if it has some.
    Progressed(Option<Progress>),
    /// The running step is done.
    Done,
    /// The running step failed.
    Setback(Problem, Retry),
    /// The deadline passed; what was seen last.
    Overdue(Option<LastSign>),
}

/// What was seen of a node last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSign {
    /// In a sentence or two.
    pub seen: String,
    /// What to do about it, if it is known.
    pub advice: Option<String>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Commit the change, then start the step of the new row, whatever ran before.
    Enter(Box<Change>),
    /// Commit the change; what runs goes on.
    Keep(Box<Change>),
    /// Nothing, for that reason.
    Ignored(&'static str),
}

/// A changed row and what goes with it into the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub deployment: Deployment,
    /// Lines of its history.
    pub events: Vec<StepEvent>,
    /// Whether the image closes to the node.
    pub closes_image: bool,
    /// The request that is hereby taken up.
    pub takes: Option<Request>,
    /// How long to wait before the step starts.
    pub pause: Duration,
}

impl Machine {
    /// When the deployment is overdue.
    pub fn due(&self, row: &Deployment) -> Option<Timestamp> {
        deadlines::due(row, self.patience)
    }

    /// What follows from `event`.
    pub fn react(&self, row: &Deployment, event: Event, now: Timestamp) -> Reaction {
        match (Step::of(row.state), event) {
            (_, _) if row.state == S::Destroyed => Reaction::Ignored("the deployment is over"),
            (_, Event::Requested(request)) => self.requested(row, request, now),
            (Step::Wait, Event::NodeFree) => entered(enter(row, S::NfsBootConf, now)),
            (Step::Wait, _) => Reaction::Ignored("the deployment waits for its node"),
            (Step::Rest, _) => Reaction::Ignored("the deployment rests"),
            (_, Event::NodeFree) => Reaction::Ignored("the deployment has its node"),
            (_, Event::TakenUp) => taken_up(row, now),
            (step, Event::Reached(state)) => reached(row, step, state, now),
            (_, Event::Progressed(progress)) => progressed(row, progress, now),
            (step, Event::Done) => entered(self.done(row, step, now)),
            (step, Event::Setback(problem, retry)) => entered(setback(row, step, problem, retry, now)),
            (step, Event::Overdue(seen)) => entered(escalate(row, step, overdue(row, seen, now), now)),
        }
    }

    fn requested(&self, row: &Deployment, request: Request, now: Timestamp) -> Reaction {
        let mut change = match (Step::of(row.state), request) {
            (Step::TakeDown, _) => return refused(row, request, "it is being destroyed", now),
            (Step::Wait, Request::Destroy) => enter(row, S::Destroyed, now),
            (Step::Wait, _) => return refused(row, request, "it waits for its node", now),
            (_, Request::Destroy) => start_over(row, S::Destroying, now),
            (_, Request::DeployAgain) => start_over(row, S::NfsBootConf, now),
            (_, Request::HardReboot) => power_cycle(row, 0, now),
        };
        change.takes = Some(request);
        entered(change)
    }

    fn done(&self, row: &Deployment, step: Step, now: Timestamp) -> Change {
        let next = match step {
            Step::Wait => S::NfsBootConf,
            Step::Conf => S::NfsBootOff,
            Step::Off => S::NfsBootOn,
            Step::On => row.saved_state.unwrap_or(S::EnvCopy),
            Step::Write => S::DeletePartition,
            Step::Grow => S::SystemConf,
            Step::Customise => S::BootFiles,
            Step::BootFiles => S::EnvBoot,
            Step::EnvBoot => row.saved_state.unwrap_or(S::UserConf),
            Step::UserConf if self.plan.system_update => S::SystemUpdate,
            Step::UserConf | Step::Update if self.plan.user_script => S::UserScript,
            Step::UserConf | Step::Update | Step::Script | Step::Save => S::Deployed,
            Step::PowerCycle => return come_back(row, now),
            Step::TakeDown => return destroyed(row, now),
            Step::Rest => row.state,
        };
        let passed = passed(row.state, step, now);
        let mut change = enter(row, next, now);
        change.events.splice(0..0, passed);
        change.deployment.saved_state = None;
        // On the way back to a state its power-cycle still counts; beyond it everything starts anew.
        change.deployment.power_cycles = if row.saved_state.is_some() { row.power_cycles } else { 0 };
        change
    }
}

fn entered(change: Change) -> Reaction {
    Reaction::Enter(Box::new(change))
}

fn stay(row: &Deployment) -> Change {
    Change {
        deployment: row.clone(),
        events: Vec::new(),
        closes_image: false,
        takes: None,
        pause: Duration::ZERO,
    }
}

/// The row in another state, fresh but for the counter of power-cycles and the saved state.
fn enter(row: &Deployment, state: S, now: Timestamp) -> Change {
    let mut change = stay(row);
    change.closes_image = Step::of(row.state) == Step::Write && Step::of(state) != Step::Write;
    let deployment = &mut change.deployment;
    deployment.state = state;
    deployment.state_since = now;
    deployment.progress_at = now;
    deployment.progress = None;
    deployment.retries = 0;
    deployment.problem = None;
    change.events.push(StepEvent { at: now, state, text: meaning(state).to_owned() });
    change
}

fn start_over(row: &Deployment, state: S, now: Timestamp) -> Change {
    let mut change = enter(row, state, now);
    change.deployment.saved_state = None;
    change.deployment.power_cycles = 0;
    change.closes_image = true;
    change
}

fn power_cycle(row: &Deployment, power_cycles: u32, now: Timestamp) -> Change {
    let saved = origin(row);
    let mut change = enter(row, S::HardReboot, now);
    change.deployment.saved_state = Some(saved);
    change.deployment.power_cycles = power_cycles;
    change
}

/// After a power-cycle: where the saved state's system boots.
fn come_back(row: &Deployment, now: Timestamp) -> Change {
    let saved = origin(row);
    let state = resume(saved);
    let mut change = enter(row, state, now);
    change.deployment.saved_state = (position(saved) > position(state)).then_some(saved);
    change
}

fn destroyed(row: &Deployment, now: Timestamp) -> Change {
    let mut change = enter(row, S::Destroyed, now);
    if take_down(row) == TakeDown::PowerOnly {
        change.deployment.problem.clone_from(&row.problem);
    }
    change
}

fn refused(row: &Deployment, request: Request, why: &str, now: Timestamp) -> Reaction {
    let mut change = stay(row);
    change.takes = Some(request);
    note(
        &mut change,
        &format!("{} was asked for and left out: {why}", request.as_str().replace('_', " ")),
        now,
    );
    Reaction::Keep(Box::new(change))
}

fn taken_up(row: &Deployment, now: Timestamp) -> Reaction {
    let mut change = stay(row);
    change.deployment.progress_at = now;
    let text = "pimaster was started again and goes on".to_owned();
    change.events.push(StepEvent { at: now, state: row.state, text });
    Reaction::Keep(Box::new(change))
}

fn reached(row: &Deployment, step: Step, state: S, now: Timestamp) -> Reaction {
    if Step::of(state) != step || position(state) <= position(row.state) {
        return Reaction::Ignored("the state belongs to another step, or is behind");
    }
    let between = S::ALL
        .iter()
        .copied()
        .filter(|it| (position(row.state) + 1..position(state)).contains(&position(*it)));
    let mut events: Vec<StepEvent> = between.map(|it| passed_by(it, now)).collect();
    let mut change = enter(row, state, now);
    change.closes_image = false;
    events.append(&mut change.events);
    change.events = events;
    // The same verb goes on: tries and power-cycles are counted for all of it.
    change.deployment.retries = row.retries;
    Reaction::Keep(Box::new(change))
}

fn progressed(row: &Deployment, progress: Option<Progress>, now: Timestamp) -> Reaction {
    let mut change = stay(row);
    change.deployment.progress_at = now;
    if progress.is_some() {
        change.deployment.progress = progress;
    }
    Reaction::Keep(Box::new(change))
}

/// The states of a step that its verb did not stop at: they get their line all the same.
fn passed(state: S, step: Step, now: Timestamp) -> Vec<StepEvent> {
    let later = S::ALL.iter().copied().filter(|it| position(*it) > position(state) && Step::of(*it) == step);
    if step == Step::Rest { Vec::new() } else { later.map(|it| passed_by(it, now)).collect() }
}

fn passed_by(state: S, now: Timestamp) -> StepEvent {
    StepEvent { at: now, state, text: meaning(state).to_owned() }
}

fn setback(row: &Deployment, step: Step, problem: Problem, retry: Retry, now: Timestamp) -> Change {
    let tries = deadlines::of(row.state).map_or(0, |limit| limit.retries);
    match retry {
        Retry::Pointless if step == Step::TakeDown => give_up(row, problem, now),
        Retry::Pointless => rest(row, S::Failed, problem, now),
        Retry::Worthwhile if row.retries < tries => try_again(row, tries, problem, now),
        Retry::Worthwhile => escalate(row, step, problem, now),
    }
}

fn try_again(row: &Deployment, tries: u32, problem: Problem, now: Timestamp) -> Change {
    let mut change = stay(row);
    let retries = row.retries + 1;
    let text = format!("{}; trying again ({retries} of {tries})", problem.seen);
    change.events.push(StepEvent { at: now, state: row.state, text });
    change.deployment.retries = retries;
    // What a take-down owes weighs more than why its power does not go off.
    if take_down(row) == TakeDown::Wipe {
        change.deployment.problem = Some(problem);
    }
    change.pause = deadlines::pause(retries);
    change
}

/// Trying in place is used up: a power-cycle once, then a person must look.
fn escalate(row: &Deployment, step: Step, problem: Problem, now: Timestamp) -> Change {
    let mut change = match (step, row.power_cycles) {
        (Step::TakeDown, 0) => {
            let mut change = enter(row, S::Destroying, now);
            change.deployment.power_cycles = 1;
            change
        }
        (Step::TakeDown, 1) => return give_up(row, problem, now),
        (Step::TakeDown, _) => {
            let mut change = destroyed(row, now);
            note(&mut change, &problem.seen, now);
            return change;
        }
        (_, 0) => power_cycle(row, 1, now),
        (_, _) => return rest(row, S::Lost, problem, now),
    };
    note(&mut change, &problem.seen, now);
    change.deployment.problem = Some(problem);
    change
}

/// The node of a take-down cannot be reached: its power goes, and the row says what is owed.
fn give_up(row: &Deployment, problem: Problem, now: Timestamp) -> Change {
    if take_down(row) == TakeDown::PowerOnly {
        return destroyed(row, now);
    }
    let mut change = enter(row, S::Destroying, now);
    change.deployment.power_cycles = GIVEN_UP;
    let owed = Problem::new(
        format!("card not wiped: {}", problem.seen),
        "the card to be discarded when the deployment ends",
        "The node stays off and boots only the installer; its next deployment discards the card before it writes.",
    );
    note(&mut change, &owed.seen, now);
    change.deployment.problem = Some(owed);
    change
}

fn rest(row: &Deployment, state: S, problem: Problem, now: Timestamp) -> Change {
    let saved = origin(row);
    let mut change = enter(row, state, now);
    note(&mut change, &problem.to_string(), now);
    change.deployment.saved_state = Some(saved);
    change.deployment.problem = Some(problem);
    change
}

fn note(change: &mut Change, text: &str, now: Timestamp) {
    change.events.push(StepEvent { at: now, state: change.deployment.state, text: text.to_owned() });
}

fn overdue(row: &Deployment, last: Option<LastSign>, now: Timestamp) -> Problem {
    let seconds = seconds_between(row.progress_at, now);
    let (last, advice) = match last {
        Some(LastSign { seen, advice }) => (format!("; last: {seen}"), advice),
        None => (String::new(), None),
    };
    let usual =
        "Choose hard reboot; if it stops here again, look at the node's boot, its cable and its card.";
    Problem::new(
        format!("{} made no progress for {seconds} s{last}", row.state),
        format!("progress while this goes on: {}", meaning(row.state)),
        advice.unwrap_or_else(|| usual.to_owned()),
    )
}

#[cfg(test)]
mod tests;
