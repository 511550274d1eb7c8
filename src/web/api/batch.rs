//! The same asked of several nodes, in the API. *IO: through the agent.*

use super::bearer::Bearer;
use super::json::JsonBody;
use super::problem::Problem;
use crate::model::deployment::Request;
use crate::model::node::{NodeName, NotANodeName};
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most nodes of one request.
const MOST_NODES: usize = 1000;

/// A wish for several nodes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// `hard_reboot`, `deploy_again` or `destroy`.
    #[schema(example = "hard_reboot")]
    request: String,
    /// The nodes.
    #[schema(example = json!(["pi-01", "pi-02"]))]
    nodes: Vec<String>,
}

/// What happened to one node of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outcome {
    /// The node.
    node: String,
    /// Whether it will be taken up.
    accepted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// Asks the same of several nodes. Each is judged alone: what is refused for one is still asked of the others, and the
/// answer says for each what happened.
#[utoipa::path(post, path = "/api/v1/nodes/requests", tag = "nodes", operation_id = "request_each",
    request_body = Batch, responses(
    (status = 200, description = "For each node what happened, by name", body = [Outcome]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong; nothing was asked", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn request_each(
    Bearer(caller): Bearer,
    State(app): State<App>,
    JsonBody(Batch { request, nodes }): JsonBody<Batch>,
) -> Result<Json<Vec<Outcome>>, Problem> {
    let Some(request) = Request::from_word(&request) else {
        let detail = format!("`{request}` is no request; expected hard_reboot, deploy_again or destroy");
        return Err(Problem::field("request", detail, "Choose one of them."));
    };
    if nodes.is_empty() || nodes.len() > MOST_NODES {
        let detail = format!("nodes has {} names; expected 1 to {MOST_NODES}", nodes.len());
        return Err(Problem::field("nodes", detail, "Name the nodes, some at a time."));
    }
    let parse = |(at, name): (usize, &String)| {
        name.parse::<NodeName>().map_err(|error: NotANodeName| {
            let fix = "Take a name from the list of nodes.";
            Problem::field(&format!("nodes[{at}]"), error.to_string(), fix)
        })
    };
    let nodes = nodes.iter().enumerate().map(parse).collect::<Result<Vec<_>, _>>()?;
    let outcomes = app.agent.request_each(&caller, &nodes, request).await?;
    let outcome = |(node, outcome): (NodeName, crate::agent::Result<()>)| Outcome {
        node: node.to_string(),
        accepted: outcome.is_ok(),
        problem: outcome.err().map(Problem::from),
    };
    Ok(Json(outcomes.into_iter().map(outcome).collect()))
}
