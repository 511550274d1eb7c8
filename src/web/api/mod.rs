//! The API, version 1: the same as the pages, in JSON, with bearer tokens.
//!
//! *IO: through the agent.* Programs send `Authorization: Bearer pm_...`; errors are problem details (RFC 9457)
//! that name the field and say what to do. The OpenAPI document is generated from the handlers; a test compares
//! it with `assets/openapi.json`.

mod bearer;
mod created;
mod json;
mod once;
mod page;
mod path;
mod problem;
mod version;

mod answers;
mod wishes;

mod account;
mod audit;
mod batch;
mod blocks;
mod boots;
mod catalogue;
mod deployments;
mod detections;
mod devices;
mod discovered;
mod environments;
mod groups;
mod history;
mod imports;
mod mail;
mod me;
mod network;
mod nodes;
mod notifications;
mod quarantine;
mod queue;
mod rack;
mod reservations;
mod routes;
mod site;
mod switches;
mod templates;
mod tokens;
mod users;

pub use boots::boot_json;
pub(super) use problem::Problem;
pub use routes::openapi;
pub(super) use routes::router;
