//! Past deployments: a page of them, and one with its whole history. *Pure.*

use super::layout::{Chrome, Refresh, document};
use super::manage::{Place, places};
use super::{bin_node, parts, states, track};
use crate::model::clock::seconds_between;
use crate::model::history::{DeploymentView, PastDeployment, PastPage};
use crate::model::node::NodeName;
use crate::model::track::legs;
use crate::web::paths;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// Whose past deployments a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) enum Of {
    /// The reader's.
    Own,
    /// Everybody's.
    All,
    /// Those on a node; the reader's among them, or everybody's for administrators.
    Node(NodeName),
}

impl Of {
    fn path(&self) -> String {
        match self {
            Self::Own => paths::HISTORY.to_owned(),
            Self::All => paths::HISTORY_ALL.to_owned(),
            Self::Node(node) => paths::node_history(node),
        }
    }
}

/// A page of past deployments.
#[derive(Debug)]
pub(in crate::web) struct Page {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) of: Of,
    pub(in crate::web) found: PastPage,
}

/// A page of past deployments.
pub(in crate::web) fn page(page: &Page) -> String {
    let Page { chrome, of, found } = page;
    let reader = &chrome.reader;
    let body = html! {
        @match of {
            Of::Own => (places(chrome, Place::History)),
            Of::All => (places(chrome, Place::HistoryAll)),
            Of::Node(node) => p { a href=(paths::boot(node)) {
                (reader.with("node-boot", &[("node", node.as_str().into())]))
            } }
        }
        section.card {
            @if found.deployments.is_empty() { p.hint { (reader.say("history-empty")) } }
            @else { (table(&found.deployments, reader)) }
            @if let Some(next) = found.next {
                p { a href=(paths::history_before(&of.path(), next)) { (reader.say("history-older")) } }
            }
        }
    };
    document(chrome, Refresh::Never, &body)
}

fn table(deployments: &[PastDeployment], reader: &Reader) -> Markup {
    let heads = [
        "history-began",
        "nodes-node",
        "history-environment",
        "history-bin",
        "history-outcome",
        "history-to-deploy",
        "history-ended",
    ];
    html! {
        div.scroll tabindex="0" role="region" aria-label=(reader.say("history-title")) {
            table {
                thead { tr { @for head in heads { th scope="col" { (reader.say(head)) } } } }
                tbody { @for deployment in deployments { (row(deployment, reader)) } }
            }
        }
    }
}

fn row(deployment: &PastDeployment, reader: &Reader) -> Markup {
    let began = deployment.began.unwrap_or(deployment.created);
    html! {
        tr {
            td { a href=(paths::deployment(deployment.id)) { (parts::moment(began, reader)) } }
            td { a href=(paths::node_history(&deployment.node)) { (deployment.node) } }
            td { (deployment.environment) }
            td { a href=(paths::reservation(deployment.reservation)) { (deployment.bin) } br; span.facts { (deployment.owner) } }
            td { (states::outcome(deployment.outcome(), reader)) }
            td { @match deployment.seconds_to_deploy() { Some(seconds) => (parts::duration(seconds)), None => "–" } }
            td { @match deployment.ended { Some(ended) => (parts::moment(ended, reader)), None => "–" } }
        }
    }
}

/// One deployment with its whole history.
#[derive(Debug)]
pub(in crate::web) struct One {
    pub(in crate::web) chrome: Chrome,
    pub(in crate::web) view: DeploymentView,
}

/// One deployment with its whole history.
pub(in crate::web) fn one(page: &One) -> String {
    let One { chrome, view } = page;
    let (reader, past) = (&chrome.reader, &view.past);
    // What is over has no present.
    let now = past.ended.unwrap_or(reader.now);
    let legs = legs(&view.events, past.state, view.saved_state, now);
    let body = html! {
        section.card {
            p { (states::outcome(past.outcome(), reader)) " " (states::deployment(past.state)) }
            (facts(past, reader))
            (track::whole(&legs, &reader.with("track-title", &[("node", past.node.as_str().into())]), reader))
            @if let Some(problem) = &view.problem { (bin_node::told(problem, reader, html! {})) }
        }
        section.card {
            h2 { (reader.say("history-lines")) }
            (bin_node::lines(&view.events, reader))
        }
    };
    document(chrome, Refresh::Never, &body)
}

fn facts(past: &PastDeployment, reader: &Reader) -> Markup {
    let time = |name: &str, at| {
        html! { @if let Some(at) = at { dt { (reader.say(name)) } dd { (parts::moment(at, reader)) } } }
    };
    html! {
        dl {
            dt { (reader.say("nodes-node")) } dd { a href=(paths::node_history(&past.node)) { (past.node) } }
            dt { (reader.say("history-environment")) } dd { (past.environment) }
            dt { (reader.say("history-bin")) }
            dd { a href=(paths::reservation(past.reservation)) { (past.bin) } " · " (past.owner) }
            (time("history-began", past.began))
            (time("history-handed-over", past.handed_over))
            @if let Some(seconds) = past.seconds_to_deploy() {
                dt { (reader.say("history-to-deploy")) } dd { (parts::duration(seconds)) }
            }
            (time("history-ended", past.ended))
            @if let Some((from, to)) = past.handed_over.zip(past.ended) {
                dt { (reader.say("history-used")) } dd { (parts::duration(seconds_between(from, to))) }
            }
        }
    }
}
