//! What can go wrong in the web server itself. *Pure.*

use crate::{keys, store};
use std::io;
use std::net::SocketAddr;

/// What can go wrong in the web server itself, or in its functions for the command line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be bound.
    #[error("cannot listen on {listen}; check that no other program does, or change web.listen")]
    Bind {
        /// The address and port.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The listener failed.
    #[error("the web server failed")]
    Serve(#[source] io::Error),
    /// The certificate of the pages cannot be used.
    #[error("the web port cannot speak TLS")]
    Tls(#[from] super::tls::Error),
    /// The session secret cannot be used.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The system's random source failed.
    #[error("the system's random source failed")]
    Random,
    /// A password could not be hashed or compared.
    #[error("a password could not be hashed")]
    Hash,
    /// No account has that address.
    #[error("no account has the address `{email}`; create it with `pimaster user add --email {email}`")]
    NoSuchUser {
        /// The address.
        email: String,
    },
    /// An account has that address already.
    #[error("there is an account with the address `{email}` already")]
    UserExists {
        /// The address.
        email: String,
    },
    /// A text is no e-mail address.
    #[error("`{seen}` is no e-mail address; expected one such as ada@lab.example")]
    NotAnEmail {
        /// The text.
        seen: String,
    },
}
