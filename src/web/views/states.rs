//! How states look: word, shape and tone. *Pure.*

use super::shapes::Shape;
use crate::model::deployment::DeploymentState;
use crate::model::reservation::ReservationState;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The states of a deployment in order; a step's number is its place here.
const STEPS: [DeploymentState; 17] = {
    use DeploymentState::*;
    [
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

/// A word with its shape, in its tone (a class of the style sheet).
pub(super) fn badge(tone: &str, shape: Shape, word: &str) -> Markup {
    html! { span class={ "state " (tone) } { (shape.draw()) span { (word) } } }
}

/// A node that is kept from being reserved; the reason stands beside it.
pub(super) fn quarantine(reader: &Reader) -> Markup {
    badge("warn", Shape::Triangle, &reader.say("quarantine-is"))
}

/// The state of a deployment.
pub(super) fn deployment(state: DeploymentState) -> Markup {
    let (tone, shape) = look(state);
    badge(tone, shape, state.as_str())
}

/// What a state means, in a few words.
pub(super) fn meaning(state: DeploymentState) -> &'static str {
    use DeploymentState::*;
    match state {
        Initialized => "waits for its configuration or its start",
        NfsBootConf => "the installer is prepared",
        NfsBootOff => "power is off",
        NfsBootOn => "the installer boots",
        EnvCopy => "the image is written to the card",
        EnvCheck => "the card is read back and compared",
        DeletePartition | CreatePartition => "the partition table is edited",
        MountPartition => "the file system is checked",
        ResizePartition | WaitResizing => "the file system grows",
        SystemConf => "host name, accounts and keys are set",
        BootFiles => "the next boot is prepared",
        EnvBoot => "the environment boots",
        UserConf => "accounts are completed",
        SystemUpdate => "packages are updated",
        UserScript => "your script runs",
        Deployed => "ready to use",
        Lost => "no sign of life; try a hard reboot, then deploy again",
        HardReboot => "power goes off and on",
        Destroying => "access ends, the card is wiped",
        Destroyed => "over",
        SaveEnv => "the system is saved as an environment",
        Failed => "a step failed; see below",
    }
}

/// Which step of how many a state is.
pub(super) fn step(state: DeploymentState) -> Option<(usize, usize)> {
    STEPS.iter().position(|step| *step == state).map(|at| (at + 1, STEPS.len()))
}

/// The state of a reservation.
pub(super) fn reservation(state: ReservationState) -> Markup {
    let (tone, shape, word) = match state {
        ReservationState::Held => ("warn", Shape::Triangle, "not configured"),
        ReservationState::Configured => ("wait", Shape::Clock, "configured"),
        ReservationState::Active => ("busy", Shape::Half, "active"),
        ReservationState::Ending => ("warn", Shape::Bar, "being taken down"),
        ReservationState::Ended => ("idle", Shape::Bar, "over"),
    };
    badge(tone, shape, word)
}

fn look(state: DeploymentState) -> (&'static str, Shape) {
    use DeploymentState::*;
    match state {
        Initialized => ("idle", Shape::Ring),
        NfsBootConf | NfsBootOff | NfsBootOn | EnvCopy | EnvCheck | DeletePartition | CreatePartition
        | MountPartition | ResizePartition | WaitResizing | SystemConf | BootFiles | EnvBoot | UserConf
        | SystemUpdate | UserScript | SaveEnv => ("busy", Shape::Half),
        Deployed => ("good", Shape::Tick),
        Lost => ("bad", Shape::Triangle),
        Failed => ("bad", Shape::Cross),
        HardReboot => ("warn", Shape::Turn),
        Destroying => ("warn", Shape::Bar),
        Destroyed => ("idle", Shape::Bar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_shown_by_word_shape_and_tone() {
        for state in DeploymentState::ALL {
            let shown = deployment(*state).into_string();
            assert!(shown.contains(state.as_str()) && shown.contains("<svg"), "{shown}");
            assert!(!meaning(*state).is_empty());
        }
        assert_eq!(step(DeploymentState::EnvCopy), Some((4, 17)));
        assert_eq!(step(DeploymentState::Lost), None);
    }
}
