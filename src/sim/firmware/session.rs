//! The programs of one boot, step by step: what is asked for, and what follows from the answers. *IO: through a [`Wire`].*

use super::Error;
use super::boards::BoardFacts;
use super::boot::{Keep, Transfer};
use super::config_txt::ConfigTxt;
use super::dhcp::firmware_lease;
use super::facts::{Ask, How, Ports, Program, Step, Tftp};
use super::packet::{Identity, Lease};
use super::tftp::{Outcome, Request, fetch};
use super::wire::{Pace, TransferSocket, Wire};
use std::io::Write;
use std::net::SocketAddrV4;

/// Larger text files than any firmware reads are cut.
const LONGEST_TEXT: usize = 64 * 1024;

/// Why a boot does not go on.
pub(super) enum Stop {
    NoAnswer,
    Missing(String),
    Hung(String),
    Broken(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

/// What a kernel starts with.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) kernel: Option<String>,
    pub(super) initramfs: Option<String>,
    pub(super) device_tree: Option<String>,
}

impl Found {
    /// Kernel and device tree, or what is missing.
    pub(super) fn complete(&mut self) -> Result<(String, String), &'static str> {
        let kernel = self.kernel.take().ok_or("a kernel")?;
        Ok((kernel, self.device_tree.take().ok_or("a device tree")?))
    }
}

