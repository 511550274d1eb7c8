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
//! Between used bytes, gaps too small to be worth a write of their own are filled with zeroes.

use super::extents::Extents;
use std::ops::Range;

/// The largest chunk.
pub(super) const CHUNK_BYTES: u64 = 1024 * 1024;
/// The largest gap that is filled: a card writes this much in the time that another command takes.
const BRIDGED_BYTES: u64 = 32 * 1024;

/// One chunk to be made: the used ranges in it, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it lies on the disk.
    pub(super) range: Range<u64>,
    /// What is read from the disk; the rest is zeroes.
    pub(super) parts: Vec<Range<u64>>,
}

/// Cuts the used bytes into pieces, ascending.
pub(super) fn cut(used: &Extents) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for extent in used.iter() {
        let mut start = extent.start;
        while start < extent.end {
            let end = extent.end.min((start / CHUNK_BYTES + 1) * CHUNK_BYTES);
            add(&mut pieces, start..end);
            start = end;
        }
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
            let pieces = cut(&used);
            let ranges: Vec<_> =
                pieces.iter().map(|piece| (piece.range.start / K, piece.range.end / K)).collect();
            assert_eq!(ranges, expect);
            let parts = Extents::of(pieces.into_iter().flat_map(|piece| piece.parts));
            assert_eq!(parts, used, "the parts are what is used");
        };
        check(&[], &[]);
        check(&[(0, 4)], &[(0, 4)]);
        check(&[(0, 2500)], &[(0, 1024), (1024, 2048), (2048, 2500)]);
        check(&[(0, 4), (36, 40)], &[(0, 40)]);
        check(&[(0, 4), (37, 40)], &[(0, 4), (37, 40)]);
        check(&[(1000, 1020), (1028, 1030)], &[(1000, 1020), (1028, 1030)]);
    }
}
