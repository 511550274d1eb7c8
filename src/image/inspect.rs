//! What is on a disk image: partitions, file systems, the operating system, boot and root. *IO: reads the disk.*
//!
//! Called by `import`. Everything is found by looking inside; no sector number is known here.

use super::boot_files::BootFiles;
use super::catalogue::shown_file_system;
use super::debugfs::ExtFiles;
use super::disk::ReadAt;
use super::error::{Error, Result, shown_bytes};
use super::ext4::Ext4;
use super::family::Evidence;
use super::fat::Fat;
use super::table::{self, Slot};
use crate::model::chip::Chip;
use crate::model::environment::OsFamily;
use crate::model::image::{FileSystem, Layout, Partition};
use crate::model::problem::Problem;
use std::path::Path;

/// What a partition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A FAT file system.
    Fat(Fat),
    /// An ext2, ext3 or ext4 file system.
    Ext4(Box<Ext4>),
    /// Anything else.
    Other,
}

impl Content {
    fn file_system(&self) -> FileSystem {
        match self {
            Self::Fat(_) => FileSystem::Fat,
            Self::Ext4(_) => FileSystem::Ext4,
            Self::Other => FileSystem::Other,
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Fat(fat) => fat.label.clone(),
            Self::Ext4(ext4) => ext4.label.clone(),
            Self::Other => String::new(),
        }
    }
}

/// What is on an image.
#[derive(Debug)]
pub(super) struct Inspection {
    /// Its partitions.
    pub(super) layout: Layout,
    /// What they hold, in the order of the layout.
    pub(super) contents: Vec<Content>,
    /// The system's family.
    pub(super) family: OsFamily,
    /// The system's own name for itself.
    pub(super) system: Option<String>,
    /// The processors it boots on; none if that cannot be told.
    pub(super) boots_on: Option<Vec<Chip>>,
}

/// A disk to look into.
pub(super) struct Disk<'a> {
    /// Its bytes.
    pub(super) bytes: &'a dyn ReadAt,
    /// How many.
    pub(super) size: u64,
    /// The folder it lies in, for programs that look into it.
    pub(super) folder: &'a Path,
    /// Its name there.
    pub(super) name: &'a str,
}

/// Looks into a disk.
pub(super) fn inspect(disk: &Disk<'_>) -> Result<Inspection> {
    if !disk.size.is_multiple_of(table::SECTOR) {
        return Err(Error::Truncated(Problem::new(
            format!("the image has {} bytes, which is no whole number of sectors of 512", disk.size),
            "an image of whole sectors",
            "Download or copy it again: a part is missing at its end",
        )));
    }
    let (table, slots) = table::read(disk.bytes, disk.size)?;
    let found = slots.iter().map(|slot| content(disk.bytes, slot)).collect::<Result<Vec<_>>>()?;
    let partitions: Vec<Partition> =
        slots.iter().zip(&found).map(|(slot, content)| partition(slot, content)).collect();
    let boot = find_boot(disk, &partitions)?;
    let (root, mut evidence) = find_root(disk, &partitions)?;
    let files = BootFiles::open(disk.bytes, boot)?;
    evidence.has_core = evidence.has_tce && files.has_core()?;
    evidence.is_raspberry_pi |= files.names()?.iter().any(|name| name == "issue.txt");
    let label_of = |wanted: &Partition| {
        let found = partitions.iter().zip(&found).find(|(partition, _)| *partition == wanted);
        found.map(|(_, content)| content.label()).unwrap_or_default()
    };
    evidence.labels = [label_of(boot), label_of(root)];
    let family = evidence.family().ok_or_else(|| unknown_system(&evidence))?;
    let layout = Layout { table, boot: boot.number, root: root.number, partitions: partitions.clone() };
    let boots_on = files.signs()?.boots_on();
    Ok(Inspection { layout, contents: found, family, system: evidence.system(), boots_on })
}

fn partition(slot: &Slot, content: &Content) -> Partition {
    Partition {
        number: slot.number,
        start_bytes: slot.start,
        size_bytes: slot.size,
        file_system: content.file_system(),
    }
}

