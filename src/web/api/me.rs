//! Who the bearer of a token is. *IO: the database.*

use super::answers::time;
use super::bearer::{self, Bearer};
use super::problem::Problem;
use crate::model::user::Role;
use crate::store::tokens;
use crate::web::secret;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
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
    /// When the token stops working, RFC 3339; never if null.
    #[schema(format = DateTime)]
    token_expires: Option<String>,
}

/// The account that this token acts for.
#[utoipa::path(get, path = "/api/v1/me", tag = "account", operation_id = "get_me", responses(
    (status = 200, body = Me),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    Bearer(caller): Bearer,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Me>, Problem> {
    let hash = secret::digest(bearer::token(&headers).unwrap_or_default());
    let found = app.store.read(move |conn| tokens::by_hash(conn, &hash)).await;
    // It may have been revoked since its bearer was let in.
    let token = found.map_err(|error| Problem::internal(&error))?.ok_or_else(bearer::unknown)?;
    let role = if caller.is_admin { Role::Admin } else { Role::User };
    Ok(Json(Me {
        account: caller.actor.email.unwrap_or_default(),
        role: role.as_str().to_owned(),
        token_name: token.name,
        token_expires: token.expires_at.map(time),
    }))
}
