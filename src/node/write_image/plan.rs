//! What is fetched and written, in which order. *Pure.*

use crate::model::image::{Chunk, Manifest};
use crate::model::verb::WriteImageArgs;
use crate::node::card::Card;
use crate::node::stop::Stop;
use std::ops::Range;

/// No chunk may be larger, on the card or compressed: a handful of them is in flight.
pub(super) const LARGEST_CHUNK: u32 = 4 << 20;
/// One request asks for about so much.
const REQUEST_BYTES: u64 = 32 << 20;

/// Refuses a manifest that is not the one expected or is none, and a card on which it or the chosen root
/// partition does not fit.
pub(super) fn judge(manifest: &Manifest, args: &WriteImageArgs, card: &Card) -> Result<(), Stop> {
    let expected = args.digest;
    if manifest.digest != expected {
        return Err(Stop::pointless(
            format!("the server offers the image {}", manifest.digest),
            format!("the image {expected}"),
            "Deploy again: the environment was replaced since this deployment began.",
        ));
    }
    if let Some(flaw) = flaw(manifest) {
        return Err(Stop::pointless(
            format!("the image's manifest is broken: {flaw}"),
            "chunks in ascending order, within the image, with the digest that names it",
            "Import the image again.",
        ));
    }
    if card.size() < manifest.disk_bytes {
        return Err(Stop::pointless(
            format!("the card {} has {} bytes", card.path().display(), card.size()),
            format!("at least the image's {} bytes", manifest.disk_bytes),
            "Put a larger card in, or deploy a smaller environment.",
        ));
    }
    if card.size() < args.least_card_bytes {
        return Err(Stop::pointless(
            format!("the card {} has {} bytes", card.path().display(), card.size()),
            format!("at least {} bytes, for the chosen partition_size", args.least_card_bytes),
            "Choose a smaller partition or the whole card, or put a larger card in.",
        ));
    }
    Ok(())
}

fn flaw(manifest: &Manifest) -> Option<String> {
    if manifest.digest != Manifest::digest_of(&manifest.chunks) {
        return Some("its digest is not that of its chunks".to_owned());
    }
    let (mut disk, mut stored, mut used) = (0u64, 0u64, 0u64);
    for (index, chunk) in manifest.chunks.iter().enumerate() {
        let sizes = 1..=LARGEST_CHUNK;
        if !sizes.contains(&chunk.disk_bytes) || !sizes.contains(&chunk.stored_bytes) {
            return Some(format!("chunk {index} has a size beyond 1 to {LARGEST_CHUNK} bytes"));
        }
        if chunk.disk_offset < disk || chunk.stored_offset < stored {
            return Some(format!("chunk {index} overlaps the one before"));
        }
        disk = chunk.disk_offset.checked_add(u64::from(chunk.disk_bytes))?;
        stored = chunk.stored_offset.checked_add(u64::from(chunk.stored_bytes))?;
        used += u64::from(chunk.disk_bytes);
    }
    if disk > manifest.disk_bytes || stored > manifest.stored_bytes || used != manifest.used_bytes {
        return Some("its chunks do not add up to its sizes".to_owned());
    }
    match manifest.chunks.first() {
        Some(first) if first.disk_offset == 0 && first.disk_bytes >= 512 => None,
        Some(_) | None => Some("no chunk covers the first sector, where a partition table lies".to_owned()),
    }
}

/// Bytes of the chunks after the first that are on the card already.
pub(super) fn resumed_bytes(manifest: &Manifest, flushed: usize) -> u64 {
    manifest.chunks.iter().skip(1).take(flushed).map(|chunk| u64::from(chunk.disk_bytes)).sum()
}

/// The chunks still to be fetched: those not flushed, and at last the first.
pub(super) fn missing(manifest: &Manifest, flushed: usize) -> Vec<usize> {
    (1 + flushed..manifest.chunks.len()).chain([0]).collect()
}

