//! Everybody's reservations, for administrators. *IO: through the agent.* Ending and extending are those of `bins`.

use super::pages::chrome;
use crate::agent::Whose;
use crate::model::agent::ReservationView;
use crate::web::extract::SignedIn;
use crate::web::forms::bookings::Filter;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, bookings as view};
use axum::extract::{Query, State};
use axum::response::Html;

/// The reservations that pass the filter.
pub(super) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let filter = filter.trimmed();
    let reservations = find(&app, &filter, &signed).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("bookings-title"), Tab::Manage);
    Ok(Html(view::page(&view::Page { chrome, filter, reservations })))
}

/// The reservations without the page around them.
pub(super) async fn live(
    State(app): State<App>,
    Query(filter): Query<Filter>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let filter = filter.trimmed();
    let reservations = find(&app, &filter, &signed).await?;
    Ok(Html(view::fragment(&reservations, &filter, &signed.csrf, &signed.reader)))
}

async fn find(app: &App, filter: &Filter, signed: &SignedIn) -> Result<Vec<ReservationView>, Refusal> {
    signed.administrator()?;
    let mut found = app.agent.reservations(&signed.caller(), Whose::All).await?;
    found.retain(|reservation| filter.passes(reservation));
    Ok(found)
}
