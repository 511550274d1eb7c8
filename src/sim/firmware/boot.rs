//! One network boot: DHCP, then the files in the firmware's order. *IO: through a [`Wire`]; kept files.*
//!
//! Called by the simulated boards and by the virtual Pis, which keep the files and start a real kernel.

use super::Error;
use super::config_txt::ConfigTxt;
use super::facts::{Facts, Version, facts};
use super::packet::{Identity, Lease};
use super::session::{Session, Stop};
use super::tftp::Outcome;
use super::wire::{Pace, Wire};
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// From power-on to the first DISCOVER of a `bootcode.bin` on the card.
const BOOTCODE_WAKE: Duration = Duration::from_secs(4);

/// The boot firmware of one board.
#[derive(Debug, Clone)]
pub struct Firmware {
    /// The board.
    pub identity: Identity,
    /// Which version of it.
    pub version: Version,
    /// How fast it lives.
    pub pace: Pace,
    /// What is kept of the files.
    pub keep: Keep,
}

/// What is kept of fetched files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Only what the firmware itself reads: the rest is counted and dropped.
    Text,
    /// Everything, in this folder, without the prefix.
    Folder(PathBuf),
}

/// How a network boot ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkBoot {
    /// A kernel would start now.
    Loaded(Box<Loaded>),
    /// DHCP gave no address: nobody answered, or nobody with the boot server's name.
    NoAnswer,
    /// There was an address, but not the files.
    NoFiles {
        /// The lease.
        lease: Lease,
        /// The file without which it cannot go on.
        missing: String,
        /// Every request, in order.
        transfers: Vec<Transfer>,
    },
    /// The firmware hangs until the power goes.
    Hung {
        /// The lease.
        lease: Lease,
        /// The file at which it hangs.
        file: String,
        /// Every request, in order.
        transfers: Vec<Transfer>,
    },
}

/// What a network boot loaded. File names are without the prefix, as they lie in the folder of [`Keep::Folder`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The firmware's lease.
    pub lease: Lease,
    /// What `config.txt` said.
    pub config: ConfigTxt,
    /// The kernel.
    pub kernel: String,
    /// The initramfs, if there is one.
    pub initramfs: Option<String>,
    /// The device tree.
    pub device_tree: String,
    /// The kernel command line.
    pub cmdline: String,
    /// Every request, in order.
    pub transfers: Vec<Transfer>,
}

/// One request for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The path as it was asked for.
    pub path: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl Firmware {
    /// Boots from the network once.
    pub async fn boot(&self, wire: &mut dyn Wire) -> Result<NetworkBoot, Error> {
        let facts = self.facts();
        tokio::time::sleep(self.pace.work(self.wake())).await;
        let mut session = Session::new(wire, facts.board, &self.identity, self.pace, &self.keep);
        let stop = session.run(facts.programs).await.err();
        let Some(lease) = session.lease else { return stopped_early(stop) };
        let transfers = std::mem::take(&mut session.transfers);
        let missing = match stop {
            Some(Stop::Broken(error)) => return Err(error),
            Some(Stop::Hung(file)) => return Ok(NetworkBoot::Hung { lease, file, transfers }),
            Some(Stop::Missing(missing)) => missing,
            Some(Stop::NoAnswer) => "an answer to the DISCOVER of bootcode.bin".to_owned(),
            None => match session.found.complete() {
                Ok((kernel, device_tree)) => {
                    let initramfs = session.found.initramfs;
                    let (config, cmdline) = (session.config, session.cmdline);
                    let loaded = Loaded { lease, config, kernel, initramfs, device_tree, cmdline, transfers };
                    return Ok(NetworkBoot::Loaded(Box::new(loaded)));
                }
                Err(missing) => missing.to_owned(),
            },
        };
        Ok(NetworkBoot::NoFiles { lease, missing, transfers })
    }

    /// Time from power-on to the first DISCOVER, on hardware.
    fn wake(&self) -> Duration {
        match self.version {
            // The ROM finds it on the card at once.
            Version::BootcodeOnCard => BOOTCODE_WAKE,
            Version::Newest
            | Version::March2020
            | Version::Oldest
            | Version::AsksBootServer
            | Version::StartCrashes => self.facts().board.wake,
        }
    }

    /// How long it takes hardware from the last file to a kernel with its network up.
    pub fn kernel_start(&self) -> Duration {
        self.pace.work(self.facts().board.kernel_start)
    }

    fn facts(&self) -> Facts {
        facts(self.identity.model, self.version)
    }
}

/// Without a lease there is only one way to stop in order.
fn stopped_early(stop: Option<Stop>) -> Result<NetworkBoot, Error> {
    match stop {
        Some(Stop::Broken(error)) => Err(error),
        Some(Stop::NoAnswer | Stop::Missing(_) | Stop::Hung(_)) | None => Ok(NetworkBoot::NoAnswer),
    }
}

impl Keep {
    pub(super) fn create(&self, name: &str) -> std::io::Result<Option<File>> {
        let Some(path) = self.path(name) else { return Ok(None) };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(path).map(Some)
    }

    /// What a failed transfer left is no file.
    pub(super) fn remove(&self, name: &str) {
        if let Some(path) = self.path(name) {
            drop(fs::remove_file(path));
        }
    }

    /// None also for names that a `config.txt` points outside the folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Text => None,
            Self::Folder(folder) => {
                let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
                inside.then(|| folder.join(name))
            }
        }
    }
}
