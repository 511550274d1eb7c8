//! The choice of an environment. *Pure.*

use super::page::Page;
use crate::model::agent::Offer;
use crate::model::expected::Expected;
use crate::web::reader::Reader;
use crate::web::views::parts;
use maud::{Markup, html};

/// The environments, one of which is for all nodes.
pub(super) fn field(page: &Page) -> Markup {
    let Page { offers, errors, form, reservation, unfit, chrome, .. } = page;
    let reader = &chrome.reader;
    let count = reservation.nodes.len();
    // The first that goes everywhere, unless something was chosen.
    let first = offers.iter().find(|offer| offer.nodes.len() == count).or(offers.first());
    let usual = first.map_or("", |offer| offer.environment.name.as_str());
    let chosen = if form.environment.is_empty() { usual } else { form.environment.as_str() };
    html! {
        fieldset.card {
            legend { (reader.say("configure-environment")) }
            (parts::wrong(errors, "environment"))
            @if offers.is_empty() && *unfit == 0 {
                p { (reader.say("configure-no-environments")) " " code { "pimaster image import" } }
            }
            @for offer in offers { (option(offer, count, chosen, reader)) }
            @if *unfit > 0 {
                p.hint { (reader.with("configure-unfit", &[("count", (*unfit).into())])) }
            }
        }
    }
}

fn option(offer: &Offer, count: usize, chosen: &str, reader: &Reader) -> Markup {
    let Offer { environment, nodes, expected } = offer;
    html! {
        label.option {
            input type="radio" name="environment" value=(environment.name) required
                checked[environment.name == chosen];
            span.node-name { (environment.name) }
            @if !environment.description.is_empty() { span.facts { (environment.description) } }
            span.facts {
                (environment.family.shown()) " · "
                (reader.with("configure-written", &[("bytes", parts::bytes(environment.used_bytes).into())])) " · "
                (reader.with("configure-card", &[("bytes", parts::bytes(environment.disk_bytes).into())])) " · "
                (reader.say("configure-account")) " " code { (environment.ssh_user) }
            }
            span.facts { (time(*expected, reader)) }
            @if nodes.len() < count {
                @let names: Vec<&str> = nodes.iter().map(|node| node.as_str()).collect();
                span.facts { strong { (reader.with("configure-only", &[("nodes", names.join(", ").into())])) } }
            }
        }
    }
}

/// How long it takes, and how that is known.
fn time(expected: Expected, reader: &Reader) -> String {
    // Nobody plans by seconds.
    let duration = parts::duration(expected.seconds.div_ceil(60).max(1) * 60);
    match expected.past {
        0 => reader.with("configure-time-estimate", &[("duration", duration.into())]),
        past => reader.with("configure-time-past", &[("duration", duration.into()), ("count", past.into())]),
    }
}
