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
        p { a href=(paths::DISCOVERED) { "All discovered machines" } }
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
            h2 { (detection.ports.len()) " ports of " (switch) " " (state(detection.state)) }
            p.facts { "began " (parts::moment(detection.started_at, reader))
                @if let Some(ended) = detection.ended_at { ", ended " (parts::moment(ended, reader)) } }
            @if detection.ended_at.is_some() && let Some(debt) = detection.debt(switch) {
                p.wrong role="alert" { (debt) }
            }
            @if detection.state == DetectionState::Running {
                @if detection.cancel {
                    p { "It stops, and gives each port the power it had." }
                } @else {
                    p.hint { "It goes on if you close this page. While it runs, nodes at these ports cannot be reserved." }
                    form method="post" action=(paths::cancel_detection(detection.id)) {
                        (parts::csrf(csrf))
                        button.danger { "Stop" }
                    }
                }
            }
        }
        section.card {
            h2 { "Ports" }
            ul.history { @for it in &detection.ports { li { (port(it)) } } }
        }
        section.card {
            h2 { "Log" }
            ol.history {
                @for event in events.iter().rev() { li { (parts::second(event.at, reader)) span { } span { (event.text) } } }
            }
        }
    }
}

fn port(it: &DetectedPort) -> Markup {
    html! {
        span.node-name { "port " (it.port) }
        @match &it.outcome {
            None => { (states::badge("idle", Shape::Ring, "not yet")) span { } }
            Some(outcome) => {
                @if outcome.mac().is_some() { (states::badge("good", Shape::Tick, outcome.as_str())) }
                @else { (states::badge("warn", Shape::Triangle, outcome.as_str())) }
                span { (outcome.text()) }
            }
        }
    }
}

fn state(state: DetectionState) -> Markup {
    match state {
        DetectionState::Running => states::badge("busy", Shape::Half, state.as_str()),
        DetectionState::Done => states::badge("good", Shape::Tick, state.as_str()),
        DetectionState::Cancelled => states::badge("idle", Shape::Bar, state.as_str()),
        DetectionState::Failed => states::badge("bad", Shape::Cross, state.as_str()),
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
            summary { "Detect boards at ports…" }
            form.card.fields.narrow method="post" action=(paths::DETECTIONS) {
                (parts::csrf(csrf))
                p.hint { "The switch's tables are asked first; ports that they leave open are switched off and on, one "
                    "after the other. Ports of reserved nodes are refused." }
                label { "Switch"
                    select name="switch" {
                        @for name in switches { option value=(name) selected[name == switch] { (name) } }
                    }
                }
                (parts::wrong(errors, "switch"))
                label { "Ports"
                    input type="text" name="ports" value=(ports) placeholder="1-8,12" required
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(errors, "ports"))
                button.main { "Detect" }
            }
        }
        @if !latest.is_empty() {
            section.card {
                h2 { "Detections" }
                ul {
                    @for view in latest.iter().take(5) {
                        li { a href=(paths::detection(view.detection.id)) {
                            (view.detection.ports.len()) " ports of " (view.switch) }
                            " " (state(view.detection.state)) " " (parts::moment(view.detection.started_at, reader)) }
                    }
                }
            }
        }
    }
}
