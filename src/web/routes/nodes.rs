//! The nodes of the rack, for administrators. *IO: through the agent.*

use super::discovered::{correctable, said};
use super::pages::{chrome, leave};
use crate::agent;
use crate::model::agent::RackNode;
use crate::model::node::NodeName;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::enrol::Enrol;
use crate::web::forms::{Errors, agent_text};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, nodes as view};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// All nodes.
pub(super) async fn list(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    let nodes = app.agent.rack(&signed.caller()).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("nodes-title"), Tab::Nodes);
    Ok(Html(view::page(&view::Page { chrome, nodes })).into_response())
}

/// The form of a node that is added by hand.
pub(super) async fn fresh(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    new_page(&app, &signed, StatusCode::OK, Enrol::default(), Errors::default()).await
}

/// Adds a node by hand.
pub(super) async fn add(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = Enrol::read(&fields);
    let wish = match form.judge_new() {
        Ok(wish) => wish,
        Err(errors) => {
            return new_page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, errors).await;
        }
    };
    match app.agent.enrol(&signed.caller(), wish).await {
        Ok(name) => Ok(done(&app, &signed, Notice::good(about(&signed, "nodes-added", &name)))),
        Err(error) => match correctable(&error) {
            Some(status) => new_page(&app, &signed, status, form, Errors::from(&error)).await,
            None => Err(error.into()),
        },
    }
}

/// One node with its form.
pub(super) async fn edit(
    State(app): State<App>,
    Path(name): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let node = find(&app, &signed, &parse(&name)?).await?;
    let form = Enrol::of(&node);
    Ok(page(&app, &signed, StatusCode::OK, node, form, Errors::default()))
}

/// Changes a node.
pub(super) async fn change(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let node = find(&app, &signed, &parse(&name)?).await?;
    let form = Enrol::read(&fields);
    let wish = match form.judge(node.mac) {
        Ok(wish) => wish,
        Err(errors) => {
            return Ok(page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, node, form, errors));
        }
    };
    match app.agent.change_node(&signed.caller(), &node.node.name, wish, fields.seen()).await {
        Ok(name) => Ok(done(&app, &signed, Notice::good(about(&signed, "node-saved", &name)))),
        Err(agent::Error::Stale(_)) => {
            let errors = Errors::one("form", signed.reader.say("stale"));
            Ok(page(&app, &signed, StatusCode::CONFLICT, node, form, errors))
        }
        Err(error) => match correctable(&error) {
            Some(status) => Ok(page(&app, &signed, status, node, form, Errors::from(&error))),
            None => Err(error.into()),
        },
    }
}

/// Keeps a node from being reserved.
pub(super) async fn quarantine(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let name = parse(&name)?;
    let outcome = app.agent.quarantine(&signed.caller(), &name, fields.one("reason")).await;
    finish(&app, &signed, outcome, "quarantine-begun", &name)
}

/// Lets a node be reserved again.
pub(super) async fn end_quarantine(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let name = parse(&name)?;
    let outcome = app.agent.end_quarantine(&signed.caller(), &name).await;
    finish(&app, &signed, outcome, "quarantine-ended", &name)
}

/// Takes a node out of the rack.
pub(super) async fn retire(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let name = parse(&name)?;
    let outcome = app.agent.retire(&signed.caller(), &name).await;
    finish(&app, &signed, outcome, "node-retired", &name)
}

fn finish(
    app: &App,
    signed: &SignedIn,
    outcome: agent::Result<()>,
    text: &str,
    name: &NodeName,
) -> Result<Response, Refusal> {
    let notice = match outcome {
        Ok(()) => Notice::good(about(signed, text, name)),
        Err(error @ agent::Error::Reason(_)) => Notice::bad(agent_text(&error)),
        Err(error) => said(error)?,
    };
    Ok(done(app, signed, notice))
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::NODES).into_response()
}

fn about(signed: &SignedIn, text: &str, name: &NodeName) -> String {
    signed.reader.with(text, &[("node", name.as_str().into())])
}

fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    node: RackNode,
    form: Enrol,
    errors: Errors,
) -> Response {
    let title = about(signed, "node-title", &node.node.name);
    let page = view::One { chrome: chrome(app, signed, title, Tab::Nodes), node, form, errors };
    (status, Html(view::one(&page))).into_response()
}

async fn new_page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    form: Enrol,
    errors: Errors,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let switches = app.agent.switches(&signed.caller()).await?;
    let chrome = chrome(app, signed, signed.reader.say("nodes-add"), Tab::Nodes);
    Ok((status, Html(view::new(&view::New { chrome, switches, form, errors }))).into_response())
}

async fn find(app: &App, signed: &SignedIn, name: &NodeName) -> Result<RackNode, Refusal> {
    let nodes = app.agent.rack(&signed.caller()).await?;
    nodes.into_iter().find(|node| node.node.name == *name).ok_or(Refusal::NotFound)
}

fn parse(name: &str) -> Result<NodeName, Refusal> {
    name.parse().map_err(|_| Refusal::NotFound)
}
