//! Nodes in the API. *IO: through the agent.*

use super::answers::{Accepted, Node};
use super::bearer::Bearer;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use crate::model::deployment::Request;
use crate::model::node::NodeName;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// Every node: who has it now, and who has booked it for later.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "nodes", operation_id = "list_nodes", params(PageQuery), responses(
    (status = 200, body = [Node]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(_: Bearer, State(app): State<App>, paging: Paging) -> Result<Paged<Node>, Problem> {
    Ok(paging.cut(app.agent.nodes().await?, |node| node.name.clone())?.map(Node::from))
}

/// Switches a node off and on; the deployment goes on where it was.
#[utoipa::path(post, path = "/api/v1/nodes/{name}/hard-reboot", tag = "nodes", operation_id = "hard_reboot",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 202, body = Accepted),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn hard_reboot(
    bearer: Bearer,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    request(&bearer, &app, node, Request::HardReboot).await
}

/// Deploys the same environment on a node again, from the beginning.
#[utoipa::path(post, path = "/api/v1/nodes/{name}/deploy-again", tag = "nodes", operation_id = "deploy_again",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 202, body = Accepted),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn deploy_again(
    bearer: Bearer,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    request(&bearer, &app, node, Request::DeployAgain).await
}

/// Takes one node down: access ends, its card is wiped, it goes off. The reservation ends with its last node.
#[utoipa::path(post, path = "/api/v1/nodes/{name}/destroy", tag = "nodes", operation_id = "destroy",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 202, body = Accepted),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn destroy(
    bearer: Bearer,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    request(&bearer, &app, node, Request::Destroy).await
}

async fn request(
    Bearer(caller): &Bearer,
    app: &App,
    node: NodeName,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    app.agent.request(caller, &node, request).await?;
    let accepted = Accepted { node: node.to_string(), request: request.as_str().to_owned() };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
