//! `pimaster user` and `pimaster token`. *Clap definitions only.*

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
    },
}
