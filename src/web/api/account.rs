//! One's own account in the API: SSH keys, password, sessions, other testbeds. *IO: through `own_account`.*

use super::answers::time;
use super::bearer::Account;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use super::wishes;
use crate::model::clock;
use crate::model::credential::{self, Platform};
use crate::model::ssh_key::PublicKey;
use crate::model::user::judge_password;
use crate::model::version::Version;
use crate::store::sessions::Listed;
use crate::store::{credentials, sessions};
use crate::web::own_account;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use utoipa::ToSchema;

/// The SSH keys of an account.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// Public keys, one line each: installed on everything that is deployed from now on.
    ssh_keys: Vec<String>,
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The present one.
    #[schema(format = Password)]
    present: String,
    /// The new one, 10 to 128 characters.
    #[schema(format = Password)]
    new: String,
}

/// A browser in which somebody has signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// Names it in paths.
    name: String,
    /// From which address it was begun; empty if that is not known.
    address: String,
    /// What its browser calls itself.
    browser: String,
    /// When it began, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself, RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// An account at another testbed; its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Credential {
    /// `grid5000` or `iot-lab`.
    platform: String,
    /// The name of the account there.
    login: String,
    /// When it was last set, RFC 3339.
    #[schema(format = DateTime)]
    set_at: String,
}

/// An account at another testbed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetCredential {
    /// The name of the account there.
    login: String,
    /// Its password: stored encrypted, never shown.
    #[schema(format = Password)]
    password: String,
}

/// The account's SSH keys.
#[utoipa::path(get, path = "/api/v1/me/keys", tag = "account", operation_id = "get_keys", responses(
    (status = 200, body = Keys, headers(("ETag" = String, description = "For If-Match"))),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn keys(account: Account) -> Tagged<Keys> {
    tagged(&account.user.ssh_keys)
}

