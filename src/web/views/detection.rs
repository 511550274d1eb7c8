//! The page of one detection, and the form that starts one. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::detection::{DetectedPort, DetectionState, DetectionView};
use crate::web::forms::Errors;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page of one detection.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) view: DetectionView,
}

/// The page of one detection.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, view } = page;
    let reader = &chrome.reader;
    let body = html! {
        div data-live=(paths::detection_live(view.detection.id)) data-events=(paths::EVENTS) {
            (live(view, &chrome.csrf, reader))
        }
        p { a href=(paths::DISCOVERED) { (reader.say("detection-all")) } }
    };
    document(chrome, Refresh::Always, &body)
}

/// The detection without the page around it.
pub(in crate::web) fn fragment(view: &DetectionView, csrf: &str, reader: &Reader) -> String {
    live(view, csrf, reader).into_string()
}

fn live(view: &DetectionView, csrf: &str, reader: &Reader) -> Markup {
    let DetectionView { detection, switch, events } = view;
    html! {
        section.card {
            h2 { (ports_of(view, reader)) " " (state(detection.state, reader)) }
            p.facts { (reader.say("detection-began")) " " (parts::moment(detection.started_at, reader))
                @if let Some(ended) = detection.ended_at {
                    ", " (reader.say("detection-ended")) " " (parts::moment(ended, reader))
                } }
            @if detection.ended_at.is_some() && let Some(debt) = detection.debt(switch) {
                p.wrong role="alert" { (debt) }
            }
            @if detection.state == DetectionState::Running {
                @if detection.cancel {
                    p { (reader.say("detection-stops")) }
                } @else {
                    p.hint { (reader.say("detection-goes-on")) }
                    form method="post" action=(paths::cancel_detection(detection.id)) {
                        (parts::csrf(csrf))
                        button.danger { (reader.say("detection-stop")) }
                    }
                }
            }
        }
        section.card {
            h2 { (reader.say("detection-ports")) }
            ul.history { @for it in &detection.ports { li { (port(it, reader)) } } }
        }
        section.card {
            h2 { (reader.say("detection-log")) }
            ol.history {
                @for event in events.iter().rev() { li { (parts::second(event.at, reader)) span { } span { (event.text) } } }
            }
        }
    }
}

/// What is looked at, in words.
fn ports_of(view: &DetectionView, reader: &Reader) -> String {
    let values = [("count", view.detection.ports.len().into()), ("switch", view.switch.as_str().into())];
    reader.with("detection-ports-of", &values)
}

fn port(it: &DetectedPort, reader: &Reader) -> Markup {
    html! {
        span.node-name { (reader.with("detection-port", &[("port", it.port.into())])) }
        @match &it.outcome {
            None => { (states::badge("idle", Shape::Ring, &reader.say("detection-not-yet"))) span { } }
            Some(outcome) => {
                @if outcome.mac().is_some() { (states::badge("good", Shape::Tick, outcome.as_str())) }
                @else { (states::badge("warn", Shape::Triangle, outcome.as_str())) }
                span { (outcome.text()) }
            }
        }
    }
}

fn state(state: DetectionState, reader: &Reader) -> Markup {
    match state {
        DetectionState::Running => states::badge("busy", Shape::Half, &reader.say("detection-running")),
        DetectionState::Done => states::badge("good", Shape::Tick, &reader.say("import-done")),
        DetectionState::Cancelled => states::badge("idle", Shape::Bar, &reader.say("import-cancelled")),
        DetectionState::Failed => states::badge("bad", Shape::Cross, &reader.say("import-failed")),
    }
}

/// The form that starts a detection, and the latest ones.
pub(super) fn section(
    switches: &[String],
    latest: &[DetectionView],
    (switch, ports): (&str, &str),
    errors: &Errors,
    csrf: &str,
    reader: &Reader,
) -> Markup {
    let (invalid, described) = parts::marks(errors, "ports");
    html! {
        details.apart #detect open[errors.at("ports").is_some() || errors.at("switch").is_some()] {
            summary { (reader.say("detection-ask")) }
            form.card.fields.narrow method="post" action=(paths::DETECTIONS) {
                (parts::csrf(csrf))
                p.hint { (reader.say("detection-what")) }
                label { (reader.say("detection-switch"))
                    select name="switch" {
                        @for name in switches { option value=(name) selected[name == switch] { (name) } }
                    }
                }
                (parts::wrong(errors, "switch"))
                label { (reader.say("detection-ports"))
                    input type="text" name="ports" value=(ports) placeholder="1-8,12" required
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(errors, "ports"))
                button.main { (reader.say("detection-do")) }
            }
        }
        @if !latest.is_empty() {
            section.card {
                h2 { (reader.say("detection-latest")) }
                ul {
                    @for view in latest.iter().take(5) {
                        li { a href=(paths::detection(view.detection.id)) { (ports_of(view, reader)) }
                            " " (state(view.detection.state, reader)) " " (parts::moment(view.detection.started_at, reader)) }
                    }
                }
            }
        }
    }
}
