//! Agents: a set of nodes with one manager. The web and the API know nothing else.
//!
//! ```text
//! web, API ──► trait Agent ──► Local: rows of this pimaster's database, taken up by the deployment workers
//!                         └──► (others: a remote pimaster, Grid'5000)
//! ```
//!
//! Rights are judged here: everybody signed in sees who has a node until when; only the owner of a reservation
//! and administrators see what is on it and act on it. What a person asks becomes rows, never messages.

mod blocks;
mod contract;
mod deployments;
mod detection;
mod discovery;
mod environments;
mod error;
mod groups;

mod act;
mod boots;
mod configurations;
mod configure;
mod hindrance;
mod local;
mod look;
mod network;
mod obstacles;
mod password;
mod queue;
mod rack;
mod reserve;
mod switches;
mod upload;

pub use blocks::Blocks;
pub use boots::{Boots, boot_view};
pub use configurations::Configurations;
pub use contract::{Agent, Whose};
pub use deployments::{Deployments, Outcomes};
pub use detection::Detections;
pub use discovery::Discovery;
pub use environments::Environments;
pub use error::{Error, Kind, Result};
pub use groups::Groups;
pub use local::Local;
pub use network::NetworkAgent;
pub use obstacles::Collision;
pub use queue::{Queue, QueueKeeper};
pub use rack::Rack;
pub use switches::Switches;
pub use upload::Upload;

#[cfg(test)]
mod tests;