/// Sets the account's SSH keys.
#[utoipa::path(put, path = "/api/v1/me/keys", tag = "account", operation_id = "set_keys", request_body = Keys,
    params(IfMatchHeader), responses(
    (status = 200, body = Keys, headers(("ETag" = String, description = "For If-Match"))),
    (status = 412, description = "They were changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A line is no key", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_keys(
    account: Account,
    State(app): State<App>,
    IfMatch(seen): IfMatch,
    JsonBody(wish): JsonBody<Keys>,
) -> Result<Tagged<Keys>, Problem> {
    let keys = wishes::keys(&wish.ssh_keys)?;
    let stored = own_account::set_keys(&app, &account.owner(), keys.clone(), seen).await;
    stored.map_err(|error| Problem::internal(&error))??;
    Ok(tagged(&keys))
}

/// Changes the account's password and signs out all browsers. The first one is chosen by a link: else a token could
/// make its way to everything that its account may.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "account", operation_id = "set_password",
    request_body = NewPassword, responses(
    (status = 204, description = "Changed"),
    (status = 409, description = "There is none yet", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The present one is wrong, or the new one is too short", body = Problem,
     content_type = "application/problem+json"),
    (status = 429, description = "Too many wrong passwords", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn set_password(
    account: Account,
    State(app): State<App>,
    JsonBody(NewPassword { present, new }): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    let internal = |error| Problem::internal(&error);
    if account.user.password_hash.is_none() {
        let problem = Problem::new(StatusCode::CONFLICT, "conflict", "the account has no password yet");
        return Err(
            problem.fix("Choose the first one on the settings page, or by a link of an administrator.")
        );
    }
    if let Err(weak) = judge_password(&new) {
        return Err(Problem::field("new", weak.to_string(), "Choose another one."));
    }
    let attempt = account.caller.actor.from.map(|from| {
        let mut limiter = app.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.attempt(from, &account.user.email, clock::now()).map(|()| from)
    });
    let attempt = attempt.transpose().map_err(|seconds| {
        let detail = "there were too many wrong passwords";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail);
        problem.fix(format!("Wait {seconds} seconds."))
    })?;
    if !own_account::knows_password(&app, &account.user, present).await.map_err(internal)? {
        return Err(Problem::field("present", "this is not the present password", "Give the present one."));
    }
    if let Some(from) = attempt {
        app.limiter.lock().unwrap_or_else(PoisonError::into_inner).forgive(from, &account.user.email);
    }
    own_account::set_password(&app, &account.owner(), new, None).await.map_err(internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The browsers in which the account is signed in, the newest first.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "account", operation_id = "list_sessions", responses(
    (status = 200, body = [Session]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list_sessions(
    account: Account,
    State(app): State<App>,
) -> Result<Json<Vec<Session>>, Problem> {
    let (user, now) = (account.user.id, clock::now());
    // None of them is the one that asks.
    let found = app.store.read(move |conn| sessions::list(conn, user, &[0; 32], now)).await;
    Ok(Json(found.map_err(|error| Problem::internal(&error))?.into_iter().map(Session::from).collect()))
}

/// Signs a browser out.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{name}", tag = "account", operation_id = "end_session",
    params(("name" = String, Path, description = "The session's name")), responses(
    (status = 204, description = "Signed out"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn end_session(
    account: Account,
    State(app): State<App>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    gone(own_account::end_session(&app, &account.owner(), name).await, "session")
}

/// The account's accounts at other testbeds.
#[utoipa::path(get, path = "/api/v1/me/credentials", tag = "account", operation_id = "list_credentials", responses(
    (status = 200, body = [Credential]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list_credentials(
    account: Account,
    State(app): State<App>,
) -> Result<Json<Vec<Credential>>, Problem> {
    let user = account.user.id;
    let found = app.store.read(move |conn| credentials::list(conn, user)).await;
    let shown = |it: credential::Credential| Credential {
        platform: it.platform.as_str().to_owned(),
        login: it.login,
        set_at: time(it.set_at),
    };
    Ok(Json(found.map_err(|error| Problem::internal(&error))?.into_iter().map(shown).collect()))
}

/// Stores the account's account at another testbed.
#[utoipa::path(put, path = "/api/v1/me/credentials/{platform}", tag = "account", operation_id = "set_credential",
    request_body = SetCredential, params(("platform" = String, Path, description = "`grid5000` or `iot-lab`")),
    responses(
    (status = 204, description = "Stored"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_credential(
    account: Account,
    State(app): State<App>,
    Named(platform): Named<String>,
    JsonBody(SetCredential { login, password }): JsonBody<SetCredential>,
) -> Result<StatusCode, Problem> {
    let platform = known(&platform)?;
    credential::judge(&login, &password)
        .map_err(|bad| Problem::field(bad.field(), bad.to_string(), "Change that field."))?;
    let stored = own_account::set_credential(&app, &account.owner(), platform, (login, password)).await;
    stored.map_err(|error| Problem::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the account's account at another testbed.
#[utoipa::path(delete, path = "/api/v1/me/credentials/{platform}", tag = "account",
    operation_id = "remove_credential", params(("platform" = String, Path, description = "`grid5000` or `iot-lab`")),
    responses(
    (status = 204, description = "Removed"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn remove_credential(
    account: Account,
    State(app): State<App>,
    Named(platform): Named<String>,
) -> Result<StatusCode, Problem> {
    let platform = known(&platform)?;
    gone(own_account::remove_credential(&app, &account.owner(), platform).await, "account at that testbed")
}

fn known(platform: &str) -> Result<Platform, Problem> {
    Platform::from_word(platform).ok_or_else(|| {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", format!("`{platform}` is no testbed"));
        problem.fix("Take grid5000 or iot-lab.")
    })
}

/// The answer to a removal.
pub(super) fn gone(was_there: Result<bool, crate::web::Error>, what: &str) -> Result<StatusCode, Problem> {
    if was_there.map_err(|error| Problem::internal(&error))? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", format!("you have no such {what}"));
    Err(problem.fix("Look at the list again: it may be gone already."))
}

fn tagged(keys: &[PublicKey]) -> Tagged<Keys> {
    let lines = keys.iter().map(ToString::to_string).collect();
    Tagged(Version::of(&keys), Keys { ssh_keys: lines })
}

impl From<Listed> for Session {
    fn from(session: Listed) -> Self {
        let Listed { name, created_at, expires_at, address, browser, .. } = session;
        Self { name, address, browser, created_at: time(created_at), expires_at: time(expires_at) }
    }
}
