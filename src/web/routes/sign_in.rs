//! Signing in and out. *IO: the database; a blocking thread for the hash.*

use super::begin;
use super::pages::before;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::user::Role;
use crate::store::{audit, outbox, sessions, users};
use crate::web::accounts::parse_email;
use crate::web::cookie::Cookie;
use crate::web::extract::{SignedForm, SignedIn, Visit, VisitForm};
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::sign_in;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::PoisonError;

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// To the bins of those who have some, else to the nodes.
pub(super) async fn start(State(app): State<App>, signed: SignedIn) -> Result<Redirect, Refusal> {
    let bins = app.agent.reservations(&signed.caller(), crate::agent::Whose::Own).await?;
    Ok(Redirect::to(if bins.is_empty() { paths::RESERVE } else { paths::MANAGE }))
}

/// The form.
pub(super) async fn show(
    State(app): State<App>,
    Query(Next { next }): Query<Next>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let chrome = before(&app, &visit, visit.reader.say("sign-in-title"));
    let can_reset = app.store.read(outbox::is_enabled).await?;
    let next = paths::own(&next, "/");
    let page = sign_in::Page { chrome, email: String::new(), next, can_reset, wrong: None };
    Ok(answer(&app, &visit, StatusCode::OK, &page))
}

/// Checks the password and begins a session.
pub(super) async fn enter(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    form: VisitForm,
) -> Result<Response, Refusal> {
    let typed = form.fields.one("email").trim().to_owned();
    let next = paths::own(form.fields.one("next"), "/");
    let account = typed.to_lowercase().chars().take(254).collect::<String>();
    let can_reset = app.store.read(outbox::is_enabled).await?;
    let refuse = |status, text: String| {
        let chrome = before(&app, &form.visit, form.visit.reader.say("sign-in-title"));
        let (email, next) = (typed.clone(), next.clone());
        let page = sign_in::Page { chrome, email, next, can_reset, wrong: Some(text) };
        Ok(answer(&app, &form.visit, status, &page))
    };
    let attempt =
        app.limiter.lock().unwrap_or_else(PoisonError::into_inner).attempt(from.ip(), &account, clock::now());
    if let Err(seconds) = attempt {
        let text = form.visit.reader.with("sign-in-wait", &[("seconds", seconds.into())]);
        return refuse(StatusCode::TOO_MANY_REQUESTS, text);
    }
    let found = match parse_email(&account) {
        Ok(email) => app.store.read(move |conn| users::by_email(conn, &email)).await?,
        Err(_) => None,
    };
    let stored = found.as_ref().and_then(|user| user.password_hash.clone());
    let fits = app.hasher.verify(form.fields.one("password").to_owned(), stored).await?;
    let Some(user) = found.filter(|_| fits) else {
        tracing::info!(from = %from.ip(), account, "sign-in refused");
        let (actor, now) = (Actor { email: None, from: Some(from.ip()) }, clock::now());
        app.store.write(move |tx| audit::record(tx, &actor, Action::SignInRefused, &account, now)).await?;
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, form.visit.reader.say("sign-in-wrong"));
    };
    if user.role == Role::Pending {
        return Err(Refusal::Pending);
    }
    app.limiter.lock().unwrap_or_else(PoisonError::into_inner).forgive(from.ip(), &account);
    begin::session(&app, &form.visit, user, &next).await
}

/// Ends the session.
pub(super) async fn leave(State(app): State<App>, form: SignedForm) -> Result<Response, Refusal> {
    let session = form.signed.session;
    app.store.write(move |tx| sessions::delete(tx, &session)).await?;
    let gone = [(header::SET_COOKIE, app.signer.clear(Cookie::Session))];
    Ok((AppendHeaders(gone), Redirect::to(paths::SIGN_IN)).into_response())
}

fn answer(app: &App, visit: &Visit, status: StatusCode, page: &sign_in::Page) -> Response {
    let cookie = visit.cookie(app).map(|cookie| (header::SET_COOKIE, cookie));
    (status, AppendHeaders(cookie), Html(sign_in::page(page))).into_response()
}
