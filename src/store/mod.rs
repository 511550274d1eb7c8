//! The database: one SQLite file that holds everything pimaster knows.
//!
//! *IO: the file `pimaster.db` in the data folder.* WAL, foreign keys on, one writer thread. Each noun has a
//! file of queries; SQL stands nowhere else.
//!
//! ```text
//! write(|tx| ..)  ──► writer thread ──► one transaction, committed before the answer ──► changes (a hint)
//! read(|conn| ..) ──► reader thread ──► another connection, a consistent snapshot
//! ```
//!
//! Invariant: what `write` returned is on disk. [`Store::changes`] wakes readers after each commit and carries
//! nothing but a count.

mod changes;
mod connection;
mod convert;
mod error;
mod look;
mod migrate;

pub mod audit;
pub mod blocks;
pub mod boot_events;
pub mod credentials;
pub mod deployments;
pub mod detections;
pub mod devices;
pub mod environments;
pub mod feeds;
pub mod first_answers;
pub mod foreign;
pub mod groups;
pub mod guests;
pub mod history;
pub mod imports;
pub mod inquiries;
pub mod leases;
pub mod links;
pub mod networks;
pub mod nodes;
pub mod notices;
pub mod outbox;
pub mod quarantine;
pub mod queue;
pub mod reservations;
pub mod routing;
pub mod sessions;
pub mod sightings;
pub mod site;
pub mod switches;
pub mod templates;
pub mod tokens;
pub mod users;

pub use changes::Changes;
pub use connection::Store;
pub use error::{Error, Result};
pub use look::{Look, look};
/// What [`Store::read`] and [`Store::write`] lend to a query: only the functions of this module use them.
pub use rusqlite::{Connection, Transaction};
