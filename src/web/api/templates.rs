//! Templates in the API: saved choices for configuring. *IO: through the agent.*

use super::bearer::Bearer;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use super::wishes::{Size, keys};
use crate::model::ids::TemplateId;
use crate::model::ssh_key::PublicKey;
use crate::model::template::{self, Contents};
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A template: what can be sent to configure a reservation, but for a password and single nodes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Template {
    /// Names it in paths.
    id: i64,
    /// What its owner calls it.
    name: String,
    /// The name of an environment, which may be gone by now.
    environment: String,
    /// How large the root partition becomes: `"whole"` or bytes.
    partition_size: Size,
    /// Public SSH keys beside those of the account.
    ssh_keys: Vec<String>,
    /// A script to run at the end, as root.
    user_script: Option<String>,
    /// Whether to update the packages of the system.
    system_update: bool,
}

/// A template to be saved.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SaveTemplate {
    /// What it is called, at most 64 characters.
    name: String,
    /// The name of an environment.
    environment: String,
    /// How large the root partition becomes: `"whole"` (the default), a size such as `"5GB"`, or bytes.
    partition_size: Option<Size>,
    /// Public SSH keys beside those of the account, one line each.
    #[serde(default)]
    ssh_keys: Vec<String>,
    /// A script to run at the end, as root; at most 256 KiB.
    user_script: Option<String>,
    /// Whether to update the packages of the system.
    #[serde(default)]
    system_update: bool,
}

impl From<template::Template> for Template {
    fn from(found: template::Template) -> Self {
        let Contents { environment, partition_size, ssh_keys, user_script, system_update } = found.contents;
        Self {
            id: found.id.0,
            name: found.name,
            environment,
            partition_size: partition_size.into(),
            ssh_keys: ssh_keys.iter().map(PublicKey::to_string).collect(),
            user_script,
            system_update,
        }
    }
}

impl SaveTemplate {
    fn judge(self) -> Result<(String, Contents), Problem> {
        let size = self.partition_size.map(|size| size.judge("partition_size")).transpose()?;
        let contents = Contents {
            environment: self.environment,
            partition_size: size.unwrap_or_default(),
            ssh_keys: keys(&self.ssh_keys)?,
            user_script: self.user_script,
            system_update: self.system_update,
        };
        Ok((self.name, contents))
    }
}

/// The caller's templates, by name.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", operation_id = "list_templates", responses(
    (status = 200, body = [Template]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
) -> Result<Json<Vec<Template>>, Problem> {
    Ok(Json(app.agent.templates(&caller).await?.into_iter().map(Template::from).collect()))
}

/// Saves a template; one of the same name is replaced.
#[utoipa::path(post, path = "/api/v1/templates", tag = "templates", operation_id = "save_template",
    request_body = SaveTemplate, responses(
    (status = 200, body = Template),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or there are too many", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn save(
    Bearer(caller): Bearer,
    State(app): State<App>,
    JsonBody(wish): JsonBody<SaveTemplate>,
) -> Result<Json<Template>, Problem> {
    let (name, contents) = wish.judge()?;
    Ok(Json(app.agent.save_template(&caller, &name, contents).await?.into()))
}

/// Deletes a template.
#[utoipa::path(delete, path = "/api/v1/templates/{id}", tag = "templates", operation_id = "delete_template",
    params(("id" = i64, Path, description = "The template's id")), responses(
    (status = 204, description = "It is deleted"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn delete(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<TemplateId>,
) -> Result<StatusCode, Problem> {
    app.agent.delete_template(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
