//! A node's latest boot: a sentence, a fix, and the timeline that says so. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::shapes::Shape;
use super::{parts, states};
use crate::model::boot_event::{BootEvent, BootRecord, DhcpExchange, FileTransfer};
use crate::model::clock::Timestamp;
use crate::model::dhcp_option::DhcpOption;
use crate::model::explanation::{BootView, Explanation, Outlook};
use crate::model::node::BootTarget;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// A node's latest boot.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) view: BootView,
}

/// A node's latest boot.
pub(in crate::web) fn page(page: &Page) -> String {
    let body = html! {
        div data-live=(paths::boot_live(&page.view.node)) data-events=(paths::EVENTS) {
            (whole(&page.view, &page.chrome.reader))
        }
    };
    document(&page.chrome, Refresh::Always, &body)
}

/// The boot alone, without the page around it.
pub(in crate::web) fn fragment(view: &BootView, reader: &Reader) -> String {
    whole(view, reader).into_string()
}

fn whole(view: &BootView, reader: &Reader) -> Markup {
    html! {
        section.card {
            (verdict(&view.explanation, reader))
            p.facts {
                (view.model.shown()) " · " (view.address) " · " (target(view.boot_target, reader))
                @if let Some(order) = view.boot_order { " · " (reader.say("boot-order")) " " (order) }
                @if let Some(began) = view.began { " · " (reader.say("detection-began")) " " (parts::moment(began, reader)) }
                " · " a href=(paths::node_history(&view.node)) { (reader.say("history-of-node")) }
            }
            @if let Some(warning) = view.order_warning() {
                div.problem.warn { p { (states::badge("warn", Shape::Triangle, &reader.say("boot-order"))) " " (warning) } }
            }
        }
        @if let Some(began) = view.began {
            section.card {
                h2 { (reader.say("boot-timeline")) }
                p.hint { (reader.say("boot-timeline-what")) }
                ol.timeline {
                    @for record in &view.events {
                        (row(record, began, view.explanation.evidence.contains(&record.id), reader))
                    }
                }
            }
        }
    }
}

fn verdict(explanation: &Explanation, reader: &Reader) -> Markup {
    let (tone, _, _) = look(explanation.outlook, reader);
    html! {
        p.verdict { (outlook(explanation.outlook, reader)) " " strong { (explanation.sentence) } }
        @if let Some(fix) = &explanation.fix {
            div class={ "problem " (tone) } { p { strong { (reader.say("problem-advice")) } " " (fix) } }
        }
    }
}

/// How a boot stands.
pub(super) fn outlook(outlook: Outlook, reader: &Reader) -> Markup {
    let (tone, shape, word) = look(outlook, reader);
    states::badge(tone, shape, &word)
}

/// How an outlook looks: tone, shape and word.
fn look(outlook: Outlook, reader: &Reader) -> (&'static str, Shape, String) {
    match outlook {
        Outlook::Off => ("idle", Shape::Ring, reader.say("power-off")),
        Outlook::UnderWay => ("busy", Shape::Half, reader.say("boot-under-way")),
        Outlook::Up => ("good", Shape::Tick, reader.say("boot-up")),
        Outlook::Warning => ("warn", Shape::Triangle, reader.say("boot-warning")),
        Outlook::Trouble => ("bad", Shape::Cross, reader.say("boot-trouble")),
    }
}

fn target(target: BootTarget, reader: &Reader) -> String {
    match target {
        BootTarget::Installer => reader.say("boot-installer"),
        BootTarget::Local => reader.say("boot-local"),
        BootTarget::Environment => reader.say("boot-environment"),
    }
}

fn row(record: &BootRecord, began: Timestamp, is_evidence: bool, reader: &Reader) -> Markup {
    let seconds = record.at.duration_since(began).as_secs_f64();
    html! {
        li class=[is_evidence.then_some("evidence")] {
            time datetime=(record.at.strftime("%Y-%m-%dT%H:%M:%SZ"))
                title=(record.at.strftime("%Y-%m-%d %H:%M:%S UTC")) { (format!("{seconds:.1} s")) }
            code { (record.event.kind().as_str()) }
            div.event { (event(record, reader)) @if is_evidence { " " span.mark { "◂ " (reader.say("boot-evidence")) } } }
        }
    }
}

fn event(record: &BootRecord, reader: &Reader) -> Markup {
    match &record.event {
        BootEvent::Dhcp(exchange) => dhcp(record.id, exchange, reader),
        BootEvent::File(file) => transfer(file, reader),
        BootEvent::Console { line } => html! { code { (line) } },
        other @ (BootEvent::Power { .. }
        | BootEvent::PowerRefused { .. }
        | BootEvent::Doubt { .. }
        | BootEvent::NfsMount { .. }
        | BootEvent::Ssh { .. }) => html! { (other) },
    }
}

fn dhcp(id: i64, exchange: &DhcpExchange, reader: &Reader) -> Markup {
    html! {
        details id={ "event-" (id) } {
            summary { (exchange) }
            p.hint { (exchange.why) }
            div.exchange {
                (options(&reader.say("boot-asked"), &exchange.options))
                (options(&reader.say("boot-answered"), exchange.answer.options()))
            }
        }
    }
}

fn options(whose: &str, options: &[DhcpOption]) -> Markup {
    html! {
        @if !options.is_empty() {
            table {
                caption { (whose) }
                @for option in options {
                    tr { td { (option.0) } th scope="row" { (option.name()) } td { (option.1) } }
                }
            }
        }
    }
}

fn transfer(file: &FileTransfer, reader: &Reader) -> Markup {
    html! {
        span.path { (file.path) } " " span.far {
            (file.outcome)
            @if file.bytes > 0 { " · " (parts::bytes(file.bytes)) " / " (file.millis) " ms" }
            @if file.repeats > 0 { " · " strong { (reader.say("boot-repeated")) " " (file.repeats) "×" } }
        }
    }
}
