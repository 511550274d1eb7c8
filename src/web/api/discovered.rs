//! Machines that are no nodes yet, and the names of nodes, in the API. *IO: through the agent.*

use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use crate::model::discovery::{DiscoveredView, EnrolWish, PortName, PortWish, RenameWish};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt::Display;
use std::str::FromStr;
use utoipa::ToSchema;

/// A machine that asked for an address and is no node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Discovered {
    /// Its hardware address.
    mac: String,
    /// What it is, as people call it.
    shown: String,
    /// Whether its requests are those of a Raspberry Pi.
    board: bool,
    /// The word of its model, such as `pi4b`, or `unknown`.
    model: String,
    /// Its memory in MiB, if its revision code tells.
    memory_mib: Option<u32>,
    /// Its revision code in hex.
    revision: Option<String>,
    /// Its serial number in hex.
    serial: Option<String>,
    /// Option 60 of its request.
    vendor_class: Option<String>,
    /// Option 93 of its request.
    architecture: Option<u16>,
    /// Option 97 of its request in hex.
    machine_id: Option<String>,
    /// Option 12 of its request.
    host_name: Option<String>,
    /// An address in the network behind the DHCP relay through which it was heard; null if it was heard directly.
    relay: Option<String>,
    /// When it first asked, RFC 3339.
    #[schema(format = DateTime)]
    first_at: String,
    /// When it last asked, RFC 3339.
    #[schema(format = DateTime)]
    last_at: String,
    /// How often it asked.
    requests: u64,
    /// The switch that it was found at.
    switch: Option<String>,
    /// The port that it was found at.
    port: Option<u16>,
    /// The name it gets if none is given.
    proposed_name: Option<String>,
    /// The address it gets if none is given.
    proposed_address: Option<String>,
    /// The node that has its port already.
    port_of: Option<String>,
}

/// A machine to make a node of. What is left out is taken from what was seen and what is free.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrol {
    /// Its hardware address.
    #[schema(example = "dc:a6:32:01:02:03")]
    mac: String,
    /// Its name.
    name: Option<String>,
    /// Its IPv4 address.
    address: Option<String>,
    /// The word of its model.
    model: Option<String>,
    /// Its serial number in hex.
    serial: Option<String>,
    /// The switch that feeds it; left out together with the port, the one it was found at.
    switch: Option<String>,
    /// The port that feeds it.
    port: Option<u16>,
}

/// The node that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Enrolled {
    /// Its name.
    name: String,
}

/// The board that takes a node's place.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// Its hardware address.
    mac: String,
}

/// Names to give: one node's, or everybody's.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// The node; with `to`.
    node: Option<String>,
    /// Its new name.
    to: Option<String>,
    /// Instead of both: every node gets this and the last number of its address.
    prefix: Option<String>,
}

/// A node that has another name now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Renamed {
    /// The name before.
    from: String,
    /// The name now.
    to: String,
}

