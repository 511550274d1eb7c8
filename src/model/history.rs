//! Past deployments as people look back on them. *Pure.* Made by agents, shown by the pages and the API.

use super::clock::{Timestamp, seconds_between};
use super::deployment::{DeploymentState, StepEvent};
use super::ids::{DeploymentId, ReservationId};
use super::node::NodeName;
use super::problem::Problem;

/// The most deployments that one page has.
pub const LARGEST_PAGE: u32 = 200;

/// A deployment in a list, running or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDeployment {
    /// Its row: later ones are larger.
    pub id: DeploymentId,
    /// For which reservation.
    pub reservation: ReservationId,
    /// What its owner called that.
    pub bin: String,
    /// The owner's e-mail address.
    pub owner: String,
    /// The node, by the name that it has now.
    pub node: NodeName,
    /// What was deployed.
    pub environment: String,
    /// Where it stands.
    pub state: DeploymentState,
    /// When it was due.
    pub created: Timestamp,
    /// When work on it began; none if it never did.
    pub began: Option<Timestamp>,
    /// When it was handed over first; none if it never was.
    pub handed_over: Option<Timestamp>,
    /// Whether it was lost or failed last, unless it was handed over after that.
    pub stopped: Option<DeploymentState>,
    /// When it was over; none while it is not.
    pub ended: Option<Timestamp>,
}

impl PastDeployment {
    /// How it went.
    pub fn outcome(&self) -> Outcome {
        match (self.ended, self.stopped, self.handed_over) {
            (None, _, _) => Outcome::Running,
            (Some(_), Some(DeploymentState::Failed), _) => Outcome::Failed,
            (Some(_), Some(_), _) => Outcome::Lost,
            (Some(_), None, Some(_)) => Outcome::Deployed,
            (Some(_), None, None) => Outcome::GivenUp,
        }
    }

    /// Seconds from the beginning of the work until it was handed over.
    pub fn seconds_to_deploy(&self) -> Option<u64> {
        Some(seconds_between(self.began?, self.handed_over?))
    }
}

/// How a deployment went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is not over.
    Running,
    /// It was handed over and used.
    Deployed,
    /// It was lost at last.
    Lost,
    /// It failed at last.
    Failed,
    /// It was ended before it was handed over.
    GivenUp,
}

impl Outcome {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Deployed => "deployed",
            Self::Lost => "lost",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// Which past deployments somebody wants, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastWish {
    /// Of that node alone.
    pub node: Option<NodeName>,
    /// Everybody's, if an administrator asks; else the caller's own.
    pub is_of_all: bool,
    /// Only those older than that one.
    pub before: Option<DeploymentId>,
    /// At most so many, 1 to [`LARGEST_PAGE`].
    pub count: u32,
}

/// A page of past deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPage {
    /// The newest first.
    pub deployments: Vec<PastDeployment>,
    /// What to ask to go on before; none if there are no older ones.
    pub next: Option<DeploymentId>,
}

/// One deployment with its whole history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentView {
    /// What lists say of it.
    pub past: PastDeployment,
    /// The state to come back to, or the one in which it was lost.
    pub saved_state: Option<DeploymentState>,
    /// The last failure.
    pub problem: Option<Problem>,
    /// The history, oldest first.
    pub events: Vec<StepEvent>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;

    #[test]
    fn how_it_went_is_told_by_what_came_last() {
        let running = PastDeployment {
            id: DeploymentId(1),
            reservation: ReservationId(1),
            bin: "bin".into(),
            owner: "ada@lab".into(),
            node: "pi-01".parse().unwrap(),
            environment: "raspios".into(),
            state: DeploymentState::EnvCopy,
            created: from_millis(0),
            began: Some(from_millis(1000)),
            handed_over: None,
            stopped: None,
            ended: None,
        };
        assert_eq!((running.outcome(), running.seconds_to_deploy()), (Outcome::Running, None));
        let over = PastDeployment { ended: Some(from_millis(90_000)), ..running };
        assert_eq!(over.outcome(), Outcome::GivenUp);
        let lost = PastDeployment { stopped: Some(DeploymentState::Lost), ..over.clone() };
        assert_eq!(lost.outcome(), Outcome::Lost);
        let used = PastDeployment { handed_over: Some(from_millis(61_000)), ..over };
        assert_eq!((used.outcome(), used.seconds_to_deploy()), (Outcome::Deployed, Some(60)));
    }
}
