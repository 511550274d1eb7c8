//! What people did, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::audit::Entry;
use crate::web::paths;
use maud::{Markup, html};

/// What people did, newest first.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) entries: Vec<Entry>,
    /// Whether there are older ones.
    pub(in crate::web) has_more: bool,
}

/// What people did, newest first.
pub(in crate::web) fn page(page: &Page) -> String {
    let reader = &page.chrome.reader;
    let oldest = page.entries.last().filter(|_| page.has_more);
    let body = html! {
        section.card {
            @if page.entries.is_empty() { p.hint { (reader.say("audit-empty")) } } @else { (table(page)) }
            @if let Some(oldest) = oldest { p { a href=(paths::audit_before(oldest.id)) { (reader.say("audit-older")) } } }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn table(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (reader.say("audit-when")) }
                        th { (reader.say("audit-who")) }
                        th { (reader.say("audit-from")) }
                        th { (reader.say("audit-what")) }
                        th { (reader.say("audit-subject")) }
                    }
                }
                tbody {
                    @for entry in &page.entries {
                        tr {
                            td { (parts::second(entry.at, reader)) }
                            td { (entry.who) }
                            td { code { (entry.address) } }
                            td { (entry.action.as_str()) }
                            td { (entry.subject) }
                        }
                    }
                }
            }
        }
    }
}
