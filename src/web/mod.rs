//! The pages and the API: what people and programs see of an agent's nodes.
//!
//! *IO: the web port.* Everything works without script; the one script swaps fragments when the event stream
//! says that something changed.
//!
//! ```text
//! any connection ──► door (TLS, if set) ──► router
//! browser ──► headers ──► routes/x: extract (session, CSRF) ──► forms/x: parse ──► agent ──► views/x: page
//! program ──► api/x:      extract (bearer token)            ──► api::body: parse ──► agent ──► JSON
//! ```
//!
//! Invariants: no state changes by GET; every unsafe request of a page carries its session's token; secrets
//! (sessions, links, tokens) are stored as digests; HTML is made in `views/` only, SQL in `store` only.

mod server;
mod state;

mod assets;
mod cookie;
mod deadline;
mod door;
mod error;
mod extract;
mod headers;
mod limiter;
mod multipart;
mod notices;
mod password;
mod paths;
mod reader;
mod refusal;
mod secret;
mod sent;
mod tls;
mod words;

mod accounts;
mod forms;
mod letters;
mod mail_settings;
mod notifier;
mod own_account;
mod people;
mod routes;
mod views;

mod api;

pub use accounts::{add_user, create_token, ensure_admin, set_password_link, sign_in_link};
pub use api::{boot_json, openapi};
pub use error::Error;
pub use notifier::Notifier;
pub use server::{Config, Server, router};
pub use tls::Certificate;
