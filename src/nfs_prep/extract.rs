//! The system and the boot files out of an OS image, without mounting it. *IO: the staging folder; runs `debugfs`.*
//!
//! Called by `apply`. Everything lands in a staging folder of mode 0700, from which `copy` takes what is let
//! through: what is left out, keys among it, never lies where nodes can read it.

use super::debugfs::{DUMP, QUESTION, debugfs};
use super::disk::{self, Holds, Partition};
use super::error::{Error, Result};
use super::fat::copy_boot;
use super::files::failed;
use std::fs::{self, File};
use std::path::Path;

/// Partitions that are asked whether they hold a system.
const MOST_ASKED: usize = 8;

/// The unpacked image, the system and the boot files in the staging folder.
pub(super) const DISK: &str = "disk";
pub(super) const ROOT: &str = "root";
pub(super) const BOOT: &str = "boot";

/// Takes the root file system and the boot files out of the unpacked image.
pub(super) fn extract(staging: &Path) -> Result<()> {
    let path = staging.join(DISK);
    let disk = File::open(&path).map_err(failed("read", &path))?;
    let partitions = disk::partitions(&disk, &path)?;
    let mut root = None;
    for partition in partitions.iter().filter(|it| it.holds == Holds::Ext4).take(MOST_ASKED) {
        let said = debugfs(staging, partition, "stat /etc/passwd", QUESTION)?;
        if said.stdout.starts_with(b"Inode:") {
            root = Some(*partition);
            break;
        }
    }
    let root = root.ok_or_else(|| {
        Error::refused(
            format!(
                "none of the image's {} readable partitions is the ext4 root of a system",
                partitions.len()
            ),
            "an image of a whole disk with a boot and a root partition",
            "Give the .img (or .img.xz) that one writes to an SD card.",
        )
    })?;
    dump(staging, &root)?;
    let boot = staging.join(BOOT);
    for partition in partitions.iter().filter(|it| it.holds == Holds::Fat) {
        if copy_boot(&disk, *partition, &boot)? {
            return Ok(());
        }
    }
    Err(Error::refused(
        "no FAT partition of the image holds a config.txt",
        "the boot files of a Raspberry Pi system",
        "Give an OS image for the Raspberry Pi.",
    ))
}

fn dump(staging: &Path, root: &Partition) -> Result<()> {
    let to = staging.join(ROOT);
    fs::create_dir(&to).map_err(failed("create the folder", &to))?;
    let output = debugfs(staging, root, &format!("rdump / {ROOT}"), DUMP)?;
    // It ends with 0 whatever happens; what went wrong stands on standard error, after its version.
    let said = String::from_utf8_lossy(&output.stderr);
    let is_root = super::files::root_if_root().is_some();
    let is_expected = |line: &&str| {
        line.starts_with("debugfs 1.")
            || line.trim().is_empty()
            || (!is_root && line.contains("not permitted"))
    };
    let complaints: Vec<&str> = said.lines().filter(|line| !is_expected(line)).take(3).collect();
    if complaints.is_empty() {
        return open_to_all(&to);
    }
    Err(Error::refused(
        format!("debugfs could not read the whole image: {}", complaints.join("; ")),
        "an intact ext4 file system, and room for it",
        "Check the room on the disk and the image's checksum, and try again.",
    ))
}

/// debugfs gives out the nine permission bits alone. Programs that become root by set-user-id are not missed, since
/// only root is ever there; shared folders need their sticky bit back.
fn open_to_all(root: &Path) -> Result<()> {
    for folder in ["tmp", "var/tmp"].map(|folder| root.join(folder)) {
        if super::files::look(&folder)?.is_some_and(|seen| seen.is_dir()) {
            super::files::own_by(&folder, None, 0o1777)?;
        }
    }
    Ok(())
}
