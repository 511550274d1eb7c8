//! Running a verb of the node's pimaster: arguments in, progress on the way, a report or a problem at the end.
//!
//! *IO: through the session.* Called by the steps of the installer.

use super::hands::Hands;
use super::{Report, Trouble};
use crate::deploy::remote::{Output, Running};
use crate::model::boot_event::System;
use crate::model::deployment::{DeploymentState, Progress};
use crate::model::problem::Problem;
use crate::model::verb::{NODE_BINARY, Phase, Verb, VerbLine};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// Kept of what a command said beside its lines.
const TAIL_BYTES: usize = 2000;

/// Runs `verb` in the installer. `state_of` says which state a phase belongs to, `seen` lines of it ago it began.
pub(super) async fn run<A: Serialize, R: DeserializeOwned>(
    hands: &mut Hands,
    verb: Verb,
    args: &A,
    state_of: impl Fn(Phase, u64) -> Option<DeploymentState> + Send,
) -> Result<R, Trouble> {
    let input = serde_json::to_vec(args).map_err(|cause| foreign(verb, &cause.to_string()))?;
    let command = format!("{NODE_BINARY} node {}", verb.as_str());
    let started = hands.session(System::Installer).await?.remote.exec(&command, input).await;
    let outcome = match started {
        Ok(mut running) => follow(hands, verb, running.as_mut(), state_of).await,
        Err(broken) => Err(broken.into()),
    };
    if matches!(outcome, Err(Trouble::Node(..))) {
        // Whatever went wrong, the next try starts on a fresh connection.
        hands.session = None;
    }
    let report = outcome?;
    serde_json::from_value(report).map_err(|cause| foreign(verb, &cause.to_string()))
}

async fn follow(
    hands: &Hands,
    verb: Verb,
    running: &mut dyn Running,
    state_of: impl Fn(Phase, u64) -> Option<DeploymentState> + Send,
) -> Result<serde_json::Value, Trouble> {
    let mut pace = Pace::default();
    let mut complaints = Tail::default();
    let mut answer = None;
    loop {
        let line = match running.next().await {
            Ok(Output::Line(line)) => line,
            Ok(Output::Complaint(line)) => {
                complaints.push(&line);
                continue;
            }
            Ok(Output::Ended(exit)) => {
                return answer.unwrap_or_else(|| Err(silent(verb, &exit.to_string(), complaints.text())));
            }
            // The verdict counts, even if the connection breaks before the exit status.
            Err(broken) => return answer.unwrap_or_else(|| Err(broken.into())),
        };
        match serde_json::from_str(&line) {
            Ok(VerbLine::Progress { phase, done_bytes, total_bytes }) => {
                if let Some(state) = state_of(phase, pace.lines_of(phase)) {
                    hands.tell(Report::Reached(state)).await;
                }
                if let Some(progress) = pace.take(phase, done_bytes, total_bytes, Instant::now()) {
                    hands.tell(Report::Progressed(Some(progress))).await;
                }
            }
            Ok(VerbLine::Done { report }) => answer = Some(Ok(report)),
            Ok(VerbLine::Failed { problem, retry }) => answer = Some(Err(Trouble::Node(problem, retry))),
            Err(_) => complaints.push(&line),
        }
    }
}

/// The verb ended and said neither done nor failed.
fn silent(verb: Verb, ended: &str, said: &str) -> Trouble {
    let said = if said.is_empty() { "nothing" } else { said };
    let problem = Problem::new(
        format!("`pimaster node {}` {ended}; it said: {said}", verb.as_str()),
        "a report of the verb",
        "Run `pimaster nfs prepare` again if the installer lacks pimaster; else look at the node's log.",
    );
    if ended.ends_with("status 127") { Trouble::pointless(problem) } else { Trouble::again(problem) }
}

fn foreign(verb: Verb, cause: &str) -> Trouble {
    Trouble::pointless(Problem::new(
        format!("the report of `pimaster node {}` is not understood: {cause}", verb.as_str()),
        "the node to run the same version as this pimaster",
        "Run `pimaster nfs prepare` again.",
    ))
}

/// Progress lines to progress: how fast, and whether it moves at all.
#[derive(Default)]
struct Pace {
    last: Option<(Phase, u64, Instant)>,
    lines: u64,
    rate: u64,
}

/// A rate is taken over at least so long.
const RATE_SPAN: Duration = Duration::from_millis(500);

impl Pace {
    /// How many lines of this phase came before.
    fn lines_of(&mut self, phase: Phase) -> u64 {
        let same = self.last.is_some_and(|(last, _, _)| last == phase);
        self.lines = if same { self.lines + 1 } else { 0 };
        self.lines
    }

    /// None if nothing moved since the last line.
    fn take(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64, now: Instant) -> Option<Progress> {
        match self.last {
            Some((last, done, _)) if last == phase && done == done_bytes => return None,
            Some((last, done, since)) if last == phase && done < done_bytes => {
                let span = now.duration_since(since);
                if span >= RATE_SPAN {
                    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
                    let fresh = (done_bytes - done).saturating_mul(1000) / millis;
                    self.rate = if self.rate == 0 { fresh } else { self.rate / 2 + fresh / 2 };
                    self.last = Some((phase, done_bytes, now));
                }
            }
            Some(_) | None => {
                self.rate = 0;
                self.last = Some((phase, done_bytes, now));
            }
        }
        Some(Progress { done_bytes, total_bytes, rate_bytes_per_second: self.rate })
    }
}

/// The end of what a command said.
#[derive(Default)]
pub(super) struct Tail(String);

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(line);
        if self.0.len() > TAIL_BYTES {
            let cut = self.0.len() - TAIL_BYTES;
            let cut = (cut..self.0.len()).find(|at| self.0.is_char_boundary(*at)).unwrap_or(cut);
            self.0.drain(..cut);
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_what_moves_and_has_a_rate() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.take(Phase::Write, 100, 1000, at(0)).unwrap().rate_bytes_per_second, 0);
        assert_eq!(pace.take(Phase::Write, 100, 1000, at(1)), None);
        assert_eq!(pace.take(Phase::Write, 300, 1000, at(2)).unwrap().rate_bytes_per_second, 100);
        assert_eq!(pace.take(Phase::Write, 600, 1000, at(3)).unwrap().rate_bytes_per_second, 200);
        assert_eq!(pace.take(Phase::Check, 600, 1000, at(4)).unwrap().rate_bytes_per_second, 0);
        assert_eq!(pace.take(Phase::Check, 10, 1000, at(5)).unwrap().done_bytes, 10);
    }

    #[test]
    fn the_tail_keeps_the_end() {
        let mut tail = Tail::default();
        (0..2000).for_each(|number| tail.push(&format!("Zeile {number} ä")));
        assert!(tail.text().len() <= TAIL_BYTES && tail.text().ends_with("Zeile 1999 ä"));
    }
}
