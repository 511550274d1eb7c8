//! How far an image is written, kept on the card itself so that it survives the verb and the node's power.
//! *IO: the card's first sector.* Encoding is pure.
//!
//! ```text
//! 0   16  "pimaster-write-1"
//! 16  32  digest of the image
//! 48   8  chunks after the first that are flushed, little-endian
//! 56  32  BLAKE3 of the 56 bytes before
//! 88      zeroes: in particular no 55 AA at 510, so that no firmware boots it
//! ```
//! It is one sector, which cards write whole or not at all; a torn one fails its digest and the image starts over.

use crate::model::image::{Digest, Manifest};
use crate::node::card::Card;
use crate::node::stop::Stop;

const MAGIC: &[u8; 16] = b"pimaster-write-1";
const SECTOR: usize = 512;

/// A note of progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    /// The image being written.
    pub(super) digest: Digest,
    /// How many chunks after the first one are flushed.
    pub(super) flushed: u64,
}

impl Journal {
    /// As it stands on the card.
    fn encode(&self) -> [u8; SECTOR] {
        let head = [MAGIC.as_slice(), &self.digest.0, &self.flushed.to_le_bytes()].concat();
        let seal = Digest::of(&head);
        let mut sector = [0u8; SECTOR];
        for (to, from) in sector.iter_mut().zip(head.iter().chain(&seal.0)) {
            *to = *from;
        }
        sector
    }

    /// From the card; `None` if the sector holds no whole journal.
    fn decode(sector: &[u8]) -> Option<Self> {
        let (head, rest) = sector.split_at_checked(56)?;
        if rest.get(..32)? != Digest::of(head).0.as_slice() {
            return None;
        }
        let rest = head.strip_prefix(MAGIC.as_slice())?;
        let (digest, flushed) = rest.split_at_checked(32)?;
        Some(Self {
            digest: Digest(digest.try_into().ok()?),
            flushed: u64::from_le_bytes(flushed.try_into().ok()?),
        })
    }

    /// Reads the card's journal, if there is one.
    pub(super) fn read(card: &Card) -> Result<Option<Self>, Stop> {
        let mut sector = [0u8; SECTOR];
        card.read(0, &mut sector).map_err(|error| card.io("read", 0, SECTOR as u64, &error))?;
        Ok(Self::decode(&sector))
    }

    /// Writes it; it lasts from the next flush on.
    pub(super) fn write(&self, card: &Card) -> Result<(), Stop> {
        card.write(0, &self.encode()).map_err(|error| card.io("written", 0, SECTOR as u64, &error))
    }

    /// Chunks after the first that need not be written again.
    pub(super) fn flushed_of(&self, manifest: &Manifest) -> usize {
        let all = manifest.chunks.len().saturating_sub(1);
        usize::try_from(self.flushed).map_or(all, |flushed| flushed.min(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_journal_is_none() {
        let journal = Journal { digest: Digest::of(b"image"), flushed: 7 };
        let sector = journal.encode();
        assert_eq!(Journal::decode(&sector), Some(journal));
        for at in [0, 20, 50, 60, 87] {
            let mut torn = sector;
            torn[at] ^= 1;
            assert_eq!(Journal::decode(&torn), None, "byte {at}");
        }
        assert_eq!(Journal::decode(&sector[..60]), None);
        assert_eq!(Journal::decode(&[0; SECTOR]), None);
        assert_eq!(sector[510..], [0, 0], "no boot signature");
    }
}
