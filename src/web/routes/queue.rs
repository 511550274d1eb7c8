//! Waiting for nodes. *IO: through the agent.* Joining it is a button of the page Reserve.

use super::pages::{chrome, leave as leave_notice};
use crate::model::ids::QueueId;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, queue};
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn list(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    let queue = app.agent.queue(&signed.caller()).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("queue-title"), Tab::Reserve);
    Ok(Html(queue::page(&queue::Page { chrome, queue })))
}

/// The table alone.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    let queue = app.agent.queue(&signed.caller()).await?;
    Ok(Html(queue::fragment(&queue, signed.is_admin(), &signed.csrf, &signed.reader)))
}

/// Leaves the queue.
pub(super) async fn leave(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let id: QueueId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.agent.leave(&signed.caller(), id).await?;
    leave_notice(&app, signed.session, Notice::good(signed.reader.say("queue-left")));
    Ok(Redirect::to(paths::QUEUE).into_response())
}
