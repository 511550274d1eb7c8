//! The queue: who waits for which nodes, and when their turn is expected. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::agent::QueueView;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The queue.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) queue: Vec<QueueView>,
}

/// The queue.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, queue } = page;
    let body = html! {
        section.card data-live=(paths::QUEUE_LIVE) data-events=(paths::EVENTS) {
            (table(queue, chrome.who.as_ref().is_some_and(|who| who.is_admin), &chrome.csrf, &chrome.reader))
        }
        p.hint { (chrome.reader.say("queue-rule")) }
        p { a href=(paths::RESERVE) { (chrome.reader.say("nav-reserve")) } }
    };
    document(chrome, Refresh::Always, &body)
}

/// The table alone.
pub(in crate::web) fn fragment(queue: &[QueueView], is_admin: bool, csrf: &str, reader: &Reader) -> String {
    table(queue, is_admin, csrf, reader).into_string()
}

fn table(queue: &[QueueView], is_admin: bool, csrf: &str, reader: &Reader) -> Markup {
    html! {
        @if queue.is_empty() { p { (reader.say("queue-empty")) } } @else {
            div.scroll {
                table {
                    thead { tr {
                        th { (reader.say("queue-position")) } th { (reader.say("queue-who")) }
                        th { (reader.say("queue-wish")) } th { (reader.say("queue-since")) }
                        th { (reader.say("queue-estimate")) } th { (reader.say("users-actions")) }
                    } }
                    tbody { @for wish in queue { (row(wish, is_admin, csrf, reader)) } }
                }
            }
        }
    }
}

fn row(wish: &QueueView, is_admin: bool, csrf: &str, reader: &Reader) -> Markup {
    let model = wish.model.map_or_else(|| reader.say("reserve-model-any"), |model| model.shown().to_owned());
    let values = [
        ("count", wish.count.into()),
        ("model", model.into()),
        ("hours", wish.hours.into()),
        ("name", wish.name.as_str().into()),
    ];
    html! {
        tr {
            td { @if let Some(position) = wish.position { (position) } }
            td { @if wish.is_own { strong { (wish.owner) } } @else { (wish.owner) } }
            td { (reader.with("queue-asks", &values)) }
            td { (parts::moment(wish.since, reader)) }
            td { @match wish.estimate {
                Some(at) => (parts::moment(at, reader)),
                None => (reader.say("queue-never")),
            } }
            td { @if wish.is_own || is_admin {
                form method="post" action=(paths::leave_queue(wish.id)) {
                    (parts::csrf(csrf))
                    button.quiet aria-label=(reader.with("queue-leave-name", &[("name", wish.name.as_str().into())])) {
                        (reader.say("queue-leave"))
                    }
                }
            } }
        }
    }
}
