//! A person's own account: SSH keys, password, API tokens. *IO: the database; a blocking thread for hashes.*

use super::notifications;
use super::pages::{chrome, leave};
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::ids::TokenId;
use crate::store::{self, Connection, Transaction, audit, sessions, tokens, users};
use crate::web::accounts::new_token;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::{Errors, settings as form, ssh_keys};
use crate::web::notices::Notice;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, settings};
use crate::web::{paths, secret};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, None, Errors::default()).await
}

/// Stores the SSH keys.
pub(super) async fn keys(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let typed = fields.one("ssh_keys").to_owned();
    let keys = match ssh_keys::parse(&typed) {
        Ok(keys) => keys,
        Err(text) => return refuse(&app, &signed, Some(typed), Errors::one("ssh_keys", text)).await,
    };
    let user = signed.user.id;
    app.store.write(move |tx| users::set_ssh_keys(tx, user, &keys)).await?;
    Ok(done(&app, &signed, Notice::good(signed.reader.say("settings-keys-saved"))))
}

/// Changes the password and ends the other sessions.
pub(super) async fn password(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    if let Some(stored) = signed.user.password_hash.clone()
        && !app.hasher.verify(fields.one("password").to_owned(), Some(stored)).await?
    {
        return refuse(
            &app,
            &signed,
            None,
            Errors::one("password", signed.reader.say("settings-password-wrong")),
        )
        .await;
    }
    let new = match form::new_password(&fields) {
        Ok(new) => new,
        Err(errors) => return refuse(&app, &signed, None, errors).await,
    };
    let hash = app.hasher.hash(new).await?;
    let (user, session, actor, now) = (signed.user.id, signed.session, signed.actor(), clock::now());
    app.store
        .write(move |tx| {
            users::set_password(tx, user, &hash)?;
            audit::record(tx, &actor, Action::PasswordSet, "", now)?;
            sessions::delete_others(tx, user, Some(&session))
        })
        .await?;
    Ok(done(&app, &signed, Notice::good(signed.reader.say("settings-password-done"))))
}

/// Makes a token and shows it once.
pub(super) async fn make_token(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let name = match form::token_name(&fields) {
        Ok(name) => name,
        Err(errors) => return refuse(&app, &signed, None, errors).await,
    };
    let token = new_token()?;
    let (user, hash, now) = (signed.user.id, secret::digest(&token), clock::now());
    let actor = signed.actor();
    let make = move |tx: &Transaction<'_>| {
        audit::record(tx, &actor, Action::TokenMade, &name, now)?;
        tokens::insert(tx, &hash, user, &name, now, None)
    };
    app.store.write(make).await?;
    Ok(done(
        &app,
        &signed,
        Notice::good(signed.reader.say("settings-token-made")).with_secret("Token", token),
    ))
}

/// Revokes a token of one's own.
pub(super) async fn revoke_token(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let id: TokenId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (user, actor, now) = (signed.user.id, signed.actor(), clock::now());
    let revoke = move |tx: &Transaction<'_>| -> store::Result<bool> {
        let was_there = tokens::delete(tx, user, id)?;
        if was_there {
            audit::record(tx, &actor, Action::TokenRevoked, &format!("token {id}"), now)?;
        }
        Ok(was_there)
    };
    if !app.store.write(revoke).await? {
        return Err(Refusal::NotFound);
    }
    Ok(done(&app, &signed, Notice::good(signed.reader.say("settings-token-revoked"))))
}

/// Ends a session of one's own elsewhere.
pub(super) async fn end_session(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let (user, actor, now) = (signed.user.id, signed.actor(), clock::now());
    let end = move |tx: &Transaction<'_>| -> store::Result<bool> {
        let was_there = sessions::delete_named(tx, user, &name)?;
        if was_there {
            audit::record(tx, &actor, Action::SessionEnded, "", now)?;
        }
        Ok(was_there)
    };
    if !app.store.write(end).await? {
        return Err(Refusal::NotFound);
    }
    Ok(done(&app, &signed, Notice::good(signed.reader.say("settings-session-ended"))))
}

/// The page with what is wrong.
pub(super) async fn refuse(
    app: &App,
    signed: &SignedIn,
    typed_keys: Option<String>,
    errors: Errors,
) -> Result<Response, Refusal> {
    page(app, signed, StatusCode::UNPROCESSABLE_ENTITY, typed_keys, errors).await
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::SETTINGS).into_response()
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed_keys: Option<String>,
    errors: Errors,
) -> Result<Response, Refusal> {
    let user = signed.user.id;
    let (session, now) = (signed.session, signed.reader.now);
    let look = move |conn: &Connection| -> store::Result<_> {
        let told = notifications::told(conn, user)?;
        Ok((tokens::list(conn, user)?, sessions::list(conn, user, &session, now)?, told))
    };
    let (tokens, sessions, told) = app.store.read(look).await?;
    let page = settings::Page {
        chrome: chrome(app, signed, signed.reader.say("settings-title"), Tab::Settings),
        keys: signed.user.ssh_keys.clone(),
        typed_keys,
        has_password: signed.user.password_hash.is_some(),
        tokens,
        sessions,
        told,
        errors,
    };
    Ok((status, Html(settings::page(&page))).into_response())
}
