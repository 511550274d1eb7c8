//! How nodes boot. *IO: through the agent.*

use super::pages::chrome;
use crate::model::explanation::BootView;
use crate::web::extract::SignedIn;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, boot};
use axum::extract::{Path, State};
use axum::response::Html;

/// A node's latest boot.
pub(super) async fn show(
    State(app): State<App>,
    Path(name): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let view = look(&app, &name, &signed).await?;
    let title = signed.reader.with("boot-title", &[("node", view.node.as_str().into())]);
    let chrome = chrome(&app, &signed, title, Tab::Manage);
    Ok(Html(boot::page(&boot::Page { chrome, view })))
}

/// The boot without the page around it.
pub(super) async fn live(
    State(app): State<App>,
    Path(name): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    Ok(Html(boot::fragment(&look(&app, &name, &signed).await?, &signed.reader)))
}

async fn look(app: &App, name: &str, signed: &SignedIn) -> Result<BootView, Refusal> {
    let node = name.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app.agent.boot(&signed.caller(), &node).await?)
}
