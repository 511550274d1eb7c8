//! The networks in the API, for administrators. *IO: through the agent.*

use super::answers::time;
use super::bearer::Bearer;
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::device::{self, NewDevice};
use crate::model::network::{self, ForeignServer, LeaseView, NetworkView, StoredNotice};
use crate::model::node::NodeName;
use crate::model::routing;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The networks: how they are served, other DHCP servers, what is wrong, devices, leases.
#[utoipa::path(get, path = "/api/v1/network", tag = "network", operation_id = "get_network", responses(
    (status = 200, body = Networks),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(Bearer(caller): Bearer, State(app): State<App>) -> Result<Json<Networks>, Problem> {
    Ok(Json(Networks::from(app.agent.network(&caller).await?)))
}

/// Gives a device that is no node a fixed address.
#[utoipa::path(post, path = "/api/v1/devices", tag = "network", operation_id = "add_device",
    request_body = AddDevice, responses(
    (status = 201, body = Device),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A name or address is taken", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add_device(
    Bearer(caller): Bearer,
    State(app): State<App>,
    JsonBody(wish): JsonBody<AddDevice>,
) -> Result<Created<Device>, Problem> {
    let device = wish.judge()?;
    let made = Device::from(device::Device {
        name: device.name.clone(),
        mac: device.mac,
        address: device.address,
        boot: device.boot.clone(),
        seen_at: None,
    });
    app.agent.add_device(&caller, device).await?;
    Ok(Created { at: "/api/v1/network".to_owned(), made })
}

/// Takes a device's fixed address away.
#[utoipa::path(delete, path = "/api/v1/devices/{name}", tag = "network", operation_id = "remove_device",
    params(("name" = String, Path, description = "The device's name")), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn remove_device(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(name): Named<NodeName>,
) -> Result<StatusCode, Problem> {
    app.agent.remove_device(&caller, &name).await?;
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

/// A machine with a fixed address that is no node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Device {
    /// Its name.
    name: String,
    /// Its hardware address.
    mac: String,
    /// Its address.
    address: String,
    /// What it boots.
    boot: Option<DeviceBoot>,
    /// When it last asked for its address, RFC 3339.
    #[schema(format = DateTime)]
    seen_at: Option<String>,
}

/// What a device boots from the network.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceBoot {
    /// The TFTP server; pimaster if left out.
    #[serde(default)]
    server: Option<String>,
    /// The file, below `tftp/devices/` of the data folder.
    #[serde(default)]
    file: Option<String>,
    /// Files by the number of option 93, for architectures with one of their own.
    #[serde(default)]
    by_architecture: BTreeMap<u16, String>,
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

/// A device to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddDevice {
    /// Its name, also its host name.
    name: String,
    /// Its hardware address.
    mac: String,
    /// The address it shall get.
    address: String,
    /// What it boots, if it boots from the network.
    boot: Option<DeviceBoot>,
}

impl AddDevice {
    fn judge(self) -> Result<NewDevice, Problem> {
        let name = self.name.parse();
        let name = name.map_err(|error: crate::model::node::NotANodeName| wrong("name", &error))?;
        let mac = self.mac.parse().map_err(|error: crate::model::net::NotAMac| wrong("mac", &error))?;
        let address =
            |field, text: &str| text.parse().map_err(|error: std::net::AddrParseError| wrong(field, &error));
        let boot = match self.boot {
            Some(DeviceBoot { server, file, by_architecture }) => {
                let server = server.map(|text| address("boot.server", &text)).transpose()?;
                Some(device::DeviceBoot { server, file, by_architecture })
            }
            None => None,
        };
        Ok(NewDevice { name, mac, address: address("address", &self.address)?, boot })
    }
}

fn wrong(field: &str, error: &dyn std::error::Error) -> Problem {
    Problem::field(field, error.to_string(), "See /api/v1/openapi.json for the fields and their types.")
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

impl From<device::Device> for Device {
    fn from(device: device::Device) -> Self {
        let boot = device.boot.map(|boot| DeviceBoot {
            server: boot.server.map(|server| server.to_string()),
            file: boot.file,
            by_architecture: boot.by_architecture,
        });
        Self {
            name: device.name.to_string(),
            mac: device.mac.to_string(),
            address: device.address.to_string(),
            boot,
            seen_at: device.seen_at.map(time),
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
