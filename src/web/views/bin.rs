//! One bin: its nodes with state, progress, connection and buttons; alone on its page with the history. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::{parts, states};
use crate::model::agent::{NodeDeploymentView, ReservationView};
use crate::model::clock::seconds_between;
use crate::model::deployment::{DeploymentState, Progress, Request, StepEvent};
use crate::model::reservation::ReservationState;
use crate::model::ssh_key::PublicKey;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// One bin alone, with the history of each node.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservation: ReservationView,
}

/// One bin alone, with the history of each node.
pub(in crate::web) fn page(page: &Page) -> String {
    let id = page.reservation.id;
    let body = html! {
        div data-live=(paths::reservation_live(id)) data-events=(paths::EVENTS) {
            (fragment_markup(&page.reservation, &page.chrome.csrf, &page.chrome.reader))
        }
    };
    document(&page.chrome, Refresh::Always, &body)
}

/// The bin alone, without the page around it.
pub(in crate::web) fn fragment(reservation: &ReservationView, csrf: &str, reader: &Reader) -> String {
    fragment_markup(reservation, csrf, reader).into_string()
}

fn fragment_markup(reservation: &ReservationView, csrf: &str, reader: &Reader) -> Markup {
    html! {
        (card(reservation, csrf, &paths::reservation(reservation.id), reader))
        div.columns {
            @for node in &reservation.nodes {
                section.card { h2 { "History of " (node.node) } (history(&node.events, reader)) }
            }
        }
    }
}

/// One bin of a list. `back` is the page that its buttons come back to.
pub(super) fn card(reservation: &ReservationView, csrf: &str, back: &str, reader: &Reader) -> Markup {
    let id = reservation.id;
    html! {
        section.card.bin id={ "bin-" (id) } {
            header {
                h2 { a href=(paths::reservation(id)) { (reservation.name) } }
                (states::reservation(reservation.state))
                p.facts {
                    @if let Some(environment) = &reservation.environment { strong { (environment) } " · " }
                    (reservation.owner_email) " · " (period(reservation, reader)) (summary(reservation))
                }
            }
            (next_step(reservation, reader))
            ul.nodes {
                @for node in &reservation.nodes {
                    li { (node_row(node, reservation.state, csrf, back, reader)) }
                }
            }
            (extend(reservation, csrf, reader))
            (destroy(reservation, csrf))
        }
    }
}

fn period(reservation: &ReservationView, reader: &Reader) -> Markup {
    html! {
        @if reservation.start > reader.now { "starts " (parts::moment(reservation.start, reader)) ", " }
        "ends " (parts::moment(reservation.end, reader))
    }
}

/// How many nodes are ready, and how many want somebody's attention.
fn summary(reservation: &ReservationView) -> Markup {
    let count = |states: &[DeploymentState]| {
        reservation.nodes.iter().filter(|node| states.contains(&node.state)).count()
    };
    let stuck = count(&[DeploymentState::Lost, DeploymentState::Failed]);
    html! {
        @if reservation.state == ReservationState::Active {
            " · " (count(&[DeploymentState::Deployed])) " of " (reservation.nodes.len()) " ready"
            @if stuck > 0 { ", " strong.stuck { (stuck) " stuck" } }
        }
    }
}

fn next_step(reservation: &ReservationView, reader: &Reader) -> Markup {
    html! {
        @if reservation.state == ReservationState::Held {
            p { a.button.main href=(paths::configure(reservation.id)) { "Configure" } " to deploy something on it." }
            @if let Some(until) = reservation.held_until {
                p.hint { (reader.say("bin-held-until")) " " (parts::moment(until, reader)) }
            }
        } @else if reservation.state == ReservationState::Configured {
            p { a href=(paths::configure(reservation.id)) { "Change the configuration" } }
        }
    }
}

fn node_row(
    node: &NodeDeploymentView,
    reservation: ReservationState,
    csrf: &str,
    back: &str,
    reader: &Reader,
) -> Markup {
    // Before its start a node waits in no state that could be timed.
    let timed = node.state != DeploymentState::Initialized;
    html! {
        div.what {
            span.node-name { (node.node) }
            span.facts { (node.board) }
            span.facts { (node.address) }
        }
        div.where {
            (states::deployment(node.state))
            @if timed { span.far { (parts::duration(seconds_between(node.state_since, reader.now))) } }
            @if let Some((step, steps)) = states::step(node.state).filter(|_| !node.state.is_resting()) {
                span.far { "step " (step) " of " (steps) }
            }
            p.hint {
                (states::meaning(node.state))
                @if timed { " · " a href=(paths::boot(&node.node)) { "How " (node.node) " boots" } }
            }
            @if let Some(request) = node.request { p.hint { (asked(request)) " was asked for and begins shortly." } }
            @if let Some(progress) = &node.progress { (bar(&node.node, progress)) }
            @if let Some(problem) = &node.problem {
                div.problem {
                    p { strong { "Seen: " } (problem.seen) ". " strong { "Expected: " } (problem.expected) "." }
                    p { strong { "What to do: " } (problem.advice) }
                    p { a href=(paths::boot(&node.node)) { "The whole boot of " (node.node) } }
                }
            }
            (connection(node))
        }
        @if reservation == ReservationState::Active { (buttons(node, csrf, back)) }
    }
}

