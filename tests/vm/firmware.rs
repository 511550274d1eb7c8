//! The boot order of a board, `BOOT_ORDER=0xf12`: network, card, and again. *IO: the wire, the card, files.*
//!
//! The network half is the simulator's firmware over raw frames. It runs in the board's network namespace.

use crate::card;
use crate::rack::{Plan, Source};
use crate::wire::{self, Frames};
use anyhow::{Context, Result, bail};
use pimaster::sim::firmware::{Firmware, Keep, Loaded, NetworkBoot, Pace, Version};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// What the processor is started with.
#[derive(Debug)]
pub(crate) struct Boot {
    /// Where it came from.
    pub(crate) source: Source,
    /// File of the kernel.
    pub(crate) kernel: PathBuf,
    /// File of the initramfs.
    pub(crate) initramfs: PathBuf,
    /// The kernel's command line.
    pub(crate) cmdline: String,
}

/// Real firmware takes six seconds to its first DISCOVER.
const SPEED: f64 = 10.0;
const PAUSE: Duration = Duration::from_millis(300);

/// Tries network and card until one of them boots.
pub(crate) async fn boot(plan: &Plan) -> Result<Boot> {
    let mut log =
        Log(std::fs::File::options().create(true).append(true).open(plan.folder.join("firmware.log"))?);
    wire::link_up().await?;
    let boot = loop {
        if let Some(boot) = from_network(plan, &mut log).await? {
            break boot;
        }
        match card::boot(&plan.card, &plan.folder) {
            Ok(boot) => break boot,
            Err(error) => log.line(&format!("no boot from the card: {error:#}"))?,
        }
        // RESTART, the `f` of the boot order.
        tokio::time::sleep(PAUSE).await;
    };
    // From here on the board's MAC is that of QEMU's interface.
    wire::link_down().await?;
    log.line(&format!("{:?} boot with {:?}", boot.source, boot.cmdline))?;
    if boot.cmdline.is_empty() || boot.cmdline.lines().count() != 1 {
        bail!("cmdline.txt is {:?}, expected one line", boot.cmdline);
    }
    Ok(boot)
}

async fn from_network(plan: &Plan, log: &mut Log) -> Result<Option<Boot>> {
    let files = plan.folder.join("boot");
    let firmware = Firmware {
        identity: plan.identity,
        version: Version::Newest,
        pace: Pace::new(SPEED),
        keep: Keep::Folder(files.clone()),
    };
    let mut frames = Frames::open(plan.identity.mac)?;
    match firmware.boot(&mut frames).await? {
        NetworkBoot::Loaded(loaded) => {
            let Loaded { lease, kernel, initramfs, cmdline, transfers, .. } = *loaded;
            log.line(&format!("{} from {}, {} requests", lease.address, lease.boot_server, transfers.len()))?;
            for transfer in &transfers {
                log.line(&format!("  {} {:?}", transfer.path, transfer.outcome))?;
            }
            let initramfs = files.join(initramfs.context("config.txt names no initramfs")?);
            let cmdline = cmdline.trim().to_owned();
            Ok(Some(Boot { source: Source::Network, kernel: files.join(kernel), initramfs, cmdline }))
        }
        NetworkBoot::NoAnswer => {
            log.line("no answer by DHCP")?;
            Ok(None)
        }
        NetworkBoot::Hung { lease, file, transfers } => {
            bail!("{}: hangs at {file} after {} requests", lease.address, transfers.len())
        }
        NetworkBoot::NoFiles { lease, missing, transfers } => {
            log.line(&format!("{}: no {missing} after {} requests", lease.address, transfers.len()))?;
            Ok(None)
        }
    }
}

struct Log(std::fs::File);

impl Log {
    fn line(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.0, "{text}")?)
    }
}
