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
            (verdict(&view.explanation))
            p.facts {
                (view.model.shown()) " · " (view.address) " · " (target(view.boot_target))
                @if let Some(order) = view.boot_order { " · boot order " (order) }
                @if let Some(began) = view.began { " · began " (parts::moment(began, reader)) }
                " · " a href=(paths::node_history(&view.node)) { (reader.say("history-of-node")) }
            }
            @if let Some(warning) = view.order_warning() {
                div.problem.warn { p { (states::badge("warn", Shape::Triangle, "boot order")) " " (warning) } }
            }
        }
        @if let Some(began) = view.began {
            section.card {
                h2 { "Timeline" }
                p.hint { "Seconds count from the beginning of the boot. What the sentence above rests on is marked." }
                ol.timeline {
                    @for record in &view.events {
                        (row(record, began, view.explanation.evidence.contains(&record.id)))
                    }
                }
            }
        }
    }
}

fn verdict(explanation: &Explanation) -> Markup {
    let (tone, _, _) = look(explanation.outlook);
    html! {
        p.verdict { (outlook(explanation.outlook)) " " strong { (explanation.sentence) } }
        @if let Some(fix) = &explanation.fix {
            div class={ "problem " (tone) } { p { strong { "What to do: " } (fix) } }
        }
    }
}

/// How a boot stands.
pub(super) fn outlook(outlook: Outlook) -> Markup {
    let (tone, shape, word) = look(outlook);
    states::badge(tone, shape, word)
}

/// How an outlook looks: tone, shape and word.
fn look(outlook: Outlook) -> (&'static str, Shape, &'static str) {
    match outlook {
        Outlook::Off => ("idle", Shape::Ring, "off"),
        Outlook::UnderWay => ("busy", Shape::Half, "boots"),
        Outlook::Up => ("good", Shape::Tick, "came up"),
        Outlook::Warning => ("warn", Shape::Triangle, "came up, look here"),
        Outlook::Trouble => ("bad", Shape::Cross, "does not come up"),
    }
}

fn target(target: BootTarget) -> &'static str {
    match target {
        BootTarget::Installer => "is to boot the installer",
        BootTarget::Local => "is to boot its card",
        BootTarget::Environment => "is to boot its card, with files from here",
    }
}

fn row(record: &BootRecord, began: Timestamp, is_evidence: bool) -> Markup {
    let seconds = record.at.duration_since(began).as_secs_f64();
    html! {
        li class=[is_evidence.then_some("evidence")] {
            time datetime=(record.at.strftime("%Y-%m-%dT%H:%M:%SZ"))
                title=(record.at.strftime("%Y-%m-%d %H:%M:%S UTC")) { (format!("{seconds:.1} s")) }
            code { (record.event.kind().as_str()) }
            div.event { (event(record)) @if is_evidence { " " span.mark { "◂ evidence" } } }
        }
    }
}

fn event(record: &BootRecord) -> Markup {
    match &record.event {
        BootEvent::Dhcp(exchange) => dhcp(record.id, exchange),
        BootEvent::File(file) => transfer(file),
        BootEvent::Console { line } => html! { code { (line) } },
        other @ (BootEvent::Power { .. }
        | BootEvent::PowerRefused { .. }
        | BootEvent::Doubt { .. }
        | BootEvent::NfsMount { .. }
        | BootEvent::Ssh { .. }) => html! { (other) },
    }
}

fn dhcp(id: i64, exchange: &DhcpExchange) -> Markup {
    html! {
        details id={ "event-" (id) } {
            summary { (exchange) }
            p.hint { (exchange.why) }
            div.exchange {
                (options("It asked", &exchange.options))
                (options("It was answered", exchange.answer.options()))
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

fn transfer(file: &FileTransfer) -> Markup {
    html! {
        span.path { (file.path) } " " span.far {
            (file.outcome)
            @if file.bytes > 0 { " · " (parts::bytes(file.bytes)) " in " (file.millis) " ms" }
            @if file.repeats > 0 { " · " strong { "sent again " (file.repeats) "×" } }
        }
    }
}
