//! `pimaster node`: enrolling, and the verbs that run on a node. *Clap definitions only.*

use super::ConfigFile;
use clap::{Args, Subcommand};
use std::net::Ipv4Addr;
use std::path::PathBuf;

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
