//! `pimaster node overlay-init`: process 1 of the installer, before the real init.
//! *IO: mounts; replaces itself by /sbin/init.*
//!
//! The installer's root is a read-only NFS export that all nodes share. This puts a RAM overlay over it, so that
//! the system can write what it likes and the next boot starts afresh:
//!
//! ```text
//! /mnt (tmpfs) ── upper, work, root = overlay(lower = /, upper)
//! /proc /sys /dev /run  moved into root, where mounted already
//! root moved to /, chroot, exec /sbin/init
//! ```
//!
//! Whatever fails is said on the console, and the node goes on with the read-only root: a person can then still
//! sign in and look.

use super::tool;
use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, chroot};
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const NONE: Option<&str> = None;
/// Every root file system has it, and nothing lies in it.
const STAGE: &str = "/mnt";

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[error("{step} failed: {source}")]
struct StepError {
    step: String,
    source: io::Error,
}

trait Step<T> {
    fn step(self, name: impl Into<String>) -> Result<T, StepError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, name: impl Into<String>) -> Result<T, StepError> {
        self.map_err(|error| StepError { step: name.into(), source: error.into() })
    }
}

/// Sets the overlay up and becomes `/sbin/init` with these arguments. Comes back only if there is no init.
pub fn overlay_init(arguments: &[OsString]) -> io::Error {
    if let Err(error) = enter_overlay() {
        console(&format!("pimaster: no RAM overlay: {error}; going on with the read-only root"));
    }
    let error = Command::new("/sbin/init").args(arguments).exec();
    console(&format!("pimaster: cannot start /sbin/init: {error}"));
    error
}

fn enter_overlay() -> Result<(), StepError> {
    if !is_mounted(Path::new("/proc")) {
        mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NONE).step("mounting /proc")?;
    }
    // The module may be built in, or loaded by the initramfs: only the mount below decides.
    drop(tool::run("/sbin/modprobe", &[OsStr::new("overlay")]));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("overlay-ram"), STAGE, Some("tmpfs"), flags, Some("mode=0755"))
        .step(format!("mounting RAM on {STAGE}"))?;
    let stage = Path::new(STAGE);
    for folder in ["upper", "work", "root"] {
        fs::create_dir(stage.join(folder)).step(format!("creating {STAGE}/{folder}"))?;
    }
    let root = stage.join("root");
    let options = format!("lowerdir=/,upperdir={STAGE}/upper,workdir={STAGE}/work");
    mount(Some("overlay"), &root, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .step("mounting the overlay")?;
    for name in ["proc", "sys", "dev", "run"] {
        let old = Path::new("/").join(name);
        if is_mounted(&old) {
            move_mount(&old, &root.join(name))?;
        }
    }
    chdir(&root).step("entering the overlay")?;
    move_mount(Path::new("."), Path::new("/"))?;
    chroot(".").step("changing the root")?;
    chdir("/").step("entering the new root")
}

fn move_mount(from: &Path, to: &Path) -> Result<(), StepError> {
    mount(Some(from), to, NONE, MsFlags::MS_MOVE, NONE).step(format!("moving {}", from.display()))
}

/// A mount point lies on another device than its parent folder.
fn is_mounted(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    device(folder) != folder.parent().and_then(device)
}

fn console(text: &str) {
    if let Ok(mut console) = OpenOptions::new().write(true).open("/dev/console") {
        drop(writeln!(console, "{text}"));
    }
}
