//! Which board is at which port, found by switching one port at a time. *Pure.*
//!
//! ```text
//! Tables ─► Clear ─► Quiet ─► Listen(port) ─► Confirm(port) ─► Listen(next) ─► … ─► Restore
//!    └──────── nothing left open, or told to stop ────────────────────────────────────▲
//! ```
//!
//! Unknown boards get no answer and ask for ever, so *who asks* proves nothing. *Who asks only while this port is on*
//! does: whoever asks while all ports are off stands elsewhere, and who was heard must fall silent again.

use crate::model::clock::{SignedDuration, Timestamp};
use crate::model::detection::{Detection, Outcome, Step};
use crate::model::net::MacAddr;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a board to ask after its port went on.
    pub(super) listen: SignedDuration,
    /// For boards elsewhere to show that they still ask.
    pub(super) quiet: SignedDuration,
}

/// A machine and when it asked last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) mac: MacAddr,
    pub(super) last_at: Timestamp,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Look again later.
    Wait,
    /// Take this step; what came out at a port before.
    Go { step: Step, outcome: Option<(u16, Outcome)> },
}

/// How often the power of a port is tried to be given back: half a minute in all, longer than a switch needs to
/// restart its agent.
pub(super) const GIVING_BACK_TRIES: u32 = 6;

/// When the power of ports is tried to be given back that failed so often, the last time at `last`: at once, then after a
/// second, doubled up to eight.
pub(super) fn giving_back_is_due(tries: u32, last: Timestamp, now: Timestamp) -> bool {
    let pause = tries.checked_sub(1).map_or(0, |failed| 1000 << failed.min(3));
    now.duration_since(last) >= SignedDuration::from_millis(pause)
}

/// Decides about a step that waits. The others (`Tables`, `Clear`, `Restore`) end when they are done.
pub(super) fn decide(job: &Detection, heard: &[Heard], now: Timestamp, limits: Limits) -> Decision {
    let since = job.step_since;
    let waited = now.duration_since(since);
    let asked: Vec<MacAddr> = heard.iter().filter(|it| it.last_at >= since).map(|it| it.mac).collect();
    match &job.step {
        _ if job.cancel && !is_restoring(job) => Decision::Go { step: Step::RESTORE, outcome: None },
        // It was settled meanwhile: it could not be switched, or somebody has booked its node.
        Step::Listen { port, .. } | Step::Confirm { port, .. } if is_settled(job, *port) => {
            Decision::Go { step: if has_open(job) { Step::Clear } else { Step::RESTORE }, outcome: None }
        }
        Step::Quiet if waited >= limits.quiet => Decision::Go { step: next(job, None, asked), outcome: None },
        Step::Listen { port, elsewhere } => {
            let fresh: Vec<MacAddr> =
                asked.into_iter().filter(|mac| !elsewhere.contains(mac) && !is_found(job, *mac)).collect();
            if fresh.is_empty() && waited < limits.listen {
                return Decision::Wait;
            }
            Decision::Go { step: Step::Confirm { port: *port, heard: fresh }, outcome: None }
        }
        Step::Confirm { port, heard } if waited >= limits.quiet => {
            let fell_silent: Vec<MacAddr> =
                heard.iter().copied().filter(|mac| !asked.contains(mac)).collect();
            let outcome = match fell_silent.as_slice() {
                [] => Outcome::Silent,
                [mac] => Outcome::Heard { mac: *mac },
                [..] => Outcome::Ambiguous { macs: fell_silent },
            };
            Decision::Go { step: next(job, Some(*port), asked), outcome: Some((*port, outcome)) }
        }
        Step::Tables | Step::Clear | Step::Quiet | Step::Confirm { .. } | Step::Restore { .. } => {
            Decision::Wait
        }
    }
}

/// The step for the next port that was not tried, besides the one that just was.
fn next(job: &Detection, done: Option<u16>, elsewhere: Vec<MacAddr>) -> Step {
    let open = job.ports.iter().find(|it| it.outcome.is_none() && Some(it.port) != done);
    open.map_or(Step::RESTORE, |it| Step::Listen { port: it.port, elsewhere })
}

fn is_restoring(job: &Detection) -> bool {
    matches!(job.step, Step::Restore { .. })
}

fn is_settled(job: &Detection, port: u16) -> bool {
    job.ports.iter().any(|it| it.port == port && it.outcome.is_some())
}

fn has_open(job: &Detection) -> bool {
    job.ports.iter().any(|it| it.outcome.is_none())
}

fn is_found(job: &Detection, mac: MacAddr) -> bool {
    job.ports.iter().any(|it| it.outcome.as_ref().and_then(Outcome::mac) == Some(mac))
}

