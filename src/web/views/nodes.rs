//! The nodes of the rack, for administrators. *Pure.*

use super::discovered::field;
use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::agent::RackNode;
use crate::model::board::BoardModel;
use crate::web::forms::Errors;
use crate::web::forms::enrol::Enrol;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// All nodes.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) nodes: Vec<RackNode>,
}

/// The form of a node that is added by hand.
#[derive(Debug)]
pub(in crate::web) struct New {
    pub(in crate::web) chrome: Chrome,
    /// The names of the switches.
    pub(in crate::web) switches: Vec<String>,
    pub(in crate::web) form: Enrol,
    pub(in crate::web) errors: Errors,
}

/// One node with its form.
#[derive(Debug)]
pub(in crate::web) struct One {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) node: RackNode,
    pub(in crate::web) form: Enrol,
    pub(in crate::web) errors: Errors,
}

/// All nodes.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, nodes } = page;
    let reader = &chrome.reader;
    let body = html! {
        p { a.button.main href=(paths::NODES_NEW) { (reader.say("nodes-add")) } }
        section.card {
            @if nodes.is_empty() { p { (reader.say("nodes-empty")) } } @else { (table(nodes, &chrome.csrf, reader)) }
        }
    };
    document(chrome, Refresh::Never, &body)
}

fn table(nodes: &[RackNode], csrf: &str, reader: &Reader) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (reader.say("nodes-node")) }
                        th { (reader.say("nodes-address")) }
                        th { (reader.say("nodes-serial")) }
                        th { (reader.say("nodes-port")) }
                        th { (reader.say("nodes-boot")) }
                        th { (reader.say("nodes-who")) }
                        th { (reader.say("users-actions")) }
                    }
                }
                tbody { @for node in nodes { (row(node, csrf, reader)) } }
            }
        }
    }
}

fn row(node: &RackNode, csrf: &str, reader: &Reader) -> Markup {
    let shown = &node.node;
    html! {
        tr id={ "node-" (shown.name) } {
            td { strong { (shown.name) } br; span.facts { (shown.board) } }
            td { (shown.address) br; code { (node.mac) } }
            td { @match &shown.serial { Some(serial) => code { (serial) }, None => "–" } }
            td { @match &node.port { Some(port) => (port), None => "–" } }
            td {
                a href=(paths::boot(&shown.name)) { (node.boot_target.as_str()) }
                br; a href=(paths::node_history(&shown.name)) { (reader.say("history-of-node")) }
            }
            td { (holder(node, reader)) }
            td { div.actions {
                a.button href=(paths::node_edit(&shown.name)) { (reader.say("node-edit")) }
                (quarantine(node, csrf, reader))
            } }
        }
    }
}

/// Who has it, and whether it is kept back.
fn holder(node: &RackNode, reader: &Reader) -> Markup {
    let shown = &node.node;
    html! {
        @if let Some(kept) = &shown.quarantine {
            (states::quarantine(reader)) " " (kept.reason)
            p.facts { (reader.say("quarantine-since")) " " (parts::moment(kept.since, reader)) }
        }
        @match &shown.taken {
            Some(taken) => {
                (states::badge("busy", Shape::Half, &taken.owner))
                p.facts { (reader.say("nodes-until")) " " (parts::moment(taken.end, reader)) }
            }
            None => {
                @if shown.quarantine.is_none() { (states::badge("good", Shape::Ring, &reader.say("calendar-free"))) }
            }
        }
    }
}

fn quarantine(node: &RackNode, csrf: &str, reader: &Reader) -> Markup {
    let name = &node.node.name;
    if node.node.quarantine.is_some() {
        return html! {
            form method="post" action=(paths::end_quarantine(name)) {
                (parts::csrf(csrf))
                button aria-label={ (reader.say("quarantine-end")) ": " (name) } { (reader.say("quarantine-end")) }
            }
        };
    }
    html! {
        details.confirm id={ "quarantine-" (name) } {
            summary { (reader.say("quarantine-ask")) }
            form method="post" action=(paths::quarantine(name)) {
                (parts::csrf(csrf))
                p { (reader.say("quarantine-effect")) }
                label { (reader.say("quarantine-reason")) input type="text" name="reason" required maxlength="200"; }
                button.danger { (reader.with("quarantine-begin", &[("node", name.as_str().into())])) }
            }
        }
    }
}