/// Every machine that asked for an address and is no node, the latest first. For administrators.
#[utoipa::path(get, path = "/api/v1/discovered", tag = "discovered", operation_id = "list_discovered",
    params(PageQuery), responses(
    (status = 200, body = [Discovered]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Administrator(caller): Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Discovered>, Problem> {
    let found = app.agent.discovered(&caller).await?;
    Ok(paging.cut(found, |it| (Reverse(it.last_at), it.mac.to_string()))?.map(Discovered::from))
}

/// Forgets a machine until it asks again. For administrators.
#[utoipa::path(delete, path = "/api/v1/discovered/{mac}", tag = "discovered", operation_id = "forget_discovered",
    params(("mac" = String, Path, description = "The machine's hardware address")), responses(
    (status = 204, description = "Forgotten"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn forget(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(mac): Named<MacAddr>,
) -> Result<StatusCode, Problem> {
    app.agent.forget(&caller, mac).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a machine a node, seen or not. For administrators.
#[utoipa::path(post, path = "/api/v1/nodes", tag = "nodes", operation_id = "enrol_node", request_body = Enrol,
    responses(
    (status = 201, body = Enrolled),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Something of it is taken", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enrol(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(wish): JsonBody<Enrol>,
) -> Result<Created<Enrolled>, Problem> {
    let name = app.agent.enrol(&caller, wish.judge()?).await?;
    let made = Enrolled { name: name.to_string() };
    Ok(Created { at: "/api/v1/nodes".to_owned(), made })
}

/// Puts a discovered board in a node's place: name, address and port stay. For administrators.
#[utoipa::path(put, path = "/api/v1/nodes/{name}/board", tag = "nodes", operation_id = "replace_board",
    request_body = Replace, params(("name" = String, Path, description = "The node's name")), responses(
    (status = 204, description = "Replaced"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The node is in use", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn replace_board(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(node): Named<NodeName>,
    JsonBody(wish): JsonBody<Replace>,
) -> Result<StatusCode, Problem> {
    app.agent.replace_board(&caller, &node, parse("mac", &wish.mac)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Renames one node, or all, or none if a name would be given twice. For administrators.
#[utoipa::path(post, path = "/api/v1/nodes/rename", tag = "nodes", operation_id = "rename_nodes",
    request_body = Rename, responses(
    (status = 200, description = "What was renamed", body = [Renamed]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A name is taken, or a node is in use", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn rename(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(wish): JsonBody<Rename>,
) -> Result<Json<Vec<Renamed>>, Problem> {
    let renamed = app.agent.rename(&caller, wish.judge()?).await?;
    let step = |step: crate::model::discovery::Renamed| Renamed {
        from: step.from.to_string(),
        to: step.to.to_string(),
    };
    Ok(Json(renamed.into_iter().map(step).collect()))
}

impl Enrol {
    /// The wish in the vocabulary.
    fn judge(self) -> Result<EnrolWish, Problem> {
        Ok(EnrolWish {
            mac: parse("mac", &self.mac)?,
            name: optional("name", self.name)?,
            address: optional("address", self.address)?,
            model: optional("model", self.model)?,
            serial: optional("serial", self.serial)?,
            port: match (self.switch, self.port) {
                (Some(switch), Some(port)) => PortWish::At(PortName { switch, port }),
                (None, None) => PortWish::AsFound,
                (Some(_), None) => return Err(lacks("port", "switch")),
                (None, Some(_)) => return Err(lacks("switch", "port")),
            },
        })
    }
}

impl Rename {
    /// The wish in the vocabulary.
    fn judge(self) -> Result<RenameWish, Problem> {
        match (self.node, self.to, self.prefix) {
            (None, None, Some(prefix)) => Ok(RenameWish::All { prefix }),
            (Some(node), Some(to), None) => {
                Ok(RenameWish::One { node: parse::<NodeName>("node", &node)?, to: parse("to", &to)? })
            }
            (_, _, _) => {
                let detail = "expected `node` and `to`, or `prefix` alone";
                Err(Problem::field("node", detail, "Name one node and its new name, or a prefix for all."))
            }
        }
    }
}

impl From<DiscoveredView> for Discovered {
    fn from(view: DiscoveredView) -> Self {
        let DiscoveredView { mac, first_at, last_at, requests, observation, port, proposal } = view;
        Self {
            mac: mac.to_string(),
            shown: observation.shown(),
            board: observation.is_board,
            model: observation.model().as_str().to_owned(),
            memory_mib: observation.revision.and_then(|revision| revision.memory_mib()),
            revision: observation.revision.map(|revision| revision.to_string()),
            serial: observation.serial.map(|serial| serial.to_string()),
            vendor_class: observation.vendor_class,
            architecture: observation.architecture,
            machine_id: observation.machine_id,
            host_name: observation.host_name,
            relay: observation.relay.map(|relay| relay.to_string()),
            first_at: first_at.to_string(),
            last_at: last_at.to_string(),
            requests,
            switch: port.as_ref().map(|port| port.switch.clone()),
            port: port.map(|port| port.port),
            proposed_name: proposal.name.map(|name| name.to_string()),
            proposed_address: proposal.address.map(|address| address.to_string()),
            port_of: proposal.holder.map(|name| name.to_string()),
        }
    }
}

fn optional<T: FromStr<Err: Display>>(field: &str, text: Option<String>) -> Result<Option<T>, Problem> {
    text.map(|text| parse(field, &text)).transpose()
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| {
        let detail = format!("`{text}` cannot be the {field}: {error}");
        Problem::field(field, detail, "See /api/v1/openapi.json for the fields and their types.")
    })
}

fn lacks(field: &str, other: &str) -> Problem {
    Problem::field(
        field,
        format!("`{field}` is missing; expected it with `{other}`"),
        "Give both, or neither.",
    )
}
