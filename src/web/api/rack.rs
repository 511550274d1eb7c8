//! The nodes of the rack in the API, for administrators. *IO: through the agent.*

use super::bearer::Administrator;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use crate::agent;
use crate::model::agent::{Caller, RackNode};
use crate::model::node::NodeName;
use crate::web::forms::enrol::Enrol;
use crate::web::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What administrators set of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeSettings {
    /// Its name.
    name: String,
    /// Its hardware address.
    mac: String,
    /// Its IPv4 address.
    address: String,
    /// The word of its model, such as `pi4b`.
    model: String,
    /// The switch that feeds it.
    switch: Option<String>,
    /// The port that feeds it.
    port: Option<u16>,
}

/// What shall be set of a node.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetNode {
    /// Its name.
    name: String,
    /// Its IPv4 address.
    address: String,
    /// The word of its model.
    model: String,
    /// The switch that feeds it; with `port`. No port if both are left out.
    switch: Option<String>,
    /// The port that feeds it.
    port: Option<u16>,
}

/// What administrators set of a node. For administrators.
#[utoipa::path(get, path = "/api/v1/nodes/{name}/settings", tag = "nodes", operation_id = "get_node_settings",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 200, body = NodeSettings, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<Tagged<NodeSettings>, Problem> {
    Ok(tagged(&find(&app, &caller, &node).await?))
}

/// Sets name, address, model and port of a node. For administrators.
#[utoipa::path(put, path = "/api/v1/nodes/{name}/settings", tag = "nodes", operation_id = "set_node_settings",
    request_body = SetNode, params(("name" = String, Path, description = "The node's name"), IfMatchHeader),
    responses(
    (status = 200, body = NodeSettings, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Something of it is taken, or the node is in use", body = Problem,
     content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
    IfMatch(seen): IfMatch,
    JsonBody(wish): JsonBody<SetNode>,
) -> Result<Tagged<NodeSettings>, Problem> {
    let present = find(&app, &caller, &node).await?;
    // Judged as the page judges it.
    let form = Enrol {
        name: wish.name,
        address: wish.address,
        model: wish.model,
        switch: wish.switch.unwrap_or_default(),
        port: wish.port.map(|port| port.to_string()).unwrap_or_default(),
        ..Enrol::default()
    };
    let wish = form.judge(present.mac).map_err(|errors| Problem::of_form(&errors))?;
    let name = app.agent.change_node(&caller, &node, wish, seen).await?;
    Ok(tagged(&find(&app, &caller, &name).await?))
}

/// Takes a node out of the rack if nobody has reserved it; the history keeps it. For administrators.
#[utoipa::path(delete, path = "/api/v1/nodes/{name}", tag = "nodes", operation_id = "retire_node",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 204, description = "Retired"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Somebody has reserved it", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn retire(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<StatusCode, Problem> {
    app.agent.retire(&caller, &node).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, caller: &Caller, name: &NodeName) -> Result<RackNode, Problem> {
    let found = app.agent.rack(caller).await?.into_iter().find(|node| node.node.name == *name);
    Ok(found.ok_or_else(|| agent::Error::NoSuchNode { name: name.to_string() })?)
}

fn tagged(node: &RackNode) -> Tagged<NodeSettings> {
    let settings = NodeSettings {
        name: node.node.name.to_string(),
        mac: node.mac.to_string(),
        address: node.node.address.to_string(),
        model: node.node.model.as_str().to_owned(),
        switch: node.port.as_ref().map(|port| port.switch.clone()),
        port: node.port.as_ref().map(|port| port.port),
    };
    Tagged(node.version(), settings)
}
