//! What `pimaster doctor` is told. *Clap definitions only.*

use super::ConfigFile;
use crate::model::check::Check;
use clap::Args;

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
