//! A switch that is enrolled or changed: its form, and what it says when it is tried. *Pure.*

use super::discovered::field;
use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::ids::SwitchId;
use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::switch::{Inquiry, SwitchAnswer};
use crate::web::forms::Errors;
use crate::web::forms::switch::SwitchForm;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The form.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    /// The switch that is changed, with its name; none for a new one.
    pub(in crate::web) known: Option<(SwitchId, String)>,
    pub(in crate::web) form: SwitchForm,
    pub(in crate::web) errors: Errors,
    /// What came of trying these settings.
    pub(in crate::web) inquiry: Option<Inquiry>,
}

/// The form.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, known, form, errors, inquiry } = page;
    let reader = &chrome.reader;
    let body = html! {
        div.split {
            form.card.fields method="post" action=(paths::SWITCHES_SAVE) {
                (parts::csrf(&chrome.csrf))
                @if let Some((id, _)) = known { input type="hidden" name="known" value=(id); }
                input type="hidden" name="tried" value=(form.tried);
                @if let Some(text) = errors.at("form") { p.wrong role="alert" { (text) } }
                (field("name", &reader.say("switch-name"), &form.name, errors))
                (field("ports", &reader.say("switch-ports"), &form.ports, errors))
                (field("protected_port", &reader.say("switch-protected"), &form.protected_port, errors))
                (field("first_address", &reader.say("switch-first"), &form.first_address, errors))
                (field("address", &reader.say("switch-address"), &form.address, errors))
                (community(known.is_some() || !form.tried.is_empty(), errors, reader))
                (field("base_oid", &reader.say("switch-oid"), &form.base_oid, errors))
                (field("index_offset", &reader.say("switch-offset"), &form.index_offset, errors))
                div.actions.apart {
                    button name="do" value="try" { (reader.say("switch-try")) }
                    button.main name="do" value="save" { (reader.say("switch-save")) }
                }
                p.hint { (reader.say("switch-try-what")) }
            }
            div {
                @if let Some(inquiry) = inquiry {
                    div data-live=(paths::switch_try_live(inquiry.id)) data-events=(paths::EVENTS) {
                        (tried(inquiry, reader))
                    }
                }
                @if let Some((id, name)) = known { (removal(*id, name, &chrome.csrf, reader)) }
            }
        }
    };
    document(chrome, if inquiry.is_some() { Refresh::ByLink } else { Refresh::Never }, &body)
}

/// What came of trying, alone.
pub(in crate::web) fn fragment(inquiry: &Inquiry, reader: &Reader) -> String {
    tried(inquiry, reader).into_string()
}

fn community(is_known: bool, errors: &Errors, reader: &Reader) -> Markup {
    let (invalid, described) = parts::marks(errors, "community");
    html! {
        label { (reader.say("switch-community"))
            input type="password" name="community" autocomplete="off" aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(errors, "community"))
        @if is_known { p.hint { (reader.say("switch-community-kept")) } }
    }
}

fn removal(id: SwitchId, name: &str, csrf: &str, reader: &Reader) -> Markup {
    html! {
        section.card {
            details.confirm id={ "remove-" (id) } {
                summary { (reader.say("switch-remove-ask")) }
                form method="post" action=(paths::switch_remove(id)) {
                    (parts::csrf(csrf))
                    p { (reader.say("switch-remove-effect")) }
                    button.danger { (reader.with("switch-remove", &[("switch", name.to_owned().into())])) }
                }
            }
        }
    }
}

fn tried(inquiry: &Inquiry, reader: &Reader) -> Markup {
    let protected = inquiry.draft.as_ref().and_then(|draft| draft.protected_port);
    html! {
        section.card role="status" {
            h2 { (reader.say("switch-says")) }
            @match &inquiry.answer {
                None => { p { (states::badge("busy", Shape::Half, &reader.say("switch-asking"))) } }
                Some((answer, at)) => {
                    (verdict(answer, reader))
                    @if let Some(port) = protected.filter(|port| answer.is_off(*port)) {
                        div.problem.warn { p { (reader.with("switch-protected-off", &[("port", port.into())])) } }
                    }
                    p.facts { (reader.say("switch-asked")) " " (parts::moment(*at, reader)) }
                    @if !answer.ports.is_empty() { (ports(answer, reader)) }
                }
            }
        }
    }
}

/// Whether a switch answers as it should, and what it says of itself.
pub(super) fn verdict(answer: &SwitchAnswer, reader: &Reader) -> Markup {
    let (on, read) = answer.counts();
    let counts = [("on", on.into()), ("read", read.into())];
    html! {
        @match answer.problem() {
            Some(found) => {
                p { (states::badge("bad", Shape::Cross, &reader.say("switch-fails"))) }
                (problem(&found, reader))
            }
            None => { p { (states::badge("good", Shape::Tick, &reader.say("switch-answers")))
                " " (reader.with("switch-counts", &counts)) } }
        }
        @if let Some(description) = &answer.description { p.facts { (description) } }
        @if let Some(watts) = answer.watts { p.facts { (reader.say("switch-watts")) " " (watts) " W" } }
    }
}

fn problem(problem: &Problem, reader: &Reader) -> Markup {
    html! {
        div.problem {
            p { strong { (reader.say("problem-seen")) } " " (problem.seen) }
            p { strong { (reader.say("problem-expected")) } " " (problem.expected) }
            p { strong { (reader.say("problem-advice")) } " " (problem.advice) }
        }
    }
}

fn ports(answer: &SwitchAnswer, reader: &Reader) -> Markup {
    html! {
        ul.history {
            @for it in &answer.ports {
                li {
                    span.node-name { (reader.say("node-port")) " " (it.port) }
                    @match it.seen {
                        Some(PowerState::On) => (states::badge("good", Shape::Tick, &reader.say("power-on"))),
                        Some(PowerState::Off) => (states::badge("idle", Shape::Bar, &reader.say("power-off"))),
                        None => (states::badge("bad", Shape::Cross, &reader.say("switch-fails"))),
                    }
                    span { @if let Some(taken) = it.milliwatts { (parts::watts(taken)) } }
                }
            }
        }
    }
}
