//! The integration tests: one binary, a module per subject.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails there"
)]

mod accounts;
mod agent;
mod api;
mod blocks;
mod booking;
mod boot;
mod browser;
mod clients;
mod daemon;
mod demo;
mod deployment;
mod detection;
mod discovery;
mod dns;
mod doctor;
mod explain;
mod import;
mod mail;
mod mail_server;
mod manage;
mod networks_netns;
mod node;
mod notices;
mod once;
mod pages;
mod rack;
mod routing;
mod switches;
mod test_app;
mod tidy;
mod tls;
#[path = "../vm/wire.rs"]
mod wire;
