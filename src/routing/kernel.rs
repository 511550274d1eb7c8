//! Which interfaces forward IPv4 packets. *IO: files of `/proc/sys`.*
//!
//! The kernel asks the interface where a packet comes in (`IN_DEV_FORWARD` in `net/ipv4/route.c`), so that the two on
//! the way suffice. `net.ipv4.ip_forward` would open every interface and reset other settings.

use super::error::Error;
use crate::model::routing::InterfaceName;
use std::io;
use std::path::PathBuf;

/// The kernel's settings.
#[derive(Debug, Clone)]
pub struct Kernel {
    root: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self::at("/proc/sys")
    }
}

impl Kernel {
    /// The settings below that folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Whether an interface forwards; none if it is not there.
    pub async fn forwards(&self, interface: &InterfaceName) -> Result<Option<bool>, Error> {
        self.is_on(interface.as_str()).await
    }

    /// What was set for all interfaces last.
    pub async fn machine_forwards(&self) -> Result<bool, Error> {
        Ok(self.is_on("all").await?.unwrap_or(false))
    }

    async fn is_on(&self, name: &str) -> Result<Option<bool>, Error> {
        let path = self.forwarding(name);
        match tokio::fs::read_to_string(&path).await {
            Ok(text) => Ok(Some(text.trim() != "0")),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Kernel { path, source }),
        }
    }

    /// Turns it on or off. An interface that is gone has taken its setting along; one that stands so is not written,
    /// which where `/proc/sys` is read-only would fail for nothing.
    pub(super) async fn set(&self, interface: &InterfaceName, forwards: bool) -> Result<(), Error> {
        if self.forwards(interface).await?.is_none_or(|is_on| is_on == forwards) {
            return Ok(());
        }
        let path = self.forwarding(interface.as_str());
        let written = tokio::fs::write(&path, if forwards { "1\n" } else { "0\n" }).await;
        written.map_err(|source| Error::Kernel { path, source })
    }

    /// The number of this run of the system.
    pub(super) async fn boot(&self) -> Result<String, Error> {
        let path = self.root.join("kernel/random/boot_id");
        let text = tokio::fs::read_to_string(&path).await;
        text.map(|text| text.trim().to_owned()).map_err(|source| Error::Kernel { path, source })
    }

    fn forwarding(&self, name: &str) -> PathBuf {
        self.root.join("net/ipv4/conf").join(name).join("forwarding")
    }
}
