//! What a state means: the step that the driver runs in it, where it resumes, what people read. *Pure.*
//!
//! Called by the machine and the driver. The order of states is that of [`DeploymentState::ALL`](S::ALL).

use crate::model::deployment::{Deployment, DeploymentState as S};

/// What the driver does in a state. One step may be the work of several states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Waits for its node.
    Wait,
    /// Boot target installer.
    Conf,
    /// Power off.
    Off,
    /// Power on, until the installer answers.
    On,
    /// The verb `write-image`.
    Write,
    /// The verb `grow`.
    Grow,
    /// The verb `customise`.
    Customise,
    /// Boot target of the deployed system, restart.
    BootFiles,
    /// Until the deployed system answers.
    EnvBoot,
    /// The running system's accounts.
    UserConf,
    /// Packages.
    Update,
    /// The user's script.
    Script,
    /// Saving as an environment.
    Save,
    /// Power off and on, with the boot target of the saved state.
    PowerCycle,
    /// Access ends, the card is wiped, power off.
    TakeDown,
    /// Nothing.
    Rest,
}

/// How much of a take-down is still tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakeDown {
    /// The node boots the installer and wipes its card.
    Wipe,
    /// The node was given up: only its power goes.
    PowerOnly,
}

/// `power_cycles` of a take-down that was given up.
pub(super) const GIVEN_UP: u32 = 2;

impl Step {
    /// The step of a state.
    pub(super) fn of(state: S) -> Self {
        match state {
            S::Initialized => Self::Wait,
            S::NfsBootConf => Self::Conf,
            S::NfsBootOff => Self::Off,
            S::NfsBootOn => Self::On,
            S::EnvCopy | S::EnvCheck => Self::Write,
            S::DeletePartition
            | S::CreatePartition
            | S::MountPartition
            | S::ResizePartition
            | S::WaitResizing => Self::Grow,
            S::SystemConf => Self::Customise,
            S::BootFiles => Self::BootFiles,
            S::EnvBoot => Self::EnvBoot,
            S::UserConf => Self::UserConf,
            S::SystemUpdate => Self::Update,
            S::UserScript => Self::Script,
            S::SaveEnv => Self::Save,
            S::HardReboot => Self::PowerCycle,
            S::Destroying => Self::TakeDown,
            S::Deployed | S::Lost | S::Destroyed | S::Failed => Self::Rest,
        }
    }
}

/// Where a deployment goes after a power-cycle to come back to `saved`: the state in which its system boots.
pub(super) fn resume(saved: S) -> S {
    match Step::of(saved) {
        Step::Off | Step::On | Step::Write | Step::Grow | Step::Customise | Step::BootFiles => S::NfsBootOn,
        Step::EnvBoot | Step::UserConf | Step::Update | Step::Script | Step::Save => S::EnvBoot,
        Step::Rest if saved == S::Deployed => S::EnvBoot,
        Step::Wait | Step::Conf | Step::PowerCycle | Step::TakeDown | Step::Rest => S::NfsBootConf,
    }
}

/// How much of its take-down is still tried.
pub(super) fn take_down(deployment: &Deployment) -> TakeDown {
    if deployment.power_cycles >= GIVEN_UP { TakeDown::PowerOnly } else { TakeDown::Wipe }
}

/// The state a deployment really is at: the saved one while it comes back to it.
pub(super) fn origin(row: &Deployment) -> S {
    match (Step::of(row.state), row.saved_state) {
        (Step::PowerCycle, saved) => saved.unwrap_or(S::NfsBootConf),
        (Step::On | Step::EnvBoot, Some(saved)) => saved,
        (Step::Rest, Some(saved)) if row.state != S::Deployed => saved,
        (Step::Rest, None) if row.state != S::Deployed => S::NfsBootConf,
        (_, _) => row.state,
    }
}

pub(super) fn position(state: S) -> usize {
    S::ALL.iter().position(|known| *known == state).unwrap_or(usize::MAX)
}

/// What people read of a state in the history.
pub(super) fn meaning(state: S) -> &'static str {
    match state {
        S::Initialized => "waits until the node is free",
        S::NfsBootConf => "the node is to boot the installer",
        S::NfsBootOff => "power goes off",
        S::NfsBootOn => "power goes on; waiting for the installer",
        S::EnvCopy => "the image is written to the card",
        S::EnvCheck => "the card is read back and compared",
        S::DeletePartition => "the root partition's old entry goes",
        S::CreatePartition => "the root partition's new entry is written",
        S::MountPartition => "the root file system is checked",
        S::ResizePartition => "the root file system starts to grow",
        S::WaitResizing => "the root file system grows",
        S::SystemConf => "host name, accounts and keys are written",
        S::BootFiles => "the node is to boot the deployed system",
        S::EnvBoot => "the node restarts; waiting for the deployed system",
        S::UserConf => "accounts of the running system",
        S::SystemUpdate => "packages are updated",
        S::UserScript => "the user's script runs",
        S::Deployed => "handed over",
        S::Lost => "lost: a person must look",
        S::HardReboot => "power goes off and on",
        S::Destroying => "access ends; the card is wiped",
        S::Destroyed => "over",
        S::SaveEnv => "the system is saved as an environment",
        S::Failed => "failed: trying again would not help",
    }
}
