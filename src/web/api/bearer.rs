//! Who calls the API: the bearer of a token. *IO: the database.*

use super::problem::Problem;
use crate::model::agent::Caller;
use crate::model::audit::Actor;
use crate::model::clock;
use crate::model::user::Role;
use crate::store::tokens;
use crate::web::extract::peer;
use crate::web::secret;
use crate::web::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

/// The account whose token a request carries.
pub(super) struct Bearer(pub(super) Caller);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = token(&parts.headers)
            .ok_or_else(|| refused("no token was given; expected `Authorization: Bearer pm_...`"))?;
        let (hash, now) = (secret::digest(token), clock::now());
        let owner = app.store.read(move |conn| tokens::owner(conn, &hash, now)).await;
        let owner = owner.map_err(|error| Problem::internal(&error))?;
        let user = owner.ok_or_else(unknown)?;
        match user.role {
            Role::User | Role::Admin => {}
            Role::Pending => {
                let detail = format!("the account {} waits for an administrator", user.email);
                let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", detail);
                return Err(problem.fix("Ask an administrator to accept the account."));
            }
        }
        let actor = Actor { email: Some(user.email), from: peer(&parts.extensions) };
        Ok(Self(Caller { user: user.id, is_admin: user.role == Role::Admin, actor }))
    }
}

/// The token among the headers of a request.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The refusal of a token that nobody has.
pub(super) fn unknown() -> Problem {
    refused("the token is unknown, revoked or expired")
}

fn refused(detail: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    problem.fix("Make a token on the settings page or with `pimaster token create --user EMAIL`.")
}
