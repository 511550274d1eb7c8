//! The way of a deployment through its states: a strip beside each node of a list, the whole track where it is alone.
//! *Pure.*
//!
//! Each state is shown by colour, shape (drawn by the style sheet) and text; of a strip the text stands beside it.

use super::parts;
use crate::model::track::{Leg, Standing};
use crate::web::reader::Reader;
use maud::{Markup, html};

/// All states with the time spent in each.
pub(super) fn whole(legs: &[Leg], label: &str, reader: &Reader) -> Markup {
    html! {
        ol.track aria-label=(label) {
            @for leg in legs {
                li class=(class(leg.standing)) aria-current=[(leg.standing == Standing::Here).then_some("step")] {
                    (leg.state.as_str()) (beside(leg, reader))
                }
            }
        }
    }
}

/// What stands beside the name of a state.
fn beside(leg: &Leg, reader: &Reader) -> Markup {
    html! {
        @match leg.standing {
            Standing::Stopped => { " " strong { (reader.say("track-stopped")) } }
            Standing::LeftOut => { " " span { (reader.say("track-left-out")) } }
            Standing::Passed | Standing::Here | Standing::Ahead => {}
        }
        @if let Some(millis) = leg.millis { " " span { (time(millis)) } }
    }
}

/// Many states take less than a second.
fn time(millis: u64) -> String {
    match millis {
        0..1000 => format!("0.{} s", millis / 100),
        _ => parts::duration(millis / 1000),
    }
}

/// The shapes alone, for lists of many nodes: one run for those that stand alike.
pub(super) fn strip(standings: impl Iterator<Item = Standing>) -> Markup {
    let mut runs: Vec<(Standing, String)> = Vec::new();
    for standing in standings {
        match runs.last_mut() {
            Some((last, shapes)) if *last == standing => shapes.push(shape(standing)),
            _ => runs.push((standing, shape(standing).to_string())),
        }
    }
    html! {
        span.strip aria-hidden="true" {
            @for (standing, shapes) in &runs { i class=(class(*standing)) { (shapes) } }
        }
    }
}

fn shape(standing: Standing) -> char {
    match standing {
        Standing::Passed => '●',
        Standing::Here => '◐',
        Standing::Stopped => '✕',
        Standing::LeftOut => '–',
        Standing::Ahead => '○',
    }
}

fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Passed => "passed",
        Standing::Here => "here",
        Standing::Stopped => "stopped",
        Standing::LeftOut => "left",
        Standing::Ahead => "ahead",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::DeploymentState;
    use crate::model::track;

    #[test]
    fn a_strip_has_a_shape_for_each_state() {
        let shown = strip(track::standings(DeploymentState::EnvCopy, None)).into_string();
        let expected =
            "<i class=\"passed\">●●●●</i><i class=\"here\">◐</i><i class=\"ahead\">○○○○○○○○○○○○○</i>";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn short_times_are_not_nothing() {
        let check = |millis, text: &str| assert_eq!(time(millis), text);
        check(0, "0.0 s");
        check(950, "0.9 s");
        check(61_000, "1 min 1 s");
    }
}
