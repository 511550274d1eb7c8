//! The networks in the API, for administrators. *IO: through the agent.*

use super::answers::time;
use super::bearer::Administrator;
use super::devices::Device;
use super::path::{Named, NamedTwo};
use super::problem::Problem;
use crate::agent;
use crate::model::network::{self, ForeignServer, LeaseView, NetworkView, NoticeKind, StoredNotice};
use crate::model::routing;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::net::Ipv4Addr;
use utoipa::ToSchema;

/// The networks: how they are served, other DHCP servers, what is wrong, devices, leases.
#[utoipa::path(get, path = "/api/v1/network", tag = "network", operation_id = "get_network", responses(
    (status = 200, body = Networks),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    Administrator(caller): Administrator,
    State(app): State<App>,
) -> Result<Json<Networks>, Problem> {
    Ok(Json(Networks::from(app.agent.network(&caller).await?)))
}

/// Forgets a notice that was dealt with; it comes again if it is still true. For administrators.
#[utoipa::path(delete, path = "/api/v1/notices/{kind}/{subject}", tag = "network", operation_id = "forget_notice",
    params(("kind" = String, Path, description = "The notice's kind"),
    ("subject" = String, Path, description = "What it is about")), responses(
    (status = 204, description = "Forgotten"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn forget_notice(
    Administrator(caller): Administrator,
    State(app): State<App>,
    NamedTwo(kind, subject): NamedTwo<String, String>,
) -> Result<StatusCode, Problem> {
    let known = NoticeKind::from_word(&kind).ok_or(agent::Error::NotKnown { what: kind })?;
    app.agent.forget_notice(&caller, known, &subject).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a foreign DHCP server; it comes again if it still answers. For administrators.
#[utoipa::path(delete, path = "/api/v1/foreign-servers/{address}", tag = "network",
    operation_id = "forget_server", params(("address" = String, Path, description = "The server's address")),
    responses(
    (status = 204, description = "Forgotten"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn forget_server(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(address): Named<Ipv4Addr>,
) -> Result<StatusCode, Problem> {
    app.agent.forget_server(&caller, address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The networks, and what is noticed in them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Networks {
    /// `authoritative`, `proxy` or `off`.
    mode: String,
    /// The interface to the nodes.
    interface: Option<String>,
    /// pimaster's own address.
    address: String,
    /// The network at the interface, then those behind relays.
    subnets: Vec<Subnet>,
    /// How nodes reach the outside through pimaster; null if they do not.
    routing: Option<Routing>,
    /// DHCP servers that are not this pimaster, the last seen first.
    foreign_servers: Vec<Server>,
    /// What is wrong, the last seen first.
    notices: Vec<Notice>,
    /// Machines with fixed addresses that are no nodes.
    devices: Vec<Device>,
    /// Who has which address.
    leases: Vec<Lease>,
}

/// A network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subnet {
    /// Such as `10.20.0.0/24`.
    subnet: String,
    /// Its router.
    router: Option<String>,
}

/// Routing for the nodes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Routing {
    /// The interface to the outside.
    uplink: String,
    /// Whether the outside sees pimaster's address in place of the nodes'.
    masquerade: bool,
}

/// A DHCP server that is not this pimaster.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Server {
    /// Its address.
    address: String,
    /// Its hardware address; unknown if only clients spoke of it.
    mac: Option<String>,
    /// What it offered, or how it was noticed.
    offered: String,
    /// When it was first noticed, RFC 3339.
    #[schema(format = DateTime)]
    first_at: String,
    /// When it was last noticed, RFC 3339.
    #[schema(format = DateTime)]
    last_at: String,
}

/// Something that is wrong with the network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Notice {
    /// `duplicate_address` or `hold_off`.
    kind: String,
    /// The address or node that it is about.
    subject: String,
    /// What was seen.
    seen: String,
    /// What to do.
    advice: String,
    /// When it was first seen, RFC 3339.
    #[schema(format = DateTime)]
    first_at: String,
    /// When it was last seen, RFC 3339.
    #[schema(format = DateTime)]
    last_at: String,
    /// How often.
    times: u64,
}

/// Who has an address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Lease {
    /// The address.
    address: String,
    /// Who holds it.
    mac: String,
    /// The node.
    node: Option<String>,
    /// `offered`, `bound`, `released` or `declined`.
    state: String,
    /// When it ends, RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<NetworkView> for Networks {
    fn from(view: NetworkView) -> Self {
        let subnet = |network: &network::Network| Subnet {
            subnet: network.subnet.to_string(),
            router: network.router.map(|router| router.to_string()),
        };
        Self {
            mode: view.networks.mode.as_str().to_owned(),
            address: view.networks.own.to_string(),
            subnets: view.networks.all().map(subnet).collect(),
            interface: view.networks.interface,
            routing: view.networks.routing.map(Routing::from),
            foreign_servers: view.servers.into_iter().map(Server::from).collect(),
            notices: view.notices.into_iter().map(Notice::from).collect(),
            devices: view.devices.into_iter().map(Device::from).collect(),
            leases: view.leases.into_iter().map(Lease::from).collect(),
        }
    }
}

impl From<routing::Routing> for Routing {
    fn from(routing: routing::Routing) -> Self {
        Self { uplink: routing.uplink.to_string(), masquerade: routing.masquerade }
    }
}

impl From<ForeignServer> for Server {
    fn from(server: ForeignServer) -> Self {
        Self {
            address: server.address.to_string(),
            mac: server.mac.map(|mac| mac.to_string()),
            offered: server.offered,
            first_at: time(server.first_at),
            last_at: time(server.last_at),
        }
    }
}

impl From<StoredNotice> for Notice {
    fn from(StoredNotice { notice, first_at, last_at, times }: StoredNotice) -> Self {
        Self {
            kind: notice.kind.as_str().to_owned(),
            subject: notice.subject,
            seen: notice.seen,
            advice: notice.advice,
            first_at: time(first_at),
            last_at: time(last_at),
            times,
        }
    }
}

impl From<LeaseView> for Lease {
    fn from(lease: LeaseView) -> Self {
        Self {
            address: lease.address.to_string(),
            mac: lease.mac.to_string(),
            node: lease.node.map(|name| name.to_string()),
            state: lease.state.to_owned(),
            expires_at: time(lease.expires_at),
        }
    }
}
