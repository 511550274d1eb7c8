//! `pimaster nfs`. *Clap definitions only.*

use clap::Subcommand;
use std::path::PathBuf;

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
