//! A partition table of either kind, as far as growing one partition needs. *IO: the card's first and last
//! sectors.* The two kinds are pure, in `mbr` and `gpt`.

use super::{gpt::Gpt, mbr::Mbr};
use crate::model::image::{Partition, TableKind};
use crate::node::card::Card;
use crate::node::stop::Stop;

/// Cards have sectors of 512 bytes.
pub(super) const SECTOR: u64 = 512;

/// A used entry of a table, in sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its number as Linux counts, from 1.
    pub(super) number: u32,
    /// First sector.
    pub(super) first: u64,
    /// Sectors.
    pub(super) count: u64,
}

/// Where a partition lies and how far it may grow, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// First byte.
    pub(super) start_bytes: u64,
    /// Size now.
    pub(super) size_bytes: u64,
    /// The byte it must not reach: the next partition, or the end of what the table can use of the card.
    pub(super) limit_bytes: u64,
}

/// A table as read from a card.
pub(super) enum Table {
    /// Master boot record.
    Mbr(Mbr, u64),
    /// GUID partition table.
    Gpt(Box<Gpt>),
}

impl Table {
    /// Reads the table of that kind.
    pub(super) fn read(card: &Card, kind: TableKind) -> Result<Self, Stop> {
        let sectors = card.size() / SECTOR;
        let table = match kind {
            TableKind::Mbr => Mbr::decode(&bytes(card, 0, 512)?).map(|mbr| Self::Mbr(mbr, sectors)),
            TableKind::Gpt => {
                // The backup counts when the power failed while the primary was written.
                match read_gpt(card, 1, sectors)? {
                    Err(flaw) => read_gpt(card, sectors.saturating_sub(1), sectors)?.map_err(|_| flaw),
                    primary => primary,
                }
                .map(|gpt| Self::Gpt(Box::new(gpt)))
            }
        };
        table.map_err(|flaw| {
            Stop::pointless(
                format!("{} has no good partition table: {flaw}", card.path().display()),
                "the table of the image that was written",
                "Deploy again: the image is written anew.",
            )
        })
    }

    /// The place of the image's partition.
    pub(super) fn slot(&self, partition: &Partition) -> Result<Slot, Stop> {
        let (entries, last) = match self {
            Self::Mbr(mbr, sectors) => (mbr.entries(), mbr.usable_sectors(*sectors)),
            Self::Gpt(gpt) => (gpt.entries(), gpt.usable_sectors()),
        };
        let own = entries.iter().find(|entry| entry.number == partition.number);
        let own = own.filter(|entry| entry.first * SECTOR == partition.start_bytes).ok_or_else(|| {
            Stop::pointless(
                format!(
                    "the card's table has no partition {} that starts at byte {}",
                    partition.number, partition.start_bytes
                ),
                "the table of the image that was written, with the root partition as a primary one",
                "Deploy again: the image is written anew.",
            )
        })?;
        let next = entries.iter().map(|entry| entry.first).filter(|first| *first > own.first).min();
        let limit = next.unwrap_or(last).min(last);
        Ok(Slot {
            start_bytes: own.first * SECTOR,
            size_bytes: own.count * SECTOR,
            limit_bytes: limit.max(own.first + own.count) * SECTOR,
        })
    }

    /// Gives a partition another size and writes the table.
    pub(super) fn resize(mut self, card: &Card, number: u32, size_bytes: u64) -> Result<(), Stop> {
        let count = size_bytes / SECTOR;
        let writes = match &mut self {
            Self::Mbr(mbr, _) => mbr.resize(number, count),
            Self::Gpt(gpt) => gpt.resize(number, count),
        };
        for (offset, content) in writes {
            // What is right already is not written again.
            if bytes(card, offset, content.len())? != content {
                let size = content.len() as u64;
                card.write(offset, &content).map_err(|error| card.io("written", offset, size, &error))?;
                card.flush()?;
            }
        }
        Ok(())
    }
}

/// Reads the GPT whose header is at that sector.
fn read_gpt(card: &Card, header: u64, sectors: u64) -> Result<Result<Gpt, String>, Stop> {
    let protective = bytes(card, 0, 512)?;
    let header = bytes(card, header * SECTOR, 512)?;
    let entries = Gpt::entries_at(&header).filter(|(at, size)| at + *size as u64 <= card.size());
    let entries = entries.map(|(at, size)| bytes(card, at, size)).transpose()?;
    Ok(Gpt::decode(&protective, &header, &entries.unwrap_or_default(), sectors))
}

fn bytes(card: &Card, offset: u64, size: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = vec![0u8; size];
    card.read(offset, &mut bytes).map_err(|error| card.io("read", offset, size as u64, &error))?;
    Ok(bytes)
}

/// A little-endian number inside bytes that are known to be long enough; 0 beyond their end.
pub(super) fn number(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let field = bytes.get(offset..offset + size).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Sets a little-endian number.
pub(super) fn set_number(bytes: &mut [u8], offset: usize, size: usize, number: u64) {
    let field = bytes.iter_mut().skip(offset).take(size);
    for (to, from) in field.zip(number.to_le_bytes()) {
        *to = from;
    }
}
