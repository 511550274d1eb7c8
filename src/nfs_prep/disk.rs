//! The partitions of an OS image: where they lie, and what file system is in them. *IO: reads the image.*
//!
//! Called by `extract`. Small on purpose: an installer root needs two partitions of an image that an administrator
//! chose; `image` judges what users deploy, and its reader is not this module's to import.

use super::error::{Error, Result};
use super::files::failed;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

const SECTOR: u64 = 512;
const GPT_PROTECTIVE: u64 = 0xee;
/// Reads of a partition that come to an end: some for each entry of a folder, and for each sector, which may be a
/// cluster.
const FEWEST_READS: u64 = 4_000_000;
const SECTOR_READS: u64 = 8;
/// More entries than any image has.
const GPT_ENTRIES: u64 = 128;

/// A partition with a file system that is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) start: u64,
    pub(super) bytes: u64,
    pub(super) holds: Holds,
}

/// What a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Fat,
    Ext4,
}

/// The partitions of a disk image, in the table's order; those with other contents are left out. One that reaches
/// past the end says that the image is truncated.
pub(super) fn partitions(disk: &File, path: &Path) -> Result<Vec<Partition>> {
    let slots = slots(disk).map_err(failed("read", path))?;
    let end = disk.metadata().map_err(failed("look at", path))?.len();
    let mut found = Vec::new();
    for (number, (first, sectors)) in (1..).zip(slots) {
        let (start, bytes) = (first.saturating_mul(SECTOR), sectors.saturating_mul(SECTOR));
        if start == 0 || bytes == 0 {
            continue;
        }
        let last = start.saturating_add(bytes);
        if last > end {
            return Err(truncated(number, last, end));
        }
        if let Some(holds) = look(disk, start, bytes).map_err(failed("read", path))? {
            found.push(Partition { start, bytes, holds });
        }
    }
    Ok(found)
}

fn truncated(number: u32, last: u64, end: u64) -> Error {
    Error::refused(
        format!("partition {number} of the image ends at byte {last}, the image at byte {end}"),
        "an image that holds all its partitions",
        "Download or copy it again: a part is missing at its end.",
    )
}

/// First sector and number of sectors of each entry of the table that is in use.
fn slots(disk: &File) -> io::Result<Vec<(u64, u64)>> {
    let head = bytes_at(disk, 0, 512)?;
    if head.get(510..512) != Some(&[0x55, 0xaa]) {
        return Ok(Vec::new());
    }
    let entries: Vec<(u64, u64, u64)> = [446, 462, 478, 494]
        .into_iter()
        .map(|at| (number(&head, at + 4, 1), number(&head, at + 8, 4), number(&head, at + 12, 4)))
        .filter(|(kind, ..)| *kind != 0)
        .collect();
    if entries.iter().any(|(kind, ..)| *kind == GPT_PROTECTIVE) {
        return gpt_slots(disk);
    }
    Ok(entries.into_iter().map(|(_, first, sectors)| (first, sectors)).collect())
}

/// First sector and number of sectors (UEFI specification, section 5.3).
fn gpt_slots(disk: &File) -> io::Result<Vec<(u64, u64)>> {
    let header = bytes_at(disk, SECTOR, 512)?;
    let (array, count, size) = (number(&header, 72, 8), number(&header, 80, 4), number(&header, 84, 4));
    if !header.starts_with(b"EFI PART") || !(128..=1024).contains(&size) {
        return Ok(Vec::new());
    }
    let mut slots = Vec::new();
    for index in 0..count.min(GPT_ENTRIES) {
        let at = array.saturating_mul(SECTOR).saturating_add(index * size);
        let entry = bytes_at(disk, at, 128)?;
        let (first, last) = (number(&entry, 32, 8), number(&entry, 40, 8));
        if entry.iter().take(16).any(|byte| *byte != 0) && last >= first {
            slots.push((first, (last - first).saturating_add(1)));
        }
    }
    Ok(slots)
}

fn look(disk: &File, start: u64, bytes: u64) -> io::Result<Option<Holds>> {
    if bytes < 8192 {
        return Ok(None);
    }
    let head = bytes_at(disk, start, 2048)?;
    if number(&head, 1080, 2) == 0xef53 {
        return Ok(Some(Holds::Ext4));
    }
    Ok(is_fat(&head, bytes).then_some(Holds::Fat))
}

/// The fields of a boot sector with which `fatfs` calculates, before it does (Microsoft FAT specification 1.03).
fn is_fat(head: &[u8], bytes: u64) -> bool {
    let (sector, cluster) = (number(head, 11, 2), number(head, 13, 1));
    let (reserved, tables) = (number(head, 14, 2), number(head, 16, 1));
    let either = |short: u64, long: u64| if short == 0 { long } else { short };
    let total = either(number(head, 19, 2), number(head, 32, 4));
    let table = either(number(head, 22, 2), number(head, 36, 4));
    let before_data = reserved + tables * table + (number(head, 17, 2) * 32).div_ceil(sector.max(1));
    head.get(510..512) == Some(&[0x55, 0xaa])
        && matches!(sector, 512 | 1024 | 2048 | 4096)
        && cluster.is_power_of_two()
        && reserved > 0
        && matches!(tables, 1 | 2)
        && total > before_data
        && total * sector <= bytes
}

fn bytes_at(disk: &File, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    if i64::try_from(offset).is_err() {
        return Ok(buffer);
    }
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // What lies behind the end reads as zero.
        match disk.read_at(rest, offset.saturating_add(filled as u64))? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(buffer)
}

/// A little-endian number of so many bytes; beyond the end it is 0.
fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let field = bytes.get(at..at + size).unwrap_or_default();
    field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// One partition as a stream, read-only: what `fatfs` wants. It ends what `fatfs` reads in circles.
#[derive(Debug)]
pub(super) struct Window<'a> {
    disk: &'a File,
    partition: Partition,
    position: u64,
    reads_left: u64,
}

impl<'a> Window<'a> {
    /// That partition.
    pub(super) fn new(disk: &'a File, partition: Partition) -> Self {
        Self {
            disk,
            partition,
            position: 0,
            reads_left: FEWEST_READS + partition.bytes / SECTOR * SECTOR_READS,
        }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let circle = || io::Error::other("its tables lead in circles");
        self.reads_left = self.reads_left.checked_sub(1).ok_or_else(circle)?;
        let left = self.partition.bytes.saturating_sub(self.position);
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..size).unwrap_or_default();
        let read = self.disk.read_at(buffer, self.partition.start.saturating_add(self.position))?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Write for Window<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.partition.bytes.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn what_is_no_disk_has_no_partitions() {
        for bytes in [&b""[..], &[0; 100], &[0; 4096], &[0xff; 4096]] {
            assert_eq!(partitions(&file(bytes), Path::new("disk")).unwrap(), []);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_table_makes_it_panic(entries in proptest::collection::vec(any::<u8>(), 64), gpt: bool, header in proptest::collection::vec(any::<u8>(), 200)) {
            let mut disk = vec![0; 16_384];
            disk[446..510].copy_from_slice(&entries);
            disk[510..512].copy_from_slice(&[0x55, 0xaa]);
            if gpt {
                disk[450] = 0xee;
                disk[512..712].copy_from_slice(&header);
                disk[512..520].copy_from_slice(b"EFI PART");
                disk[596..600].copy_from_slice(&[128, 0, 0, 0]);
            }
            partitions(&file(&disk), Path::new("disk")).ok();
        }

        #[test]
        fn no_boot_sector_makes_it_panic(head in proptest::collection::vec(any::<u8>(), 2048)) {
            is_fat(&head, 1 << 20);
        }
    }
}
