//! The command line: clap definitions only. `commands` runs them.

use crate::model::check::Check;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::{Ipv4Addr, SocketAddr};
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

/// What the doctor examines.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Print one JSON document at the end instead of lines.
    #[arg(long)]
    pub json: bool,
    /// Only these checks: settings, data, database, disk, clock, interface, ports, rights, daemon, installer,
    /// export, switches, environments, foreign-dhcp, boot.
    #[arg(long, value_name = "CHECK", num_args = 1..)]
    pub only: Vec<Check>,
    /// The settings file.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Options of the demonstration rack.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// How many simulated boards.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=250))]
    pub boards: u16,
    /// TCP port of the pages and the API.
    #[arg(long, default_value_t = 9000)]
    pub port: u16,
    /// Where everything is kept; used again on the next start.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many of them, the last ones, are not enrolled: they are on and show up under Discovered.
    #[arg(long, default_value_t = 0)]
    pub undiscovered: u16,
    /// How much faster than real the boards boot.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Written as JSON when everything is ready: url, sign_in_link, token, boards.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// `pimaster nfs`.
#[derive(Debug, Subcommand)]
pub enum Nfs {
    /// Build the installer root from a running system, a folder or an OS image; idempotent.
    Prepare {
        /// `/` for this system, a folder with a root file system, or an image (.img, .img.xz).
        #[arg(long, value_name = "SOURCE")]
        from: PathBuf,
        /// Print the plan and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// The copy of pimaster for the nodes, if they are of another architecture than this machine.
        #[arg(long, value_name = "FILE")]
        node_binary: Option<PathBuf>,
    },
}

/// `pimaster image`.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// Import an image: .img, .img.xz, .img.gz, .img.zst, .zip or .tar.gz.
    Import {
        /// The file.
        file: PathBuf,
        /// The environment's name; the file's name if not given.
        #[arg(long)]
        name: Option<String>,
        /// One line for people.
        #[arg(long, default_value = "")]
        description: String,
        /// The account people sign in with; the usual one of the system if not given.
        #[arg(long)]
        ssh_user: Option<String>,
    },
    /// List the environments.
    List,
    /// Remove an environment that is not in use.
    Remove {
        /// The environment's name.
        name: String,
    },
}

/// `pimaster import`.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// dnsmasq's dhcp-host lines as nodes; the files it includes are read, too.
    Dnsmasq {
        /// Its configuration, such as /etc/dnsmasq.conf.
        file: PathBuf,
        /// How.
        #[command(flatten)]
        options: ImportOptions,
    },
    /// PiSeduce's nodes, switches and environments.
    Piseduce {
        /// The agent's database (db_url in config_agent.json), or seduce_pp's folder cluster_desc.
        source: PathBuf,
        /// The dnsmasq.conf beside it: hardware addresses stand there alone.
        #[arg(long, value_name = "FILE")]
        dnsmasq: Option<PathBuf>,
        /// Where the images are (env_path in config_agent.json); those found are imported.
        #[arg(long, value_name = "DIR")]
        images: Option<PathBuf>,
        /// How.
        #[command(flatten)]
        options: ImportOptions,
    },
}

/// How to import.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// Print what would change and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The model of boards that the source does not tell; with it hosts that look like a Raspberry Pi become nodes.
    #[arg(long)]
    pub model: Option<String>,
    /// What hosts are that nothing else tells of.
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<HostKind>,
}

/// What an imported host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostKind {
    /// A Raspberry Pi; its model is learnt at its first boot.
    Node,
}

