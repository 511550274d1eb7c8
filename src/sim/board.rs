//! One simulated board: power, firmware, kernel, and what it booted. *IO: through the parts.*
//!
//! ```text
//! off ─► firmware ─► kernel ─► installer ── verb `finish` ──► firmware
//!            │         └─────► card's system ── reboot ────► firmware
//!            └─ nothing to boot: again after a pause (EEPROM), or never (boot ROM)
//! any ── power off ─► off        everything that ran has ended before the board is off
//! ```

use super::cable::Cable;
use super::card::Card;
use super::firmware::{
    Firmware, Identity, Keep, Lease, Loaded, NetworkBoot, Pace, Relayed, Version, decline, insist,
    kernel_lease, release,
};
use super::installer::Installer;
use super::local::Local;
use super::netconsole;
use super::ssh;
use super::status::{Fault, Stage, Status, Work};
use super::switch::Feed;
use crate::model::node::NodeName;
use crate::model::power::PowerState;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The EEPROM's pause between two rounds of its boot order.
const ROUND_PAUSE: Duration = Duration::from_secs(5);
/// From the last file on the card to an SSH server, beyond the kernel's own start.
const CARD_START: Duration = Duration::from_secs(4);

/// A board of a rack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its name; also the name of its folder.
    pub name: NodeName,
    /// What it is.
    pub identity: Identity,
    /// Its relay's address; as a rule also the fixed address that it gets.
    pub address: Ipv4Addr,
    /// The switch port that feeds it.
    pub port: u16,
}

/// What all boards of a rack share.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where boards keep their cards.
    pub folder: PathBuf,
    /// The DHCP server.
    pub dhcp_server: SocketAddrV4,
    /// The port of TFTP servers.
    pub tftp_port: u16,
    /// The port of the boards' SSH servers.
    pub ssh_port: u16,
    /// How fast boards live.
    pub pace: Pace,
    /// The program whose `node` verbs the installer runs.
    pub node_program: PathBuf,
    /// Size of the cards.
    pub card_bytes: u64,
}

/// A simulated board.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) spec: Spec,
    pub(super) settings: Arc<Settings>,
    pub(super) card: Card,
    pub(super) status: Arc<Status>,
}

/// What a board does after it has booted, or failed to.
enum Next {
    Restart,
    Stuck(String),
}

