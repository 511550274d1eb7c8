//! `pimaster user` and `pimaster token`. *Clap definitions only.*

use crate::model::token::{DEFAULT_DAYS, Scope};
use clap::Subcommand;

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
        /// What it may do: read, reserve, account, admin; everything if not given.
        #[arg(long, value_name = "SCOPE", num_args = 1..)]
        scope: Vec<Scope>,
        /// For how many days it works.
        #[arg(long, default_value_t = DEFAULT_DAYS, conflicts_with = "never_expires")]
        days: u32,
        /// Let it work until it is revoked.
        #[arg(long)]
        never_expires: bool,
    },
}