/// `pimaster node`.
#[derive(Debug, Subcommand)]
pub enum Node {
    /// Enrol a board.
    Add {
        /// The board.
        #[command(flatten)]
        node: Box<NewNode>,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Say how a node boots: its latest boot as a timeline, and what it means; works while the daemon runs.
    Explain {
        /// The node's name.
        name: String,
        /// Print the document of the API in place of text.
        #[arg(long)]
        json: bool,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put a board that was discovered in a node's place: name, address and port stay.
    Replace {
        /// The node.
        name: String,
        /// Hardware address or serial number of the board.
        #[arg(long, value_name = "MAC|SERIAL")]
        from_discovered: String,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Rename one node, or all.
    Rename {
        /// Which.
        #[command(flatten)]
        rename: NewNames,
        /// The settings file.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List the nodes, and the unknown boards that asked for an address.
    List(ConfigFile),
    /// On a node: say what it is.
    Probe(Card),
    /// On a node: write an image to the card.
    WriteImage(Card),
    /// On a node: grow the root partition.
    Grow(Card),
    /// On a node: set host name, accounts and keys of the installed system.
    Customise(Card),
    /// On a node: flush the card and restart.
    Finish(Card),
    /// On a node: discard the whole card.
    Wipe(Card),
    /// On a node, as process 1: put a RAM overlay over the read-only root and start the system.
    OverlayInit {
        /// Handed on to the system's own first process.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

/// The card that a verb works on.
#[derive(Debug, Clone, Args)]
pub struct Card {
    /// The card's device or file; found by itself if not given.
    #[arg(long = "card", value_name = "PATH")]
    pub path: Option<PathBuf>,
}

/// What to rename.
#[derive(Debug, Clone, Args)]
pub struct NewNames {
    /// The node.
    #[arg(requires = "to")]
    pub node: Option<String>,
    /// Its new name.
    pub to: Option<String>,
    /// Every node, to the prefix and the last number of its address.
    #[arg(long, requires = "prefix", conflicts_with = "node")]
    pub all: bool,
    /// What the names begin with.
    #[arg(long, requires = "all")]
    pub prefix: Option<String>,
}

/// A board to enrol.
#[derive(Debug, Clone, Args)]
pub struct NewNode {
    /// Its hardware address.
    #[arg(long)]
    pub mac: Option<String>,
    /// The board with that hardware address or serial number among those that asked for an address.
    #[arg(long, value_name = "MAC|SERIAL", conflicts_with = "mac")]
    pub from_discovered: Option<String>,
    /// Its name, also its host name; network.node_prefix and the last number of its address if not given.
    #[arg(long)]
    pub name: Option<String>,
    /// Its model: pi3b, pi3b+, pi4b, pi400, cm4, pi5, ...; learnt from its requests if not given.
    #[arg(long)]
    pub model: Option<String>,
    /// Its address; the one of its switch port, or the next free one of network.node_ranges if not given.
    #[arg(long)]
    pub address: Option<Ipv4Addr>,
    /// Its serial number, the last 8 digits; learnt at its first boot if not given.
    #[arg(long)]
    pub serial: Option<String>,
    /// The switch that feeds it.
    #[arg(long, requires = "port")]
    pub switch: Option<String>,
    /// The switch port that feeds it.
    #[arg(long, requires = "switch")]
    pub port: Option<u16>,
}

/// `pimaster switch`.
#[derive(Debug, Subcommand)]
pub enum Switch {
    /// Enrol a PoE switch, or change the one of that name.
    Add(NewSwitch),
    /// List the switches.
    List,
}

/// A switch to enrol.
#[derive(Debug, Clone, Args)]
pub struct NewSwitch {
    /// Its name.
    #[arg(long)]
    pub name: String,
    /// Address and UDP port of its SNMP agent; without one, nobody switches power.
    #[arg(long)]
    pub address: Option<SocketAddr>,
    /// The read-write community; better given in the environment than on the command line.
    #[arg(long, env = "PIMASTER_COMMUNITY", hide_env_values = true)]
    pub community: Option<String>,
    /// The object that switches power, without the port's index.
    #[arg(long, default_value = crate::model::rack::PETH_PSE_PORT_ADMIN_ENABLE)]
    pub base_oid: String,
    /// What is added to a port's number to get its index (48 on some Linksys switches).
    #[arg(long, default_value_t = 0)]
    pub index_offset: u32,
    /// How many ports it has.
    #[arg(long)]
    pub ports: u16,
    /// The port that feeds this machine: it is never switched off.
    #[arg(long)]
    pub protected_port: Option<u16>,
    /// The address of the node at port 1; the nodes at the other ports get those that follow.
    #[arg(long)]
    pub first_address: Option<Ipv4Addr>,
}

/// `pimaster device`.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Give a machine a fixed address, and a boot file if it boots from the network.
    Add(NewDevice),
    /// List the devices.
    List,
    /// Remove a device.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A device to add.
#[derive(Debug, Clone, Args)]
pub struct NewDevice {
    /// Its name, also its host name.
    #[arg(long)]
    pub name: String,
    /// Its hardware address.
    #[arg(long)]
    pub mac: String,
    /// The address it shall get.
    #[arg(long)]
    pub address: Ipv4Addr,
    /// The file it boots, below tftp/devices/ of the data folder.
    #[arg(long, value_name = "FILE")]
    pub boot_file: Option<String>,
    /// The file for one architecture (bios, efi-x64, efi-arm64, ... or the number of option 93); may be repeated.
    #[arg(long, value_name = "ARCHITECTURE=FILE")]
    pub boot_file_for: Vec<String>,
    /// The TFTP server, if it is not pimaster.
    #[arg(long, value_name = "ADDRESS")]
    pub boot_server: Option<Ipv4Addr>,
}

/// `pimaster user`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Create an account and print the link with which its owner sets a password.
    Add {
        /// The e-mail address.
        email: String,
        /// Give it an administrator's rights.
        #[arg(long)]
        admin: bool,
    },
}

/// `pimaster token`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Create a token for the API and print it, once.
    Create {
        /// The account it acts for.
        #[arg(long, value_name = "EMAIL")]
        user: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
    },
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