fn bar(node: &crate::model::node::NodeName, progress: &Progress) -> Markup {
    let percent = progress.percent();
    html! {
        div.progress {
            progress value=(percent) max="100" aria-label={ "Progress of " (node) } { (percent) " %" }
            span {
                (percent) " % · " (parts::bytes(progress.done_bytes)) " of " (parts::bytes(progress.total_bytes))
                @if progress.rate_bytes_per_second > 0 {
                    " · " (parts::bytes(progress.rate_bytes_per_second)) "/s"
                }
                @if let Some(left) = progress.seconds_left() { " · " (parts::duration(left)) " left" }
            }
        }
    }
}

/// How to sign in, once that makes sense.
fn connection(node: &NodeDeploymentView) -> Markup {
    let Some(user) = node.ssh_user.as_deref().filter(|_| node.state == DeploymentState::Deployed) else {
        return html! {};
    };
    let key = node.host_key.as_deref().and_then(|line| PublicKey::parse(line).ok());
    html! {
        div.connect {
            code.copy { "ssh -p " (node.ssh_port) " " (user) "@" (node.address) }
            @if let Some(key) = key {
                details id={ "key-" (node.node) } {
                    summary { "host key " code.fingerprint { (key.fingerprint()) } }
                    p.hint { "Line for your known_hosts:" }
                    code.copy { (known_host(node)) " " (key.algorithm()) " " (key.blob()) }
                }
            }
        }
    }
}

/// The host as `known_hosts` names it.
fn known_host(node: &NodeDeploymentView) -> String {
    match node.ssh_port {
        22 => node.address.to_string(),
        port => format!("[{}]:{port}", node.address),
    }
}

fn buttons(node: &NodeDeploymentView, csrf: &str, back: &str) -> Markup {
    let down = matches!(node.state, DeploymentState::Destroying | DeploymentState::Destroyed);
    let name = &node.node;
    let form = |request, inside: Markup| {
        html! {
            form method="post" action=(paths::request(name, request)) {
                (parts::csrf(csrf)) input type="hidden" name="back" value=(back);
                (inside)
            }
        }
    };
    let effect = "Access ends, the card is wiped, the node goes off. It stays reserved until the bin ends, with \
                  its last node at the latest. This cannot be undone.";
    html! {
        @if !down && node.request != Some(Request::Destroy) {
            div.actions {
                // Before its node is free nothing runs that could be begun again.
                @if node.state != DeploymentState::Initialized {
                    (form(Request::HardReboot, html! { button { "Hard reboot" } }))
                    details.confirm id={ "again-" (name) } {
                        summary { "Deploy again…" }
                        (form(Request::DeployAgain, html! {
                            p { "Everything on the card of " (name) " is lost." }
                            button.danger { "Deploy " (name) " again" }
                        }))
                    }
                }
                details.confirm id={ "destroy-node-" (name) } {
                    summary { "Destroy…" }
                    (form(Request::Destroy, html! { p { (effect) } button.danger { "Destroy " (name) } }))
                }
            }
        }
    }
}

/// For how much longer, while it is not over.
fn extend(reservation: &ReservationView, csrf: &str, reader: &Reader) -> Markup {
    let id = reservation.id;
    match reservation.state {
        ReservationState::Held | ReservationState::Configured | ReservationState::Active => html! {
            details.confirm id={ "extend-" (id) } {
                summary { (reader.say("bin-extend-ask")) }
                form method="post" action=(paths::extend(id)) {
                    (parts::csrf(csrf))
                    label { (reader.say("bin-extend-hours")) input type="number" name="hours" value="1" min="1" required; }
                    button { (reader.say("bin-extend")) }
                }
            }
        },
        ReservationState::Ending | ReservationState::Ended => html! {},
    }
}

fn destroy(reservation: &ReservationView, csrf: &str) -> Markup {
    let (ask, effect, act) = match reservation.state {
        ReservationState::Held | ReservationState::Configured => {
            ("Cancel the reservation…", "The nodes are free for others at once.", "Cancel the reservation")
        }
        ReservationState::Active => (
            "Destroy node bin…",
            "Access ends, the cards are wiped, the nodes are free for others. This cannot be undone.",
            "Destroy the node bin",
        ),
        ReservationState::Ending | ReservationState::Ended => return html! {},
    };
    html! {
        details.confirm.destroy id={ "destroy-" (reservation.id) } {
            summary { (ask) }
            form method="post" action=(paths::release(reservation.id)) {
                (parts::csrf(csrf))
                p { (effect) }
                button.danger { (act) }
            }
        }
    }
}

fn asked(request: Request) -> &'static str {
    match request {
        Request::HardReboot => "A hard reboot",
        Request::DeployAgain => "Deploying again",
        Request::Destroy => "Destroying",
    }
}

fn history(events: &[StepEvent], reader: &Reader) -> Markup {
    html! {
        @if events.is_empty() { p.hint { "Nothing has happened yet." } } @else {
            ol.history {
                @for event in events.iter().rev() {
                    li { (parts::second(event.at, reader)) " " code { (event.state.as_str()) } " " span { (event.text) } }
                }
            }
        }
    }
}
