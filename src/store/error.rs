//! Errors of the database. *Pure.*

use std::path::PathBuf;

/// What can go wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error(
        "cannot open the database {path}; check that the data folder exists and belongs to the user that runs pimaster"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file cannot be created, or kept from others.
    #[error(
        "cannot create the database {path} for this user alone; check that the data folder belongs to the user that runs pimaster"
    )]
    Private {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another program's database cannot be read.
    #[error(
        "cannot read {path} as a PiSeduce agent's database; expected the file named by db_url in config_agent.json, with tables rasp_node, rasp_switch, rasp_environment"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A migration failed.
    #[error("migration {number:04} failed; the database is unchanged, restore a backup or report this")]
    Migrate {
        /// Its number.
        number: u32,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was written by a newer pimaster.
    #[error(
        "the database has schema {seen}, this pimaster knows up to {known}; install the newer pimaster again"
    )]
    Newer {
        /// Schema of the file.
        seen: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// A query failed.
    #[error("a database query failed")]
    Query(#[from] rusqlite::Error),
    /// A row holds what no version of pimaster writes.
    #[error("the database holds `{seen}` where {expected} was expected")]
    Content {
        /// The value.
        seen: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// The transaction could not be committed.
    #[error("the database could not be written; check that its disk is neither full nor read-only")]
    Commit,
    /// The files that belong to a row could not be put in place, so the transaction was taken back.
    #[error("the files of the new row could not be put in place; nothing was changed")]
    Files(#[source] std::io::Error),
    /// The database's threads have ended.
    #[error("the database is closed")]
    Closed,
}

/// Result of a query.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether a UNIQUE or other constraint refused the row.
    pub fn is_constraint(&self) -> bool {
        matches!(self, Self::Query(rusqlite::Error::SqliteFailure(cause, _))
            if cause.code == rusqlite::ErrorCode::ConstraintViolation)
    }
}
