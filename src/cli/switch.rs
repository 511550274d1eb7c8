//! `pimaster switch`. *Clap definitions only.*

use crate::model::rack::PETH_PSE_PORT_ADMIN_ENABLE;
use clap::{Args, Subcommand};
use std::net::{Ipv4Addr, SocketAddr};

/// `pimaster switch`.
#[derive(Debug, Subcommand)]
pub enum Switch {
    /// Enrol a PoE switch, or change the one of that name.
    Add(NewSwitch),
    /// List the switches.
    List,
    /// Remove a switch that feeds no node.
    Remove {
        /// Its name.
        name: String,
    },
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
    /// The read-write community, which is stored sealed; kept if not given again. Better given in the environment than on the command line.
    #[arg(long, env = "PIMASTER_COMMUNITY", hide_env_values = true)]
    pub community: Option<String>,
    /// The object that switches power, without the port's index.
    #[arg(long, default_value = PETH_PSE_PORT_ADMIN_ENABLE)]
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
