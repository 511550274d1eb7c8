//! `pimaster ctl`: the client of the API. *Clap definitions only.*

use crate::model::node::{NodeName, NotANodeName};
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

/// The statuses, as they stand in the help.
const STATUSES: &str = "\
Exit status:
  0    done; with --wait: every node is deployed
  1    could not be done, or is not in a state for it; with --wait: a node is not deployed
  64   the options, a value or the stored login is wrong (EX_USAGE)
  69   pimaster cannot be reached, or fails (EX_UNAVAILABLE)
  75   not free now: may work later (EX_TEMPFAIL)
  77   the token is not accepted, lacks a scope, or may not do this (EX_NOPERM)
  130  Ctrl-C while waiting; the reservation stays
  `ssh` ends with the status of ssh.

Environment: PIMASTER_URL, PIMASTER_TOKEN.";

/// `pimaster ctl`.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct Ctl {
    /// Where pimaster is, such as http://pimaster:9000; the one of the stored login if not given.
    #[arg(long, global = true, env = "PIMASTER_URL", value_name = "URL")]
    pub url: Option<String>,
    /// A file that holds the token; $PIMASTER_TOKEN, then the stored login, if not given.
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print the answer of the API in place of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: CtlCommand,
}

/// What the client does.
#[derive(Debug, Clone, Subcommand)]
pub enum CtlCommand {
    /// Check a token and store it with the address: from --token-file, $PIMASTER_TOKEN or standard input.
    Login,
    /// List the nodes, and who has them.
    Nodes,
    /// List what can be deployed.
    Environments,
    /// Reserve nodes and, with --env, say what shall be put on them.
    Reserve(Box<ReserveOptions>),
    /// List the reservations that are not over; or show one with its nodes.
    Status {
        /// The reservation.
        id: Option<i64>,
    },
    /// Sign in to a deployed node with OpenSSH's client, which accepts only the host key that pimaster names.
    Ssh {
        /// The node.
        node: NodeName,
        /// The private key, if it is not one that ssh finds by itself.
        #[arg(short, long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// What to run there in place of a shell.
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Make a reservation longer, never over somebody else's.
    Extend {
        /// The reservation.
        id: i64,
        /// By how many hours.
        #[arg(long)]
        hours: u32,
    },
    /// End a reservation; or take down one node of it.
    Destroy {
        /// The reservation's number, or the node's name.
        #[arg(value_name = "ID|NODE")]
        target: String,
    },
}

/// What to reserve, and what to put on it.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["count", "node"])))]
pub struct ReserveOptions {
    /// So many free nodes.
    #[arg(short = 'n', long)]
    pub count: Option<u32>,
    /// Of that model, such as pi4b.
    #[arg(long, requires = "count")]
    pub model: Option<String>,
    /// These nodes.
    #[arg(long, value_name = "NODE", num_args = 1..)]
    pub node: Vec<NodeName>,
    /// Take fewer if there are not enough.
    #[arg(long)]
    pub as_many_as_possible: bool,
    /// If there are not enough, wait in the queue until there are.
    #[arg(long, requires = "count", conflicts_with_all = ["start", "as_many_as_possible"])]
    pub wait_for_nodes: bool,
    /// For how many hours.
    #[arg(long)]
    pub hours: u32,
    /// From when, such as 2026-03-01T14:00:00Z; now if not given.
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// What the reservation is called.
    #[arg(long, default_value = "ctl")]
    pub name: String,
    /// What to put on them.
    #[command(flatten)]
    pub deploy: DeployOptions,
}

/// What to put on reserved nodes.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("what").args(["env", "template"]).multiple(true)))]
pub struct DeployOptions {
    /// The environment; without one the nodes are only held, for some minutes.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// A template of the account, saved on the page; other options go before what is in it.
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Another environment for one node; can be given for several.
    #[arg(long, value_name = "NODE=NAME", value_parser = for_node, requires = "what")]
    pub env_for: Vec<ForNode>,
    /// Another size of the root partition for one node.
    #[arg(long, value_name = "NODE=SIZE", value_parser = for_node, requires = "what")]
    pub size_for: Vec<ForNode>,
    /// Files of public SSH keys beside those of the account.
    #[arg(long, value_name = "FILE", requires = "what")]
    pub key: Vec<PathBuf>,
    /// A script to run at the end, as root.
    #[arg(long, value_name = "FILE", requires = "what")]
    pub script: Option<PathBuf>,
    /// Read the system password from standard input; one is made and printed if not given.
    #[arg(long, requires = "what")]
    pub password_stdin: bool,
    /// How large the root partition becomes, such as 5GB; the whole card if not given.
    #[arg(long, requires = "what")]
    pub size: Option<String>,
    /// Update the packages of the system.
    #[arg(long, requires = "what")]
    pub update: bool,
    /// Follow the deployment until every node is deployed or failed.
    #[arg(long, requires = "what")]
    pub wait: bool,
}

/// What is otherwise on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForNode {
    /// The node.
    pub node: NodeName,
    /// What it gets.
    pub value: String,
}

fn for_node(text: &str) -> Result<ForNode, String> {
    let (node, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`; expected NODE=VALUE"))?;
    let node = node.parse().map_err(|error: NotANodeName| error.to_string())?;
    Ok(ForNode { node, value: value.to_owned() })
}
