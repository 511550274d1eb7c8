//! Reservations that can be configured, to choose one. *Pure.*

use crate::model::agent::ReservationView;
use crate::web::paths;
use crate::web::views::layout::{Chrome, Refresh, document};
use crate::web::views::{hold, parts};
use maud::html;

/// Reservations that can be configured, to choose one.
#[derive(Debug)]
pub(in crate::web) struct Choice {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservations: Vec<ReservationView>,
}

/// Reservations that can be configured, to choose one.
pub(in crate::web) fn choice(page: &Choice) -> String {
    let reader = &page.chrome.reader;
    let body = html! {
        @if page.reservations.is_empty() {
            section.card {
                p { (reader.say("configure-none")) }
                p.actions {
                    a href=(paths::RESERVE) { (reader.say("configure-reserve")) }
                    a href=(paths::MANAGE) { (reader.say("configure-manage")) }
                }
            }
        }
        @for reservation in &page.reservations {
            section.card {
                h2 { a href=(paths::configure(reservation.id)) { (reservation.name) } }
                p {
                    (reader.with("configure-count", &[("count", reservation.nodes.len().into())])) ", "
                    (reader.say("configure-from")) " " (parts::moment(reservation.start, reader)) " "
                    (reader.say("configure-until")) " " (parts::moment(reservation.end, reader))
                }
                @match &reservation.environment {
                    Some(environment) => {
                        p { (reader.with("configure-can-change", &[("environment", environment.as_str().into())])) }
                    }
                    None => p { (reader.say("configure-not-yet")) },
                }
                @if let Some(until) = reservation.held_until { (hold::countdown(until, reader)) }
            }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}
