//! One network boot: DHCP, then the files in the firmware's order. *IO: through a [`Wire`]; kept files.*
//!
//! Called by the simulated boards and by the virtual Pis, which keep the files and start a real kernel.

use super::Error;
use super::config_txt::ConfigTxt;
use super::dhcp::firmware_lease;
use super::facts::{Ask, Facts, How, TransferOptions, facts};
use super::packet::{Identity, Lease};
use super::tftp::{Outcome, Request, fetch};
use super::wire::{Pace, Wire};
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddrV4;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Larger text files than any firmware reads are cut.
const LONGEST_TEXT: usize = 64 * 1024;

/// The boot firmware of one board.
#[derive(Debug, Clone)]
pub struct Firmware {
    /// The board.
    pub identity: Identity,
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
        tokio::time::sleep(self.pace.work(facts.wake)).await;
        let leased = firmware_lease(wire, facts, &self.identity, self.pace).await.map_err(Error::Network)?;
        let Some(lease) = leased else { return Ok(NetworkBoot::NoAnswer) };
        let mut session = Session {
            wire,
            facts,
            pace: self.pace,
            keep: &self.keep,
            server: lease.boot_server,
            prefix: format!("{}/", self.identity.serial),
            config: ConfigTxt::default(),
            cmdline: String::new(),
            transfers: Vec::new(),
        };
        let loaded = match session.load_all(&self.identity).await {
            Ok(files) => files,
            Err(Stop::Missing(missing)) => {
                let transfers = session.transfers;
                return Ok(NetworkBoot::NoFiles { lease, missing, transfers });
            }
            Err(Stop::Broken(error)) => return Err(error),
        };
        Ok(NetworkBoot::Loaded(Box::new(Loaded {
            lease,
            config: session.config,
            kernel: loaded.kernel,
            initramfs: loaded.initramfs,
            device_tree: loaded.device_tree,
            cmdline: session.cmdline,
            transfers: session.transfers,
        })))
    }

    /// How long it takes hardware from the last file to a kernel with its network up.
    pub fn kernel_start(&self) -> Duration {
        self.pace.work(self.facts().kernel_start)
    }

    fn facts(&self) -> &'static Facts {
        facts(self.identity.model.firmware())
    }
}

/// Why a boot does not go on.
enum Stop {
    Missing(String),
    Broken(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

struct Files {
    kernel: String,
    initramfs: Option<String>,
    device_tree: String,
}

struct Session<'a> {
    wire: &'a mut dyn Wire,
    facts: &'static Facts,
    pace: Pace,
    keep: &'a Keep,
    server: std::net::Ipv4Addr,
    prefix: String,
    config: ConfigTxt,
    cmdline: String,
    transfers: Vec<Transfer>,
}

impl Session<'_> {
    async fn load_all(&mut self, identity: &Identity) -> Result<Files, Stop> {
        let facts = self.facts;
        if !facts.rom_files.is_empty() {
            let prefix = std::mem::take(&mut self.prefix);
            self.ask_all(facts.rom_files, None).await?;
            self.prefix = prefix;
            // bootcode.bin starts over with a DISCOVER of its own.
            let again = firmware_lease(self.wire, facts, identity, self.pace).await;
            let Some(lease) = again.map_err(Error::Network)? else {
                return Err(Stop::Missing("an answer to bootcode.bin's DISCOVER".to_owned()));
            };
            self.server = lease.boot_server;
        }
        self.choose_prefix().await?;
        self.ask_all(facts.early_files, Some(facts.options)).await?;
        let files = self.load_system().await?;
        self.ask_all(facts.late_files, Some(facts.options)).await?;
        Ok(files)
    }

    /// The prefix stays if a landmark lies under it; an empty landmark sends the board to its next boot mode.
    async fn choose_prefix(&mut self) -> Result<(), Stop> {
        for prefix in [std::mem::take(&mut self.prefix), String::new()] {
            self.prefix = prefix;
            for landmark in self.facts.landmarks {
                match self.request(landmark, How::Probe, Some(self.facts.options)).await? {
                    Outcome::Found { announced: Some(0) } => {
                        return Err(Stop::Missing(format!("content of {}{landmark}", self.prefix)));
                    }
                    Outcome::Found { .. } | Outcome::Loaded { .. } => return Ok(()),
                    Outcome::Refused { .. } => {}
                    Outcome::WrongOptions | Outcome::Stalled => {
                        return Err(Stop::Missing((*landmark).to_owned()));
                    }
                }
            }
        }
        Err(Stop::Missing(self.facts.landmarks.join(" or ")))
    }

