//! The command line: clap definitions only, one file per noun. `commands` runs them.

mod ctl;
mod demo;
mod device;
mod doctor;
mod image;
mod import;
mod nfs;
mod node;
mod people;
mod switch;

pub use ctl::{Ctl, CtlCommand, DeployOptions, ForNode, ReserveOptions};
pub use demo::Demo;
pub use device::{Device, NewDevice};
pub use doctor::Doctor;
pub use image::Image;
pub use import::{HostKind, Import, ImportOptions};
pub use nfs::Nfs;
pub use node::{Card, NewNames, NewNode, Node};
pub use people::{Token, User};
pub use switch::{NewSwitch, Switch};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// One binary that network-boots, reserves, installs and hands over a rack of Raspberry Pis.
#[derive(Debug, Parser)]
#[command(name = "pimaster", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: DHCP, TFTP, pages, API and deployments.
    Serve(ConfigFile),
    /// Judge a settings file: every problem with its key, exit status 64 if there is one.
    CheckConfig(ConfigFile),
    /// Run a demonstration rack on loopback, without root: simulated boards, real protocols.
    Demo(Demo),
    /// Prepare the system that nodes install from.
    Nfs {
        /// What to do with it.
        #[command(subcommand)]
        command: Nfs,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Import, list and remove the images that can be deployed.
    Image {
        /// What to do with images.
        #[command(subcommand)]
        command: Image,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Bring in what dnsmasq or PiSeduce knows of the rack.
    Import {
        /// From what.
        #[command(subcommand)]
        command: Import,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Enrol nodes; or run a verb on the node itself.
    Node {
        /// What to do with nodes.
        #[command(subcommand)]
        command: Node,
    },
    /// Enrol switches that feed nodes.
    Switch {
        /// What to do with switches.
        #[command(subcommand)]
        command: Switch,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Find the boards at ports of a switch, with a log; the daemon does it, also if this command is ended.
    ///
    /// Exit status 0 if every port was tried and has the power it had, 1 if not: it failed, or somebody stopped it.
    Detect {
        /// The switch.
        #[arg(long)]
        switch: String,
        /// The ports, such as 1-8,12.
        #[arg(long)]
        ports: String,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Give fixed addresses to machines that are no nodes, such as the switch.
    Device {
        /// What to do with devices.
        #[command(subcommand)]
        command: Device,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Create accounts.
    User {
        /// What to do with accounts.
        #[command(subcommand)]
        command: User,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Create tokens for the API.
    Token {
        /// What to do with tokens.
        #[command(subcommand)]
        command: Token,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Prove a set-up from this machine: settings, network, ports, NFS, switches, and a simulated Pi 4 that boots.
    ///
    /// Exit status: 0 nothing failed (warnings included), 2 something failed, 1 the doctor itself failed, 64 the
    /// settings or the options are wrong.
    Doctor(Doctor),
    /// Reserve, deploy, follow and end from anywhere: a client of the API, for people and scripts.
    Ctl(Ctl),
    /// Print the OpenAPI document of the API.
    Openapi,
}

/// Where the settings are.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// The settings file.
    #[arg(
        long = "config",
        value_name = "FILE",
        global = true,
        default_value = "/etc/pimaster/pimaster.toml"
    )]
    pub path: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }
}