/// The form of a node that is added by hand.
pub(in crate::web) fn new(page: &New) -> String {
    let New { chrome, switches, form, errors } = page;
    let reader = &chrome.reader;
    let body = html! {
        form.card.fields.narrow method="post" action=(paths::NODES) {
            (parts::csrf(&chrome.csrf))
            @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
            (field("mac", &reader.say("node-mac"), &form.mac, errors))
            (field("name", &reader.say("node-name"), &form.name, errors))
            (field("address", &reader.say("nodes-address"), &form.address, errors))
            label { (reader.say("node-model"))
                select name="model" {
                    option value="" selected[form.model.is_empty()] { (reader.say("node-model-learnt")) }
                    @for model in BoardModel::ALL {
                        option value=(model.as_str()) selected[form.model == model.as_str()] { (model.shown()) }
                    }
                }
            }
            (parts::wrong(errors, "model"))
            (field("serial", &reader.say("node-serial"), &form.serial, errors))
            label { (reader.say("node-switch"))
                select name="switch" {
                    option value="" { "–" }
                    @for switch in switches { option value=(switch) selected[form.switch == *switch] { (switch) } }
                }
            }
            (parts::wrong(errors, "switch"))
            (field("port", &reader.say("node-port"), &form.port, errors))
            button.main { (reader.say("nodes-add-do")) }
            p.hint { (reader.say("nodes-add-what")) }
        }
    };
    document(chrome, Refresh::Never, &body)
}

/// One node with its form.
pub(in crate::web) fn one(page: &One) -> String {
    let One { chrome, node, form, errors } = page;
    let (reader, name) = (&chrome.reader, &node.node.name);
    let body = html! {
        div.split {
            form.card.fields method="post" action=(paths::node_edit(name)) {
                (parts::csrf(&chrome.csrf))
                (parts::version(&node.version()))
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } (stored(page)) }
                (field("name", &reader.say("node-name"), &form.name, errors))
                (field("address", &reader.say("nodes-address"), &form.address, errors))
                label { (reader.say("node-model"))
                    select name="model" {
                        @for model in BoardModel::ALL {
                            option value=(model.as_str()) selected[form.model == model.as_str()] { (model.shown()) }
                        }
                    }
                }
                (parts::wrong(errors, "model"))
                (field("switch", &reader.say("node-switch"), &form.switch, errors))
                (field("port", &reader.say("node-port"), &form.port, errors))
                button.main { (reader.say("node-save")) }
                p.hint { (reader.say("node-save-effect")) }
            }
            section.card {
                p { (holder(node, reader)) }
                div.actions {
                    (quarantine(node, &chrome.csrf, reader))
                    details.confirm id={ "retire-" (name) } {
                        summary { (reader.say("node-retire-ask")) }
                        form method="post" action=(paths::retire(name)) {
                            (parts::csrf(&chrome.csrf))
                            p { (reader.say("node-retire-effect")) }
                            button.danger { (reader.with("node-retire", &[("node", name.as_str().into())])) }
                        }
                    }
                }
            }
        }
    };
    document(chrome, Refresh::Never, &body)
}

/// What is stored where something else was typed.
fn stored(page: &One) -> Markup {
    let (reader, typed, stored) = (&page.chrome.reader, &page.form, Enrol::of(&page.node));
    let fields = [
        (reader.say("node-name"), &typed.name, &stored.name),
        (reader.say("nodes-address"), &typed.address, &stored.address),
        (reader.say("node-model"), &typed.model, &stored.model),
        (reader.say("node-switch"), &typed.switch, &stored.switch),
        (reader.say("node-port"), &typed.port, &stored.port),
    ];
    html! {
        @for (label, typed, stored) in fields {
            @if typed != stored { p.hint { (label) ": " (reader.say("stale-stored")) " " (stored) } }
        }
    }
}
