//! The table of deadlines and retries. *Pure.* Read by the machine alone.
//!
//! A deadline counts from the last progress, so the time a state may take in all grows with its work: a card of
//! 64 GB may take an hour to write, but no more than the patience without a byte.

use crate::model::clock::{SignedDuration, Timestamp};
use crate::model::deployment::{Deployment, DeploymentState as S};
use std::time::Duration;

/// What a state is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// Time without progress, in units of the configured patience (300 s).
    pub(super) patiences: i32,
    /// How often its step is tried again in place before the node is power-cycled.
    pub(super) retries: u32,
}

const fn limit(patiences: i32, retries: u32) -> Option<Limit> {
    Some(Limit { patiences, retries })
}

/// The limits of a state; none for those that rest, and for `initialized`, which the supervisor ends.
pub(super) fn of(state: S) -> Option<Limit> {
    match state {
        S::NfsBootConf => limit(1, 3),
        S::NfsBootOff | S::HardReboot => limit(1, 2),
        S::NfsBootOn | S::EnvBoot => limit(1, 1),
        // A copy goes on where it stopped, so many short interruptions are no reason to give up.
        S::EnvCopy | S::EnvCheck => limit(1, 5),
        S::DeletePartition
        | S::CreatePartition
        | S::MountPartition
        | S::ResizePartition
        | S::WaitResizing
        | S::SystemConf
        | S::BootFiles
        | S::UserConf => limit(1, 2),
        // Package managers and scripts are silent for long.
        S::SystemUpdate | S::SaveEnv => limit(6, 1),
        S::UserScript => limit(12, 1),
        S::Destroying => limit(1, 2),
        S::Initialized | S::Deployed | S::Lost | S::Destroyed | S::Failed => None,
    }
}

/// When a deployment is overdue, unless it makes progress before.
pub(super) fn due(deployment: &Deployment, patience: Duration) -> Option<Timestamp> {
    let limit = of(deployment.state)?;
    let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::MAX);
    let allowed = patience.checked_mul(limit.patiences).unwrap_or(SignedDuration::MAX);
    Some(deployment.progress_at.checked_add(allowed).unwrap_or(Timestamp::MAX))
}

/// How long to wait before try number `retries` of a step: half a second, doubled up to four.
pub(super) fn pause(retries: u32) -> Duration {
    Duration::from_millis(500 << retries.saturating_sub(1).min(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_does_not_rest_has_a_limit() {
        for state in S::ALL {
            assert_eq!(of(*state).is_none(), state.is_resting() || *state == S::Initialized, "{state}");
        }
    }

    #[test]
    fn pauses_double_and_stay_short() {
        let pauses: Vec<u128> = (1..=6).map(|retries| pause(retries).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 4000, 4000]);
    }
}
