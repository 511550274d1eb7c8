//! The shape of a stored disk image: partitions, chunks, digests. *Pure.*
//!
//! `image` makes and serves manifests, `node` writes cards from them. A manifest covers the used parts of a
//! disk: ranges that no chunk covers are unused and are neither stored nor sent.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A BLAKE3 digest, 64 hex digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no digest; expected 64 hex digits")]
pub struct NotADigest {
    seen: String,
}

impl FromStr for Digest {
    type Err = NotADigest;
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let wrong = || NotADigest { seen: text.to_owned() };
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0u8; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let pair = text.get(at..at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One independently compressed piece of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Where it belongs on the disk, in bytes.
    pub disk_offset: u64,
    /// Its size on the disk, in bytes.
    pub disk_bytes: u32,
    /// Where its zstd frame starts in the stored file, in bytes.
    pub stored_offset: u64,
    /// Size of the zstd frame, in bytes.
    pub stored_bytes: u32,
    /// Digest of the bytes on the disk.
    pub digest: Digest,
}

/// What a node must know to write an image: fetched from `/images/{id}/manifest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Size of the whole disk image, in bytes.
    pub disk_bytes: u64,
    /// Sum of the chunks' sizes on the disk, in bytes.
    pub used_bytes: u64,
    /// Size of the stored file, in bytes.
    pub stored_bytes: u64,
    /// Digest over the chunks' digests in order: names the content.
    pub digest: Digest,
    /// Ascending by `disk_offset` and by `stored_offset`.
    pub chunks: Vec<Chunk>,
}

impl Manifest {
    /// What [`Manifest::digest`] must be for these chunks: BLAKE3 over their digests' bytes, in order.
    pub fn digest_of(chunks: &[Chunk]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for chunk in chunks {
            hasher.update(&chunk.digest.0);
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

/// The kind of partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Master boot record.
    Mbr,
    /// GUID partition table.
    Gpt,
}

/// What a partition holds, found by looking inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileSystem {
    /// FAT12, FAT16 or FAT32.
    Fat,
    /// ext2, ext3 or ext4.
    Ext4,
    /// Anything else.
    Other,
}

/// One partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Its number as Linux counts, from 1.
    pub number: u32,
    /// First byte on the disk.
    pub start_bytes: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// What it holds.
    pub file_system: FileSystem,
}

/// Everything known of an image's layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Its partition table.
    pub table: TableKind,
    /// Its partitions by number.
    pub partitions: Vec<Partition>,
    /// Number of the FAT partition with the boot files.
    pub boot: u32,
    /// Number of the partition with the root file system (piCore: the one with `tce/`).
    pub root: u32,
}

impl Layout {
    /// The partition of that number.
    pub fn partition(&self, number: u32) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.number == number)
    }

    /// How large the root partition can grow before it runs into the partition behind it, in bytes; `None` if
    /// nothing lies behind it.
    pub fn root_room_bytes(&self) -> Option<u64> {
        let root = self.partition(self.root)?;
        let behind = self.partitions.iter().filter(|partition| partition.start_bytes > root.start_bytes);
        behind.map(|partition| partition.start_bytes - root.start_bytes).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_partition_grows_up_to_the_next_one() {
        let partition = |number, start_bytes| Partition {
            number,
            start_bytes,
            size_bytes: 100,
            file_system: FileSystem::Ext4,
        };
        let check = |starts: &[u64], root, room| {
            let partitions = (1..).zip(starts).map(|(number, start)| partition(number, *start)).collect();
            let layout = Layout { table: TableKind::Mbr, partitions, boot: 1, root };
            assert_eq!(layout.root_room_bytes(), room, "{starts:?}");
        };
        check(&[10, 200], 2, None);
        check(&[10, 200, 900, 700], 2, Some(500));
        // Numbers need not follow the places on the disk.
        check(&[10, 900, 200], 2, None);
        check(&[10, 900, 200], 3, Some(700));
    }
}
