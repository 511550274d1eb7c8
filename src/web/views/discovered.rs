//! The pages of machines that are no nodes yet. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::{detection, parts};
use crate::model::board::{BoardModel, RevisionCode};
use crate::model::detection::DetectionView;
use crate::model::discovery::DiscoveredView;
use crate::web::forms::Errors;
use crate::web::forms::enrol::Enrol;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The page of all machines.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) machines: Vec<DiscoveredView>,
    pub(in crate::web) switches: Vec<String>,
    pub(in crate::web) detections: Vec<DetectionView>,
    /// What was typed into the form of detections: switch and ports.
    pub(in crate::web) typed: (String, String),
    pub(in crate::web) errors: Errors,
}

/// The page of one machine.
#[derive(Debug)]
pub(in crate::web) struct One {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) machine: DiscoveredView,
    pub(in crate::web) form: Enrol,
    pub(in crate::web) errors: Errors,
}

/// The page of all machines.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, machines, switches, detections, typed: (switch, ports), errors } = page;
    let reader = &chrome.reader;
    let body = html! {
        @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
        p.hint { (reader.say("discovered-what")) }
        div data-live=(paths::DISCOVERED_LIVE) data-events=(paths::EVENTS) { (list(machines, &chrome.csrf, reader)) }
        @if !switches.is_empty() {
            (detection::section(switches, detections, (switch, ports), errors, &chrome.csrf, reader))
        }
        (rename(&chrome.csrf, errors, reader))
    };
    document(chrome, Refresh::ByLink, &body)
}

/// The machines alone.
pub(in crate::web) fn fragment(machines: &[DiscoveredView], csrf: &str, reader: &Reader) -> String {
    list(machines, csrf, reader).into_string()
}

/// The page of one machine, with the form.
pub(in crate::web) fn one(page: &One) -> String {
    let One { chrome, machine, form, errors } = page;
    let reader = &chrome.reader;
    let body = html! {
        div.split {
            section.card { (facts(machine, reader)) }
            form.card.fields method="post" action=(paths::enrol(machine.mac)) {
                (parts::csrf(&chrome.csrf))
                @for field in ["form", "mac", "serial"] {
                    @if let Some(text) = errors.at(field) { p.wrong role="alert" { (text) } }
                }
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
                button.main { (reader.say("discovered-enrol")) }
                p.hint { (reader.say("discovered-left-empty")) }
            }
        }
    };
    document(chrome, Refresh::Never, &body)
}

/// A text field with its error.
pub(super) fn field(name: &str, label: &str, value: &str, errors: &Errors) -> Markup {
    let (invalid, described) = parts::marks(errors, name);
    html! {
        label { (label)
            input type="text" name=(name) value=(value) spellcheck="false" autocomplete="off"
                aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(errors, name))
    }
}

fn list(machines: &[DiscoveredView], csrf: &str, reader: &Reader) -> Markup {
    html! {
        p.count { strong { (machines.len()) } " " (reader.with("discovered-count", &[("count", machines.len().into())])) }
        @if machines.is_empty() {
            section.card {
                p { (reader.say("discovered-none")) }
            }
        }
        @for machine in machines { (card(machine, csrf, reader)) }
    }
}

fn card(machine: &DiscoveredView, csrf: &str, reader: &Reader) -> Markup {
    html! {
        section.card id={ "machine-" (machine.mac) } {
            (facts(machine, reader))
            div.actions {
                (enrol_at_once(machine, csrf, reader))
                a.button href=(paths::discovered(machine.mac)) { (reader.say("discovered-otherwise")) }
                @if let Some(holder) = &machine.proposal.holder {
                    @let node = [("node", holder.as_str().into())];
                    details.confirm id={ "replace-" (machine.mac) } {
                        summary { (reader.with("discovered-replace-ask", &node)) }
                        form method="post" action=(paths::replace_board(machine.mac)) {
                            (parts::csrf(csrf))
                            input type="hidden" name="node" value=(holder);
                            p { (reader.with("discovered-replace-effect", &node)) }
                            button.danger { (reader.with("discovered-replace", &node)) }
                        }
                    }
                }
                form method="post" action=(paths::forget(machine.mac)) {
                    (parts::csrf(csrf))
                    button.quiet { (reader.say("discovered-forget")) }
                }
            }
        }
    }
}

/// One click: exactly what the button says is sent.
fn enrol_at_once(machine: &DiscoveredView, csrf: &str, reader: &Reader) -> Markup {
    let form = Enrol::proposed(machine);
    if form.name.is_empty() || form.address.is_empty() {
        return html! {};
    }
    let chosen = [("name", form.name.as_str().into()), ("address", form.address.as_str().into())];
    html! {
        form method="post" action=(paths::enrol(machine.mac)) {
            (parts::csrf(csrf))
            @for (name, value) in [("name", &form.name), ("address", &form.address), ("model", &form.model),
                ("switch", &form.switch), ("port", &form.port)] {
                input type="hidden" name=(name) value=(value);
            }
            button.main { (reader.with("discovered-enrol-as", &chosen)) }
        }
    }
}

fn facts(machine: &DiscoveredView, reader: &Reader) -> Markup {
    let seen = &machine.observation;
    let told = [
        (reader.say("discovered-serial"), seen.serial.map(|serial| serial.to_string())),
        (reader.say("discovered-revision"), seen.revision.map(|revision| revision.to_string())),
        (reader.say("discovered-board-revision"), seen.revision.and_then(RevisionCode::board_revision)),
        (reader.say("discovered-host-name"), seen.host_name.clone()),
        (reader.say("discovered-vendor-class"), seen.vendor_class.clone()),
        (reader.say("discovered-architecture"), seen.architecture.map(|number| number.to_string())),
        (reader.say("discovered-machine-id"), seen.machine_id.clone()),
        (reader.say("discovered-relay"), seen.relay.map(|relay| relay.to_string())),
    ];
    html! {
        h2 { (seen.shown()) }
        p {
            code { (machine.mac) }
            @match &machine.port {
                Some(port) => {
                    " " (reader.say("discovered-at-port")) " " strong { (port.port) } " " (reader.say("discovered-of")) " "
                    strong { (port.switch) }
                }
                None => { span.facts { " · " (reader.say("discovered-no-port")) } }
            }
        }
        p.facts {
            (reader.with("discovered-asked", &[("count", machine.requests.into())])) ", "
            (reader.with("discovered-last", &[("asker", seen.asker.as_str().into())])) " "
            (parts::moment(machine.last_at, reader)) ", "
            (reader.say("discovered-first")) " " (parts::moment(machine.first_at, reader))
        }
        p.facts {
            @for (at, (name, value)) in told.into_iter().filter_map(|(name, value)| Some((name, value?))).enumerate() {
                @if at > 0 { " · " } (name) " " code { (value) }
            }
        }
    }
}

fn rename(csrf: &str, errors: &Errors, reader: &Reader) -> Markup {
    let (invalid, described) = parts::marks(errors, "prefix");
    html! {
        details.apart #rename open[errors.at("prefix").is_some() || errors.at("name").is_some()] {
            summary { (reader.say("rename-ask")) }
            form.card.fields.narrow method="post" action=(paths::RENAME) {
                (parts::csrf(csrf))
                @if let Some(text) = errors.at("name") { p.wrong role="alert" { (text) } }
                label { (reader.say("rename-prefix"))
                    input type="text" name="prefix" required placeholder="pi" spellcheck="false"
                        aria-invalid=[invalid] aria-describedby=[described];
                }
                (parts::wrong(errors, "prefix"))
                button { (reader.say("rename-do")) }
            }
        }
    }
}
