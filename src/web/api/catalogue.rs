//! Looking after environments in the API. *IO: through the agent.*

use super::bearer::Bearer;
use super::json::JsonBody;
use super::path::{EnvironmentName, Named};
use super::problem::Problem;
use crate::model::sharing::{CatalogueEntry, EnvironmentChange, SharingWish};
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is known of an environment beside its image.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnvironmentRecord {
    /// Its name.
    name: String,
    /// One line.
    description: String,
    /// The system on it.
    family: String,
    /// The account people sign in with.
    ssh_user: String,
    /// The smallest card it fits on, in bytes.
    disk_bytes: u64,
    /// What is written to a card, in bytes.
    used_bytes: u64,
    /// What is stored and sent, in bytes.
    stored_bytes: u64,
    /// The BLAKE3 digest that names its content.
    digest: String,
    /// The owner's e-mail address; null if it is the site's.
    owner: Option<String>,
    /// `private`, `asked`, `shared` or `default`.
    sharing: String,
    /// Why an administrator did not share it.
    refusal: Option<String>,
    /// When it was imported, RFC 3339.
    #[schema(format = DateTime)]
    imported_at: String,
    /// Who imported it; null if that was done on the command line.
    imported_by: Option<String>,
    /// The reservations that use it.
    used_by: Vec<i64>,
}

/// What people read of an environment from now on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentEdit {
    /// Its name.
    name: String,
    /// One line.
    description: String,
    /// The account people sign in with; it stays while somebody uses the environment.
    ssh_user: String,
}

/// Who may use an environment from now on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentSharing {
    /// `private`, `ask`; for administrators also `share`, `default`, `refuse`.
    wish: String,
    /// Why it is refused.
    #[serde(default)]
    reason: String,
}

/// What is known of an environment.
#[utoipa::path(get, path = "/api/v1/environments/{name}", tag = "environments", operation_id = "environment",
    params(("name" = String, Path, description = "The environment's name")), responses(
    (status = 200, body = EnvironmentRecord),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(EnvironmentName(name)): Named<EnvironmentName>,
) -> Result<Json<EnvironmentRecord>, Problem> {
    let found = app.agent.catalogue(&caller).await?.into_iter().find(|entry| entry.environment.name == name);
    let missing = || crate::model::sharing::BadEnvironment::NoSuch { name };
    Ok(Json(record(found.ok_or_else(|| crate::agent::Error::from(missing()))?)))
}

/// Changes what people read of an environment, and the account they sign in with.
#[utoipa::path(put, path = "/api/v1/environments/{name}", tag = "environments", operation_id = "change_environment",
    request_body = EnvironmentEdit, params(("name" = String, Path, description = "The environment's name")), responses(
    (status = 204, description = "Changed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn change(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(EnvironmentName(at)): Named<EnvironmentName>,
    JsonBody(EnvironmentEdit { name, description, ssh_user }): JsonBody<EnvironmentEdit>,
) -> Result<StatusCode, Problem> {
    app.agent.change_environment(&caller, &at, EnvironmentChange { name, description, ssh_user }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes who may use an environment.
#[utoipa::path(put, path = "/api/v1/environments/{name}/sharing", tag = "environments",
    operation_id = "share_environment", request_body = EnvironmentSharing,
    params(("name" = String, Path, description = "The environment's name")), responses(
    (status = 204, description = "Changed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn share(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(EnvironmentName(name)): Named<EnvironmentName>,
    JsonBody(EnvironmentSharing { wish, reason }): JsonBody<EnvironmentSharing>,
) -> Result<StatusCode, Problem> {
    let wish = SharingWish::from_word(&wish, &reason).ok_or_else(|| {
        let seen: String = wish.chars().take(40).collect();
        let detail = format!("wish is `{seen}`; expected private, ask, share, default or refuse");
        Problem::field("wish", detail, "Send one of these words.")
    })?;
    app.agent.share_environment(&caller, &name, wish).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an environment that no reservation uses.
#[utoipa::path(delete, path = "/api/v1/environments/{name}", tag = "environments", operation_id = "remove_environment",
    params(("name" = String, Path, description = "The environment's name")), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is used; by what is said", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(EnvironmentName(name)): Named<EnvironmentName>,
) -> Result<StatusCode, Problem> {
    app.agent.remove_environment(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn record(entry: CatalogueEntry) -> EnvironmentRecord {
    let it = entry.environment;
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    EnvironmentRecord {
        name: it.name,
        description: it.description,
        family: it.family.as_str().to_owned(),
        ssh_user: it.ssh_user,
        disk_bytes: it.disk_bytes,
        used_bytes: it.used_bytes,
        stored_bytes: it.stored_bytes,
        digest: it.digest.to_string(),
        owner: entry.owner.map(|(_, email)| email),
        sharing: entry.sharing.as_str().to_owned(),
        refusal: text(entry.refusal),
        imported_at: it.imported_at.to_string(),
        imported_by: text(entry.imported_by),
        used_by: entry.used_by.into_iter().map(|it| it.reservation.0).collect(),
    }
}
