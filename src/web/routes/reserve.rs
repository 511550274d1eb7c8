//! Reserving nodes. *IO: through the agent.*

use super::pages::{chrome, leave, who};
use crate::agent::Kind;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::reserve::Reserve;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, reserve};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The nodes and the form.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, Reserve::default(), Errors::default()).await
}

/// The nodes alone.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    Ok(Html(reserve::fragment(&app.agent.nodes().await?, &who(&signed), &signed.reader)))
}

/// Reserves, and goes on to say what is put on the nodes.
pub(super) async fn reserve(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let form = Reserve::read(&fields);
    let wish = match form.judge(&signed.reader.zone) {
        Ok(wish) => wish,
        Err(errors) => return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, errors).await,
    };
    match app.agent.reserve(&signed.caller(), wish).await {
        Ok(id) => {
            leave(&app, signed.session, Notice::good(format!("The nodes are reserved as {}.", form.name)));
            Ok(Redirect::to(&paths::configure(id)).into_response())
        }
        Err(error) => match error.kind() {
            Kind::Invalid => {
                page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, Errors::from(&error)).await
            }
            Kind::Conflict => page(&app, &signed, StatusCode::CONFLICT, form, Errors::from(&error)).await,
            Kind::NotFound | Kind::Forbidden | Kind::Internal => Err(error.into()),
        },
    }
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    form: Reserve,
    errors: Errors,
) -> Result<Response, Refusal> {
    let nodes = app.agent.nodes().await?;
    let chrome = chrome(app, signed, "Reserve nodes", Tab::Reserve);
    let page = reserve::Page { chrome, nodes, form, errors };
    Ok((status, Html(reserve::page(&page))).into_response())
}
