//! One's own API tokens in the API. *IO: the database; through `own_account`.*

use super::account::gone;
use super::answers::time;
use super::bearer::Account;
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::clock;
use crate::model::ids::TokenId;
use crate::model::token::{self, DEFAULT_DAYS, Lifetime, Scope, Scopes, TokenWish};
use crate::store::tokens;
use crate::web::own_account;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    /// Names it in paths.
    id: i64,
    /// What its owner calls it.
    name: String,
    /// What it may do: `read`, `reserve`, `account`, `admin`.
    scopes: Vec<String>,
    /// When it was made, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it stops working, RFC 3339; never if null.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute, RFC 3339.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// From which address.
    last_used_from: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeToken {
    /// What uses it, at most 64 characters.
    name: String,
    /// What it may do, at most what the token may that makes it: `read` (every GET), `reserve` (reserve and deploy),
    /// `account` (change the account), `admin` (what only administrators may).
    #[schema(example = json!(["read", "reserve"]))]
    scopes: Vec<String>,
    /// For how many days it works, at most 366; 90 if left out.
    #[schema(minimum = 1, maximum = 366)]
    days: Option<u32>,
    /// Whether it works until it is revoked; without `days`.
    #[serde(default)]
    never_expires: bool,
}

/// The token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    /// What programs send: shown now and never again.
    secret: String,
    /// The token.
    token: Token,
}

/// The account's tokens, the newest first.
#[utoipa::path(get, path = "/api/v1/me/tokens", tag = "account", operation_id = "list_tokens", responses(
    (status = 200, body = [Token]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(account: Account, State(app): State<App>) -> Result<Json<Vec<Token>>, Problem> {
    let user = account.user.id;
    let found = app.store.read(move |conn| tokens::list(conn, user)).await;
    Ok(Json(found.map_err(|error| Problem::internal(&error))?.into_iter().map(Token::from).collect()))
}

/// Makes a token that may do no more, and works no longer, than the one that makes it.
#[utoipa::path(post, path = "/api/v1/me/tokens", tag = "account", operation_id = "make_token",
    request_body = MakeToken, responses(
    (status = 201, body = MadeToken),
    (status = 403, description = "The token lacks a scope", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make(
    account: Account,
    State(app): State<App>,
    JsonBody(wish): JsonBody<MakeToken>,
) -> Result<Created<MadeToken>, Problem> {
    let wish = wish.judge()?;
    if let Some(scope) = wish.scopes.beyond(&account.token.scopes) {
        let detail =
            format!("the scope `{scope}` is beyond those of the token that asks: {}", account.token.scopes);
        return Err(Problem::field(
            "scopes",
            detail,
            "Leave it out, or make the token on the settings page.",
        ));
    }
    if let Some(end) = account.token.expires_at
        && wish.expires_at(clock::now()).is_none_or(|expires| expires > end)
    {
        let detail = format!("it would work longer than the token that asks, which ends at {}", time(end));
        return Err(Problem::field(
            "days",
            detail,
            "Take fewer days, or make the token on the settings page.",
        ));
    }
    let made = own_account::make_token(&app, &account.owner(), wish).await;
    let (secret, token) = made.map_err(|error| Problem::internal(&error))?;
    Ok(Created { at: "/api/v1/me/tokens".to_owned(), made: MadeToken { secret, token: token.into() } })
}

/// Revokes a token of the account.
#[utoipa::path(delete, path = "/api/v1/me/tokens/{id}", tag = "account", operation_id = "revoke_token",
    params(("id" = i64, Path, description = "The token's id")), responses(
    (status = 204, description = "Revoked"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    account: Account,
    State(app): State<App>,
    Named(id): Named<TokenId>,
) -> Result<StatusCode, Problem> {
    gone(own_account::revoke_token(&app, &account.owner(), id).await, "token")
}

impl MakeToken {
    fn judge(self) -> Result<TokenWish, Problem> {
        let scopes = self.scopes.iter().map(|word| word.parse::<Scope>()).collect::<Result<Scopes, _>>();
        let scopes = scopes.map_err(|error| {
            Problem::field("scopes", error.to_string(), "Take some of read, reserve, account, admin.")
        })?;
        let lifetime = match (self.never_expires, self.days) {
            (true, None) => Lifetime::Unlimited,
            (false, days) => Lifetime::Days(days.unwrap_or(DEFAULT_DAYS)),
            (true, Some(_)) => {
                let detail = "days and never_expires are both given; expected one of them";
                return Err(Problem::field("days", detail, "Leave one out."));
            }
        };
        TokenWish::judge(&self.name, scopes, lifetime)
            .map_err(|bad| Problem::field(bad.field(), bad.to_string(), "Change that field."))
    }
}

impl From<token::Token> for Token {
    fn from(token: token::Token) -> Self {
        let token::Token { id, name, scopes, created_at, expires_at, last_use } = token;
        Self {
            id: id.0,
            name,
            scopes: scopes.words(),
            created_at: time(created_at),
            expires_at: expires_at.map(time),
            last_used_at: last_use.as_ref().map(|last| time(last.at)),
            last_used_from: last_use.map(|last| last.from),
        }
    }
}
