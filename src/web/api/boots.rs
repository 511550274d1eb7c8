//! How nodes boot, in the API. *IO: through the agent.*

use super::bearer::Bearer;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use crate::model::boot_event::{BootEvent, BootRecord};
use crate::model::dhcp_option::DhcpOption;
use crate::model::explanation::{BootView, Explanation};
use crate::model::node::NodeName;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A node's latest boot: what it did, and what that means.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Boot {
    /// The node.
    node: String,
    /// The word of its model, such as `pi4b`.
    model: String,
    /// Its IPv4 address.
    address: String,
    /// Where it is to boot: `installer`, `local` or `environment`.
    boot_target: String,
    /// The boot order in its EEPROM as it was last read, such as `network, card, again (0xf12)`; null if it never was.
    boot_order: Option<String>,
    /// What is wrong with that order and what to do; null if nothing.
    boot_order_warning: Option<String>,
    /// When the boot began, RFC 3339; null if nothing was heard of the node.
    #[schema(format = DateTime)]
    began: Option<String>,
    /// What the events mean.
    explanation: Explained,
    /// The boot's events, oldest first.
    events: Vec<Seen>,
}

/// A boot in a sentence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(super) struct Explained {
    /// Names what was recognised, such as `no_request`, `under_way` or `came_up`.
    signature: String,
    /// `off`, `under_way`, `up`, `warning` or `trouble`.
    outlook: String,
    /// What happened.
    sentence: String,
    /// What to do; null if nothing.
    fix: Option<String>,
    /// The events that say so, by their ids.
    evidence: Vec<i64>,
}

/// One event of a boot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BootEvent)]
pub(super) struct Seen {
    /// Names it as evidence.
    id: i64,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// `power`, `dhcp`, `file`, `nfs`, `ssh` or `console`.
    kind: String,
    /// What happened, in a line.
    text: String,
    /// The options of a DHCP message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<NamedOption>,
    /// The options of its answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answer_options: Vec<NamedOption>,
    /// Bytes of a file that arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// How long a file took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    millis: Option<u64>,
    /// How often packets of a file were sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<u32>,
}

/// A DHCP option.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DhcpOption)]
pub(super) struct NamedOption {
    /// Its code.
    code: u8,
    /// Its name in the RFCs.
    name: String,
    /// Its value as text.
    value: String,
}

/// How a node boots: its latest boot, every event of it, and what they mean. For administrators and for whoever has
/// the node now.
#[utoipa::path(get, path = "/api/v1/nodes/{name}/boot", tag = "nodes", operation_id = "explain_boot",
    params(("name" = String, Path, description = "The node's name")), responses(
    (status = 200, body = Boot),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(node): Named<NodeName>,
) -> Result<Json<Boot>, Problem> {
    Ok(Json(app.agent.boot(&caller, &node).await?.into()))
}

/// Every event of a node's latest boot, the oldest first. For administrators and for whoever has the node now.
#[utoipa::path(get, path = "/api/v1/nodes/{name}/boot/events", tag = "nodes", operation_id = "list_boot_events",
    params(("name" = String, Path, description = "The node's name"), PageQuery), responses(
    (status = 200, body = [Seen]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(node): Named<NodeName>,
    paging: Paging,
) -> Result<Paged<Seen>, Problem> {
    let events = app.agent.boot(&caller, &node).await?.events;
    Ok(paging.cut(events, |event| event.id)?.map(Seen::from))
}

/// The same document for the command line.
pub fn boot_json(view: BootView) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Boot::from(view))
}

impl From<BootView> for Boot {
    fn from(view: BootView) -> Self {
        Self {
            node: view.node.to_string(),
            model: view.model.as_str().to_owned(),
            address: view.address.to_string(),
            boot_target: view.boot_target.as_str().to_owned(),
            boot_order: view.boot_order.map(|order| order.to_string()),
            boot_order_warning: view.order_warning(),
            began: view.began.map(|at| at.to_string()),
            explanation: view.explanation.into(),
            events: view.events.into_iter().map(Seen::from).collect(),
        }
    }
}

impl From<Explanation> for Explained {
    fn from(explanation: Explanation) -> Self {
        let Explanation { signature, outlook, sentence, fix, evidence } = explanation;
        let (signature, outlook) = (signature.to_owned(), outlook.as_str().to_owned());
        Self { signature, outlook, sentence, fix, evidence }
    }
}

impl From<BootRecord> for Seen {
    fn from(record: BootRecord) -> Self {
        let (mut options, mut answer_options) = (Vec::new(), Vec::new());
        let (mut bytes, mut millis, mut repeats) = (None, None, None);
        match &record.event {
            BootEvent::Dhcp(exchange) => {
                options = exchange.options.iter().map(NamedOption::from).collect();
                answer_options = exchange.answer.options().iter().map(NamedOption::from).collect();
            }
            BootEvent::File(file) => {
                (bytes, millis, repeats) = (Some(file.bytes), Some(file.millis), Some(file.repeats));
            }
            BootEvent::Power { .. }
            | BootEvent::PowerRefused { .. }
            | BootEvent::Doubt { .. }
            | BootEvent::NfsMount { .. }
            | BootEvent::Ssh { .. }
            | BootEvent::Console { .. } => {}
        }
        let (kind, text) = (record.event.kind().as_str().to_owned(), record.event.to_string());
        let (id, at) = (record.id, record.at.to_string());
        Self { id, at, kind, text, options, answer_options, bytes, millis, repeats }
    }
}

impl From<&DhcpOption> for NamedOption {
    fn from(option: &DhcpOption) -> Self {
        Self { code: option.0, name: option.name().to_owned(), value: option.1.clone() }
    }
}