/// One time of power, or one run between restarts.
#[derive(Clone)]
pub(super) struct Power {
    /// Cancelled when the power goes, or at a restart.
    pub(super) off: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Power {
    fn on() -> Self {
        Self { off: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// Ends everything and waits until it has ended.
    async fn cut(self) {
        self.off.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Board {
    /// Puts the board together: its folder and its card. A verb that a killed simulator left behind is ended.
    pub(super) fn assemble(spec: Spec, settings: Arc<Settings>) -> io::Result<Self> {
        let folder = settings.folder.join(spec.name.as_str());
        std::fs::create_dir_all(&folder)?;
        let card = Card::insert(folder.join("card.img"), settings.card_bytes)?;
        super::verb::end_leftover(&folder, card.path());
        Ok(Self { spec, settings, card, status: Arc::default() })
    }

    /// Lives on that port until told to stop.
    pub(super) async fn live(self: Arc<Self>, mut feed: watch::Receiver<Feed>, shutdown: CancellationToken) {
        loop {
            let powered = tokio::select! {
                () = shutdown.cancelled() => return,
                powered = feed.wait_for(|feed| feed.power == PowerState::On) => powered.map(|feed| *feed),
            };
            let Ok(powered) = powered else { return };
            let power = Power::on();
            let switched = feed.wait_for(|feed| feed.switchings != powered.switchings);
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = switched => {}
                () = self.run(&power) => {}
            }
            power.cut().await;
            self.status.set_stage(Stage::Off);
        }
    }

    /// Runs until the power goes.
    async fn run(self: &Arc<Self>, power: &Power) {
        loop {
            let session = Power { off: power.off.child_token(), tasks: power.tasks.clone() };
            let next = self.boot(&session).await.unwrap_or_else(|error| Next::Stuck(error.to_string()));
            session.off.cancel();
            session.tasks.close();
            session.tasks.wait().await;
            session.tasks.reopen();
            if let Next::Stuck(why) = next {
                tracing::info!(board = %self.spec.name, why, "a simulated board is stuck");
                self.status.set_stage(Stage::Stuck(why));
                std::future::pending::<()>().await;
            }
        }
    }

    /// From power-on or restart to the end of what was booted.
    async fn boot(self: &Arc<Self>, power: &Power) -> io::Result<Next> {
        let booting = self.status.span(Work::Boot);
        self.status.set_stage(Stage::Firmware);
        let falls_through = self.spec.identity.model.firmware().falls_through_to_card();
        let (identity, pace, fault) = (self.spec.identity, self.settings.pace, self.status.faults().fault);
        let version =
            if fault == Some(Fault::StartCrashes) { Version::StartCrashes } else { Version::Newest };
        let mut firmware = Firmware { identity, version, pace, keep: Keep::Text };
        if fault == Some(Fault::CardFirst) {
            return self.boot_card(None, booting, power, &firmware).await;
        }
        // The older ROMs look at the card first: bootcode.bin on it keeps them off the network, or does the network
        // boot by itself if there is nothing more.
        if !falls_through && self.card_has("bootcode.bin").await? {
            if self.card_has("start.elf").await? {
                return self.boot_card(None, booting, power, &firmware).await;
            }
            firmware.version = Version::BootcodeOnCard;
        }
        let mut wire = self.wire()?;
        let outcome = firmware.boot(&mut wire).await.map_err(io::Error::other)?;
        drop(wire);
        match outcome {
            NetworkBoot::Loaded(loaded) if loaded.cmdline.contains("nfsroot=") => {
                self.boot_installer(&loaded, booting, power, &firmware).await
            }
            NetworkBoot::Loaded(loaded) => {
                self.boot_card(Some(loaded.cmdline), booting, power, &firmware).await
            }
            NetworkBoot::NoAnswer | NetworkBoot::NoFiles { .. } if falls_through => {
                self.boot_card(None, booting, power, &firmware).await
            }
            NetworkBoot::Hung { file, .. } => Ok(Next::Stuck(format!("the firmware hangs at {file}"))),
            NetworkBoot::NoAnswer => {
                Ok(Next::Stuck("the boot ROM gave up: no DHCP server answered".to_owned()))
            }
            NetworkBoot::NoFiles { missing, .. } => {
                Ok(Next::Stuck(format!("the boot ROM gave up: {missing} was not found")))
            }
        }
    }

    async fn boot_installer(
        self: &Arc<Self>,
        loaded: &Loaded,
        booting: super::status::Span<'_>,
        power: &Power,
        firmware: &Firmware,
    ) -> io::Result<Next> {
        self.start_kernel(firmware.kernel_start()).await;
        let mut wire = self.wire()?;
        let identity = &self.spec.identity;
        let Some(lease) = self.system_lease(&mut wire).await? else {
            return Ok(Next::Stuck("the installer's kernel got no address".to_owned()));
        };
        match self.status.faults().fault {
            Some(Fault::KernelResets) => return Ok(Next::Restart),
            Some(Fault::KernelPanics) => {
                netconsole::say(lease.address, &loaded.cmdline, netconsole::PANIC).await?;
                return Ok(Next::Stuck("the kernel panicked, as it was told to".to_owned()));
            }
            Some(_) | None => {}
        }
        let (installer, host_key) = match Installer::mount(Arc::clone(self), &loaded.cmdline) {
            Ok(mounted) => mounted,
            Err(why) => return Ok(Next::Stuck(format!("the installer did not come up: {why}"))),
        };
        let installer = Arc::new(installer);
        let system: Arc<dyn ssh::System> = Arc::clone(&installer) as _;
        if self.status.faults().fault != Some(Fault::NoSsh) {
            self.serve(self.listen(lease.address)?, host_key, system, power);
        }
        self.status.count_boot();
        self.status.set_stage(Stage::Installer);
        drop(booting);
        let ending = installer.ending().await;
        release(&mut wire, identity, &lease).await?;
        Ok(ending.map_or(Next::Restart, Next::Stuck))
    }

    /// Boots the system on the card, with its own command line or one that came with files from the network.
    async fn boot_card(
        self: &Arc<Self>,
        cmdline: Option<String>,
        booting: super::status::Span<'_>,
        power: &Power,
        firmware: &Firmware,
    ) -> io::Result<Next> {
        let board = Arc::clone(self);
        let local = tokio::task::spawn_blocking(move || Local::mount(board, cmdline)).await;
        let (local, host_key) = match local.map_err(io::Error::other)?? {
            Ok(mounted) => mounted,
            Err(why) if self.spec.identity.model.firmware().falls_through_to_card() => {
                tracing::debug!(board = %self.spec.name, why, "the card does not boot");
                tokio::time::sleep(self.settings.pace.work(ROUND_PAUSE)).await;
                return Ok(Next::Restart);
            }
            Err(why) => return Ok(Next::Stuck(format!("the card does not boot: {why}"))),
        };
        self.start_kernel(firmware.kernel_start() + self.settings.pace.work(CARD_START)).await;
        let mut wire = self.wire()?;
        let Some(lease) = self.system_lease(&mut wire).await? else {
            return Ok(Next::Stuck("the card's system got no address".to_owned()));
        };
        let local = Arc::new(local);
        if let Some(host_key) = host_key {
            let system: Arc<dyn ssh::System> = Arc::clone(&local) as _;
            self.serve(self.listen(lease.address)?, host_key, system, power);
        }
        self.status.count_boot();
        self.status.set_stage(Stage::Card);
        drop(booting);
        let ending = local.ending().await;
        release(&mut wire, &self.spec.identity, &lease).await?;
        Ok(ending.map_or(Next::Restart, Next::Stuck))
    }

    /// The address with which a system lives; none if it gets none.
    async fn system_lease(&self, wire: &mut Cable) -> io::Result<Option<Lease>> {
        let (identity, pace) = (&self.spec.identity, self.settings.pace);
        if let Some(Fault::OldAddress(address)) = self.status.faults().fault {
            insist(wire, identity, address, pace).await?;
            return Ok(None);
        }
        let lease = kernel_lease(wire, identity, pace).await?;
        match (self.status.faults().fault, &lease) {
            (Some(Fault::AddressTaken), Some(taken)) => {
                decline(wire, identity, taken).await?;
                kernel_lease(wire, identity, pace).await
            }
            (Some(_) | None, _) => Ok(lease),
        }
    }

    async fn start_kernel(&self, takes: Duration) {
        self.status.set_stage(Stage::Kernel);
        if self.status.hangs() {
            self.status.set_stage(Stage::Stuck("hangs in boot, as it was told to".to_owned()));
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(takes).await;
    }

    fn serve(
        &self,
        listener: TcpListener,
        host_key: russh::keys::PrivateKey,
        system: Arc<dyn ssh::System>,
        power: &Power,
    ) {
        let (power_off, tasks) = (power.off.clone(), power.tasks.clone());
        power.tasks.spawn(ssh::Server { listener, host_key, system, power_off, tasks }.run());
    }

    fn wire(&self) -> io::Result<Cable> {
        let relayed = Relayed::bind(self.spec.address, self.settings.dhcp_server, self.settings.tftp_port)?;
        Ok(Cable::new(relayed, Arc::clone(&self.status)))
    }

    fn listen(&self, address: Ipv4Addr) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((address, self.settings.ssh_port).into())?;
        socket.listen(16)
    }

    async fn card_has(&self, name: &'static str) -> io::Result<bool> {
        let card = self.card.clone();
        let look = move || match card.table()? {
            Some(table) => Ok(!card.boot_files(&table, &[name])?.is_empty()),
            None => Ok(false),
        };
        tokio::task::spawn_blocking(look).await.map_err(io::Error::other)?
    }
}

/// How a booted system ends: `None` restarts the board, a reason leaves it powered and still.
pub(super) type Ending = Option<String>;

/// An identity of one boot, as `/proc/sys/kernel/random/boot_id` shows it.
pub(super) fn fresh_boot_id() -> String {
    let mut bytes = [0u8; 16];
    // Without a random source every boot looks the same: nothing worse happens.
    let _ = getrandom::fill(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
