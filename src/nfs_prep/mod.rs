//! The installer root: built from a running system or an OS image, exported to installing nodes only.

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
