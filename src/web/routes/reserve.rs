//! Reserving nodes. *IO: through the agent.*

use super::pages::{chrome, leave, who};
use crate::agent::{self, Kind};
use crate::model::queue::QueueState;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::calendar::{CalendarQuery, Window};
use crate::web::forms::reserve::Reserve;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, reserve};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The calendar and the form.
pub(super) async fn show(
    State(app): State<App>,
    Query(query): Query<CalendarQuery>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    let window = window(&query, &signed);
    page(&app, &signed, StatusCode::OK, window, Reserve::default(), Errors::default()).await
}

/// The calendar alone.
pub(super) async fn live(
    State(app): State<App>,
    Query(query): Query<CalendarQuery>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let window = window(&query, &signed);
    let rows = app.agent.calendar(window.from, window.until).await?;
    Ok(Html(reserve::fragment(&window, &window.arrange(rows), &who(&signed), &signed.reader)))
}

/// Reserves, and goes on to say what is put on the nodes.
pub(super) async fn reserve(
    State(app): State<App>,
    Query(query): Query<CalendarQuery>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let (window, form) = (window(&query, &signed), Reserve::read(&fields));
    if fields.has("wait") {
        return wait(&app, &signed, window, form).await;
    }
    let wish = match form.judge(&signed.reader.zone) {
        Ok(wish) => wish,
        Err(errors) => {
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, window, form, errors).await;
        }
    };
    match app.agent.reserve(&signed.caller(), wish).await {
        Ok(id) => {
            let text = signed.reader.with("reserve-done", &[("name", form.name.as_str().into())]);
            leave(&app, signed.session, Notice::good(text));
            Ok(Redirect::to(&paths::configure(id)).into_response())
        }
        Err(error) => refuse(&app, &signed, window, form, error).await,
    }
}

/// Waits in the queue; if there are enough nodes, goes on as if they had been reserved.
async fn wait(app: &App, signed: &SignedIn, window: Window, form: Reserve) -> Result<Response, Refusal> {
    let wish = match form.judge_wait(&signed.reader.zone) {
        Ok(wish) => wish,
        Err(errors) => {
            return page(app, signed, StatusCode::UNPROCESSABLE_ENTITY, window, form, errors).await;
        }
    };
    let caller = signed.caller();
    let queued = match app.agent.wait(&caller, wish).await {
        Ok(id) => app.agent.queued(&caller, id).await?,
        Err(error) => return refuse(app, signed, window, form, error).await,
    };
    let (text, next) = match queued.state {
        QueueState::Served(id) => ("reserve-done", paths::configure(id)),
        QueueState::Waiting | QueueState::Left => ("queue-joined", paths::QUEUE.to_owned()),
    };
    let text = signed.reader.with(text, &[("name", form.name.as_str().into())]);
    leave(app, signed.session, Notice::good(text));
    Ok(Redirect::to(&next).into_response())
}

async fn refuse(
    app: &App,
    signed: &SignedIn,
    window: Window,
    form: Reserve,
    error: agent::Error,
) -> Result<Response, Refusal> {
    let status = match error.kind() {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::NotFound | Kind::Forbidden | Kind::Internal => return Err(error.into()),
    };
    page(app, signed, status, window, form, Errors::from(&error)).await
}

fn window(query: &CalendarQuery, signed: &SignedIn) -> Window {
    query.window(&signed.reader.zone, signed.reader.now)
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    window: Window,
    form: Reserve,
    errors: Errors,
) -> Result<Response, Refusal> {
    let rows = app.agent.calendar(window.from, window.until).await?;
    let rules = app.agent.own_rules(&signed.caller()).await?;
    let hours = app.agent.opening_hours().await?;
    let chrome = chrome(app, signed, signed.reader.say("reserve-title"), Tab::Reserve);
    let groups = window.arrange(rows);
    let page = reserve::Page { chrome, window, groups, rules, hours, form, errors };
    Ok((status, Html(reserve::page(&page))).into_response())
}
