//! One bin: its nodes, what can be asked of them, how long it lasts; alone on its page with the track of each node.
//! *Pure.*

use super::bin_node::{self, Detail};
use super::layout::{Chrome, Refresh, document};
use super::{hold, parts, states};
use crate::model::agent::ReservationView;
use crate::model::deployment::{DeploymentState, Request};
use crate::model::reservation::ReservationState;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// One bin alone, with the track of each node.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservation: ReservationView,
}

/// What the parts of a bin need beside the bin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The token of its forms.
    pub(super) csrf: &'a str,
    /// The page that its buttons come back to.
    pub(super) back: &'a str,
    /// How much is shown of each node.
    pub(super) detail: Detail,
    /// For whom it is made.
    pub(super) reader: &'a Reader,
}

/// One bin alone, with the track of each node.
pub(in crate::web) fn page(page: &Page) -> String {
    let id = page.reservation.id;
    let body = html! {
        div data-live=(paths::reservation_live(id)) data-events=(paths::EVENTS) {
            (alone(&page.reservation, &page.chrome.csrf, &page.chrome.reader))
        }
    };
    // Boxes that are ticked must not be lost when a browser without script loads the page again by itself.
    document(&page.chrome, Refresh::ByLink, &body)
}

/// The bin alone, without the page around it.
pub(in crate::web) fn fragment(reservation: &ReservationView, csrf: &str, reader: &Reader) -> String {
    alone(reservation, csrf, reader).into_string()
}

fn alone(reservation: &ReservationView, csrf: &str, reader: &Reader) -> Markup {
    let back = paths::reservation(reservation.id);
    let frame = Frame { csrf, back: &back, detail: Detail::Whole, reader };
    html! {
        (card(reservation, frame))
        (batch(std::slice::from_ref(reservation), frame))
    }
}

/// One bin of a list.
pub(super) fn card(reservation: &ReservationView, frame: Frame<'_>) -> Markup {
    let (id, reader) = (reservation.id, frame.reader);
    html! {
        section.card.bin id={ "bin-" (id) } {
            header {
                h2 { a href=(paths::reservation(id)) { (reservation.name) } }
                (states::reservation(reservation.state, reader))
                p.facts {
                    @if let Some(environment) = &reservation.environment { strong { (environment) } " · " }
                    (reservation.owner_email) " · " (period(reservation, reader)) (summary(reservation, reader))
                }
            }
            (next_step(reservation, reader))
            @if reservation.state == ReservationState::Active && reservation.nodes.len() > 1 {
                p { label.pick {
                    input type="checkbox" name="bins" value=(id) form=(BATCH) id={ "pick-bin-" (id) };
                    span { (reader.with("batch-all", &[("count", reservation.nodes.len().into())])) }
                } }
            }
            ul.nodes {
                @for node in &reservation.nodes {
                    li id={ "node-" (id) "-" (node.node) } { (bin_node::row(node, reservation, frame)) }
                }
            }
            (extend(reservation, frame))
            (destroy(reservation, frame))
        }
    }
}

fn period(reservation: &ReservationView, reader: &Reader) -> Markup {
    html! {
        @if reservation.start > reader.now { (reader.say("bin-starts")) " " (parts::moment(reservation.start, reader)) ", " }
        (reader.say("bin-ends")) " " (parts::moment(reservation.end, reader))
    }
}

/// How many nodes are ready, and how many want somebody's attention.
fn summary(reservation: &ReservationView, reader: &Reader) -> Markup {
    let count = |states: &[DeploymentState]| {
        reservation.nodes.iter().filter(|node| states.contains(&node.state)).count()
    };
    let stuck = count(&[DeploymentState::Lost, DeploymentState::Failed]);
    let (ready, all) = (count(&[DeploymentState::Deployed]), reservation.nodes.len());
    html! {
        @if reservation.state == ReservationState::Active {
            " · " (reader.with("bin-ready", &[("ready", ready.into()), ("all", all.into())]))
            @if stuck > 0 { ", " strong.stuck { (reader.with("bin-stuck", &[("stuck", stuck.into())])) } }
        }
    }
}

