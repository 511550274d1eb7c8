//! The page of all bins. *Pure.*

use super::bin;
use super::layout::{Chrome, Refresh, document};
use crate::agent::Whose;
use crate::model::agent::ReservationView;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page of all bins.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) reservations: Vec<ReservationView>,
    pub(in crate::web) whose: Whose,
}

/// The page of all bins.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, reservations, whose } = page;
    let reader = &chrome.reader;
    let live = match whose {
        Whose::Own => paths::MANAGE_LIVE,
        Whose::All => paths::MANAGE_ALL_LIVE,
    };
    let body = html! {
        @if chrome.who.as_ref().is_some_and(|who| who.is_admin) {
            nav.sub aria-label="Whose bins" {
                a href=(paths::MANAGE) aria-current=[(*whose == Whose::Own).then_some("page")] { "My bins" }
                a href=(paths::MANAGE_ALL) aria-current=[(*whose == Whose::All).then_some("page")] {
                    "Everybody's bins"
                }
            }
        }
        div data-live=(live) data-events=(paths::EVENTS) {
            (list(reservations, &chrome.csrf, *whose, reader))
        }
    };
    document(chrome, Refresh::Always, &body)
}

/// The bins alone.
pub(in crate::web) fn fragment(
    reservations: &[ReservationView],
    csrf: &str,
    whose: Whose,
    reader: &Reader,
) -> String {
    list(reservations, csrf, whose, reader).into_string()
}

fn list(reservations: &[ReservationView], csrf: &str, whose: Whose, reader: &Reader) -> Markup {
    let back = match whose {
        Whose::Own => paths::MANAGE,
        Whose::All => paths::MANAGE_ALL,
    };
    html! {
        @if reservations.is_empty() {
            section.card {
                p { "No node is reserved." }
                p { a.button.main href=(paths::RESERVE) { "Reserve nodes" } }
            }
        }
        @for reservation in reservations { (bin::card(reservation, csrf, back, reader)) }
    }
}
