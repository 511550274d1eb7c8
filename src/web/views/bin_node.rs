//! One node of a bin: its state and how it came there, what is wrong, how to sign in, what can be asked of it. *Pure.*

use super::bin::{BATCH, Frame};
use super::boot::outlook;
use super::{parts, states, track};
use crate::model::agent::{NodeDeploymentView, ReservationView};
use crate::model::clock::seconds_between;
use crate::model::deployment::{DeploymentState, Progress, Request, StepEvent};
use crate::model::node::NodeName;
use crate::model::problem::Problem;
use crate::model::reservation::ReservationState;
use crate::model::ssh_key::PublicKey;
use crate::model::track::{legs, standings};
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// How many lines of a node's history stand on the page of its bin.
const LAST_LINES: usize = 8;

/// How much is shown of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// In a list of many.
    Short,
    /// With its track and its last lines.
    Whole,
}

/// One node of a bin.
pub(super) fn row(node: &NodeDeploymentView, bin: &ReservationView, frame: Frame<'_>) -> Markup {
    let reader = frame.reader;
    // Before its start a node waits in no state that could be timed.
    let timed = node.state != DeploymentState::Initialized;
    html! {
        div.what {
            (name(&node.node, bin.state))
            span.facts { (node.board) }
            span.facts { (node.address) }
        }
        div.where {
            (states::deployment(node.state))
            @if timed { span.far { (parts::duration(seconds_between(node.state_since, reader.now))) } }
            @if frame.detail == Detail::Short && timed && !is_down(node.state) {
                (track::strip(standings(node.state, node.saved_state)))
            }
            (step(node, reader))
            p.hint {
                (states::meaning(node.state, reader))
                @if timed { " · " a href=(paths::boot(&node.node)) { (named("node-boot", &node.node, reader)) } }
                @if timed && frame.detail == Detail::Short {
                    " · " a href=(paths::reservation_node(bin.id, &node.node)) { (named("track-title", &node.node, reader)) }
                }
            }
            @if let Some(request) = node.request { p.hint { (reader.say(asked(request))) } }
            @if let Some(progress) = &node.progress { (bar(&node.node, progress, reader)) }
            (trouble(node, reader))
            @if frame.detail == Detail::Whole && timed { (course(node, reader)) }
            (connection(node, reader))
        }
        @if bin.state == ReservationState::Active { (buttons(node, frame)) }
    }
}

/// The name, with the box that chooses it where something can be asked of it.
fn name(node: &NodeName, reservation: ReservationState) -> Markup {
    html! {
        @if reservation == ReservationState::Active {
            label.pick {
                input type="checkbox" name="nodes" value=(node) form=(BATCH) id={ "pick-" (node) };
                span.node-name { (node) }
            }
        } @else {
            span.node-name { (node) }
        }
    }
}

fn step(node: &NodeDeploymentView, reader: &Reader) -> Markup {
    html! {
        @if let Some((step, steps)) = states::step(node.state).filter(|_| !node.state.is_resting()) {
            span.far { (reader.with("node-step", &[("step", step.into()), ("steps", steps.into())])) }
        }
        @if let Some(saved) = node.saved_state {
            span.far { (reader.with("node-saved-state", &[("state", saved.as_str().into())])) }
        }
    }
}

fn named(text: &str, node: &NodeName, reader: &Reader) -> String {
    reader.with(text, &[("node", node.as_str().into())])
}

fn bar(node: &NodeName, progress: &Progress, reader: &Reader) -> Markup {
    let percent = progress.percent();
    let of = [
        ("done", parts::bytes(progress.done_bytes).into()),
        ("total", parts::bytes(progress.total_bytes).into()),
    ];
    html! {
        div.progress {
            progress value=(percent) max="100" aria-label=(named("node-progress", node, reader)) { (percent) " %" }
            span {
                (percent) " % · " (reader.with("node-progress-of", &of))
                @if progress.rate_bytes_per_second > 0 {
                    " · " (parts::bytes(progress.rate_bytes_per_second)) "/s"
                }
                @if let Some(left) = progress.seconds_left() {
                    " · " (reader.with("node-left", &[("duration", parts::duration(left).into())]))
                }
            }
        }
    }
}

/// What was seen when it stopped, and what its boot says since.
fn trouble(node: &NodeDeploymentView, reader: &Reader) -> Markup {
    html! {
        @if let Some(problem) = &node.problem {
            (told(problem, reader, html! {
                @if let Some(boot) = &node.boot {
                    p { strong { (reader.say("problem-boot")) } " " (outlook(boot.outlook, reader)) " " (boot.sentence) }
                    @if let Some(fix) = boot.fix.as_ref().filter(|fix| **fix != problem.advice) {
                        p { strong { (reader.say("problem-advice")) } " " (fix) }
                    }
                }
                p { a href=(paths::boot(&node.node)) { (named("node-whole-boot", &node.node, reader)) } }
            }))
        }
    }
}

