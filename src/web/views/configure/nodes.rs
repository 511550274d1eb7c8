//! What is otherwise on single nodes: closed unless something is typed. *Pure.*

use super::page::{Page, size_shown};
use super::script;
use crate::model::agent::{NodeDeploymentView, Offer};
use crate::web::forms::Errors;
use crate::web::forms::configure::{OwnNode, SIZES};
use crate::web::reader::Reader;
use crate::web::views::parts;
use maud::{Markup, html};

/// What is otherwise on single nodes; nothing for a reservation of one.
pub(super) fn fields(page: &Page) -> Markup {
    let Page { reservation, offers, form, errors, chrome, .. } = page;
    let reader = &chrome.reader;
    html! {
        (parts::wrong(errors, "nodes"))
        @if reservation.nodes.len() > 1 {
            fieldset.card {
                legend { (reader.say("configure-nodes")) }
                p.hint { (reader.say("configure-nodes-what")) }
                @for node in &reservation.nodes {
                    @let own = form.nodes.get(node.node.as_str()).cloned().unwrap_or_default();
                    (one(node, offers, &own, errors, reader))
                }
                label.option {
                    input type="checkbox" name="same_for_all" checked[form.same_for_all];
                    span { (reader.say("configure-same")) }
                }
            }
            datalist #sizes { @for size in SIZES { option value=(size) {} } }
        }
    }
}

fn one(
    node: &NodeDeploymentView,
    offers: &[Offer],
    own: &OwnNode,
    errors: &Errors,
    reader: &Reader,
) -> Markup {
    let name = |field: &str| format!("nodes.{}.{field}", node.node);
    let is_wrong = ["environment", "partition_size", "user_script"]
        .iter()
        .any(|field| errors.at(&name(field)).is_some());
    let differs = *own != OwnNode::default();
    html! {
        details.node id={ "configure-" (node.node) } open[differs || is_wrong] {
            summary {
                span.node-name { (node.node) } " " span.facts { (node.board) }
                @if !differs { " " span.far { (reader.say("configure-as-above")) } }
            }
            (environment(node, &name("environment"), offers, own, errors, reader))
            (size(&name("partition_size"), own, errors, reader))
            (script::editor(
                &name("user_script"), &reader.say("configure-own-script"), &own.user_script, 4, errors, reader,
            ))
        }
    }
}

/// Only what boots on the node is offered.
fn environment(
    node: &NodeDeploymentView,
    name: &str,
    offers: &[Offer],
    own: &OwnNode,
    errors: &Errors,
    reader: &Reader,
) -> Markup {
    let (invalid, described) = parts::marks(errors, name);
    html! {
        label { (reader.say("configure-environment"))
            select name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                option value="" { (reader.say("configure-as-above")) }
                @for offer in offers.iter().filter(|offer| offer.nodes.contains(&node.node)) {
                    @let environment = &offer.environment.name;
                    option value=(environment) selected[own.environment == *environment] { (environment) }
                }
            }
        }
        (parts::wrong(errors, name))
    }
}

fn size(name: &str, own: &OwnNode, errors: &Errors, reader: &Reader) -> Markup {
    let (invalid, described) = parts::marks(errors, name);
    html! {
        label { (reader.say("configure-size")) " (" (reader.say("configure-size-example")) ", whole: "
            (size_shown("whole", reader)) ")"
            input type="text" name=(name) value=(own.size) list="sizes" placeholder=(reader.say("configure-as-above"))
                aria-invalid=[invalid] aria-describedby=[described];
        }
        (parts::wrong(errors, name))
    }
}
