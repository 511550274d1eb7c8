//! A person's own account: SSH keys, password, API tokens, sessions, other testbeds. *IO: through `own_account`.*

use super::notifications;
use super::pages::{chrome, leave};
use crate::model::clock;
use crate::model::credential::{self, Platform};
use crate::model::ids::TokenId;
use crate::store::{self, Connection, credentials, sessions, tokens};
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::settings::TokenForm;
use crate::web::forms::{Errors, settings as form, ssh_keys};
use crate::web::notices::Notice;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, settings};
use crate::web::{own_account, paths};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// What was typed and could not be stored.
#[derive(Default)]
pub(super) struct Typed {
    keys: Option<String>,
    token: TokenForm,
    login: Option<(Platform, String)>,
}

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, Typed::default(), Errors::default()).await
}

/// Stores the SSH keys.
pub(super) async fn keys(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let typed = fields.one("ssh_keys").to_owned();
    let again =
        |errors| refuse(&app, &signed, Typed { keys: Some(typed.clone()), ..Typed::default() }, errors);
    let keys = match ssh_keys::parse(&typed) {
        Ok(keys) => keys,
        Err(bad) => return again(Errors::one("ssh_keys", bad.to_string())).await,
    };
    if own_account::set_keys(&app, &signed.owner(), keys, fields.seen()).await?.is_err() {
        return again(Errors::one("ssh_keys", signed.reader.say("settings-keys-stale"))).await;
    }
    Ok(done(&app, &signed, "settings-keys-saved"))
}

/// Changes the password and ends the other sessions.
pub(super) async fn password(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    if !own_account::knows_password(&app, &signed.user, fields.one("password").to_owned()).await? {
        let errors = Errors::one("password", signed.reader.say("settings-password-wrong"));
        return refuse(&app, &signed, Typed::default(), errors).await;
    }
    let new = match form::new_password(&fields) {
        Ok(new) => new,
        Err(errors) => return refuse(&app, &signed, Typed::default(), errors).await,
    };
    own_account::set_password(&app, &signed.owner(), new, Some(signed.session)).await?;
    Ok(done(&app, &signed, "settings-password-done"))
}

/// Makes a token and shows it once.
pub(super) async fn make_token(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let token = TokenForm::read(&fields);
    let wish = match token.judge() {
        Ok(wish) => wish,
        Err(errors) => return refuse(&app, &signed, Typed { token, ..Typed::default() }, errors).await,
    };
    let (text, _) = own_account::make_token(&app, &signed.owner(), wish).await?;
    let notice = Notice::good(signed.reader.say("settings-token-made")).with_secret("Token", text);
    leave(&app, signed.session, notice);
    Ok(Redirect::to(paths::SETTINGS).into_response())
}

/// Revokes a token of one's own.
pub(super) async fn revoke_token(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let id: TokenId = id.parse().map_err(|_| Refusal::NotFound)?;
    let was_there = own_account::revoke_token(&app, &signed.owner(), id).await?;
    if was_there { Ok(done(&app, &signed, "settings-token-revoked")) } else { Err(Refusal::NotFound) }
}

/// Ends a session of one's own elsewhere.
pub(super) async fn end_session(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let was_there = own_account::end_session(&app, &signed.owner(), name).await?;
    if was_there { Ok(done(&app, &signed, "settings-session-ended")) } else { Err(Refusal::NotFound) }
}

/// Stores an account at another testbed.
pub(super) async fn set_credential(
    State(app): State<App>,
    Path(platform): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let platform = Platform::from_word(&platform).ok_or(Refusal::NotFound)?;
    let (login, password) = (fields.one("login").trim().to_owned(), fields.one("password").to_owned());
    if let Err(bad) = credential::judge(&login, &password) {
        let errors = Errors::one(settings::credential_field(platform), format!("{bad}."));
        return refuse(&app, &signed, Typed { login: Some((platform, login)), ..Typed::default() }, errors)
            .await;
    }
    own_account::set_credential(&app, &signed.owner(), platform, (login, password)).await?;
    Ok(done(&app, &signed, "credentials-saved"))
}

/// Removes an account at another testbed.
pub(super) async fn remove_credential(
    State(app): State<App>,
    Path(platform): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let platform = Platform::from_word(&platform).ok_or(Refusal::NotFound)?;
    let was_there = own_account::remove_credential(&app, &signed.owner(), platform).await?;
    if was_there { Ok(done(&app, &signed, "credentials-removed")) } else { Err(Refusal::NotFound) }
}

/// The page with what is wrong.
pub(super) async fn refuse(
    app: &App,
    signed: &SignedIn,
    typed: Typed,
    errors: Errors,
) -> Result<Response, Refusal> {
    page(app, signed, StatusCode::UNPROCESSABLE_ENTITY, typed, errors).await
}

fn done(app: &App, signed: &SignedIn, text: &str) -> Response {
    leave(app, signed.session, Notice::good(signed.reader.say(text)));
    Redirect::to(paths::SETTINGS).into_response()
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed: Typed,
    errors: Errors,
) -> Result<Response, Refusal> {
    let (id, session, now) = (signed.user.id, signed.session, clock::now());
    let look = move |conn: &Connection| -> store::Result<_> {
        let told = notifications::told(conn, id)?;
        let own = (tokens::list(conn, id)?, sessions::list(conn, id, &session, now)?);
        Ok((own, credentials::list(conn, id)?, told))
    };
    let ((tokens, sessions), credentials, told) = app.store.read(look).await?;
    let page = settings::Page {
        chrome: chrome(app, signed, signed.reader.say("settings-title"), Tab::Settings),
        user: signed.user.clone(),
        typed_keys: typed.keys,
        tokens,
        token: typed.token,
        sessions,
        told,
        credentials,
        typed_login: typed.login,
        errors,
    };
    Ok((status, Html(settings::page(&page))).into_response())
}
