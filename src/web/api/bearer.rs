//! Who calls the API: the bearer of a token (RFC 6750). *IO: the database.*
//!
//! Each handler takes one of three, which judge before the body is read: [`Bearer`], [`Account`], [`Administrator`].
//! Looking wants the scope `read`; what changes something wants that of the handler.

use super::problem::Problem;
use crate::model::agent::Caller;
use crate::model::audit::Actor;
use crate::model::clock;
use crate::model::token::{Scope, Token};
use crate::model::user::{Role, User};
use crate::store::tokens;
use crate::web::extract::peer;
use crate::web::own_account::Owner;
use crate::web::secret;
use crate::web::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

/// Who reserves and deploys: scope `reserve`.
pub(super) struct Bearer(pub(super) Caller);

/// An administrator: scope `admin`.
pub(super) struct Administrator(pub(super) Caller);

/// Who changes their own account: scope `account`.
pub(super) struct Account {
    pub(super) caller: Caller,
    pub(super) user: User,
    pub(super) token: Token,
}

impl Account {
    /// For what they change.
    pub(super) fn owner(&self) -> Owner {
        Owner { id: self.user.id, actor: self.caller.actor.clone() }
    }
}

/// Who asks whose their token is: any scope.
pub(super) struct Anyone(pub(super) Account);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(enter(parts, app, Some(Scope::Reserve)).await?.caller))
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Account { caller, user, .. } = enter(parts, app, Some(Scope::Admin)).await?;
        if user.role == Role::Admin {
            return Ok(Self(caller));
        }
        let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", "this is for administrators");
        Err(problem.fix("Ask an administrator."))
    }
}

impl FromRequestParts<App> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        enter(parts, app, Some(Scope::Account)).await
    }
}

impl FromRequestParts<App> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        enter(parts, app, None).await.map(Self)
    }
}

/// Lets the bearer of a token in, if it has the scope; none is needed if none is given.
async fn enter(parts: &Parts, app: &App, to_change: Option<Scope>) -> Result<Account, Problem> {
    let is_safe = parts.method.is_safe();
    let text = token(&parts.headers).ok_or_else(|| {
        refused("no token was given; expected `Authorization: Bearer pm_...`").challenge("")
    })?;
    let (hash, now) = (secret::digest(text), clock::now());
    let found = app.store.read(move |conn| tokens::bearer(conn, &hash, now)).await;
    let (user, token) = found.map_err(|error| Problem::internal(&error))?.ok_or_else(unknown)?;
    match user.role {
        Role::User | Role::Admin => {}
        Role::Pending => {
            let detail = format!("the account {} waits for an administrator", user.email);
            let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", detail);
            return Err(problem.fix("Ask an administrator to accept the account."));
        }
    }
    if let Some(needed) = to_change.map(|scope| if is_safe { Scope::Read } else { scope })
        && !token.scopes.has(needed)
    {
        return Err(lacks(needed, &token));
    }
    let from = peer(&parts.extensions);
    let address = from.map(|from| from.to_canonical().to_string()).unwrap_or_default();
    if token.is_news(&address, now) {
        let id = token.id;
        let noted = app.store.write(move |tx| tokens::used(tx, id, &address, now)).await;
        noted.map_err(|error| Problem::internal(&error))?;
    }
    let actor = Actor { email: Some(user.email.clone()), from };
    // Without the scope an administrator acts as anybody else.
    let is_admin = user.role == Role::Admin && (is_safe || token.scopes.has(Scope::Admin));
    Ok(Account { caller: Caller { user: user.id, is_admin, actor }, user, token })
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unknown() -> Problem {
    refused("the token is unknown, revoked or expired").challenge(", error=\"invalid_token\"")
}

fn refused(detail: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    problem.fix("Make a token on the settings page or with `pimaster token create --user EMAIL`.")
}

fn lacks(needed: Scope, token: &Token) -> Problem {
    let detail =
        format!("the token `{}` has the scope `{}`; this needs `{needed}`", token.name, token.scopes);
    let problem = Problem::new(StatusCode::FORBIDDEN, "insufficient-scope", detail);
    let problem = problem.fix(format!("Make a token with the scope {needed} on the settings page."));
    problem.challenge(&format!(", error=\"insufficient_scope\", scope=\"{needed}\""))
}
