//! The rules by which nodes are booked, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::model::version::Version;
use crate::web::forms::Errors;
use crate::web::forms::rules::Rules;
use crate::web::paths;
use maud::html;

/// The rules by which nodes are booked.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) form: Rules,
    /// What is stored, if it is no longer what the form was made from.
    pub(in crate::web) stale: Option<Rules>,
    pub(in crate::web) version: Version,
    pub(in crate::web) errors: Errors,
}

/// The rules by which nodes are booked.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, form, stale, version, errors } = page;
    let reader = &chrome.reader;
    let shown = stale.as_ref().unwrap_or(form);
    let fields = [
        ("longest_hours", reader.say("rules-longest"), &form.longest_hours, &shown.longest_hours),
        (
            "longest_extended_hours",
            reader.say("rules-longest-extended"),
            &form.longest_extended_hours,
            &shown.longest_extended_hours,
        ),
        ("node_hours", reader.say("rules-node-hours"), &form.node_hours, &shown.node_hours),
        ("nodes_at_once", reader.say("rules-at-once"), &form.nodes_at_once, &shown.nodes_at_once),
        ("margin_minutes", reader.say("rules-margin"), &form.margin_minutes, &shown.margin_minutes),
        ("hold_minutes", reader.say("rules-hold"), &form.hold_minutes, &shown.hold_minutes),
        ("notice_minutes", reader.say("rules-notice"), &form.notice_minutes, &shown.notice_minutes),
    ];
    let body = html! {
        nav.sub aria-label=(reader.say("rules-title")) {
            a href=(paths::RULES) aria-current="page" { (reader.say("rules-title")) }
            a href=(paths::GROUPS) { (reader.say("groups-title")) }
            a href=(paths::BLOCKS) { (reader.say("blocks-title")) }
        }
        form.card.narrow.fields method="post" action=(paths::RULES) {
            (parts::csrf(&chrome.csrf))
            (parts::version(version))
            @if stale.is_some() { p.wrong role="alert" { (reader.say("stale")) } }
            p.hint { (reader.say("rules-what")) }
            @for (name, label, value, stored) in fields {
                @let (invalid, described) = parts::marks(errors, name);
                label { (label)
                    input type="number" name=(name) value=(value) min="0" required[!matches!(name, "node_hours" | "nodes_at_once")]
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(errors, name))
                (parts::stored(value, stored, reader))
            }
            button.main { (reader.say("rules-save")) }
        }
    };
    document(chrome, Refresh::Never, &body)
}