/// Where a detection goes on after a restart of the daemon: who asked meanwhile was not heard.
pub(super) fn resumed(step: &Step) -> Step {
    match step {
        Step::Quiet | Step::Listen { .. } | Step::Confirm { .. } => Step::Clear,
        Step::Tables | Step::Clear | Step::Restore { .. } => step.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::model::detection::{DetectedPort, DetectionState};
    use crate::model::ids::{DetectionId, SwitchId};
    use crate::model::power::PowerState;

    const LIMITS: Limits =
        Limits { listen: SignedDuration::from_secs(60), quiet: SignedDuration::from_secs(12) };

    fn mac(last: u8) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, last])
    }

    fn at(second: i64) -> Timestamp {
        from_millis(second * 1000)
    }

    fn job(step: Step, since: i64) -> Detection {
        let port = |port| DetectedPort { port, was: None, given_back: false, outcome: None };
        Detection {
            id: DetectionId(1),
            switch: SwitchId(1),
            state: DetectionState::Running,
            step,
            step_since: at(since),
            ports: vec![port(1), port(2)],
            cancel: false,
            started_at: at(0),
            ended_at: None,
        }
    }

    fn run(job: &Detection, heard: &[(u8, i64)], now: i64) -> Decision {
        let heard: Vec<Heard> =
            heard.iter().map(|(last, second)| Heard { mac: mac(*last), last_at: at(*second) }).collect();
        decide(job, &heard, at(now), LIMITS)
    }

    fn listen(port: u16, elsewhere: &[u8]) -> Step {
        Step::Listen { port, elsewhere: elsewhere.iter().map(|last| mac(*last)).collect() }
    }

    fn confirm(port: u16, heard: &[u8]) -> Step {
        Step::Confirm { port, heard: heard.iter().map(|last| mac(*last)).collect() }
    }

    fn go(step: Step, outcome: Option<(u16, Outcome)>) -> Decision {
        Decision::Go { step, outcome }
    }

    #[test]
    fn who_asks_while_all_is_off_stands_elsewhere() {
        let quiet = job(Step::Quiet, 100);
        assert_eq!(run(&quiet, &[(9, 105)], 111), Decision::Wait);
        assert_eq!(run(&quiet, &[(9, 105), (8, 99)], 112), go(listen(1, &[9]), None));
        let listening = job(listen(1, &[9]), 200);
        assert_eq!(run(&listening, &[(9, 203), (1, 199)], 210), Decision::Wait);
        assert_eq!(run(&listening, &[(9, 203), (1, 208)], 210), go(confirm(1, &[1]), None));
        // After the deadline it goes on without anybody.
        assert_eq!(run(&listening, &[(9, 203)], 260), go(confirm(1, &[]), None));
    }

    #[test]
    fn who_was_heard_must_fall_silent() {
        let confirming = job(confirm(1, &[1]), 300);
        assert_eq!(run(&confirming, &[(1, 299)], 311), Decision::Wait);
        let found = Some((1, Outcome::Heard { mac: mac(1) }));
        assert_eq!(run(&confirming, &[(1, 299), (9, 305)], 312), go(listen(2, &[9]), found));
        // It goes on asking: it stands elsewhere, and is known to for the next port.
        assert_eq!(run(&confirming, &[(1, 304)], 312), go(listen(2, &[1]), Some((1, Outcome::Silent))));
        let two = job(confirm(1, &[1, 2]), 300);
        let macs = vec![mac(1), mac(2)];
        assert_eq!(run(&two, &[], 312), go(listen(2, &[]), Some((1, Outcome::Ambiguous { macs }))));
        assert_eq!(
            run(&two, &[(2, 301)], 312),
            go(listen(2, &[2]), Some((1, Outcome::Heard { mac: mac(1) })))
        );
    }

    #[test]
    fn the_last_port_and_a_wish_to_stop_end_it() {
        let mut last = job(confirm(2, &[]), 300);
        last.ports[0].outcome = Some(Outcome::Heard { mac: mac(1) });
        assert_eq!(run(&last, &[], 312), go(Step::RESTORE, Some((2, Outcome::Silent))));
        // A board that was found already is not found twice.
        let mut second = job(listen(2, &[]), 300);
        second.ports[0].outcome = Some(Outcome::Heard { mac: mac(1) });
        assert_eq!(run(&second, &[(1, 305)], 310), Decision::Wait);
        for step in [Step::Tables, Step::Quiet, listen(1, &[]), confirm(1, &[])] {
            let stopped = Detection { cancel: true, ..job(step, 300) };
            assert_eq!(run(&stopped, &[], 301), go(Step::RESTORE, None));
        }
    }

    #[test]
    fn a_port_that_cannot_be_switched_is_left() {
        let mut spared = job(listen(1, &[]), 300);
        spared.ports[0].outcome = Some(Outcome::Spared { why: "x".into() });
        assert_eq!(run(&spared, &[(1, 301)], 301), go(Step::Clear, None));
        spared.ports[1].outcome = Some(Outcome::Silent);
        assert_eq!(run(&spared, &[], 301), go(Step::RESTORE, None));
    }

    #[test]
    fn giving_back_pauses_longer_each_time() {
        let due = |tries, seconds: i64| giving_back_is_due(tries, at(100), at(100 + seconds));
        assert!(due(0, 0));
        for (tries, pause) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8)] {
            assert_eq!((due(tries, pause - 1), due(tries, pause)), (false, true), "{tries}");
        }
    }

    #[test]
    fn what_is_owed_is_named() {
        let mut owing = job(Step::RESTORE, 300);
        assert_eq!(owing.debt("sw1"), None);
        owing.ports[0].was = Some(PowerState::On);
        owing.ports[1] =
            DetectedPort { was: Some(PowerState::Off), given_back: true, ..owing.ports[1].clone() };
        let debt = owing.debt("sw1").unwrap();
        assert!(
            debt.starts_with("not given back the power it had: port 1 (on) of sw1; once sw1 answers"),
            "{debt}"
        );
    }

    #[test]
    fn a_restart_begins_the_open_ports_anew() {
        assert_eq!(resumed(&listen(2, &[9])), Step::Clear);
        assert_eq!(resumed(&Step::Tables), Step::Tables);
        assert_eq!(resumed(&Step::RESTORE), Step::RESTORE);
    }
}
