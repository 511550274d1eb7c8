//! The switches with their ports as they look, for administrators. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states, switch_form};
use crate::model::agent::Taken;
use crate::model::port_map::{PortView, PowerView, SwitchView};
use crate::model::power::PowerState;
use crate::model::switch::Inquiry;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// All switches.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) switches: Vec<SwitchView>,
}

/// All switches.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, switches } = page;
    let reader = &chrome.reader;
    let body = html! {
        p { a.button.main href=(paths::SWITCHES_NEW) { (reader.say("switches-add")) } }
        div data-live=(paths::SWITCHES_LIVE) data-events=(paths::EVENTS) { (shown(switches, &chrome.csrf, reader)) }
    };
    document(chrome, Refresh::Always, &body)
}

/// The switches alone.
pub(in crate::web) fn fragment(switches: &[SwitchView], csrf: &str, reader: &Reader) -> String {
    shown(switches, csrf, reader).into_string()
}

fn shown(switches: &[SwitchView], csrf: &str, reader: &Reader) -> Markup {
    html! {
        @if switches.is_empty() {
            section.card { p { (reader.say("switches-empty")) } }
        }
        @for switch in switches {
            section.card {
                h2 { (switch.name) }
                @if !switch.is_switched { p.hint { (reader.say("switches-hands")) } }
                (said(switch, reader))
                div.actions {
                    @if switch.is_switched {
                        form method="post" action=(paths::switch_read(switch.id)) {
                            (parts::csrf(csrf))
                            button aria-label={ (reader.say("switches-read")) ": " (switch.name) } { (reader.say("switches-read")) }
                        }
                    }
                    a.button href=(paths::switch_edit(switch.id)) aria-label={ (reader.say("node-edit")) ": " (switch.name) } {
                        (reader.say("node-edit"))
                    }
                }
                div.scroll {
                    ol.ports { @for port in &switch.ports { (cell(switch, port, csrf, reader)) } }
                }
            }
        }
    }
}

/// What the switch said when it was last asked about all its ports, and how long ago.
fn said(switch: &SwitchView, reader: &Reader) -> Markup {
    html! {
        @match &switch.read {
            None => { @if switch.is_switched { p.facts { (reader.say("switches-never-read")) } } }
            Some(Inquiry { answer: None, .. }) => {
                p { (states::badge("busy", Shape::Half, &reader.say("switch-asking"))) }
            }
            Some(Inquiry { answer: Some((answer, at)), .. }) => {
                (switch_form::verdict(answer, reader))
                p.facts { (reader.say("switch-asked")) " " (parts::moment(*at, reader)) }
            }
        }
    }
}

/// Odd ports stand above even ones, as on most switches.
fn cell(switch: &SwitchView, port: &PortView, csrf: &str, reader: &Reader) -> Markup {
    html! {
        li id={ "port-" (switch.name) "-" (port.number) } {
            strong { (port.number) } " "
            @match &port.node {
                Some(node) => a href=(paths::node_edit(node)) { (node) },
                None if port.is_protected => (states::badge("busy", Shape::Triangle, &reader.say("switches-protected"))),
                None => span.facts { (reader.say("switches-no-node")) },
            }
            div { (power(&port.power, reader)) }
            @if let Some((_, at)) = port.power.seen { p.facts { span.far { (parts::away(at, reader)) } } }
            @if let Some(taken) = &port.taken { p.facts { (taken.owner) } }
            @if let Some(problem) = &port.power.problem { p.wrong { (problem) } }
            @if switch.is_switched && !port.is_protected { (buttons(switch, port, csrf, reader)) }
        }
    }
}

/// What the switch said last, and what is wanted if that is something else.
fn power(power: &PowerView, reader: &Reader) -> Markup {
    let word = |state: PowerState| match state {
        PowerState::On => reader.say("power-on"),
        PowerState::Off => reader.say("power-off"),
    };
    html! {
        @match power.seen {
            Some((PowerState::On, _)) => (states::badge("good", Shape::Tick, &word(PowerState::On))),
            Some((PowerState::Off, _)) => (states::badge("idle", Shape::Bar, &word(PowerState::Off))),
            None => (states::badge("idle", Shape::Ring, &reader.say("power-unknown"))),
        }
        @if let Some((taken, _)) = power.milliwatts { " " (parts::watts(taken)) }
        @if let Some(asked) = power.asked {
            (states::badge("wait", Shape::Clock, &reader.with("power-asked", &[("state", word(asked).into())])))
        } @else if let Some(wanted) = power.wanted.filter(|wanted| power.seen.is_none_or(|(seen, _)| seen != *wanted)) {
            (states::badge("warn", Shape::Triangle, &reader.with("power-wanted", &[("state", word(wanted).into())])))
        }
    }
}

/// What changes the port; a confirmation that names them if somebody has its node.
fn buttons(switch: &SwitchView, port: &PortView, csrf: &str, reader: &Reader) -> Markup {
    let Some(taken) = &port.taken else { return html! { (form(switch, port, None, csrf, reader)) } };
    let node = port.node.as_ref().map(ToString::to_string).unwrap_or_default();
    let values = [("owner", taken.owner.as_str().into()), ("node", node.into())];
    html! {
        details.confirm id={ "confirm-" (switch.name) "-" (port.number) } {
            summary { (reader.say("switches-power")) }
            p { (reader.with("switches-taken", &values)) }
            (form(switch, port, Some(taken), csrf, reader))
        }
    }
}

fn form(
    switch: &SwitchView,
    port: &PortView,
    despite: Option<&Taken>,
    csrf: &str,
    reader: &Reader,
) -> Markup {
    let tone = if despite.is_some() { "danger" } else { "quiet" };
    let about = format!("{} {}", switch.name, port.number);
    html! {
        form.actions method="post" action=(paths::SWITCHES_POWER) {
            (parts::csrf(csrf))
            input type="hidden" name="switch" value=(switch.name);
            input type="hidden" name="port" value=(port.number);
            @if let Some(taken) = despite { input type="hidden" name="despite" value=(taken.reservation); }
            button class=(tone) name="power" value="on" aria-label={ (reader.say("switches-on")) ": " (about) } {
                (reader.say("switches-on"))
            }
            button class=(tone) name="power" value="off" aria-label={ (reader.say("switches-off")) ": " (about) } {
                (reader.say("switches-off"))
            }
        }
    }
}
