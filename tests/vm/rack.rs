//! The rack of a scenario: paths, the simulated PoE switch, and a thread for each board. *IO: threads, the
//! SNMP port.*

use crate::board;
use anyhow::{Context, Result};
use pimaster::model::board::{BoardModel, BoardSerial, RevisionCode};
use pimaster::model::net::MacAddr;
use pimaster::sim::firmware::Identity;
use pimaster::sim::switch;
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where pimaster and the switch answer.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The switch's SNMP port.
pub(crate) const SNMP_PORT: u16 = 1161;
/// The switch's read-write community.
pub(crate) const COMMUNITY: &str = "virtual-rack";
/// Room for the image and for growing.
const CARD_BYTES: u64 = 512 << 20;
/// What an earlier user left on a card, here and there.
const OLD_CONTENT: &[u8] = b"what an earlier user left on this card\n";

/// A rack with power on no port yet.
pub(crate) struct Rack {
    /// The project.
    pub(crate) project: PathBuf,
    /// Logs, cards and pimaster's data of this run.
    pub(crate) run: PathBuf,
    /// The static build.
    pub(crate) binary: PathBuf,
    /// Its boards, by port.
    pub(crate) boards: Vec<Board>,
    /// The simulated switch.
    pub(crate) switch: switch::Handle,
    /// When it was built.
    pub(crate) start: Instant,
}

/// One board as the scenario sees it.
pub(crate) struct Board {
    /// What it is.
    pub(crate) plan: Plan,
    /// What it booted from since it was built, in order.
    pub(crate) boots: Arc<Mutex<Vec<Source>>>,
}

/// Where a board boots from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Kernel, initramfs and command line came by TFTP.
    Network,
    /// They came from the FAT partition of its card.
    Card,
}

/// What a board is, and where its things are.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Its port on the switch, from 1.
    pub(crate) port: u16,
    /// The node's name.
    pub(crate) name: String,
    /// What its firmware says of it.
    pub(crate) identity: Identity,
    /// The address it is enrolled with.
    pub(crate) address: Ipv4Addr,
    /// Its logs and what it fetched.
    pub(crate) folder: PathBuf,
    /// Its card.
    pub(crate) card: PathBuf,
    /// When the rack was built.
    pub(crate) start: Instant,
}

impl Rack {
    /// Builds cards, switch and boards. Two models with different firmware.
    pub(crate) fn build(project: &Path, run: &Path, binary: &Path) -> Result<Self> {
        let start = Instant::now();
        let models =
            [(BoardModel::Pi4b, RevisionCode(0x00c0_3112)), (BoardModel::Pi5, RevisionCode(0x00c0_4170))];
        let switch = power(u16::try_from(models.len())?)?;
        let mut boards = Vec::new();
        for (port, (model, revision)) in (1_u8..).zip(models) {
            let folder = run.join(format!("board{port}"));
            std::fs::create_dir_all(&folder)?;
            let identity = Identity {
                model,
                mac: MacAddr([0xdc, 0xa6, 0x32, 0x77, 0, port]),
                serial: BoardSerial(0x7700_0000 + u32::from(port)),
                revision,
            };
            let plan = Plan {
                port: port.into(),
                name: format!("pi-{port:02}"),
                identity,
                address: Ipv4Addr::new(10, 77, 0, 10 + port),
                card: folder.join("card.img"),
                folder,
                start,
            };
            used_card(&plan.card)?;
            let boots = Arc::default();
            let feed = switch.feed(plan.port).context("the switch lacks the board's port")?;
            board::plug_in(plan.clone(), feed, Arc::clone(&boots))?;
            boards.push(Board { plan, boots });
        }
        let (project, run, binary) = (project.to_owned(), run.to_owned(), binary.to_owned());
        Ok(Self { project, run, binary, boards, switch, start })
    }

    /// Prints a line with the seconds since the rack was built.
    pub(crate) fn say(&self, text: &str) {
        crate::enter::say(self.start, text);
    }
}

impl Board {
    /// What it booted from, in order.
    pub(crate) fn boots(&self) -> Vec<Source> {
        self.boots.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The simulated switch, on a thread of its own.
fn power(ports: u16) -> Result<switch::Handle> {
    let (answer, answers) = mpsc::channel();
    std::thread::Builder::new().name("switch".to_owned()).spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listen = (SERVER, SNMP_PORT).into();
            let config = switch::Config { listen, ports, community: COMMUNITY.to_owned(), state_file: None };
            let switch = switch::Switch::bind(config).await?;
            answer.send(switch.handle())?;
            Ok(switch.run(CancellationToken::new()).await?)
        })
    })?;
    answers.recv().context("the simulated switch cannot bind its port")
}

/// A sparse card that is not blank.
fn used_card(path: &Path) -> Result<()> {
    let card = std::fs::File::create(path)?;
    card.set_len(CARD_BYTES)?;
    for at in (0..CARD_BYTES).step_by(32 << 20) {
        card.write_all_at(OLD_CONTENT, at + 4096)?;
    }
    Ok(())
}
