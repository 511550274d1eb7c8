//! Finds the node's card and describes it for `probe`. *IO: reads /sys/block.*
//!
//! An SD card or eMMC comes first, then NVMe, then USB; a disk of which anything is mounted is never the card.

use super::card::has_write_bit;
use super::stop::Stop;
use crate::model::verb::CardReport;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
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
    paths.find(|path| path.exists() && !is_in_use(path)).ok_or_else(|| {
        let seen = match names.len() {
            0 => "the node has no mmcblk, nvme or sd disk".to_owned(),
            _ => format!("every disk of the node is in use: {}", join(&names)),
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

/// Whether something of this disk is mounted or otherwise held. A disk that cannot be asked counts as held.
pub(crate) fn is_in_use(path: &Path) -> bool {
    // The kernel gives a disk to one exclusive user (open(2), O_EXCL on block devices); a mount is one.
    let held = OpenOptions::new().read(true).custom_flags(nix::libc::O_EXCL).open(path).is_err();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    held || path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        let parts = fs::read_dir(Path::new("/sys/block").join(name)).into_iter().flatten().flatten();
        let folders = parts.map(|part| part.path()).chain([Path::new("/sys/block").join(name)]);
        let numbers = folders.filter_map(|folder| fs::read_to_string(folder.join("dev")).ok());
        numbers.into_iter().any(|number| is_mounted(&mounts, number.trim()))
    })
}

/// Whether a device number such as `179:2` is mounted (proc(5), mountinfo: the third field).
fn is_mounted(mountinfo: &str, number: &str) -> bool {
    mountinfo.lines().any(|line| line.split_ascii_whitespace().nth(2) == Some(number))
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
    fn mounts_are_found_by_number() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n27 1 179:2 / / rw - ext4 /dev/root rw\n";
        assert!(is_mounted(text, "179:2") && !is_mounted(text, "179:1") && !is_mounted("", "179:2"));
    }

    #[test]
    fn the_disk_of_this_machine_is_never_the_card() {
        let root = fs::read_to_string("/proc/self/mountinfo").unwrap();
        if let Ok(card) = find() {
            let name = card.file_name().unwrap().to_str().unwrap().to_owned();
            let number = fs::read_to_string(Path::new("/sys/block").join(name).join("dev")).unwrap();
            assert!(!is_mounted(&root, number.trim()), "{}", card.display());
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
