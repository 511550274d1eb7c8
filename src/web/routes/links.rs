//! One-time links: looking at one changes nothing, its form uses it up. *IO: the database.*

use super::begin;
use super::pages::before;
use crate::model::audit::{Action, Actor};
use crate::model::clock::{self, Timestamp};
use crate::model::user::{LinkPurpose, Role, SignUpPolicy};
use crate::store::links::{self, Link};
use crate::store::{self, Transaction, audit, sessions, site, users};
use crate::web::extract::{Visit, VisitForm};
use crate::web::forms::{Errors, settings};
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::link;
use crate::web::{paths, secret};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use std::net::IpAddr;

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
        LinkPurpose::SignIn | LinkPurpose::ConfirmEmail => None,
        LinkPurpose::SetPassword => match settings::new_password(&form.fields) {
            Ok(password) => Some(app.hasher.hash(password).await?),
            Err(errors) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(answer(&app, &form.visit, &secret, link, status, errors));
            }
        },
    };
    let (digest, now, from) = (secret::digest(&secret), clock::now(), form.visit.from);
    let taken = app
        .store
        .write(move |tx| {
            let taken = links::take(tx, &digest, now)?;
            if let Some(link) = &taken {
                use_up(tx, link, password_hash, from, now)?;
            }
            Ok(taken)
        })
        .await?;
    let link = taken.ok_or(Refusal::Link)?;
    tracing::info!(user = link.user.email, purpose = link.purpose.as_str(), "one-time link used");
    begin::session(&app, &form.visit, link.user, "/").await
}

/// What a link changes, in the transaction that uses it up.
fn use_up(
    tx: &Transaction<'_>,
    link: &Link,
    password_hash: Option<String>,
    from: Option<IpAddr>,
    now: Timestamp,
) -> store::Result<()> {
    let (user, actor) = (link.user.id, Actor { email: Some(link.user.email.clone()), from });
    if let Some(hash) = password_hash {
        users::set_password(tx, user, &hash)?;
        sessions::delete_others(tx, user, None)?;
        audit::record(tx, &actor, Action::PasswordSet, "by link", now)?;
    }
    if link.purpose == LinkPurpose::ConfirmEmail {
        users::confirm(tx, user, now)?;
        audit::record(tx, &actor, Action::EmailConfirmed, "", now)?;
        let policy: SignUpPolicy = site::get(tx, SignUpPolicy::NAME)?;
        if policy.confirmed_is_enough && link.user.role == Role::Pending {
            users::set_role(tx, user, Role::User)?;
            audit::record(tx, &actor, Action::RoleChanged, "pending to user, by confirmation", now)?;
        }
    }
    Ok(())
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
        LinkPurpose::ConfirmEmail => visit.reader.say("link-confirm-title"),
    };
    let chrome = before(app, visit, title);
    let action = paths::link(secret);
    let page = link::Page { chrome, email: link.user.email, purpose: link.purpose, action, errors };
    let cookie = visit.cookie(app).map(|cookie| (header::SET_COOKIE, cookie));
    (status, AppendHeaders(cookie), Html(link::page(&page))).into_response()
}
