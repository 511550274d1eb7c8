//! `pimaster image`. *Clap definitions only.*

use clap::Subcommand;
use std::path::PathBuf;

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