/// One boot.
pub(super) struct Session<'a> {
    wire: &'a mut dyn Wire,
    board: &'static BoardFacts,
    identity: &'a Identity,
    pace: Pace,
    keep: &'a Keep,
    prefix: String,
    socket: Option<Box<dyn TransferSocket>>,
    pub(super) lease: Option<Lease>,
    pub(super) config: ConfigTxt,
    has_config: bool,
    pub(super) cmdline: String,
    pub(super) found: Found,
    pub(super) transfers: Vec<Transfer>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        wire: &'a mut dyn Wire,
        board: &'static BoardFacts,
        identity: &'a Identity,
        pace: Pace,
        keep: &'a Keep,
    ) -> Self {
        Self {
            wire,
            board,
            identity,
            pace,
            keep,
            prefix: format!("{}/", identity.serial),
            socket: None,
            lease: None,
            config: ConfigTxt::default(),
            has_config: false,
            cmdline: String::new(),
            found: Found::default(),
            transfers: Vec::new(),
        }
    }

    /// Runs the programs to their end.
    pub(super) async fn run(&mut self, programs: &[&Program]) -> Result<(), Stop> {
        for program in programs {
            if let Some(dhcp) = program.dhcp {
                let asked = firmware_lease(self.wire, dhcp, self.identity, self.pace).await;
                self.lease = Some(asked.map_err(Error::Network)?.ok_or(Stop::NoAnswer)?);
            }
            self.socket = None;
            self.wire.begin_program(program.tftp.arp);
            for step in program.steps {
                self.step(*step, program.tftp).await?;
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: Step, tftp: Tftp) -> Result<(), Stop> {
        let board = self.board;
        match step {
            Step::Ask(ask) => self.ask(ask, tftp).await,
            Step::Unprefixed(ask) => {
                let prefix = std::mem::take(&mut self.prefix);
                let asked = self.ask(ask, tftp).await;
                self.prefix = prefix;
                asked
            }
            Step::Update(ask) if self.has_config => self.ask(ask, tftp).await,
            Step::Update(_) => Ok(()),
            Step::Landmarks(names, times) => self.choose_prefix(names, times, tftp).await,
            Step::Initramfs => self.load_initramfs(tftp).await,
            Step::DeviceTree(times) => self.load_device_tree(times, tftp).await,
            Step::Overlays => {
                for name in self.config.overlays.clone() {
                    self.request(&format!("overlays/{name}.dtbo"), How::Try, tftp).await?;
                }
                Ok(())
            }
            Step::CommandLine(times) => {
                for _ in 0..times {
                    self.first_of(&[self.config.cmdline_file()], tftp).await?;
                }
                Ok(())
            }
            Step::KernelProbe => self.probe_first_of(&self.kernels(), tftp).await,
            Step::Kernel => {
                self.found.kernel = Some(self.first_of(&self.kernels(), tftp).await?);
                Ok(())
            }
            Step::Armstubs => {
                let names: Vec<String> = board.armstubs.iter().map(|name| (*name).to_owned()).collect();
                self.probe_first_of(&names, tftp).await
            }
        }
    }

    async fn ask(&mut self, ask: Ask, tftp: Tftp) -> Result<(), Stop> {
        for _ in 0..ask.times {
            let outcome = self.request(ask.path, ask.how, tftp).await?;
            let there = matches!(outcome, Outcome::Loaded { bytes: 1.., .. });
            if ask.how == How::Need && !there {
                return Err(Stop::Missing(format!("{}{}", self.prefix, ask.path)));
            }
        }
        Ok(())
    }

    /// The prefix stays if a landmark lies under it, be it empty.
    async fn choose_prefix(&mut self, names: &[&str], times: usize, tftp: Tftp) -> Result<(), Stop> {
        for name in names {
            let mut is_there = false;
            for _ in 0..times {
                let outcome = self.request(name, How::Probe, tftp).await?;
                is_there = matches!(outcome, Outcome::Found { .. });
            }
            if is_there {
                return Ok(());
            }
        }
        self.prefix = String::new();
        Ok(())
    }

    async fn load_initramfs(&mut self, tftp: Tftp) -> Result<(), Stop> {
        let (config, board) = (self.config.clone(), self.board);
        let prefixed = |name: &str| format!("{}{name}", config.os_prefix);
        self.found.initramfs = match &config.initramfs {
            Some(name) => Some(self.first_of(&[prefixed(name)], tftp).await?),
            None if config.auto_initramfs => {
                let names: Vec<String> = board.initramfs.iter().map(|name| prefixed(name)).collect();
                self.try_first_of(&names, tftp).await?
            }
            None => None,
        };
        Ok(())
    }

    async fn load_device_tree(&mut self, times: usize, tftp: Tftp) -> Result<(), Stop> {
        let prefixed = |name: &str| format!("{}{name}", self.config.os_prefix);
        let names: Vec<String> = match &self.config.device_tree {
            Some(name) => vec![prefixed(name)],
            None => self.board.device_trees.iter().map(|name| prefixed(name)).collect(),
        };
        for _ in 0..times {
            self.found.device_tree = Some(self.first_of(&names, tftp).await?);
        }
        Ok(())
    }

    fn kernels(&self) -> Vec<String> {
        let prefixed = |name: &str| format!("{}{name}", self.config.os_prefix);
        match &self.config.kernel {
            Some(name) => vec![prefixed(name)],
            None => self.board.kernels.iter().map(|name| prefixed(name)).collect(),
        }
    }

    async fn first_of(&mut self, names: &[String], tftp: Tftp) -> Result<String, Stop> {
        let found = self.try_first_of(names, tftp).await?;
        found.ok_or_else(|| Stop::Missing(format!("{}{}", self.prefix, names.join(" or "))))
    }

    async fn try_first_of(&mut self, names: &[String], tftp: Tftp) -> Result<Option<String>, Stop> {
        for name in names {
            if let Outcome::Loaded { .. } = self.request(name, How::Need, tftp).await? {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    async fn probe_first_of(&mut self, names: &[String], tftp: Tftp) -> Result<(), Stop> {
        for name in names {
            if let Outcome::Found { .. } = self.request(name, How::Probe, tftp).await? {
                break;
            }
        }
        Ok(())
    }

    /// One request, remembered; the text files are read.
    async fn request(&mut self, name: &str, how: How, tftp: Tftp) -> Result<Outcome, Stop> {
        let path = format!("{}{name}", self.prefix);
        let probe = how == How::Probe;
        let is_text = !probe && name.ends_with(".txt");
        let mut text = Vec::new();
        let mut file = if probe { None } else { self.keep.create(name).map_err(Error::Keep)? };
        let mut sink = |bytes: &[u8]| {
            if is_text && text.len() + bytes.len() <= LONGEST_TEXT {
                text.extend_from_slice(bytes);
            }
            file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
        };
        let request = Request { path: &path, facts: tftp, probe, is_config: name == "config.txt" };
        let server = self.lease.map(|lease| lease.boot_server).ok_or(Stop::NoAnswer)?;
        let server = SocketAddrV4::new(server, self.wire.tftp_port());
        let socket = match (self.socket.take(), tftp.ports) {
            (Some(socket), Ports::One) => socket,
            (Some(_), Ports::Fresh) | (None, _) => {
                self.wire.transfer_socket().await.map_err(Error::Network)?
            }
        };
        let outcome = fetch(&*socket, server, request, self.pace, &mut sink).await.map_err(Error::Network)?;
        self.socket = Some(socket);
        drop(file);
        match outcome {
            Outcome::Loaded { .. } if is_text => self.read(name, &String::from_utf8_lossy(&text)),
            Outcome::Loaded { .. } | Outcome::Found { .. } => {}
            Outcome::Refused { .. }
            | Outcome::WrongOptions
            | Outcome::PassedOver
            | Outcome::TooLong
            | Outcome::Hung
            | Outcome::Stalled => {
                if !probe {
                    self.keep.remove(name);
                }
            }
        }
        let hung = (outcome == Outcome::Hung).then(|| path.clone());
        self.transfers.push(Transfer { path, outcome: outcome.clone() });
        hung.map_or(Ok(outcome), |path| Err(Stop::Hung(path)))
    }

    fn read(&mut self, name: &str, text: &str) {
        if name == "config.txt" {
            self.config = ConfigTxt::parse(text, self.board.sections);
            self.has_config = true;
        } else if name == self.config.cmdline_file() {
            // The firmware takes the first line.
            text.lines().next().unwrap_or_default().trim().clone_into(&mut self.cmdline);
        }
    }
}
