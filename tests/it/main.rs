//! The integration tests: one binary, a module per subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails there"
)]

mod accounts;
mod administration;
mod agent;
mod api;
mod authorisation;
mod blocks;
mod booking;
mod boot;
mod browser;
mod clients;
mod configure;
mod daemon;
mod demo;
mod deployment;
mod detection;
mod discovery;
mod dns;
mod doctor;
mod edits;
mod environments;
mod explain;
mod import;
mod mail;
mod mail_server;
mod manage;
mod networks_netns;
mod node;
mod notices;
mod once;
mod own_account;
mod pages;
mod paging;
mod queue;
mod rack;
mod routing;
mod switches;
mod test_app;
mod tidy;
mod tls;
mod tokens;
#[path = "../vm/wire.rs"]
mod wire;
