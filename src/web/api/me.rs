//! Who the bearer of a token is. *IO: the database.*

use super::answers::time;
use super::bearer::{Account, Anyone};
use super::problem::Problem;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The account of a token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// Its e-mail address.
    account: String,
    /// `user` or `admin`.
    role: String,
    /// What the token is called.
    token_name: String,
    /// What the token may do: `read`, `reserve`, `account`, `admin`.
    token_scopes: Vec<String>,
    /// When the token stops working, RFC 3339; never if null.
    #[schema(format = DateTime)]
    token_expires: Option<String>,
}

/// The account that this token acts for, and what the token may do. Any scope will do.
#[utoipa::path(get, path = "/api/v1/me", tag = "account", operation_id = "get_me", responses(
    (status = 200, body = Me),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(Anyone(Account { user, token, .. }): Anyone) -> Json<Me> {
    Json(Me {
        account: user.email,
        role: user.role.as_str().to_owned(),
        token_name: token.name,
        token_scopes: token.scopes.words(),
        token_expires: token.expires_at.map(time),
    })
}
