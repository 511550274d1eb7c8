//! The vocabulary of pimaster: plain data and rules that every subsystem shares.
//!
//! *Pure.* No IO and no async; only [`clock`] reads the time. In reading order: what a board is, where it
//! stands, what can be put on it, who may use it when, and how a deployment goes.
//!
//! ```text
//! board ── node ── rack/power        environment ── image
//!            │                            │
//!            └──── reservation ── deployment ── verb (what runs on the node)
//!                       │
//!                     user
//! ```

pub mod agent;
pub mod audit;
pub mod block;
pub mod board;
pub mod booking;
pub mod boot_event;
pub mod boot_order;
pub mod check;
pub mod chip;
pub mod clock;
pub mod credential;
pub mod deployment;
pub mod detection;
pub mod device;
pub mod dhcp_exchange;
pub mod dhcp_option;
pub mod discovery;
pub mod environment;
pub mod expected;
pub mod explanation;
pub mod folder;
pub mod group;
pub mod history;
pub mod icalendar;
pub mod ids;
pub mod image;
pub mod image_import;
pub mod mail;
pub mod net;
pub mod network;
pub mod node;
pub mod notification;
pub mod observation;
pub mod opening;
pub mod port_map;
pub mod power;
pub mod problem;
pub mod quarantine;
pub mod queue;
pub mod quirk;
pub mod rack;
pub mod reservation;
pub mod routing;
pub mod secret;
pub mod sharing;
pub mod ssh_key;
pub mod switch;
pub mod template;
pub mod token;
pub mod track;
pub mod user;
pub mod verb;
pub mod version;
