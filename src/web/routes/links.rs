//! One-time links: looking at one changes nothing, its form uses it up. *IO: the database.*

use super::begin;
use super::pages::before;
use crate::model::clock;
use crate::model::user::LinkPurpose;
use crate::store::links::{self, Link};
use crate::store::{sessions, users};
use crate::web::extract::{Visit, VisitForm};
use crate::web::forms::{Errors, settings};
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::link;
use crate::web::{paths, secret};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};

/// What the link is for.
pub(super) async fn show(
    State(app): State<App>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let link = look(&app, &secret).await?;
    Ok(answer(&app, &visit, &secret, link, StatusCode::OK, Errors::default()))
}

/// Uses the link up: sets the password, if it is for that, and begins a session.
pub(super) async fn redeem(
    State(app): State<App>,
    Path(secret): Path<String>,
    form: VisitForm,
) -> Result<Response, Refusal> {
    let link = look(&app, &secret).await?;
    let password_hash = match link.purpose {
        LinkPurpose::SignIn => None,
        LinkPurpose::SetPassword => match settings::new_password(&form.fields) {
            Ok(password) => Some(app.hasher.hash(password).await?),
            Err(errors) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(answer(&app, &form.visit, &secret, link, status, errors));
            }
        },
    };
    let (digest, now) = (secret::digest(&secret), clock::now());
    let taken = app
        .store
        .write(move |tx| {
            let taken = links::take(tx, &digest, now)?;
            if let Some((link, hash)) = taken.as_ref().zip(password_hash) {
                users::set_password(tx, link.user.id, &hash)?;
                sessions::delete_others(tx, link.user.id, None)?;
            }
            Ok(taken)
        })
        .await?;
    let link = taken.ok_or(Refusal::Link)?;
    tracing::info!(user = link.user.email, purpose = link.purpose.as_str(), "one-time link used");
    begin::session(&app, link.user.id, "/").await
}

async fn look(app: &App, secret: &str) -> Result<Link, Refusal> {
    let (digest, now) = (secret::digest(secret), clock::now());
    app.store.read(move |conn| links::by_hash(conn, &digest, now)).await?.ok_or(Refusal::Link)
}

fn answer(
    app: &App,
    visit: &Visit,
    secret: &str,
    link: Link,
    status: StatusCode,
    errors: Errors,
) -> Response {
    let title = match link.purpose {
        LinkPurpose::SetPassword => visit.reader.say("link-password-title"),
        LinkPurpose::SignIn => visit.reader.say("sign-in-title"),
    };
    let chrome = before(app, visit, title);
    let action = paths::link(secret);
    let page = link::Page { chrome, email: link.user.email, purpose: link.purpose, action, errors };
    let cookie = visit.cookie(app).map(|cookie| (header::SET_COOKIE, cookie));
    (status, AppendHeaders(cookie), Html(link::page(&page))).into_response()
}
