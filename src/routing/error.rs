//! Why routing cannot be set up or undone.

use crate::model::routing::InterfaceName;
use std::io;
use std::path::PathBuf;

/// Why routing cannot be set up or undone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings name an interface that is not there.
    #[error("there is no interface {name}, which {key} names; `ip link` lists what there is")]
    NoInterface {
        /// The interface.
        name: InterfaceName,
        /// The key of the settings.
        key: &'static str,
    },
    /// `nft` cannot be run.
    #[error(
        "cannot run nft, which sets up routing; install it (apt-get install nftables), or take the table [routing] out of the settings"
    )]
    Program(#[source] io::Error),
    /// `nft` does not do it.
    #[error(
        "`nft {arguments}` failed: {said}; run pimaster as root or give it CAP_NET_ADMIN, and see that the kernel has nf_tables and its NAT (`modprobe nft_masq`)"
    )]
    Refused {
        /// How it was called.
        arguments: String,
        /// What it said.
        said: String,
    },
    /// A setting of the kernel cannot be read or changed.
    #[error(
        "cannot read or change {path}; run pimaster as root, where /proc/sys may be written (no ProtectKernelTunables= in its unit)"
    )]
    Kernel {
        /// The setting.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database refused.
    #[error("the database cannot be used")]
    Store(#[from] crate::store::Error),
}
