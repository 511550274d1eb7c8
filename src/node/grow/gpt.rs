//! GUID partition tables (UEFI 2.10, chapter 5). *Pure.*
//!
//! Growing a partition to the end of a larger card also moves the backup table there: the image's own lies where
//! the image ended. Entries keep their places, because their places are the partitions' numbers.

use super::table::{Entry, SECTOR, number, set_number};
use flate2::Crc;

const SIGNATURE: &[u8] = b"EFI PART";
/// Entries that tables of other makers may have, at most.
const MOST_ENTRIES: u64 = 1024;

/// A GUID partition table.
pub(super) struct Gpt {
    /// The protective master boot record.
    protective: Vec<u8>,
    /// The header's sector, the primary's where it is whole.
    header: Vec<u8>,
    entries: Vec<u8>,
    entry_size: usize,
    /// Sectors of the card.
    sectors: u64,
}

impl Gpt {
    /// Where the entries lie that a header's sector names: offset and size in bytes.
    pub(super) fn entries_at(header: &[u8]) -> Option<(u64, usize)> {
        let header = header.get(..512).filter(|header| header.starts_with(SIGNATURE))?;
        let (count, size) = (number(header, 80, 4), number(header, 84, 4));
        let sane = (1..=MOST_ENTRIES).contains(&count) && (128..=1024).contains(&size);
        let at = number(header, 72, 8).checked_mul(SECTOR).filter(|_| sane)?;
        Some((at, usize::try_from(count * size).ok()?))
    }

    /// Reads the first sector, a header's sector and its entries, of a card of that many sectors.
    pub(super) fn decode(
        protective: &[u8],
        header: &[u8],
        entries: &[u8],
        sectors: u64,
    ) -> Result<Self, String> {
        if Self::entries_at(header).is_none() {
            return Err("neither the second nor the last sector is a GPT header".to_owned());
        }
        let size = usize::try_from(number(header, 12, 4)).unwrap_or_default();
        let mut sealed =
            header.get(..size).filter(|_| size >= 92).ok_or("its header has a wrong size")?.to_vec();
        set_number(&mut sealed, 16, 4, 0);
        if crc(&sealed) != number(header, 16, 4) {
            return Err("its header has a wrong checksum".to_owned());
        }
        if crc(entries) != number(header, 88, 4) {
            return Err("its entries have a wrong checksum".to_owned());
        }
        let gpt = Self {
            protective: protective.to_vec(),
            header: header.to_vec(),
            entries: entries.to_vec(),
            entry_size: usize::try_from(number(header, 84, 4)).unwrap_or(128),
            sectors,
        };
        if gpt.usable_sectors()
            < gpt.entries().iter().map(|entry| entry.first + entry.count).max().unwrap_or(0)
        {
            return Err("its partitions reach beyond the card".to_owned());
        }
        Ok(gpt)
    }

    /// The used entries.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let used = |(index, entry): (usize, &[u8])| {
            let (first, last) = (number(entry, 32, 8), number(entry, 40, 8));
            let used = entry.iter().take(16).any(|byte| *byte != 0) && last >= first;
            let number = u32::try_from(index + 1).ok()?;
            used.then(|| Entry { number, first, count: last - first + 1 })
        };
        self.entries.chunks_exact(self.entry_size).enumerate().filter_map(used).collect()
    }

    /// Sectors that the entries take.
    fn entry_sectors(&self) -> u64 {
        (self.entries.len() as u64).div_ceil(SECTOR)
    }

    /// The sector after the last usable one: the backup table lies behind it.
    pub(super) fn usable_sectors(&self) -> u64 {
        self.sectors.saturating_sub(1 + self.entry_sectors())
    }

    /// Gives an entry another size; what is to be written, by offset in bytes. The backup comes first, so that
    /// at any moment one of the two tables is whole.
    pub(super) fn resize(&mut self, number: u32, count: u64) -> Vec<(u64, Vec<u8>)> {
        let index = number.saturating_sub(1) as usize;
        if let Some(entry) = self.entries.chunks_exact_mut(self.entry_size).nth(index) {
            let first = super::table::number(entry, 32, 8);
            set_number(entry, 40, 8, (first + count).saturating_sub(1));
        }
        let last = self.sectors.saturating_sub(1);
        let backup_entries = last.saturating_sub(self.entry_sectors());
        // A backup's header names its own entries; those of the primary follow its header.
        let is_primary = super::table::number(&self.header, 24, 8) == 1;
        let primary_entries = if is_primary { super::table::number(&self.header, 72, 8) } else { 2 };
        let backup = self.header_at(last, 1, backup_entries);
        let primary = self.header_at(1, last, primary_entries);
        self.header.clone_from(&primary);
        self.stretch_protective();
        vec![
            (backup_entries * SECTOR, self.entries.clone()),
            (last * SECTOR, backup),
            (primary_entries * SECTOR, self.entries.clone()),
            (SECTOR, primary),
            (0, self.protective.clone()),
        ]
    }

    fn header_at(&self, own: u64, other: u64, entries: u64) -> Vec<u8> {
        let mut header = self.header.clone();
        set_number(&mut header, 24, 8, own);
        set_number(&mut header, 32, 8, other);
        set_number(&mut header, 48, 8, self.usable_sectors().saturating_sub(1));
        set_number(&mut header, 72, 8, entries);
        set_number(&mut header, 88, 4, crc(&self.entries));
        set_number(&mut header, 16, 4, 0);
        let size = usize::try_from(number(&header, 12, 4)).unwrap_or_default();
        let seal = crc(header.get(..size).unwrap_or_default());
        set_number(&mut header, 16, 4, seal);
        header
    }

    /// The protective entry covers the whole card, as far as its 32 bits reach. Hybrid tables keep theirs.
    fn stretch_protective(&mut self) {
        let (at, whole) = (446, self.sectors.saturating_sub(1).min(u64::from(u32::MAX)));
        if number(&self.protective, at + 4, 1) == 0xee && number(&self.protective, at + 16 + 4, 1) == 0 {
            set_number(&mut self.protective, at + 12, 4, whole);
        }
    }
}

fn crc(bytes: &[u8]) -> u64 {
    let mut crc = Crc::new();
    crc.update(bytes);
    u64::from(crc.sum())
}
