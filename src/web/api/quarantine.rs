//! Nodes in quarantine, in the API. *IO: through the agent.*

use super::bearer::Administrator;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::node::NodeName;
use crate::web::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why a node is kept from being reserved.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepBack {
    /// What people read, one line of at most 200 characters.
    #[schema(example = "the fan is broken")]
    reason: String,
}

/// Keeps a node from being reserved; its reservations go on. Again: gives another reason. For administrators.
#[utoipa::path(put, path = "/api/v1/nodes/{name}/quarantine", tag = "nodes", operation_id = "quarantine_node",
    request_body = KeepBack, params(("name" = String, Path, description = "The node's name")), responses(
    (status = 204, description = "In quarantine"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The reason is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn begin(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
    JsonBody(KeepBack { reason }): JsonBody<KeepBack>,
) -> Result<StatusCode, Problem> {
    app.agent.quarantine(&caller, &node, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a node be reserved again. For administrators.
#[utoipa::path(delete, path = "/api/v1/nodes/{name}/quarantine", tag = "nodes", operation_id = "end_quarantine",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 204, description = "Out of quarantine"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn end(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<StatusCode, Problem> {
    app.agent.end_quarantine(&caller, &node).await?;
    Ok(StatusCode::NO_CONTENT)
}
