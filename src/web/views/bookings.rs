//! Everybody's reservations, present and future, for administrators. *Pure.*

use super::bin::{self, Frame};
use super::bin_node::Detail;
use super::layout::{Chrome, Refresh, document};
use super::manage::{Place, places};
use super::{parts, states};
use crate::model::agent::ReservationView;
use crate::web::forms::bookings::Filter;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// How many reservations a page shows: more are found by the filter.
const MOST: usize = 200;

/// Everybody's reservations.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) filter: Filter,
    /// Those that pass the filter, by start.
    pub(in crate::web) reservations: Vec<ReservationView>,
}

/// Everybody's reservations.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, filter, reservations } = page;
    let reader = &chrome.reader;
    let body = html! {
        (places(chrome, Place::Bookings))
        form.filter.card method="get" action=(paths::BOOKINGS) {
            label { (reader.say("bookings-owner")) input type="search" name="owner" value=(filter.owner); }
            label { (reader.say("bookings-node")) input type="search" name="node" value=(filter.node); }
            button { (reader.say("calendar-show")) }
        }
        div data-live=(paths::bookings(true, &filter.owner, &filter.node)) data-events=(paths::EVENTS) {
            (table(reservations, filter, &chrome.csrf, reader))
        }
    };
    document(chrome, Refresh::ByLink, &body)
}

/// The reservations alone.
pub(in crate::web) fn fragment(
    reservations: &[ReservationView],
    filter: &Filter,
    csrf: &str,
    reader: &Reader,
) -> String {
    table(reservations, filter, csrf, reader).into_string()
}

fn table(reservations: &[ReservationView], filter: &Filter, csrf: &str, reader: &Reader) -> Markup {
    let back = paths::bookings(false, &filter.owner, &filter.node);
    let frame = Frame { csrf, back: &back, detail: Detail::Short, reader };
    let heads = [
        "history-bin",
        "bookings-nodes",
        "bookings-from",
        "bookings-until",
        "bookings-state",
        "users-actions",
    ];
    html! {
        section.card {
            @if reservations.is_empty() { p.hint { (reader.say("bookings-empty")) } } @else {
                div.scroll tabindex="0" role="region" aria-label=(reader.say("bookings-title")) {
                    table {
                        thead { tr { @for head in heads { th scope="col" { (reader.say(head)) } } } }
                        tbody { @for reservation in reservations.iter().take(MOST) { (row(reservation, frame)) } }
                    }
                }
            }
            @if reservations.len() > MOST {
                p.hint { (reader.with("bookings-more", &[("more", (reservations.len() - MOST).into())])) }
            }
        }
    }
}

fn row(reservation: &ReservationView, frame: Frame<'_>) -> Markup {
    let reader = frame.reader;
    let names: Vec<&str> = reservation.nodes.iter().map(|node| node.node.as_str()).collect();
    html! {
        tr id={ "booking-" (reservation.id) } {
            td {
                a href=(paths::reservation(reservation.id)) { (reservation.name) }
                br; span.facts { (reservation.owner_email) }
            }
            td {
                (names.join(", "))
                @if let Some(environment) = &reservation.environment { br; span.facts { (environment) } }
            }
            td { (parts::moment(reservation.start, reader)) }
            td { (parts::moment(reservation.end, reader)) }
            td { (states::reservation(reservation.state, reader)) }
            td { div.actions { (bin::extend(reservation, frame)) (bin::destroy(reservation, frame)) } }
        }
    }
}
