//! The page on which nodes are reserved. *Pure.*

use super::layout::{Chrome, Refresh, Who, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::agent::{NodeView, Taken};
use crate::model::reservation::LONGEST_HOURS;
use crate::web::forms::Errors;
use crate::web::forms::reserve::Reserve;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page on which nodes are reserved.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) nodes: Vec<NodeView>,
    pub(in crate::web) form: Reserve,
    pub(in crate::web) errors: Errors,
}

/// The page on which nodes are reserved.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, nodes, form, errors } = page;
    let reader = &chrome.reader;
    let (nodes_invalid, nodes_described) = parts::marks(errors, "nodes");
    let body = html! {
        form.split method="post" action=(paths::RESERVE) {
            (parts::csrf(&chrome.csrf))
            fieldset.card aria-invalid=[nodes_invalid] aria-describedby=[nodes_described] {
                legend { "Nodes" }
                (parts::wrong(errors, "nodes"))
                div data-live=(paths::RESERVE_LIVE) data-events=(paths::EVENTS) {
                    (list(nodes, &form.nodes, chrome.who.as_ref(), reader))
                }
            }
            div.card.fields.side {
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                (when(form, errors, reader))
                button.main { "Reserve" }
                p.hint { "All chosen nodes are reserved, or none. Next you say what is put on them." }
            }
        }
    };
    document(chrome, Refresh::ByLink, &body)
}

/// The nodes alone.
pub(in crate::web) fn fragment(nodes: &[NodeView], who: &Who, reader: &Reader) -> String {
    list(nodes, &[], Some(who), reader).into_string()
}

fn when(form: &Reserve, errors: &Errors, reader: &Reader) -> Markup {
    let (name_invalid, name_described) = parts::marks(errors, "name");
    let (hours_invalid, hours_described) = parts::marks(errors, "hours");
    let (start_invalid, start_described) = parts::marks(errors, "start");
    html! {
        label { "Name of the bin"
            input type="text" name="name" value=(form.name) maxlength="64" required
                aria-invalid=[name_invalid] aria-describedby=[name_described];
        }
        (parts::wrong(errors, "name"))
        label { "Hours"
            input type="number" name="hours" value=(form.hours) min="1" max=(LONGEST_HOURS) required
                aria-invalid=[hours_invalid] aria-describedby=[hours_described];
        }
        (parts::wrong(errors, "hours"))
        label { "Start (" (reader.now.to_zoned(reader.zone.clone()).strftime("%Z").to_string()) "), empty for now"
            input type="datetime-local" name="start" value=(form.start)
                aria-invalid=[start_invalid] aria-describedby=[start_described];
        }
        (parts::wrong(errors, "start"))
        p.hint { "It is " (parts::hour(reader.now, reader)) " now." }
    }
}

fn list(nodes: &[NodeView], chosen: &[String], who: Option<&Who>, reader: &Reader) -> Markup {
    let (free, taken): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| node.taken.is_none());
    html! {
        p.count { strong { (free.len()) } " of " (nodes.len()) " free" }
        @if nodes.is_empty() {
            p { "There are no nodes yet. An administrator adds them with " code { "pimaster node add" } "." }
        }
        ul.choose {
            @for node in free.iter().chain(&taken) { li { (choice(node, chosen, reader)) (boot(node, who)) } }
        }
    }
}

/// The way to the node's boot, for those who may see it.
fn boot(node: &NodeView, who: Option<&Who>) -> Markup {
    let has_it = |who: &Who| node.taken.as_ref().is_some_and(|taken| taken.owner == who.email);
    html! {
        @if who.is_some_and(|who| who.is_admin || has_it(who)) {
            a.beside href=(paths::boot(&node.name)) { "How " (node.name) " boots" }
        }
    }
}

fn choice(node: &NodeView, chosen: &[String], reader: &Reader) -> Markup {
    let name = node.name.as_str();
    html! {
        label {
            input type="checkbox" name="nodes" value=(name) id={ "node-" (name) }
                checked[chosen.iter().any(|it| it == name)];
            span.node-name { (name) }
            span.facts { (node.board) " · " (node.address) }
            @match &node.taken {
                None => (states::badge("good", Shape::Ring, "free")),
                Some(taken) => {
                    (states::badge("idle", Shape::Bar, "taken"))
                    (holder(taken, reader))
                }
            }
            @if let Some(next) = node.later.first() {
                span.far { "next: " (next.owner) " " (parts::away(next.start, reader)) }
            }
        }
    }
}

fn holder(taken: &Taken, reader: &Reader) -> Markup {
    html! {
        span.far {
            (taken.owner) ", until "
            @if taken.end > reader.now { (parts::moment(taken.end, reader)) } @else { "it is taken down" }
        }
    }
}
