//! `finish`: the card is flushed, then the node restarts. *IO: the card, the kernel.*
//!
//! ```text
//! finish: flush ─► into memory ─► answer out (run) ─► leave: pause ─► reboot(2)
//! ```
//!
//! Invariant: behind the answer nothing is read from the installer's root, which may be withdrawn at any moment from
//! then on: no program is started, and this one's pages are locked in memory before.
//!
//! A card that is a plain file has no board under it: then this machine is somebody's computer, and the verb
//! flushes the file and leaves the machine alone. Whoever runs verbs on files (`sim`) plays the restart itself.

use super::card::{Card, Kind};
use super::stop::Stop;
use crate::model::verb::{After, FinishArgs};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::reboot::{RebootMode, reboot};
use std::time::Duration;

/// For the answer to leave through sshd, which ends with the system.
const ANSWER: Duration = Duration::from_millis(500);

/// How the node goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It starts anew.
    Reboot,
    /// It switches itself off.
    PowerOff,
}

/// Flushes the card; says how the node is to go down once that is answered, none if it stays.
pub(crate) fn finish(card: &Card, args: &FinishArgs) -> Result<Option<Leaving>, Stop> {
    card.forget()?;
    let leaving = match (card.kind(), args.then) {
        (Kind::File, _) | (Kind::Device, After::Stay) => return Ok(None),
        (Kind::Device, After::Reboot) => Leaving::Reboot,
        (Kind::Device, After::PowerOff) => Leaving::PowerOff,
    };
    if !nix::unistd::geteuid().is_root() {
        return Err(Stop::pointless(
            "`finish` was asked to end the system by an ordinary user",
            "a node, where verbs run as root",
            "Run it on a node through pimaster.",
        ));
    }
    nix::unistd::sync();
    // Best effort: a board that is short of memory still restarts as long as its root is there.
    let _ = mlockall(MlockAllFlags::MCL_CURRENT);
    Ok(Some(leaving))
}

/// Goes down without the system's own way, whose programs and services would be read from a root that may be gone. An
/// installer has nothing to save once the card is flushed. Comes back only if the kernel refuses.
pub(crate) fn leave(leaving: Leaving) -> nix::Error {
    std::thread::sleep(ANSWER);
    let mode = match leaving {
        Leaving::Reboot => RebootMode::RB_AUTOBOOT,
        Leaving::PowerOff => RebootMode::RB_POWER_OFF,
    };
    match reboot(mode) {
        Err(error) => error,
        Ok(never) => match never {},
    }
}
