//! FAT12, FAT16 and FAT32: geometry and free clusters. *Pure:* over a [`ReadAt`].
//!
//! Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03. Files are read through `fatfs`; this reader
//! exists for the free clusters, and to judge a boot sector before `fatfs` calculates with it.

use super::disk::{Fields, ReadAt};
use super::extents::Extents;
use std::io;

/// Width of a table entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FatKind {
    /// 12 bits, up to 4,084 clusters.
    Fat12,
    /// 16 bits, up to 65,524 clusters.
    Fat16,
    /// 32 bits, of which 28 count.
    Fat32,
}

/// Where things lie in a FAT file system, in bytes from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fat {
    /// Width of a table entry.
    pub(super) kind: FatKind,
    /// The volume's label in the boot sector.
    pub(super) label: String,
    /// Size of the whole file system.
    pub(super) total_bytes: u64,
    table_start: u64,
    data_start: u64,
    cluster_bytes: u64,
    clusters: u64,
}

/// Table entries are read in pieces of this size, a multiple of every entry but FAT12's.
const PIECE: usize = 64 * 1024;

impl Fat {
    /// The geometry that a boot sector describes; `None` if it is not FAT's or contradicts itself.
    pub(super) fn parse(boot: &[u8]) -> Option<Self> {
        let fields = Fields(boot);
        let sector = u64::from(fields.u16(11));
        let per_cluster = u64::from(fields.u8(13));
        let (reserved, tables) = (u64::from(fields.u16(14)), u64::from(fields.u8(16)));
        let is_sane = boot.get(510..512) == Some(&[0x55, 0xaa])
            && matches!(sector, 512 | 1024 | 2048 | 4096)
            && per_cluster.is_power_of_two()
            && reserved > 0
            && matches!(tables, 1 | 2)
            && matches!(fields.u8(21), 0xf0 | 0xf8..=0xff);
        if !is_sane {
            return None;
        }
        let either = |short: u16, long: u32| if short == 0 { u64::from(long) } else { u64::from(short) };
        let total = either(fields.u16(19), fields.u32(32));
        let table = either(fields.u16(22), fields.u32(36));
        let root = (u64::from(fields.u16(17)) * 32).div_ceil(sector);
        let data = reserved + tables * table + root;
        let clusters = total.checked_sub(data)? / per_cluster;
        let kind = match clusters {
            0 => return None,
            1..=4084 => FatKind::Fat12,
            4085..=65524 => FatKind::Fat16,
            _ => FatKind::Fat32,
        };
        // FAT32 can name one of its tables as the only one in use (BPB_ExtFlags).
        let flags = fields.u16(40);
        let active = if kind == FatKind::Fat32 && flags & 0x80 != 0 { u64::from(flags & 0xf) } else { 0 };
        let fat = Self {
            kind,
            label: fields.text(if kind == FatKind::Fat32 { 71 } else { 43 }, 11),
            total_bytes: total * sector,
            table_start: (reserved + active * table) * sector,
            data_start: data * sector,
            cluster_bytes: per_cluster * sector,
            clusters,
        };
        (active < tables && fat.table_bytes() <= table * sector).then_some(fat)
    }

    /// Size of the part of the table that speaks of clusters.
    fn table_bytes(&self) -> u64 {
        let entries = self.clusters + 2;
        match self.kind {
            FatKind::Fat12 => (entries * 3).div_ceil(2),
            FatKind::Fat16 => entries * 2,
            FatKind::Fat32 => entries * 4,
        }
    }

