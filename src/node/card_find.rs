//! Finds the node's card and describes it for `probe`. *IO: reads /sys/block.*
//!
//! An SD card or eMMC comes first, then NVMe, then USB; a disk of which anything is mounted is never the card. A disk
//! that is merely busy stays the card: an earlier verb's program may still be at work on it, and the next disk is
//! not ours to write.

use super::card::has_write_bit;
use super::stop::Stop;
use crate::model::verb::CardReport;
use std::fs::{self, File, Metadata};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The card of this node.
pub(crate) fn find() -> Result<PathBuf, Stop> {
    let mut names: Vec<(u8, String)> = fs::read_dir("/sys/block")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some((rank(&name)?, name)))
        .filter(|(_, name)| size_in_sys(name).is_some_and(|size| size > 0))
        .collect();
    names.sort();
    let mut paths = names.iter().map(|(_, name)| Path::new("/dev").join(name));
    paths.find(|path| path.exists() && !is_mounted(path)).ok_or_else(|| {
        let seen = match names.len() {
            0 => "the node has no mmcblk, nvme or sd disk".to_owned(),
            _ => format!("every disk of the node is mounted: {}", join(&names)),
        };
        Stop::worthwhile(
            seen,
            "a card in the node's slot",
            "Put a card in; if there is one, take it out and in again or replace it.",
        )
    })
}

fn join(names: &[(u8, String)]) -> String {
    names.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The order of preference; `None` for what is no disk (partitions of eMMC, loop devices, RAM).
fn rank(name: &str) -> Option<u8> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if name.strip_prefix("mmcblk").is_some_and(digits) {
        return Some(0);
    }
    if let Some((controller, space)) = name.strip_prefix("nvme").and_then(|rest| rest.split_once('n')) {
        return (digits(controller) && digits(space)).then_some(1);
    }
    let scsi = name.strip_prefix("sd").or_else(|| name.strip_prefix("vd"));
    scsi.is_some_and(letters).then_some(2)
}

/// Whether something of this disk is mounted, swapped to, or part of a volume. A disk that cannot be asked counts
/// as mounted; one that a program merely works on does not.
pub(crate) fn is_mounted(path: &Path) -> bool {
    let Some(folder) = folder_in_sys(path) else { return true };
    let (Ok(mounts), swaps) =
        (fs::read_to_string("/proc/self/mountinfo"), fs::read_to_string("/proc/swaps").unwrap_or_default())
    else {
        return true;
    };
    let inside = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let parts = inside.filter(|entry| entry.join("partition").exists());
    parts.chain([folder.clone()]).any(|part| {
        let is_in_volume =
            fs::read_dir(part.join("holders")).is_ok_and(|mut holders| holders.next().is_some());
        let name = part.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = fs::read_to_string(part.join("dev")).unwrap_or_default();
        is_in_volume || carries(&mounts, &swaps, name, number.trim())
    })
}

/// What the kernel says of a device, also where the path is a link to it.
fn folder_in_sys(path: &Path) -> Option<PathBuf> {
    let number = fs::metadata(path).ok().filter(|metadata| metadata.file_type().is_block_device())?.rdev();
    let (major, minor) = (nix::sys::stat::major(number), nix::sys::stat::minor(number));
    fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()
}

/// Whether a device such as `mmcblk0p2`, number `179:2`, is mounted or swapped to. proc(5), mountinfo: the third
/// field is the number; btrfs has one of its own there, but names the device two fields after the dash.
fn carries(mountinfo: &str, swaps: &str, name: &str, number: &str) -> bool {
    let is_named = |field: Option<&str>| field.and_then(|field| field.strip_prefix("/dev/")) == Some(name);
    let mounted = mountinfo.lines().any(|line| {
        let source = line.split_once(" - ").and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1));
        line.split_ascii_whitespace().nth(2) == Some(number) || is_named(source)
    });
    mounted || swaps.lines().any(|line| is_named(line.split_ascii_whitespace().next()))
}

/// What a probe says of the card at that path; `None` if there is none.
pub(crate) fn describe(path: &Path) -> Option<CardReport> {
    let metadata = fs::metadata(path).ok()?;
    let device = metadata.file_type().is_block_device();
    let name = path.file_name()?.to_str()?;
    let size_bytes = match device {
        true => size_in_sys(name).or_else(|| size_by_seeking(path))?,
        false => metadata.len(),
    };
    let identity = fs::read_to_string(Path::new("/sys/block").join(name).join("device/cid")).ok();
    Some(CardReport {
        path: path.display().to_string(),
        size_bytes,
        read_only: is_read_only(path, &metadata),
        identity: identity.filter(|_| device).map(|cid| cid.trim().to_owned()),
    })
}

/// Whether the card refuses writes.
pub(crate) fn is_read_only(path: &Path, metadata: &Metadata) -> bool {
    if !metadata.file_type().is_block_device() {
        return !has_write_bit(metadata);
    }
    let flag = path.file_name().map(|name| Path::new("/sys/block").join(name).join("ro"));
    flag.and_then(|flag| fs::read_to_string(flag).ok()).is_some_and(|text| text.trim() == "1")
}

/// The kernel counts in sectors of 512 bytes, whatever the device's own are.
fn size_in_sys(name: &str) -> Option<u64> {
    let text = fs::read_to_string(Path::new("/sys/block").join(name).join("size")).ok()?;
    text.trim().parse::<u64>().ok()?.checked_mul(512)
}

fn size_by_seeking(path: &Path) -> Option<u64> {
    File::open(path).ok()?.seek(SeekFrom::End(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_come_first_and_partitions_never() {
        let check = |name: &str, expect: Option<u8>| assert_eq!(rank(name), expect, "{name}");
        check("mmcblk0", Some(0));
        check("mmcblk12", Some(0));
        check("nvme0n1", Some(1));
        check("sda", Some(2));
        check("vda", Some(2));
        check("mmcblk0boot0", None);
        check("mmcblk0p1", None);
        check("nvme0n1p2", None);
        check("loop0", None);
        check("ram1", None);
        check("sd", None);
    }

    #[test]
    fn mounts_are_found_by_number_by_name_and_in_swap() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n27 1 179:2 / / rw - ext4 /dev/root rw\n";
        assert!(carries(text, "", "mmcblk0p2", "179:2") && !carries(text, "", "mmcblk0p1", "179:1"));
        let btrfs = "30 1 0:27 / /data rw - btrfs /dev/sda1 rw\n";
        assert!(carries(btrfs, "", "sda1", "8:1") && !carries(btrfs, "", "sda", "8:0"));
        let swaps = "Filename Type Size Used Priority\n/dev/sda2 partition 1024 0 -2\n";
        assert!(carries("", swaps, "sda2", "8:2") && !carries("", swaps, "sda1", "8:1"));
    }

    #[test]
    fn the_disk_of_this_machine_is_never_the_card() {
        let root = fs::read_to_string("/proc/self/mountinfo").unwrap();
        if let Ok(card) = find() {
            let name = card.file_name().unwrap().to_str().unwrap().to_owned();
            let number = fs::read_to_string(Path::new("/sys/block").join(name).join("dev")).unwrap();
            assert!(!carries(&root, "", "", number.trim()), "{}", card.display());
        }
    }

    #[test]
    fn a_file_is_described_without_a_board() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4096).unwrap();
        let report = describe(file.path()).unwrap();
        assert_eq!((report.size_bytes, report.read_only, report.identity), (4096, false, None));
        assert_eq!(describe(Path::new("/nonexistent")), None);
    }
}