/// A failure: its sentences are those of the agent.
pub(super) fn told(problem: &Problem, reader: &Reader, more: Markup) -> Markup {
    html! {
        div.problem {
            p {
                strong { (reader.say("problem-seen")) } " " (problem.seen) ". "
                strong { (reader.say("problem-expected")) } " " (problem.expected) "."
            }
            p { strong { (reader.say("problem-advice")) } " " (problem.advice) }
            (more)
        }
    }
}

/// The track with its times, and the last lines.
fn course(node: &NodeDeploymentView, reader: &Reader) -> Markup {
    let legs = legs(&node.events, node.state, node.saved_state, reader.now);
    let earlier = node.events.len().saturating_sub(LAST_LINES);
    html! {
        (track::whole(&legs, &named("track-title", &node.node, reader), reader))
        details id={ "log-" (node.node) } {
            summary { (named("node-log", &node.node, reader)) }
            (lines(node.events.get(earlier..).unwrap_or_default(), reader))
            @if let Some(deployment) = node.deployment {
                p { a href=(paths::deployment(deployment)) { (reader.say("node-log-whole")) } }
            }
        }
    }
}

/// Lines of a history, the newest first.
pub(super) fn lines(events: &[StepEvent], reader: &Reader) -> Markup {
    html! {
        @if events.is_empty() { p.hint { (reader.say("node-log-empty")) } } @else {
            ol.history {
                @for event in events.iter().rev() {
                    li { (parts::second(event.at, reader)) " " code { (event.state.as_str()) } " " span { (event.text) } }
                }
            }
        }
    }
}

/// How to sign in, once that makes sense.
fn connection(node: &NodeDeploymentView, reader: &Reader) -> Markup {
    let Some(user) = node.ssh_user.as_deref().filter(|_| node.state == DeploymentState::Deployed) else {
        return html! {};
    };
    let key = node.host_key.as_deref().and_then(|line| PublicKey::parse(line).ok());
    html! {
        div.connect {
            code.copy { "ssh -p " (node.ssh_port) " " (user) "@" (node.address) } (copier(&node.node, reader))
            @if let Some(key) = key {
                details id={ "key-" (node.node) } {
                    summary { (reader.say("node-host-key")) " " code.fingerprint { (key.fingerprint()) } }
                    p.hint { (reader.say("node-known-hosts")) }
                    code.copy { (known_host(node)) " " (key.algorithm()) " " (key.blob()) } (copier(&node.node, reader))
                }
            }
        }
    }
}

/// Copies the text before it. The style sheet shows it only where the script runs; the text is selected as a whole
/// without it.
fn copier(node: &NodeName, reader: &Reader) -> Markup {
    html! {
        " " button.quiet.copier type="button" aria-label=(named("copy-line", node, reader))
            data-done=(reader.say("copy-done")) { (reader.say("copy")) }
    }
}

/// The host as `known_hosts` names it.
fn known_host(node: &NodeDeploymentView) -> String {
    match node.ssh_port {
        22 => node.address.to_string(),
        port => format!("[{}]:{port}", node.address),
    }
}

fn buttons(node: &NodeDeploymentView, frame: Frame<'_>) -> Markup {
    let (name, reader) = (&node.node, frame.reader);
    let form = |request, inside: Markup| {
        html! {
            form method="post" action=(paths::request(name, request)) {
                (parts::csrf(frame.csrf)) input type="hidden" name="back" value=(frame.back);
                (inside)
            }
        }
    };
    html! {
        @if !is_down(node.state) && node.request != Some(Request::Destroy) {
            div.actions {
                // Before its node is free nothing runs that could be begun again.
                @if node.state != DeploymentState::Initialized {
                    (form(Request::HardReboot, html! { button { (reader.say("node-hard-reboot")) } }))
                    details.confirm id={ "again-" (name) } {
                        summary { (reader.say("node-again-ask")) }
                        (form(Request::DeployAgain, html! {
                            p { (named("node-again-effect", name, reader)) }
                            button.danger { (named("node-again", name, reader)) }
                        }))
                    }
                }
                details.confirm id={ "destroy-node-" (name) } {
                    summary { (reader.say("node-destroy-ask")) }
                    (form(Request::Destroy, html! {
                        p { (reader.say("node-destroy-effect")) }
                        button.danger { (named("node-destroy", name, reader)) }
                    }))
                }
            }
        }
    }
}

/// Whether it is on its way out: nothing can be asked of it, and no state of its course is its place.
fn is_down(state: DeploymentState) -> bool {
    matches!(state, DeploymentState::Destroying | DeploymentState::Destroyed)
}

fn asked(request: Request) -> &'static str {
    match request {
        Request::HardReboot => "node-asked-reboot",
        Request::DeployAgain => "node-asked-again",
        Request::Destroy => "node-asked-destroy",
    }
}