fn next_step(reservation: &ReservationView, reader: &Reader) -> Markup {
    html! {
        @if reservation.state == ReservationState::Held {
            p {
                a.button.main href=(paths::configure(reservation.id)) { (reader.say("bin-configure")) }
                " " (reader.say("bin-configure-what"))
            }
            @if let Some(until) = reservation.held_until {
                (hold::countdown(until, reader))
            }
        } @else if reservation.state == ReservationState::Configured {
            p { a href=(paths::configure(reservation.id)) { (reader.say("bin-reconfigure")) } }
        }
    }
}

/// The form that all boxes of a page belong to.
pub(super) const BATCH: &str = "batch";

/// What can be asked of the nodes that are ticked, wherever on the page they are.
pub(super) fn batch(reservations: &[ReservationView], frame: Frame<'_>) -> Markup {
    let has_boxes = |it: &ReservationView| it.state == ReservationState::Active && !it.nodes.is_empty();
    let reader = frame.reader;
    let button = |request: Request, class: &str, text: &str| {
        html! { button class=(class) name="request" value=(request.as_str()) { (reader.say(text)) } }
    };
    html! {
        @if reservations.iter().any(has_boxes) {
            form.card.batch id=(BATCH) method="post" action=(paths::NODES_REQUESTS) {
                (parts::csrf(frame.csrf)) input type="hidden" name="back" value=(frame.back);
                strong { (reader.say("batch-title")) }
                div.actions {
                    (button(Request::HardReboot, "", "node-hard-reboot"))
                    details.confirm id="batch-again" {
                        summary { (reader.say("node-again-ask")) }
                        p { (reader.say("batch-again-effect")) }
                        (button(Request::DeployAgain, "danger", "batch-again"))
                    }
                    details.confirm id="batch-destroy" {
                        summary { (reader.say("node-destroy-ask")) }
                        p { (reader.say("node-destroy-effect")) }
                        (button(Request::Destroy, "danger", "batch-destroy"))
                    }
                }
            }
        }
    }
}

/// For how much longer, while it is not over.
pub(super) fn extend(reservation: &ReservationView, frame: Frame<'_>) -> Markup {
    let (id, reader) = (reservation.id, frame.reader);
    match reservation.state {
        ReservationState::Held | ReservationState::Configured | ReservationState::Active => html! {
            details.confirm id={ "extend-" (id) } {
                summary { (reader.say("bin-extend-ask")) }
                form method="post" action=(paths::extend(id)) {
                    (parts::csrf(frame.csrf)) input type="hidden" name="back" value=(frame.back);
                    label { (reader.say("bin-extend-hours"))
                        input type="number" name="hours" value="1" min="1" required id={ "hours-" (id) };
                    }
                    button { (reader.say("bin-extend")) }
                }
            }
        },
        ReservationState::Ending | ReservationState::Ended => html! {},
    }
}

/// Gives it back, after a confirmation.
pub(super) fn destroy(reservation: &ReservationView, frame: Frame<'_>) -> Markup {
    let (ask, effect, act) = match reservation.state {
        ReservationState::Held | ReservationState::Configured => {
            ("bin-cancel-ask", "bin-cancel-effect", "bin-cancel")
        }
        ReservationState::Active => ("bin-destroy-ask", "bin-destroy-effect", "bin-destroy"),
        ReservationState::Ending | ReservationState::Ended => return html! {},
    };
    let reader = frame.reader;
    html! {
        details.confirm.destroy id={ "destroy-" (reservation.id) } {
            summary { (reader.say(ask)) }
            form method="post" action=(paths::release(reservation.id)) {
                (parts::csrf(frame.csrf)) input type="hidden" name="back" value=(frame.back);
                p { (reader.say(effect)) }
                button.danger { (reader.say(act)) }
            }
        }
    }
}
