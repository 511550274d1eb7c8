//! Partition tables: master boot record and GPT. *Pure:* over a [`ReadAt`].
//!
//! An own reader, since images come from anywhere: nothing in them may make it panic, and a table that speaks of
//! bytes which the image does not have says that the image is truncated. Logical partitions of an MBR are not
//! listed; their extended partition is, and is kept whole.

use super::disk::{Fields, ReadAt};
use super::error::{Error, Result, shown_bytes};
use crate::model::image::TableKind;
use crate::model::problem::Problem;

/// Card readers and images alike count in sectors of this size.
pub(super) const SECTOR: u64 = 512;
/// MBR partition type of the entry that protects a GPT.
const TYPE_GPT_PROTECTIVE: u8 = 0xee;

/// A partition as the table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// Its number as Linux counts.
    pub(super) number: u32,
    /// First byte.
    pub(super) start: u64,
    /// Size in bytes.
    pub(super) size: u64,
}

/// Whether these first bytes are those of a disk with a partition table.
pub(super) fn is_disk(head: &[u8]) -> bool {
    head.get(510..512) == Some(&[0x55, 0xaa]) && !mbr_entries(head).is_empty()
}

/// The partitions of a disk of that size.
pub(super) fn read(disk: &dyn ReadAt, disk_bytes: u64) -> Result<(TableKind, Vec<Slot>)> {
    let head = disk.bytes_at(0, 512).map_err(|error| Error::of_content("the image", &error))?;
    if !is_disk(&head) {
        return Err(no_table());
    }
    let entries = mbr_entries(&head);
    let is_gpt = entries.iter().any(|entry| entry.kind == TYPE_GPT_PROTECTIVE);
    let (kind, slots) = if is_gpt {
        (TableKind::Gpt, gpt_slots(disk, disk_bytes)?)
    } else {
        (TableKind::Mbr, entries.into_iter().map(|entry| entry.slot).collect())
    };
    check(&slots, disk_bytes)?;
    Ok((kind, slots))
}

struct MbrEntry {
    kind: u8,
    slot: Slot,
}

/// The used entries, or none if one of the four cannot be an entry.
fn mbr_entries(head: &[u8]) -> Vec<MbrEntry> {
    let mut found = Vec::new();
    for (number, at) in (1u32..).zip([446, 462, 478, 494]) {
        let entry = Fields(head.get(at..at + 16).unwrap_or_default());
        let (flag, kind) = (entry.u8(0), entry.u8(4));
        let (start, sectors) = (u64::from(entry.u32(8)), u64::from(entry.u32(12)));
        if kind == 0 {
            continue;
        }
        if flag & 0x7f != 0 || start == 0 || sectors == 0 {
            return Vec::new();
        }
        found.push(MbrEntry { kind, slot: Slot { number, start: start * SECTOR, size: sectors * SECTOR } });
    }
    found
}

/// UEFI specification 2.10, section 5.3.2: the header; 5.3.3: the entries.
fn gpt_slots(disk: &dyn ReadAt, disk_bytes: u64) -> Result<Vec<Slot>> {
    let failed = |error: std::io::Error| Error::of_content("the GUID partition table", &error);
    let header = disk.bytes_at(SECTOR, 512).map_err(failed)?;
    let fields = Fields(&header);
    let (count, entry_bytes) = (fields.u32(80), fields.u32(84));
    let header_bytes = usize::try_from(fields.u32(12)).unwrap_or(0);
    let is_sane = header.starts_with(b"EFI PART")
        && (92..=512).contains(&header_bytes)
        && (1..=1024).contains(&count)
        && (128..=1024).contains(&entry_bytes)
        && entry_bytes % 8 == 0;
    if !is_sane || header_crc(&header, header_bytes) != fields.u32(16) {
        return Err(damaged_gpt("header"));
    }
    if fields.u64(32).saturating_add(1).saturating_mul(SECTOR) > disk_bytes {
        return Err(truncated("the backup of the GUID partition table", fields.u64(32) * SECTOR, disk_bytes));
    }
    let entry_bytes = usize::try_from(entry_bytes).unwrap_or(128);
    let array_bytes = entry_bytes * usize::try_from(count).unwrap_or(0);
    let array_at = fields.u64(72).checked_mul(SECTOR).ok_or_else(|| damaged_gpt("header"))?;
    let array = disk.bytes_at(array_at, array_bytes).map_err(failed)?;
    if crc32(&[&array]) != fields.u32(88) {
        return Err(damaged_gpt("array of entries"));
    }
    let entries = (1u32..).zip(array.chunks_exact(entry_bytes));
    entries.filter(|(_, entry)| entry.iter().take(16).any(|byte| *byte != 0)).map(gpt_slot).collect()
}

fn gpt_slot((number, entry): (u32, &[u8])) -> Result<Slot> {
    let fields = Fields(entry);
    let (first, last) = (fields.u64(32), fields.u64(40));
    let sectors = last.checked_sub(first).and_then(|size| size.checked_add(1));
    let start = first.checked_mul(SECTOR).filter(|start| *start > 0);
    let size = sectors.and_then(|sectors| sectors.checked_mul(SECTOR));
    let (start, size) = start.zip(size).ok_or_else(|| damaged_gpt("array of entries"))?;
    Ok(Slot { number, start, size })
}

/// The header's checksum counts its own field as zero.
fn header_crc(header: &[u8], size: usize) -> u32 {
    let (before, after) = (header.get(..16).unwrap_or_default(), header.get(20..size).unwrap_or_default());
    crc32(&[before, &[0; 4], after])
}

fn crc32(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

/// Partitions lie inside the disk and apart from each other.
fn check(slots: &[Slot], disk_bytes: u64) -> Result<()> {
    let mut sorted = slots.to_vec();
    sorted.sort_unstable_by_key(|slot| slot.start);
    let mut end = 0;
    for slot in &sorted {
        if slot.start < end {
            return Err(Error::Damaged(Problem::new(
                format!("partition {} starts inside another", slot.number),
                "partitions that lie apart",
                "Repair the table with `sfdisk`, or take another image",
            )));
        }
        end = slot.start.saturating_add(slot.size);
        if end > disk_bytes {
            return Err(truncated(&format!("partition {}", slot.number), end, disk_bytes));
        }
    }
    if sorted.is_empty() { Err(no_table()) } else { Ok(()) }
}

fn truncated(what: &str, end: u64, disk_bytes: u64) -> Error {
    Error::Truncated(Problem::new(
        format!("{what} ends at byte {end}, the image at byte {disk_bytes} ({})", shown_bytes(disk_bytes)),
        "an image that holds all its partitions",
        "Download or copy it again: a part is missing at its end",
    ))
}

fn damaged_gpt(part: &str) -> Error {
    Error::Damaged(Problem::new(
        format!("the {part} of the GUID partition table has a wrong checksum or content"),
        "an intact table",
        "Repair it with `sgdisk --verify`, or download the image again",
    ))
}

fn no_table() -> Error {
    Error::NotAnImage(Problem::new(
        "the file has no partition table",
        "an image of a whole disk, with a boot and a root partition",
        "Give the .img (or its .xz, .gz, .zst, .zip, .tar.gz) that one writes to an SD card",
    ))
}