/// A run of chunks that one request fetches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// How many of the missing chunks it brings.
    pub(super) count: usize,
    /// The bytes of the stored file.
    pub(super) stored: Range<u64>,
}

/// The next request for these chunks; `None` when there are none.
pub(super) fn next_request(manifest: &Manifest, missing: &[usize]) -> Option<Request> {
    let chunk = |index: &usize| manifest.chunks.get(*index);
    let first = chunk(missing.first()?)?;
    let mut end = stored_end(first);
    let mut count = 1;
    for next in missing.iter().skip(1).map_while(chunk) {
        if next.stored_offset != end || end - first.stored_offset >= REQUEST_BYTES {
            break;
        }
        end = stored_end(next);
        count += 1;
    }
    Some(Request { count, stored: first.stored_offset..end })
}

/// The byte after a chunk's frame.
pub(super) fn stored_end(chunk: &Chunk) -> u64 {
    chunk.stored_offset + u64::from(chunk.stored_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::image::Digest;

    fn manifest(chunks: &[(u64, u32, u64, u32)]) -> Manifest {
        let chunks: Vec<Chunk> = chunks
            .iter()
            .map(|&(disk_offset, disk_bytes, stored_offset, stored_bytes)| Chunk {
                disk_offset,
                disk_bytes,
                stored_offset,
                stored_bytes,
                digest: Digest::of(&disk_offset.to_le_bytes()),
            })
            .collect();
        Manifest {
            disk_bytes: chunks.iter().map(|c| c.disk_offset + u64::from(c.disk_bytes)).max().unwrap_or(0),
            used_bytes: chunks.iter().map(|c| u64::from(c.disk_bytes)).sum(),
            stored_bytes: chunks.iter().map(stored_end).max().unwrap_or(0),
            digest: Manifest::digest_of(&chunks),
            chunks,
        }
    }

    #[test]
    fn requests_run_as_far_as_the_stored_file_is_contiguous() {
        let manifest =
            manifest(&[(0, 512, 0, 10), (1024, 512, 10, 10), (4096, 512, 20, 10), (8192, 512, 40, 10)]);
        let check = |missing: &[usize], expect: Option<(usize, Range<u64>)>| {
            let request = next_request(&manifest, missing).map(|request| (request.count, request.stored));
            assert_eq!(request, expect, "{missing:?}");
        };
        check(&[1, 2, 3, 0], Some((2, 10..30)));
        check(&[3, 0], Some((1, 40..50)));
        check(&[0], Some((1, 0..10)));
        check(&[], None);
        assert_eq!(missing(&manifest, 2), [3, 0]);
        assert_eq!(missing(&manifest, 3), [0]);
        assert_eq!(resumed_bytes(&manifest, 2), 1024);
    }

    #[test]
    fn broken_manifests_are_named() {
        let check = |chunks: &[(u64, u32, u64, u32)], part: &str| {
            let flaw = flaw(&manifest(chunks)).unwrap();
            assert!(flaw.contains(part), "{flaw}");
        };
        check(&[], "first sector");
        check(&[(512, 512, 0, 10)], "first sector");
        check(&[(0, 512, 0, 10), (256, 512, 10, 10)], "chunk 1 overlaps");
        check(&[(0, 512, 0, 10), (512, 512, 5, 10)], "chunk 1 overlaps");
        check(&[(0, 0, 0, 10)], "chunk 0 has a size");
        check(&[(0, LARGEST_CHUNK + 1, 0, 10)], "chunk 0 has a size");
        let mut short = manifest(&[(0, 512, 0, 10)]);
        short.disk_bytes = 100;
        assert!(flaw(&short).unwrap().contains("add up"));
        short.digest = Digest::of(b"");
        assert!(flaw(&short).unwrap().contains("digest"));
        assert_eq!(flaw(&manifest(&[(0, 512, 0, 10), (512, 512, 10, 10)])), None);
    }
}
