//! `pimaster import`. *Clap definitions only.*

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `pimaster import`.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// dnsmasq's dhcp-host lines as nodes and devices; the files it includes are read, too.
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
    /// A machine that is none, such as a switch or a printer.
    Device,
}