    /// Device tree, overlays, initramfs, command line, kernel.
    async fn load_system(&mut self) -> Result<Files, Stop> {
        let config = self.config.clone();
        let prefixed = |name: &str| format!("{}{name}", config.os_prefix);
        let initramfs = match &config.initramfs {
            Some(name) => Some(self.first_of(&[prefixed(name)]).await?),
            None if config.auto_initramfs => {
                let names: Vec<String> = self.facts.initramfs.iter().map(|name| prefixed(name)).collect();
                self.try_first_of(&names).await?
            }
            None => None,
        };
        let trees: Vec<String> = match &config.device_tree {
            Some(name) => vec![prefixed(name)],
            None => self.facts.device_trees.iter().map(|name| prefixed(name)).collect(),
        };
        let device_tree = self.first_of(&trees).await?;
        self.request("overlays/overlay_map.dtb", How::Try, Some(self.facts.options)).await?;
        self.first_of(&[config.cmdline_file()]).await?;
        let kernels: Vec<String> = match &config.kernel {
            Some(name) => vec![prefixed(name)],
            None => self.facts.kernels.iter().map(|name| prefixed(name)).collect(),
        };
        let kernel = self.first_of(&kernels).await?;
        Ok(Files { kernel, initramfs, device_tree })
    }

    async fn ask_all(&mut self, asks: &[Ask], options: Option<TransferOptions>) -> Result<(), Stop> {
        for ask in asks {
            for _ in 0..ask.times {
                let outcome = self.request(ask.path, ask.how, options).await?;
                let there = matches!(outcome, Outcome::Loaded { bytes: 1.., .. });
                if ask.how == How::Need && !there {
                    return Err(Stop::Missing(format!("{}{}", self.prefix, ask.path)));
                }
            }
        }
        Ok(())
    }

    async fn first_of(&mut self, names: &[String]) -> Result<String, Stop> {
        let found = self.try_first_of(names).await?;
        found.ok_or_else(|| Stop::Missing(format!("{}{}", self.prefix, names.join(" or "))))
    }

    async fn try_first_of(&mut self, names: &[String]) -> Result<Option<String>, Stop> {
        for name in names {
            if let Outcome::Loaded { .. } = self.request(name, How::Need, Some(self.facts.options)).await? {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// One request, remembered; the text files are read.
    async fn request(
        &mut self,
        name: &str,
        how: How,
        options: Option<TransferOptions>,
    ) -> Result<Outcome, Error> {
        let path = format!("{}{name}", self.prefix);
        let probe = how == How::Probe;
        let reads = !probe && name.ends_with(".txt");
        let mut text = Vec::new();
        let mut file = if probe { None } else { self.keep.create(name).map_err(Error::Keep)? };
        let mut sink = |bytes: &[u8]| {
            if reads && text.len() + bytes.len() <= LONGEST_TEXT {
                text.extend_from_slice(bytes);
            }
            file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
        };
        let socket = self.wire.transfer_socket().await.map_err(Error::Network)?;
        let server = SocketAddrV4::new(self.server, self.wire.tftp_port());
        let request = Request { path: &path, options, probe };
        let outcome = fetch(&socket, server, request, self.pace, &mut sink).await.map_err(Error::Network)?;
        drop(file);
        match outcome {
            Outcome::Loaded { .. } if reads => self.read(name, &String::from_utf8_lossy(&text)),
            Outcome::Loaded { .. } | Outcome::Found { .. } => {}
            Outcome::Refused { .. } | Outcome::WrongOptions | Outcome::Stalled if !probe => {
                self.keep.remove(name);
            }
            Outcome::Refused { .. } | Outcome::WrongOptions | Outcome::Stalled => {}
        }
        self.transfers.push(Transfer { path, outcome: outcome.clone() });
        Ok(outcome)
    }

    fn read(&mut self, name: &str, text: &str) {
        if name == "config.txt" {
            self.config = ConfigTxt::parse(text, self.facts.sections);
        } else if name == self.config.cmdline_file() {
            // The firmware takes the first line.
            text.lines().next().unwrap_or_default().trim().clone_into(&mut self.cmdline);
        }
    }
}

impl Keep {
    fn create(&self, name: &str) -> std::io::Result<Option<File>> {
        let Some(path) = self.path(name) else { return Ok(None) };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(path).map(Some)
    }

    /// What a failed transfer left is no file.
    fn remove(&self, name: &str) {
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
