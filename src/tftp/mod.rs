//! TFTP: what a node finds when its firmware asks for boot files.

use crate::model::folder::DataFolder;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Settings of the TFTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and UDP port to listen on, port 69.
    pub listen: SocketAddr,
    /// The data folder, whose `tftp/` and `images/*/boot/` are served.
    pub data: DataFolder,
    /// The NFS server's address for the installer's kernel command line.
    pub nfs_server: Ipv4Addr,
    /// The exported installer root for the installer's kernel command line.
    pub nfs_root: PathBuf,
    /// More words for the installer's kernel command line.
    pub extra_cmdline: String,
    /// Transfers at once; more requests wait for the firmware's retry.
    pub max_transfers: usize,
}
