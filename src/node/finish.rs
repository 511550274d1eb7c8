//! `finish`: the card is flushed, then the node restarts. *IO: the card, then the system's own programs.*
//!
//! A card that is a plain file has no board under it: then this machine is somebody's computer, and the verb
//! flushes the file and leaves the machine alone. Whoever runs verbs on files (`sim`) plays the restart itself.

use super::card::{Card, Kind};
use super::report::Reporter;
use super::stop::Stop;
use super::tool;
use crate::model::verb::{After, FinishArgs};
use std::ffi::OsStr;

/// Flushes the card and does what comes last.
pub(crate) fn finish(card: &Card, args: &FinishArgs, reporter: &mut Reporter<'_>) -> Result<(), Stop> {
    card.forget()?;
    let _ = reporter;
    let program = match (card.kind(), args.then) {
        (Kind::File, _) | (Kind::Device, After::Stay) => return Ok(()),
        (Kind::Device, After::Reboot) => "reboot",
        (Kind::Device, After::PowerOff) => "poweroff",
    };
    if !nix::unistd::geteuid().is_root() {
        return Err(Stop::pointless(
            format!("`finish` was asked to {program} by an ordinary user"),
            "a node, where verbs run as root",
            "Run it on a node through pimaster.",
        ));
    }
    nix::unistd::sync();
    leave(program)
}

/// Restarts without the system's own way down, a second from now, so that our answer gets out before sshd ends. An
/// installer has nothing to save once the card is flushed, and its root may be withdrawn at any moment from now on:
/// programs and services that are read from there on the way down would hang. `-f` twice asks the kernel at once, in
/// systemd's `reboot` as in busybox's.
fn leave(program: &str) -> Result<(), Stop> {
    let timed = ["--quiet", "--on-active=1", "--timer-property=AccuracySec=100ms", "--", program, "-f", "-f"];
    if tool::run("systemd-run", &timed.map(OsStr::new)).is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    tool::run_later(program, &["-f", "-f"])
}
