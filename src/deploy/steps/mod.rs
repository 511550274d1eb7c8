//! What is done in each state: one function per step, each of which can be entered again at any time.
//!
//! *IO: through [`Hands`].* Called by `driver` with the committed row; a step reports on the way, then it is done or in
//! [`Trouble`]. It decides nothing about what comes next.

mod boot;
mod customise;
mod env_boot;
mod grow;
mod hands;
mod power_cycle;
mod take_down;
mod user;
mod verb;
mod write;

pub(super) use hands::{Hands, Job, Session, World};

use super::remote::{Broken, DialError};
use super::states::Step;
use crate::model::board::{BoardSerial, RevisionCode};
use crate::model::boot_order::BootOrder;
use crate::model::deployment::{Deployment, DeploymentState, Progress};
use crate::model::problem::Problem;
use crate::model::verb::Retry;
use crate::{keys, power, store};

/// What a step says while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// Its verb came to a later state.
    Reached(DeploymentState),
    /// It got on.
    Progressed(Option<Progress>),
    /// A line for the history.
    Noted(String),
    /// What stands in the way while it waits.
    Seen(String),
    /// What the installer said of the board; stored with the next transition.
    Probed {
        boot_id: String,
        serial: Option<BoardSerial>,
        revision: Option<RevisionCode>,
        boot_order: Option<BootOrder>,
    },
}

/// Why a step is not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The node's failure: data.
    Node(Problem, Retry),
    /// pimaster's own failure.
    Own(super::Error),
}

impl Trouble {
    fn again(problem: Problem) -> Self {
        Self::Node(problem, Retry::Worthwhile)
    }

    fn pointless(problem: Problem) -> Self {
        Self::Node(problem, Retry::Pointless)
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Own(error.into())
    }
}

impl From<keys::Error> for Trouble {
    fn from(error: keys::Error) -> Self {
        Self::pointless(Problem::new(
            error.to_string(),
            "a key pair that pimaster made",
            "Put the file back from a backup, or move it away so that a new one is made; then choose deploy again.",
        ))
    }
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        Self::again(error.problem())
    }
}

impl From<Broken> for Trouble {
    fn from(error: Broken) -> Self {
        Self::again(Problem::new(
            error.to_string(),
            "the connection to hold",
            "Look at the node's power and its cable.",
        ))
    }
}

impl Trouble {
    fn of_power(error: power::Error, wanted: crate::model::power::PowerState) -> Self {
        if let power::Error::Store(error) = error {
            return Self::Own(error.into());
        }
        Self::Node(error.problem(wanted), error.retry())
    }
}

/// Runs the step of the row's state.
pub(super) async fn run(hands: &mut Hands, row: &Deployment) -> Result<(), Trouble> {
    match Step::of(row.state) {
        Step::Conf => boot::conf(hands).await,
        Step::Off => boot::off(hands).await,
        Step::On => boot::on(hands).await,
        Step::Write => write::write(hands).await,
        Step::Grow => grow::grow(hands).await,
        Step::Customise => customise::customise(hands).await,
        Step::BootFiles => env_boot::boot_files(hands).await,
        Step::EnvBoot => env_boot::env_boot(hands).await,
        Step::UserConf => user::conf(hands).await,
        Step::Update => user::update(hands).await,
        Step::Script => user::script(hands).await,
        Step::PowerCycle => power_cycle::power_cycle(hands, row).await,
        Step::TakeDown => take_down::take_down(hands, row).await,
        Step::Save => Err(Trouble::pointless(Problem::new(
            "this pimaster does not save systems as environments",
            "a deployment that is installed or taken down",
            "Choose hard reboot to come back to the deployed system.",
        ))),
        Step::Wait | Step::Rest => Ok(()),
    }
}
