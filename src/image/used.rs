//! Which bytes of a disk must be written to a card. *Pure:* over a [`ReadAt`].
//!
//! Dropped are blocks that a file system's own bitmap calls free, and windows of zeroes between partitions. A
//! block in use is kept even if it is all zeroes: a card may hold anything where nothing is written.

use super::disk::ReadAt;
use super::error::{Error, Result};
use super::ext4::Free;
use super::extents::Extents;
use super::inspect::{Content, Inspection};
use std::ops::Range;

/// Outside partitions, zeroes are dropped in aligned windows of this size; the first and the last window of the
/// disk stay, since tables lie there.
const WINDOW: u64 = 1024 * 1024;

/// What is used, and what there is to say about it.
#[derive(Debug)]
pub(super) struct Used {
    /// The bytes to keep.
    pub(super) extents: Extents,
    /// Why parts are stored whole.
    pub(super) notes: Vec<String>,
}

/// Finds the used bytes of a disk of that size.
pub(super) fn find(disk: &dyn ReadAt, disk_bytes: u64, inspection: &Inspection) -> Result<Used> {
    let mut free: Vec<Range<u64>> = Vec::new();
    let mut notes = Vec::new();
    let mut outside = Extents::one(0..disk_bytes);
    for (partition, content) in inspection.layout.partitions.iter().zip(&inspection.contents) {
        let start = partition.start_bytes;
        let failed = |error: std::io::Error| {
            Error::of_content(&format!("the file system of partition {}", partition.number), &error)
        };
        let known_bytes = match content {
            Content::Fat(fat) => {
                free.extend(fat.free(disk, start).map_err(failed)?.iter().cloned());
                fat.total_bytes
            }
            Content::Ext4(ext4) => {
                match ext4.free(disk, start).map_err(failed)? {
                    Free::Known(extents) => free.extend(extents.iter().cloned()),
                    Free::Unknown(reason) => notes.push(format!(
                        "partition {} is stored whole, free blocks too: {reason}; run `e2fsck -f` on it before the \
                         import to store less",
                        partition.number
                    )),
                }
                ext4.total_bytes
            }
            Content::Other => {
                notes.push(format!(
                    "partition {} holds no known file system and is stored whole",
                    partition.number
                ));
                partition.size_bytes
            }
        };
        outside = outside.without(&Extents::one(start..start + known_bytes));
    }
    for range in outside.iter() {
        drop_zeroes(disk, disk_bytes, range, &mut free)
            .map_err(|error| Error::of_content("the image", &error))?;
    }
    let whole = Extents::one(0..disk_bytes);
    Ok(Used { extents: whole.without(&Extents::of(free)), notes })
}

/// Adds the windows of `range` that are all zeroes to `free`.
fn drop_zeroes(
    disk: &dyn ReadAt,
    disk_bytes: u64,
    range: &Range<u64>,
    free: &mut Vec<Range<u64>>,
) -> std::io::Result<()> {
    let mut start = range.start.max(WINDOW);
    let last = range.end.min(disk_bytes.saturating_sub(WINDOW));
    while start < last {
        let end = ((start / WINDOW + 1) * WINDOW).min(last);
        let bytes = disk.bytes_at(start, usize::try_from(end - start).unwrap_or(0))?;
        if is_zero(&bytes) {
            free.push(start..end);
        }
        start = end;
    }
    Ok(())
}

/// Whether all bytes are zero, compared in pieces the size of a block.
fn is_zero(bytes: &[u8]) -> bool {
    const ZEROES: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROES.len()).all(|piece| ZEROES.get(..piece.len()) == Some(piece))
}
