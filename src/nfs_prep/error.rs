//! What can go wrong with the installer root. *Pure.*

use crate::model::problem::Problem;
use crate::{keys, store};
use std::io;
use std::path::PathBuf;

/// Why the installer root cannot be prepared or exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given cannot become an installer root, or a program refused.
    #[error("{0}")]
    Refused(Problem),
    /// A file or folder cannot be used.
    #[error("cannot {act} {path}")]
    File {
        /// What was tried: a verb.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program of the system cannot be run.
    #[error("cannot run `{program}`; {advice}")]
    Program {
        /// The program.
        program: String,
        /// How to get it.
        advice: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys cannot be read.
    #[error("the keys of the installer cannot be had")]
    Keys(#[from] keys::Error),
    /// The nodes cannot be read.
    #[error("the nodes that install cannot be looked up")]
    Store(#[from] store::Error),
}

/// Result of preparing or exporting.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal in three sentences.
    pub(super) fn refused(
        seen: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Refused(Problem::new(seen, expected, advice))
    }
}
