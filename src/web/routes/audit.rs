//! What people did, for administrators. *IO: the database.*

use super::pages::chrome;
use crate::store::audit;
use crate::web::extract::SignedIn;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, audit as view};
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

/// How many lines a page has.
const LINES: u32 = 200;

/// From which line on.
#[derive(Debug, Deserialize)]
pub(super) struct Before {
    before: Option<String>,
}

/// The newest lines, or those before a line.
pub(super) async fn list(
    State(app): State<App>,
    Query(Before { before }): Query<Before>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let before = before.map(|text| text.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let mut entries = app.store.read(move |conn| audit::list(conn, before, LINES + 1)).await?;
    let most = usize::try_from(LINES).unwrap_or(usize::MAX);
    let has_more = entries.len() > most;
    entries.truncate(most);
    let chrome = chrome(&app, &signed, signed.reader.say("audit-title"), Tab::Audit);
    Ok(Html(view::page(&view::Page { chrome, entries, has_more })))
}
