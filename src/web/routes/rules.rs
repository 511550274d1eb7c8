//! The rules by which nodes are booked, for administrators. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent;
use crate::model::version::Version;
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
    page(&app, &signed, StatusCode::OK, None, Errors::default()).await
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
        Err(errors) => {
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, Some(form), errors).await;
        }
    };
    match app.agent.set_booking_rules(&signed.caller(), wish, fields.seen()).await {
        Err(agent::Error::Stale(_)) => {
            return page(&app, &signed, StatusCode::CONFLICT, Some(form), Errors::default()).await;
        }
        outcome => outcome?,
    }
    leave(&app, signed.session, Notice::good(signed.reader.say("rules-saved")));
    Ok(Redirect::to(paths::RULES).into_response())
}

/// The page with what is stored; or with what was typed, beside what is stored where nothing else is wrong.
async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed: Option<Rules>,
    errors: Errors,
) -> Result<Response, Refusal> {
    let stored = app.agent.booking_rules().await?;
    let chrome = chrome(app, signed, signed.reader.say("rules-title"), Tab::Users);
    let (version, stored) = (Version::of(&stored), Rules::of(&stored));
    let is_stale = status == StatusCode::CONFLICT;
    let form = typed.unwrap_or_else(|| stored.clone());
    let stale = is_stale.then_some(stored);
    let page = rules::Page { chrome, form, stale, version, errors };
    Ok((status, Html(rules::page(&page))).into_response())
}
