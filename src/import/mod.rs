//! Import: what other programs know of a rack, brought into the database.
//!
//! ```text
//! dnsmasq's files ──► lines ─► dnsmasq (pure) ──┐
//! PiSeduce's database, store::foreign ─┐        ├─► Found ─► plan (pure: with what is known) ─► apply (one transaction)
//! seduce_pp's cluster_desc/ ─► records ┴► piseduce (pure)
//! ```
//!
//! Called by the command line. Invariants: nothing is dropped silently, each line or row ends as a change, as what is
//! there already, or as a remark with its reason; nothing that is there is overwritten but a switch's settings; to
//! import twice changes nothing.

mod dhcp_host;
pub mod dnsmasq;
mod found;
mod hosts;
mod kind;
mod lines;
mod option_line;
pub mod piseduce;
mod plan;
mod records;
mod settings;

#[cfg(test)]
mod tests;

pub use found::{Environment, Found, Remark};
pub use kind::Kind;
pub use lines::{Line, read as read_dnsmasq};
pub use plan::{Choices, Entry, Known, Plan, Verdict, plan};
pub use records::read_cluster_desc;
pub use settings::{Suggested, SuggestedOptions};

use std::path::PathBuf;

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}, named in {origin}; check the path, and that you may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// Where it is named.
        origin: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of a cluster description is no JSON object.
    #[error("{path} is no JSON object; mend it or move it out of the folder")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The folder is no cluster description.
    #[error(
        "{0} has none of the folders nodes, switches, environments; expected seduce_pp's cluster_desc folder"
    )]
    NoCluster(PathBuf),
}
