//! The page on which nodes are reserved. *Pure.*

use super::calendar::{self, Calendar};
use super::layout::{Chrome, Refresh, Who, document};
use super::parts;
use crate::model::agent::CalendarRow;
use crate::model::board::BoardModel;
use crate::model::booking::BookingRules;
use crate::model::opening::OpeningHours;
use crate::web::forms::Errors;
use crate::web::forms::calendar::Window;
use crate::web::forms::reserve::Reserve;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page on which nodes are reserved.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) window: Window,
    /// The nodes that are shown, in groups.
    pub(in crate::web) groups: Vec<(String, Vec<CalendarRow>)>,
    pub(in crate::web) rules: BookingRules,
    pub(in crate::web) hours: OpeningHours,
    pub(in crate::web) form: Reserve,
    pub(in crate::web) errors: Errors,
}

/// The page on which nodes are reserved.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, window, groups, form, errors, .. } = page;
    let reader = &chrome.reader;
    let query = window.own_query();
    let (nodes_invalid, nodes_described) = parts::marks(errors, "nodes");
    let calendar = Calendar { window, groups, chosen: &form.nodes, who: chrome.who.as_ref(), reader };
    let body = html! {
        (calendar::controls(window, reader))
        form.split method="post" action={ (paths::RESERVE) "?" (query) } {
            (parts::csrf(&chrome.csrf))
            fieldset.card aria-invalid=[nodes_invalid] aria-describedby=[nodes_described] {
                legend { (reader.say("reserve-nodes")) }
                (parts::wrong(errors, "nodes"))
                div data-live={ (paths::RESERVE_LIVE) "?" (query) } data-events=(paths::EVENTS) { (shown(calendar)) }
            }
            div.card.fields.side {
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                (any_of(page))
                (when(page))
                button.main { (reader.say("reserve-do")) }
                p.hint { (reader.say("reserve-next")) }
                button.quiet name="wait" value="1" { (reader.say("queue-join")) }
                p.hint { (reader.say("queue-join-what")) " " a href=(paths::QUEUE) { (reader.say("queue-title")) } }
                p.hint {
                    @if page.hours.is_limited { (reader.with("reserve-open", &[("hours", page.hours.to_string().into())])) " " }
                    a href=(paths::BLOCKS) { (reader.say("blocks-title")) }
                }
            }
        }
    };
    document(chrome, Refresh::ByLink, &body)
}

/// The calendar alone.
pub(in crate::web) fn fragment(
    window: &Window,
    groups: &[(String, Vec<CalendarRow>)],
    who: &Who,
    reader: &Reader,
) -> String {
    shown(Calendar { window, groups, chosen: &[], who: Some(who), reader }).into_string()
}

fn shown(calendar: Calendar<'_>) -> Markup {
    let reader = calendar.reader;
    let rows = || calendar.groups.iter().flat_map(|(_, rows)| rows);
    let (free, all) = (rows().filter(|row| row.node.is_free()).count(), rows().count());
    html! {
        p.count { (reader.with("reserve-count", &[("free", free.into()), ("all", all.into())])) }
        @if all == 0 { p { (reader.say("reserve-empty")) " " code { "pimaster node add" } } } @else { (calendar::table(calendar)) }
    }
}

/// Any nodes of a kind, for those to whom one is as good as another.
fn any_of(page: &Page) -> Markup {
    let Page { chrome: Chrome { reader, .. }, form, errors, groups, .. } = page;
    let (invalid, described) = parts::marks(errors, "count");
    let has = |model: BoardModel| groups.iter().flat_map(|(_, rows)| rows).any(|row| row.node.model == model);
    html! {
        label { (reader.say("reserve-any"))
            input type="number" name="count" value=(form.count) min="1" aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(errors, "count"))
        label { (reader.say("reserve-model"))
            select name="model" {
                option value="" { (reader.say("reserve-model-any")) }
                @for model in BoardModel::ALL.iter().copied().filter(|model| has(*model)) {
                    option value=(model.as_str()) selected[form.model == model.as_str()] { (model.shown()) }
                }
            }
        }
        (parts::wrong(errors, "model"))
        label.option {
            input type="checkbox" name="as_many_as_possible" checked[form.as_many_as_possible];
            span { (reader.say("reserve-as-many")) }
        }
    }
}

fn when(page: &Page) -> Markup {
    let Page { chrome: Chrome { reader, .. }, form, errors, rules, .. } = page;
    let (name_invalid, name_described) = parts::marks(errors, "name");
    let (hours_invalid, hours_described) = parts::marks(errors, "hours");
    let (start_invalid, start_described) = parts::marks(errors, "start");
    let zone = reader.now.to_zoned(reader.zone.clone()).strftime("%Z").to_string();
    html! {
        label { (reader.say("reserve-name"))
            input type="text" name="name" value=(form.name) maxlength="64" required
                aria-invalid=[name_invalid] aria-describedby=[name_described];
        }
        (parts::wrong(errors, "name"))
        label { (reader.with("reserve-hours", &[("most", rules.longest_hours.into())]))
            input type="number" name="hours" value=(form.hours) min="1" required
                aria-invalid=[hours_invalid] aria-describedby=[hours_described];
        }
        (parts::wrong(errors, "hours"))
        label { (reader.with("reserve-start", &[("zone", zone.into())]))
            input type="datetime-local" name="start" value=(form.start)
                aria-invalid=[start_invalid] aria-describedby=[start_described];
        }
        (parts::wrong(errors, "start"))
        p.hint { (reader.say("reserve-now")) " " (parts::hour(reader.now, reader)) }
    }
}
