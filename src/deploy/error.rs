//! pimaster's own failures in deployments; a node's failures are data. *Pure.*

use crate::{keys, store};

/// What can go wrong in pimaster itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// pimaster's key is none for the SSH client.
    #[error(transparent)]
    SshKey(#[from] super::ssh::NoSshKey),
    /// The system's random source failed.
    #[error("cannot make a token for the image: the system gives no random bytes")]
    Random,
    /// pimaster is being stopped.
    #[error("the work was stopped in the middle")]
    Stopped,
}
