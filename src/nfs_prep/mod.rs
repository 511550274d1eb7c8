//! The installer root: built from a running system or an OS image, exported to installing nodes only.
//!
//! ```text
//! --from / | DIR | IMAGE ─► source ─► plan (pure: typed steps) ─► apply ─► root, tftp/installer, tftp/shared
//!                                      │ rules (pure: what is copied)     │ copy, extract, boot, edits
//!
//! boot targets in the store ─► exports ─► exportfs
//! tables of the NFS server ─► mounts ─► boot events
//! ```
//!
//! Invariants: no secret of the source is in the root, and no key in it opens anything but this installer; only
//! nodes whose boot target is the installer may mount it, each by its own address, read-only; preparing it again
//! gives the same root, also after an interruption.

mod error;

mod elf;
mod plan;
mod source;

mod apply;
mod copy;
mod debugfs;
mod disk;
mod extract;
mod fat;
mod files;
mod firmware;
mod rules;
mod unpack;

mod accounts;
mod settings;

mod exports;
mod mounts;

#[cfg(test)]
mod tests;

pub use apply::{Event, Report, apply};
pub use copy::Copied;
pub use error::{Error, Result};
pub use exports::ExportList;
pub use mounts::{Mounts, Tables};
pub use plan::{Plan, Request, Step, check_root, plan};
pub use settings::{Setting, is_whole};
pub use source::Source;

/// Hears what happens while a plan is carried out.
pub type Listener<'a> = &'a (dyn Fn(Event) + 'a);

use crate::model::folder::DataFolder;
use std::path::PathBuf;

/// Settings of the NFS root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the installer root is built.
    pub root: PathBuf,
    /// The data folder, for the installer's boot files.
    pub data: DataFolder,
    /// The host name of the installer system.
    pub host_name: String,
    /// Who exports the root.
    pub exports: Exports,
}

/// Who exports the installer root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exports {
    /// pimaster, by running this `exportfs`.
    Exportfs(PathBuf),
    /// Somebody else; pimaster exports nothing.
    Off,
}
