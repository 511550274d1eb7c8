//! What a source says, in pimaster's words. *Pure.*

use super::settings::Suggested;
use crate::model::board::BoardModel;
use crate::model::net::MacAddr;
use crate::model::rack::PowerDriver;
use std::net::Ipv4Addr;

/// Everything that one import found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Machines.
    pub(super) hosts: Vec<Host>,
    /// Switches.
    pub(super) switches: Vec<Switch>,
    /// DHCP options.
    pub(super) options: Vec<HostOption>,
    /// Environments.
    pub environments: Vec<Environment>,
    /// What belongs into pimaster.toml.
    pub settings: Suggested,
    /// What is left to people, line by line.
    pub remarks: Vec<Remark>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// File and line, or table and row.
    pub(super) origin: String,
    pub(super) name: Option<String>,
    pub(super) mac: Option<MacAddr>,
    pub(super) address: Option<Ipv4Addr>,
    /// Known to be a Raspberry Pi of that model, or of any.
    pub(super) model: Option<BoardModel>,
    pub(super) serial: Option<String>,
    /// Switch and port.
    pub(super) port: Option<(String, u16)>,
    /// Words by which options are meant for it.
    pub(super) tags: Vec<String>,
}

/// A DHCP option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostOption {
    /// File and line.
    pub(super) origin: String,
    /// Which hosts get it; all if none.
    pub(super) tag: Option<String>,
    pub(super) code: u8,
    /// Its value as pimaster.toml has it.
    pub(super) value: String,
}

/// A switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) origin: String,
    pub(super) name: String,
    pub(super) driver: PowerDriver,
    pub(super) ports: u16,
    pub(super) protected_port: Option<u16>,
}

/// An environment whose image lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// File, or table and row.
    pub origin: String,
    /// Its name.
    pub name: String,
    /// The image file's name, without a folder.
    pub file: String,
    /// The account people sign in with.
    pub ssh_user: Option<String>,
    /// One line for people.
    pub description: Option<String>,
}

/// Something that is not taken over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// File and line, or table and row.
    pub origin: String,
    /// What stands there.
    pub text: String,
    /// Why it is not taken over, and what to do.
    pub why: String,
}

impl Found {
    pub(super) fn remark(&mut self, origin: &str, text: &str, why: impl Into<String>) {
        let (origin, text) = (origin.to_owned(), text.to_owned());
        self.remarks.push(Remark { origin, text, why: why.into() });
    }
}
