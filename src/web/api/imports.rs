//! Images that are brought in, in the API: beginning, sending the file, following, stopping. *IO: through the agent.*

use super::bearer::Bearer;
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::ids::ImportId;
use crate::model::image_import::{Import as Row, ImportWish, Source};
use crate::web::sent;
use crate::web::state::App;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An image to bring in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewImport {
    /// The environment's name.
    name: String,
    /// One line; the system's own name if left out.
    #[serde(default)]
    description: String,
    /// The account that people sign in with; the family's usual one if left out.
    ssh_user: Option<String>,
    /// Whether it becomes the site's and everybody's; for administrators.
    #[serde(default)]
    for_site: bool,
    /// A file of the folder `incoming`; left out, the file is sent. For administrators.
    file: Option<String>,
}

/// An image that is being made an environment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Import {
    /// Names it in paths.
    id: i64,
    /// The environment's name.
    name: String,
    /// `receiving`, `waiting`, `unpacking`, `storing`, `done`, `failed` or `cancelled`.
    state: String,
    /// Bytes done in this state.
    done_bytes: u64,
    /// Bytes to do; 0 while that is not known.
    total_bytes: u64,
    /// Why it failed.
    problem: Option<String>,
    /// The e-mail address of who began it.
    by: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it was over, RFC 3339.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

/// The latest imports: of everybody for administrators, else one's own.
#[utoipa::path(get, path = "/api/v1/imports", tag = "environments", operation_id = "list_imports", responses(
    (status = 200, body = [Import]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
) -> Result<Json<Vec<Import>>, Problem> {
    Ok(Json(app.agent.imports(&caller).await?.into_iter().map(Import::from).collect()))
}

/// Begins an import. Without `file` it waits for the file, which is sent next.
#[utoipa::path(post, path = "/api/v1/imports", tag = "environments", operation_id = "begin_import",
    request_body = NewImport, responses(
    (status = 201, body = Import),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn begin(
    Bearer(caller): Bearer,
    State(app): State<App>,
    JsonBody(new): JsonBody<NewImport>,
) -> Result<Created<Import>, Problem> {
    let NewImport { name, description, ssh_user, for_site: is_for_site, file } = new;
    let source = file.map_or(Source::Upload, Source::Folder);
    let id = app
        .agent
        .begin_import(&caller, ImportWish { name, description, ssh_user, is_for_site, source })
        .await?;
    let made = Import::from(app.agent.import(&caller, id).await?);
    Ok(Created { at: format!("/api/v1/imports/{id}"), made })
}

/// How far an import is.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "environments", operation_id = "import",
    params(("id" = i64, Path, description = "What beginning gave")), responses(
    (status = 200, body = Import),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ImportId>,
) -> Result<Json<Import>, Problem> {
    Ok(Json(app.agent.import(&caller, id).await?.into()))
}

/// Sends the file of an import: the body is the file.
#[utoipa::path(put, path = "/api/v1/imports/{id}/file", tag = "environments", operation_id = "send_import",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(("id" = i64, Path, description = "What beginning gave")), responses(
    (status = 202, description = "It came, and is imported now", body = Import),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It is too large", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn send(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ImportId>,
    request: Request,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let total = sent::announced_bytes(request.headers());
    let mut upload = app.agent.receive(&caller, id, "", total).await?;
    let (mut body, mut came) = (sent::Body::of(request), 0);
    while let Some(bytes) = body.next().await {
        came += bytes.len() as u64;
        upload.write(&bytes).await?;
    }
    // A body that ends early looks like one that ends.
    if came == 0 || (total > 0 && came != total) {
        drop(upload);
        let detail = format!("{came} bytes came; expected {total}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "body", detail)
            .fix("Begin another import and send it again."));
    }
    upload.finish().await?;
    Ok((StatusCode::ACCEPTED, Json(app.agent.import(&caller, id).await?.into())))
}

/// Asks an import to stop.
#[utoipa::path(delete, path = "/api/v1/imports/{id}", tag = "environments", operation_id = "cancel_import",
    params(("id" = i64, Path, description = "What beginning gave")), responses(
    (status = 202, description = "It stops"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cancel(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ImportId>,
) -> Result<StatusCode, Problem> {
    app.agent.cancel_import(&caller, id).await?;
    Ok(StatusCode::ACCEPTED)
}

impl From<Row> for Import {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            name: row.wish.name,
            state: row.state.as_str().to_owned(),
            done_bytes: row.done_bytes,
            total_bytes: row.total_bytes,
            problem: Some(row.problem).filter(|text| !text.is_empty()),
            by: row.by,
            started_at: row.started_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
        }
    }
}
