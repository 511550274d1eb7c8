//! The accounts in the API, for administrators. *IO: the database; through `people`.*

use super::answers::time;
use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use crate::model::ids::UserId;
use crate::model::user::{Account, Role};
use crate::store::users;
use crate::web::accounts::parse_email;
use crate::web::extract::reader;
use crate::web::people::{self, Trouble};
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// Names it in paths.
    id: i64,
    /// Its e-mail address.
    email: String,
    /// What the person is called, if they said.
    name: String,
    /// `pending`, `user` or `admin`.
    role: String,
    /// Whether it can be signed in to.
    has_password: bool,
    /// When the e-mail address was shown to be theirs, RFC 3339.
    #[schema(format = DateTime)]
    confirmed_at: Option<String>,
    /// When it was made, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// The last sign-in, RFC 3339.
    #[schema(format = DateTime)]
    seen_at: Option<String>,
    /// How many of its reservations are not over.
    reservations: u32,
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddUser {
    /// Its e-mail address.
    email: String,
    /// `user`, if left out, or `admin`.
    role: Option<String>,
}

/// The account that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddedUser {
    /// The account.
    user: User,
    /// With which its owner chooses a password, once: shown now and never again.
    link: String,
}

/// What shall change of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeUser {
    /// `pending`, `user` or `admin`.
    role: String,
}

/// A link for the owner of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordLink {
    /// With which they choose a password, once: shown now and never again.
    link: String,
}

/// Every account: those who wait first, then by address. For administrators.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", operation_id = "list_users", params(PageQuery), responses(
    (status = 200, body = [User]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    _: Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<User>, Problem> {
    let accounts = app.store.read(users::list).await.map_err(|error| Problem::internal(&error))?;
    let page = paging.cut(accounts, |account| (account.role != Role::Pending, account.email.clone()))?;
    Ok(page.map(User::from))
}

/// Makes an account for somebody, and the link with which they choose a password. For administrators.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", operation_id = "add_user", request_body = AddUser,
    responses(
    (status = 201, body = AddedUser),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "There is one already", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(wish): JsonBody<AddUser>,
) -> Result<Created<AddedUser>, Problem> {
    let email = parse_email(&wish.email);
    let email = email.map_err(|error| Problem::field("email", error.to_string(), "Correct the address."))?;
    let role = wish.role.as_deref().map_or(Ok(Role::User), role)?;
    let (id, link) = people::add(&app, &caller.actor, email, role).await?;
    let made = AddedUser { user: find(&app, id).await?.into(), link };
    Ok(Created { at: format!("/api/v1/users/{id}"), made })
}

/// One account. For administrators.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", operation_id = "get_user",
    params(("id" = i64, Path, description = "The account's id")), responses(
    (status = 200, body = User, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    _: Administrator,
    State(app): State<App>,
    Named(id): Named<UserId>,
) -> Result<Tagged<User>, Problem> {
    tagged(&app, id).await
}

/// Changes what an account may do; who is accepted is told by mail. For administrators.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", operation_id = "change_user",
    request_body = ChangeUser, params(("id" = i64, Path, description = "The account's id"), IfMatchHeader), responses(
    (status = 200, body = User, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is the only administrator", body = Problem,
     content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn change(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<UserId>,
    IfMatch(seen): IfMatch,
    headers: HeaderMap,
    JsonBody(wish): JsonBody<ChangeUser>,
) -> Result<Tagged<User>, Problem> {
    let wish = (role(&wish.role)?, seen);
    people::change_role(&app, &caller.actor, &reader(&app, &headers), id, wish).await?;
    tagged(&app, id).await
}

/// Makes a link with which somebody chooses a new password. For administrators.
#[utoipa::path(post, path = "/api/v1/users/{id}/link", tag = "users", operation_id = "make_link",
    params(("id" = i64, Path, description = "The account's id")), responses(
    (status = 200, body = PasswordLink),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make_link(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<UserId>,
) -> Result<Json<PasswordLink>, Problem> {
    let (_, link) = people::make_link(&app, &caller.actor, id).await?;
    Ok(Json(PasswordLink { link }))
}

/// Gives back what an account has reserved, then removes it. For administrators.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", operation_id = "remove_user",
    params(("id" = i64, Path, description = "The account's id"), IfMatchHeader), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is your own, or the only administrator", body = Problem,
     content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<UserId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    people::remove(&app, &caller, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, id: UserId) -> Result<Account, Problem> {
    let accounts = app.store.read(users::list).await.map_err(|error| Problem::internal(&error))?;
    Ok(accounts.into_iter().find(|account| account.id == id).ok_or(Trouble::Nobody)?)
}

async fn tagged(app: &App, id: UserId) -> Result<Tagged<User>, Problem> {
    let account = find(app, id).await?;
    Ok(Tagged(account.version(), account.into()))
}

fn role(word: &str) -> Result<Role, Problem> {
    Role::from_word(word).ok_or_else(|| {
        let seen: String = word.chars().take(40).collect();
        Problem::field(
            "role",
            format!("`{seen}` is no role; expected pending, user or admin"),
            "Take one of them.",
        )
    })
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email,
            name: account.name,
            role: account.role.as_str().to_owned(),
            has_password: account.has_password,
            confirmed_at: account.confirmed_at.map(time),
            created_at: time(account.created_at),
            seen_at: account.seen_at.map(time),
            reservations: account.reservations,
        }
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let conflict = |fix: &str| Self::new(StatusCode::CONFLICT, "conflict", trouble.to_string()).fix(fix);
        match trouble {
            Trouble::Nobody => Self::new(StatusCode::NOT_FOUND, "not-found", trouble.to_string())
                .fix("Take an id from the list of accounts."),
            Trouble::Exists => conflict("Change the one that is there.").at(Some("email".to_owned())),
            Trouble::LastAdmin => conflict("Make another account an administrator first."),
            Trouble::Own => conflict("Ask another administrator."),
            Trouble::Stale(stale) => stale.into(),
            Trouble::Agent(error) => error.into(),
            Trouble::Failure(error) => Self::internal(&error),
        }
    }
}
