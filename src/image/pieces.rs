//! How the used bytes of a disk are cut into chunks. *Pure.*
//!
//! ```text
//! disk     |        1 MiB         |        1 MiB         |
//! used     ████░██████░░░░░░░░░███████████████░░░░░░░░░███
//! chunks   [── 1 ────]         [─ 2 ─][── 3 ─]         [4]
//! ```
//!
//! A chunk never crosses a multiple of [`CHUNK_BYTES`]: large enough for zstd to find what repeats and for cards to
//! write at full speed, small enough that an interrupted write loses little and a node holds several at once.
//! Between used bytes, gaps too small to be worth a write of their own are filled with zeroes, and so is what is
//! missing to whole pages at both ends: a node's kernel would have to read the rest of a page from the card first.

use super::extents::Extents;
use std::ops::Range;

/// The largest chunk.
pub(super) const CHUNK_BYTES: u64 = 1024 * 1024;
/// The largest gap that is filled: a card writes this much in the time that another command takes.
const BRIDGED_BYTES: u64 = 32 * 1024;
/// The kernel's page: chunks begin and end at multiples of it, but for the end of the disk.
const PAGE_BYTES: u64 = 4096;

/// One chunk to be made: the used ranges in it, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it lies on the disk.
    pub(super) range: Range<u64>,
    /// What is read from the disk; the rest is zeroes.
    pub(super) parts: Vec<Range<u64>>,
}

/// Cuts the used bytes of a disk of that size into pieces, ascending.
pub(super) fn cut(used: &Extents, disk_bytes: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for extent in used.iter() {
        let mut start = extent.start;
        while start < extent.end {
            let end = extent.end.min((start / CHUNK_BYTES + 1) * CHUNK_BYTES);
            add(&mut pieces, start..end);
            start = end;
        }
    }
    // Pieces of one window are further apart than a page, and windows begin at pages: nothing comes to overlap.
    for piece in &mut pieces {
        piece.range.start -= piece.range.start % PAGE_BYTES;
        piece.range.end = piece.range.end.next_multiple_of(PAGE_BYTES).min(disk_bytes);
    }
    pieces
}

fn add(pieces: &mut Vec<Piece>, part: Range<u64>) {
    let joins = |last: &&mut Piece| {
        last.range.start / CHUNK_BYTES == part.start / CHUNK_BYTES
            && part.start - last.range.end <= BRIDGED_BYTES
    };
    match pieces.last_mut().filter(joins) {
        Some(last) => {
            last.range.end = part.end;
            last.parts.push(part);
        }
        None => pieces.push(Piece { range: part.clone(), parts: vec![part] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: u64 = 1024;

    #[test]
    fn pieces_are_cut_at_boundaries_and_bridge_small_gaps() {
        let check = |used: &[(u64, u64)], expect: &[(u64, u64)]| {
            let used = Extents::of(used.iter().map(|&(start, end)| start * K..end * K));
            let pieces = cut(&used, 5000 * K + 512);
            let ranges: Vec<_> =
                pieces.iter().map(|piece| (piece.range.start / K, piece.range.end / K)).collect();
            assert_eq!(ranges, expect);
            let parts = Extents::of(pieces.into_iter().flat_map(|piece| piece.parts));
            assert_eq!(parts, used, "the parts are what is used");
        };
        check(&[], &[]);
        check(&[(0, 4)], &[(0, 4)]);
        check(&[(0, 2500)], &[(0, 1024), (1024, 2048), (2048, 2500)]);
        check(&[(4998, 5000)], &[(4996, 5000)]);
        check(&[(0, 4), (36, 40)], &[(0, 40)]);
        check(&[(0, 4), (37, 40)], &[(0, 4), (36, 40)]);
        check(&[(1000, 1020), (1028, 1032)], &[(1000, 1020), (1028, 1032)]);
        check(&[(1, 2), (1022, 1023), (1025, 1026)], &[(0, 4), (1020, 1024), (1024, 1028)]);
    }
}
