//! The page of all bins. *Pure.*

use super::bin::{self, Frame};
use super::bin_node::Detail;
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
    let (live, here) = match whose {
        Whose::Own => (paths::MANAGE_LIVE, Place::Own),
        Whose::All => (paths::MANAGE_ALL_LIVE, Place::All),
    };
    let body = html! {
        (places(chrome, here))
        div data-live=(live) data-events=(paths::EVENTS) {
            (list(reservations, &chrome.csrf, *whose, &chrome.reader))
        }
    };
    // Boxes that are ticked must not be lost when a browser without script loads the page again by itself.
    document(chrome, Refresh::ByLink, &body)
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

/// The pages beside this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The reader's bins.
    Own,
    /// The reader's past deployments.
    History,
    /// Everybody's bins.
    All,
    /// Everybody's reservations.
    Bookings,
    /// Everybody's past deployments.
    HistoryAll,
}

/// The way between the pages about bins; `here` is the one that is shown.
pub(super) fn places(chrome: &Chrome, here: Place) -> Markup {
    let reader = &chrome.reader;
    let is_admin = chrome.who.as_ref().is_some_and(|who| who.is_admin);
    let own = [(Place::Own, paths::MANAGE, "manage-own"), (Place::History, paths::HISTORY, "manage-history")];
    let all = [
        (Place::All, paths::MANAGE_ALL, "manage-all"),
        (Place::Bookings, paths::BOOKINGS, "manage-bookings"),
        (Place::HistoryAll, paths::HISTORY_ALL, "manage-history-all"),
    ];
    html! {
        nav.sub aria-label=(reader.say("manage-places")) {
            @for (place, path, name) in own.iter().chain(all.iter().filter(|_| is_admin)) {
                a href=(path) aria-current=[(*place == here).then_some("page")] { (reader.say(name)) }
            }
        }
    }
}

fn list(reservations: &[ReservationView], csrf: &str, whose: Whose, reader: &Reader) -> Markup {
    let back = match whose {
        Whose::Own => paths::MANAGE,
        Whose::All => paths::MANAGE_ALL,
    };
    let frame = Frame { csrf, back, detail: Detail::Short, reader };
    html! {
        @if reservations.is_empty() {
            section.card {
                p { (reader.say("manage-empty")) }
                p { a.button.main href=(paths::RESERVE) { (reader.say("reserve-title")) } }
            }
        }
        @for reservation in reservations { (bin::card(reservation, frame)) }
        (bin::batch(reservations, frame))
    }
}
