//! pimaster: one binary that network-boots, reserves, installs and hands over a rack of Raspberry Pis.
//!
//! Read `ARCHITECTURE.md` for the map. The modules, in reading order: the vocabulary and the database; what
//! nodes meet on the wire; what is put on them; what drives them; what people see; what ties it together.

pub mod keys;
pub mod model;
pub mod store;

pub mod dhcp;
pub mod dns;
pub mod netconsole;
pub mod routing;
pub mod tftp;

pub mod image;
pub mod import;
pub mod nfs_prep;
pub mod node;
pub mod power;

pub mod explain;

pub mod deploy;
pub mod detect;

pub mod mail;

pub mod agent;
pub mod web;

pub mod sim;

pub mod cli;
pub mod commands;
pub mod config;
pub mod ctl;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod telemetry;

#[cfg(test)]
mod fuzz;
