//! Devices that are no nodes in the API, for administrators. *IO: through the agent.*

use super::answers::time;
use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use crate::agent;
use crate::model::device::{self, NewDevice};
use crate::model::node::NodeName;
use crate::web::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

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

/// Gives a device that is no node a fixed address. For administrators.
#[utoipa::path(post, path = "/api/v1/devices", tag = "network", operation_id = "add_device",
    request_body = AddDevice, responses(
    (status = 201, body = Device),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A name or address is taken", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add(
    Administrator(caller): Administrator,
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
    Ok(Created { at: format!("/api/v1/devices/{}", made.name), made })
}

/// Machines with fixed addresses that are no nodes, by name. For administrators.
#[utoipa::path(get, path = "/api/v1/devices", tag = "network", operation_id = "list_devices", params(PageQuery),
    responses(
    (status = 200, body = [Device]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Administrator(caller): Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Device>, Problem> {
    let devices = app.agent.network(&caller).await?.devices;
    Ok(paging.cut(devices, |device| device.name.to_string())?.map(Device::from))
}

/// One device. For administrators.
#[utoipa::path(get, path = "/api/v1/devices/{name}", tag = "network", operation_id = "get_device",
    params(("name" = String, Path, description = "The device's name")), responses(
    (status = 200, body = Device, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(name): Named<NodeName>,
) -> Result<Tagged<Device>, Problem> {
    let devices = app.agent.network(&caller).await?.devices;
    let found = devices.into_iter().find(|device| device.name == name);
    let found = found.ok_or_else(|| agent::Error::NotKnown { what: name.to_string() })?;
    Ok(Tagged(found.version(), found.into()))
}

/// Takes a device's fixed address away. For administrators.
#[utoipa::path(delete, path = "/api/v1/devices/{name}", tag = "network", operation_id = "remove_device",
    params(("name" = String, Path, description = "The device's name"), IfMatchHeader), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(name): Named<NodeName>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    app.agent.remove_device(&caller, &name, seen).await?;
    Ok(StatusCode::NO_CONTENT)
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
