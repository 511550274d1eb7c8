//! Past deployments. *IO: through the agent.*

use super::pages::chrome;
use crate::model::history::{PastPage, PastWish};
use crate::model::node::NodeName;
use crate::web::extract::SignedIn;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, history as view};
use axum::extract::{Path, Query, State};
use axum::response::Html;
use serde::Deserialize;

/// How many deployments a page has.
const LINES: u32 = 50;

/// Whose, and from which one on.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    all: Option<String>,
    before: Option<String>,
}

/// The reader's, or everybody's for administrators.
pub(super) async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let is_of_all = which.all.is_some() && signed.is_admin();
    let found = find(&app, &signed, which, None, is_of_all).await?;
    let (of, title) = if is_of_all {
        (view::Of::All, signed.reader.say("manage-history-all"))
    } else {
        (view::Of::Own, signed.reader.say("manage-history"))
    };
    let chrome = chrome(&app, &signed, title, Tab::Manage);
    Ok(Html(view::page(&view::Page { chrome, of, found })))
}

/// Those on a node: the reader's, or everybody's for administrators.
pub(super) async fn of_node(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(which): Query<Which>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let node: NodeName = name.parse().map_err(|_| Refusal::NotFound)?;
    let found = find(&app, &signed, which, Some(node.clone()), true).await?;
    let title = signed.reader.with("history-node-title", &[("node", node.as_str().into())]);
    let chrome = chrome(&app, &signed, title, Tab::Manage);
    Ok(Html(view::page(&view::Page { chrome, of: view::Of::Node(node), found })))
}

/// One deployment with its whole history.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let view = app.agent.deployment(&signed.caller(), id).await?;
    let about =
        [("environment", view.past.environment.as_str().into()), ("node", view.past.node.as_str().into())];
    let chrome = chrome(&app, &signed, signed.reader.with("deployment-title", &about), Tab::Manage);
    Ok(Html(view::one(&view::One { chrome, view })))
}

async fn find(
    app: &App,
    signed: &SignedIn,
    which: Which,
    node: Option<NodeName>,
    is_of_all: bool,
) -> Result<PastPage, Refusal> {
    let before = which.before.map(|text| text.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let wish = PastWish { node, is_of_all, before, count: LINES };
    Ok(app.agent.past(&signed.caller(), wish).await?)
}
