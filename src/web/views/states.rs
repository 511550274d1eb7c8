//! How states look: word, shape and tone. *Pure.*

use super::shapes::Shape;
use crate::model::deployment::DeploymentState;
use crate::model::history::Outcome;
use crate::model::reservation::ReservationState;
use crate::model::track::COURSE;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// A word with its shape, in its tone (a class of the style sheet).
pub(super) fn badge(tone: &str, shape: Shape, word: &str) -> Markup {
    html! { span class={ "state " (tone) } { (shape.draw()) span { (word) } } }
}

/// A node that is kept from being reserved; the reason stands beside it.
pub(super) fn quarantine(reader: &Reader) -> Markup {
    badge("warn", Shape::Triangle, &reader.say("quarantine-is"))
}

/// The state of a deployment. Its word is the same in every language: people know it from PiSeduce, and so does the API.
pub(super) fn deployment(state: DeploymentState) -> Markup {
    let (tone, shape) = look(state);
    badge(tone, shape, state.as_str())
}

/// What a state means, in a few words.
pub(super) fn meaning(state: DeploymentState, reader: &Reader) -> String {
    use DeploymentState::*;
    reader.say(match state {
        Initialized => "state-initialized",
        NfsBootConf => "state-nfs-boot-conf",
        NfsBootOff => "state-nfs-boot-off",
        NfsBootOn => "state-nfs-boot-on",
        EnvCopy => "state-env-copy",
        EnvCheck => "state-env-check",
        DeletePartition | CreatePartition => "state-partitions",
        MountPartition => "state-mount-partition",
        ResizePartition | WaitResizing => "state-resizing",
        SystemConf => "state-system-conf",
        BootFiles => "state-boot-files",
        EnvBoot => "state-env-boot",
        UserConf => "state-user-conf",
        SystemUpdate => "state-system-update",
        UserScript => "state-user-script",
        Deployed => "state-deployed",
        Lost => "state-lost",
        HardReboot => "state-hard-reboot",
        Destroying => "state-destroying",
        Destroyed => "state-destroyed",
        SaveEnv => "state-save-env",
        Failed => "state-failed",
    })
}

/// Which step of how many a state is; waiting is none.
pub(super) fn step(state: DeploymentState) -> Option<(usize, usize)> {
    let at = COURSE.iter().position(|step| *step == state).filter(|at| *at > 0)?;
    Some((at, COURSE.len() - 1))
}

/// The state of a reservation.
pub(super) fn reservation(state: ReservationState, reader: &Reader) -> Markup {
    let (tone, shape, word) = match state {
        ReservationState::Held => ("warn", Shape::Triangle, "reservation-held"),
        ReservationState::Configured => ("wait", Shape::Clock, "reservation-configured"),
        ReservationState::Active => ("busy", Shape::Half, "reservation-active"),
        ReservationState::Ending => ("warn", Shape::Bar, "reservation-ending"),
        ReservationState::Ended => ("idle", Shape::Bar, "reservation-ended"),
    };
    badge(tone, shape, &reader.say(word))
}

/// How a past deployment went.
pub(super) fn outcome(outcome: Outcome, reader: &Reader) -> Markup {
    let (tone, shape, word) = match outcome {
        Outcome::Running => ("busy", Shape::Half, "outcome-running"),
        Outcome::Deployed => ("good", Shape::Tick, "outcome-deployed"),
        Outcome::Lost => ("bad", Shape::Triangle, "outcome-lost"),
        Outcome::Failed => ("bad", Shape::Cross, "outcome-failed"),
        Outcome::GivenUp => ("idle", Shape::Bar, "outcome-given-up"),
    };
    badge(tone, shape, &reader.say(word))
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
    use crate::model::clock::{TimeZone, from_millis};
    use crate::web::words::Language;

    #[test]
    fn every_state_is_shown_by_word_shape_and_tone() {
        for language in Language::ALL {
            let reader = Reader { language, zone: TimeZone::UTC, now: from_millis(0) };
            for state in DeploymentState::ALL {
                let shown = deployment(*state).into_string();
                assert!(shown.contains(state.as_str()) && shown.contains("<svg"), "{shown}");
                let meaning = meaning(*state, &reader);
                assert!(!meaning.is_empty() && !meaning.starts_with("state-"), "{meaning}");
            }
        }
        assert_eq!(step(DeploymentState::EnvCopy), Some((4, 17)));
        assert_eq!(step(DeploymentState::Initialized), None);
        assert_eq!(step(DeploymentState::Lost), None);
    }
}
