//! Blocks and opening hours: everybody reads them, administrators set them. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::parts;
use crate::agent::Collision;
use crate::model::agent::{BlockView, ScopeWish};
use crate::model::block::Collisions;
use crate::model::board::BoardModel;
use crate::web::forms::Errors;
use crate::web::forms::blocks::{Block, Hours};
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// Blocks and opening hours.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) blocks: Vec<BlockView>,
    pub(in crate::web) hours: Hours,
    /// For administrators: names of switches and groups to choose from.
    pub(in crate::web) switches: Vec<String>,
    pub(in crate::web) groups: Vec<String>,
    pub(in crate::web) form: Block,
    /// What lies in the block that was asked for.
    pub(in crate::web) colliding: Vec<Collision>,
    pub(in crate::web) errors: Errors,
}

/// Blocks and opening hours.
pub(in crate::web) fn page(page: &Page) -> String {
    let is_admin = page.chrome.who.as_ref().is_some_and(|who| who.is_admin);
    let body = html! {
        section.card { (table(page, is_admin)) }
        @if is_admin {
            div.columns { (form(page)) (hours(page)) }
        }
    };
    document(&page.chrome, Refresh::Never, &body)
}

fn table(page: &Page, is_admin: bool) -> Markup {
    let reader = &page.chrome.reader;
    html! {
        @if page.blocks.is_empty() { p { (reader.say("blocks-empty")) } } @else {
            div.scroll {
                table {
                    thead { tr {
                        th { (reader.say("blocks-from")) } th { (reader.say("blocks-until")) }
                        th { (reader.say("blocks-nodes")) } th { (reader.say("blocks-reason")) }
                        th { (reader.say("blocks-for")) }
                        @if is_admin { th { (reader.say("users-actions")) } }
                    } }
                    tbody {
                        @for block in &page.blocks {
                            tr {
                                td { (parts::moment(block.start, reader)) }
                                td { (parts::moment(block.end, reader)) }
                                td { (scope(&block.scope, reader)) }
                                td { (block.reason) }
                                td { @match &block.group { Some(group) => (group), None => (reader.say("blocks-nobody")) } }
                                @if is_admin {
                                    td { form method="post" action=(paths::end_block(block.id)) {
                                        (parts::csrf(&page.chrome.csrf))
                                        button.quiet aria-label=(reader.with("blocks-end-name", &[("reason", block.reason.as_str().into())])) {
                                            (reader.say("blocks-end"))
                                        }
                                    } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn scope(scope: &ScopeWish, reader: &Reader) -> String {
    match scope {
        ScopeWish::All => reader.say("blocks-all"),
        ScopeWish::Model(model) => model.shown().to_owned(),
        ScopeWish::Switch(name) => reader.with("blocks-at-switch", &[("switch", name.as_str().into())]),
        ScopeWish::Nodes(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn form(page: &Page) -> Markup {
    let Page { chrome: Chrome { reader, csrf, .. }, form, errors, .. } = page;
    let marks = |field| parts::marks(errors, field);
    let (start_invalid, start_described) = marks("start");
    let (end_invalid, end_described) = marks("end");
    let (reason_invalid, reason_described) = marks("reason");
    html! {
        section.card {
            h2 { (reader.say("blocks-new")) }
            p.hint { (reader.say("blocks-new-what")) }
            form.fields method="post" action=(paths::BLOCKS) {
                (parts::csrf(csrf))
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                (which(page))
                label { (reader.say("blocks-start"))
                    input type="datetime-local" name="start" value=(form.start)
                        aria-invalid=[start_invalid] aria-describedby=[start_described];
                }
                (parts::wrong(errors, "start"))
                label { (reader.say("blocks-end-at"))
                    input type="datetime-local" name="end" value=(form.end) required
                        aria-invalid=[end_invalid] aria-describedby=[end_described];
                }
                (parts::wrong(errors, "end"))
                label { (reader.say("blocks-reason"))
                    input type="text" name="reason" value=(form.reason) maxlength="200" required
                        aria-invalid=[reason_invalid] aria-describedby=[reason_described];
                }
                (parts::wrong(errors, "reason"))
                label { (reader.say("blocks-for"))
                    select name="group" {
                        option value="" { (reader.say("blocks-nobody")) }
                        @for group in &page.groups { option value=(group) selected[*group == form.group] { (group) } }
                    }
                }
                @if !page.colliding.is_empty() { (colliding(page)) }
                button.main { (reader.say("blocks-do")) }
            }
        }
    }
}

fn which(page: &Page) -> Markup {
    let Page { chrome: Chrome { reader, .. }, form, errors, .. } = page;
    let words = [
        ("all", reader.say("blocks-all")),
        ("model", reader.say("blocks-of-model")),
        ("switch", reader.say("blocks-of-switch")),
        ("nodes", reader.say("blocks-of-names")),
    ];
    let (nodes_invalid, nodes_described) = parts::marks(errors, "nodes");
    html! {
        label { (reader.say("blocks-nodes"))
            select name="which" {
                @for (word, name) in words { option value=(word) selected[form.which == word] { (name) } }
            }
        }
        label { (reader.say("reserve-model"))
            select name="model" {
                @for model in BoardModel::ALL.iter().copied() {
                    option value=(model.as_str()) selected[form.model == model.as_str()] { (model.shown()) }
                }
            }
        }
        (parts::wrong(errors, "model"))
        @if !page.switches.is_empty() {
            label { (reader.say("blocks-of-switch"))
                select name="switch" {
                    @for name in &page.switches { option value=(name) selected[*name == form.switch] { (name) } }
                }
            }
        }
        label { (reader.say("blocks-names"))
            input type="text" name="nodes" value=(form.nodes) placeholder="pi-01 pi-02"
                aria-invalid=[nodes_invalid] aria-describedby=[nodes_described];
        }
        (parts::wrong(errors, "nodes"))
    }
}

/// What lies in the block, and what shall become of it.
fn colliding(page: &Page) -> Markup {
    let reader = &page.chrome.reader;
    let choices = [
        (Collisions::Keep, reader.say("blocks-keep")),
        (Collisions::GiveBack, reader.say("blocks-give-back")),
    ];
    html! {
        fieldset {
            legend { (reader.with("blocks-colliding", &[("count", page.colliding.len().into())])) }
            ul {
                @for found in &page.colliding {
                    li {
                        a href=(paths::reservation(found.reservation)) { (found.owner) } " "
                        (parts::moment(found.start, reader)) " – " (parts::moment(found.end, reader))
                    }
                }
            }
            @for (choice, name) in choices {
                label.option { input type="radio" name="collisions" value=(choice.as_str()) required; span { (name) } }
            }
        }
    }
}

fn hours(page: &Page) -> Markup {
    let Page { chrome: Chrome { reader, csrf, .. }, hours, errors, .. } = page;
    let days = ["day-1", "day-2", "day-3", "day-4", "day-5", "day-6", "day-7"];
    html! {
        section.card {
            h2 { (reader.say("hours-title")) }
            p.hint { (reader.say("hours-what")) }
            form.fields method="post" action=(paths::OPENING_HOURS) {
                (parts::csrf(csrf))
                label.option {
                    input type="checkbox" name="is_limited" checked[hours.is_limited];
                    span { (reader.say("hours-limited")) }
                }
                (parts::wrong(errors, "hours"))
                @for (at, (name, (from, until))) in days.iter().zip(&hours.days).enumerate() {
                    fieldset.row {
                        legend { (reader.say(name)) }
                        label { (reader.say("blocks-from"))
                            input type="text" name={ "from" (at) } value=(from) placeholder="08:00" maxlength="5" size="5";
                        }
                        label { (reader.say("blocks-until"))
                            input type="text" name={ "until" (at) } value=(until) placeholder="20:00" maxlength="5" size="5";
                        }
                    }
                }
                button.main { (reader.say("hours-save")) }
            }
        }
    }
}
