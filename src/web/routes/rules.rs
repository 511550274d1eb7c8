//! The rules by which nodes are booked, for administrators. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::rules::Rules;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, rules};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = Rules::of(&app.agent.booking_rules().await?);
    Ok(page(&app, &signed, StatusCode::OK, form, Errors::default()))
}

/// Stores the rules; they bind from the next booking on.
pub(super) async fn store(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = Rules::read(&fields);
    let wish = match form.judge() {
        Ok(wish) => wish,
        Err(errors) => return Ok(page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, errors)),
    };
    app.agent.set_booking_rules(&signed.caller(), wish).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("rules-saved")));
    Ok(Redirect::to(paths::RULES).into_response())
}

fn page(app: &App, signed: &SignedIn, status: StatusCode, form: Rules, errors: Errors) -> Response {
    let chrome = chrome(app, signed, signed.reader.say("rules-title"), Tab::Users);
    (status, Html(rules::page(&rules::Page { chrome, form, errors }))).into_response()
}