    /// Bytes of the disk that belong to free clusters; the file system starts at byte `start` of it.
    pub(super) fn free(&self, disk: &dyn ReadAt, start: u64) -> io::Result<Extents> {
        let mut free = Extents::default();
        let mut entry = 0u64;
        let mut mark = |is_free: bool| {
            if is_free && (2..self.clusters + 2).contains(&entry) {
                let at = start + self.data_start + (entry - 2) * self.cluster_bytes;
                free.push(at..at + self.cluster_bytes);
            }
            entry += 1;
        };
        let mut at = start + self.table_start;
        let mut left = usize::try_from(self.table_bytes()).map_err(io::Error::other)?;
        while left > 0 {
            // A FAT12 table is at most 6 KiB, so its entries never straddle two pieces.
            let piece = disk.bytes_at(at, left.min(PIECE))?;
            match self.kind {
                FatKind::Fat12 => piece.chunks(3).for_each(|bytes| {
                    let pair = Fields(bytes);
                    mark(pair.u8(0) == 0 && pair.u8(1) & 0x0f == 0);
                    mark(pair.u8(1) & 0xf0 == 0 && pair.u8(2) == 0);
                }),
                FatKind::Fat16 => piece.chunks_exact(2).for_each(|bytes| mark(bytes == [0, 0])),
                FatKind::Fat32 => {
                    piece.chunks_exact(4).for_each(|bytes| mark(Fields(bytes).u32(0) & 0x0fff_ffff == 0));
                }
            }
            at += piece.len() as u64;
            left -= piece.len();
        }
        Ok(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    /// A formatted volume with one file of `size` bytes.
    fn volume(bytes: usize, kind: fatfs::FatType, size: usize) -> Vec<u8> {
        let mut disk = Cursor::new(vec![0u8; bytes]);
        let options = fatfs::FormatVolumeOptions::new()
            .fat_type(kind)
            .bytes_per_cluster(512)
            .volume_label(*b"BOOTFS     ");
        fatfs::format_volume(&mut disk, options).unwrap();
        {
            let volume = fatfs::FileSystem::new(&mut disk, fatfs::FsOptions::new()).unwrap();
            volume.root_dir().create_file("a").unwrap().write_all(&vec![0xa5; size]).unwrap();
        }
        disk.into_inner()
    }

    #[test]
    fn free_clusters_of_every_kind_are_those_that_fatfs_counts() {
        let check = |bytes, of, kind| {
            let disk = volume(bytes, of, 5000);
            let fat = Fat::parse(&disk).unwrap();
            assert_eq!((fat.kind, fat.label.as_str()), (kind, "BOOTFS"));
            let free = fat.free(&disk, 0).unwrap();
            let mut cursor = Cursor::new(disk.clone());
            let counted = fatfs::FileSystem::new(&mut cursor, fatfs::FsOptions::new()).unwrap();
            let counted = u64::from(counted.stats().unwrap().free_clusters()) * 512;
            assert_eq!(free.total(), counted);
            assert!(counted > 0 && free.iter().all(|range| range.end <= bytes as u64));
            // Nothing of the file lies in a free cluster.
            for range in free.iter() {
                let range = range.start as usize..range.end as usize;
                assert!(disk[range].iter().all(|byte| *byte == 0));
            }
        };
        check(1 << 20, fatfs::FatType::Fat12, FatKind::Fat12);
        check(8 << 20, fatfs::FatType::Fat16, FatKind::Fat16);
        check(48 << 20, fatfs::FatType::Fat32, FatKind::Fat32);
    }

    #[test]
    fn what_is_no_fat_is_none() {
        let good = volume(1 << 20, fatfs::FatType::Fat12, 10);
        let spoil = |at: usize, value: u8| {
            let mut boot = good[..512].to_vec();
            boot[at] = value;
            Fat::parse(&boot)
        };
        for (at, value) in [(510, 0), (12, 7), (13, 3), (14, 0), (16, 9), (21, 1), (22, 0)] {
            assert_eq!(spoil(at, value), None, "byte {at}");
        }
        assert_eq!(Fat::parse(&[]), None);
        assert_eq!(Fat::parse(&[0xff; 512]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_boot_sector_makes_it_panic(noise in proptest::collection::vec((11usize..90, 0u8..), 0..6)) {
            let mut disk = volume(1 << 20, fatfs::FatType::Fat12, 10);
            noise.into_iter().for_each(|(at, value)| disk[at] = value);
            if let Some(fat) = Fat::parse(&disk) {
                let _ = fat.free(&disk, 0);
            }
        }
    }
}