/// What a partition holds; a file system larger than its partition is refused.
fn content(disk: &dyn ReadAt, slot: &Slot) -> Result<Content> {
    let failed = |error: std::io::Error| Error::of_content(&format!("partition {}", slot.number), &error);
    let boot = disk.bytes_at(slot.start, 512).map_err(failed)?;
    let content = if let Some(fat) = Fat::parse(&boot) {
        Content::Fat(fat)
    } else if let Some(ext4) = Ext4::read(disk, slot.start).map_err(failed)? {
        Content::Ext4(Box::new(ext4))
    } else {
        Content::Other
    };
    let claimed = match &content {
        Content::Fat(fat) => fat.total_bytes,
        Content::Ext4(ext4) => ext4.total_bytes,
        Content::Other => 0,
    };
    if claimed > slot.size {
        return Err(Error::Damaged(Problem::new(
            format!(
                "the file system of partition {} has {}, its partition {}",
                slot.number,
                shown_bytes(claimed),
                shown_bytes(slot.size)
            ),
            "a file system that fits into its partition",
            "Shrink it with `resize2fs` before the partition, or take the original image",
        )));
    }
    Ok(content)
}

/// The first FAT partition with something to boot, else the first one.
fn find_boot<'a>(disk: &Disk<'_>, partitions: &'a [Partition]) -> Result<&'a Partition> {
    let fats = || partitions.iter().filter(|partition| partition.file_system == FileSystem::Fat);
    for partition in fats() {
        if BootFiles::open(disk.bytes, partition)?.is_bootable()? {
            return Ok(partition);
        }
    }
    fats().next().ok_or_else(|| missing("FAT boot partition", partitions))
}

/// The first ext4 partition with a system in it, and what was found there.
fn find_root<'a>(disk: &Disk<'_>, partitions: &'a [Partition]) -> Result<(&'a Partition, Evidence)> {
    let mut first = None;
    for partition in partitions.iter().filter(|partition| partition.file_system == FileSystem::Ext4) {
        let files = ExtFiles { folder: disk.folder, disk: disk.name, start: partition.start_bytes };
        let evidence = look(&files)?;
        if evidence.os_release.is_some() || evidence.has_tce {
            return Ok((partition, evidence));
        }
        first.get_or_insert((partition, evidence));
    }
    first.ok_or_else(|| missing("ext4 root partition", partitions))
}

/// Looks for a system in a file system.
fn look(files: &ExtFiles<'_>) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    // `/etc/os-release` is a symbolic link on most systems, and debugfs does not follow the last one.
    for path in ["/usr/lib/os-release", "/etc/os-release"] {
        evidence.os_release = files.text(path)?.filter(|text| text.contains('='));
        if evidence.os_release.is_some() {
            break;
        }
    }
    if evidence.os_release.is_none() {
        evidence.has_tce = files.is_folder("/tce")?;
        return Ok(evidence);
    }
    for path in ["/etc/rpi-issue", "/usr/lib/raspberrypi-sys-mods", "/usr/share/doc/raspberrypi-sys-mods"] {
        evidence.is_raspberry_pi = evidence.is_raspberry_pi || files.exists(path)?;
    }
    Ok(evidence)
}

fn missing(what: &str, partitions: &[Partition]) -> Error {
    let listed: Vec<String> = partitions
        .iter()
        .map(|partition| format!("{}: {}", partition.number, shown_file_system(partition.file_system)))
        .collect();
    Error::Unsupported(Problem::new(
        format!("the image has no {what} ({})", listed.join(", ")),
        "a FAT partition to boot from and an ext4 root",
        "Take an image for Raspberry Pi: Raspberry Pi OS, Ubuntu, Debian or piCore",
    ))
}

fn unknown_system(evidence: &Evidence) -> Error {
    Error::Unsupported(Problem::new(
        evidence.seen(),
        "Raspberry Pi OS, Ubuntu, piCore or another Debian",
        "Only these can be customised; take an image of one of them",
    ))
}
