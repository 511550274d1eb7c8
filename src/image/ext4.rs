//! ext2, ext3 and ext4: which blocks are free. *Pure:* over a [`ReadAt`].
//!
//! Source: Linux, Documentation/filesystems/ext4 (super block, group descriptors, block bitmaps). Files are read
//! with `debugfs`; this reader exists for the free blocks.
//!
//! Invariant: a block is called free only if nothing can need it. Wherever the file system is not clean, has a
//! feature unknown here, or contradicts itself, all of it counts as used ([`Free::Unknown`]).

use super::disk::{Fields, ReadAt};
use super::extents::Extents;
use std::io;
use std::ops::Range;

/// Where the super block lies in the file system, and how large it is.
const SUPER_START: u64 = 1024;
const SUPER_BYTES: usize = 1024;
const MAGIC: u16 = 0xef53;

const COMPAT_SPARSE_SUPER2: u32 = 0x200;
const INCOMPAT_RECOVER: u32 = 0x4;
const INCOMPAT_JOURNAL_DEVICE: u32 = 0x8;
const INCOMPAT_META_BG: u32 = 0x10;
const INCOMPAT_64BIT: u32 = 0x80;
/// filetype, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data, encrypt, casefold:
/// none of them changes what a block bitmap means.
const INCOMPAT_KNOWN: u32 =
    0x2 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x3_0000;
const RO_SPARSE_SUPER: u32 = 0x1;
const RO_GROUP_CHECKSUM: u32 = 0x10;
const RO_BIGALLOC: u32 = 0x200;
const RO_METADATA_CHECKSUM: u32 = 0x400;
const GROUP_BLOCK_UNINIT: u16 = 0x2;

/// An ext file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ext4 {
    /// The volume's label.
    pub(super) label: String,
    /// Size of the whole file system, in bytes.
    pub(super) total_bytes: u64,
    block_bytes: u64,
    blocks: u64,
    first_block: u64,
    blocks_per_group: u64,
    /// Blocks that one bit of a bitmap stands for: 1 but for bigalloc.
    cluster_blocks: u64,
    inode_table_blocks: u64,
    descriptor_bytes: u64,
    reserved_descriptor_blocks: u64,
    first_meta_group: u64,
    backup_groups: [u64; 2],
    compat: u32,
    incompat: u32,
    ro_compat: u32,
    state: u16,
}

/// What is known of a file system's free blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Free {
    /// These bytes of the disk belong to nobody.
    Known(Extents),
    /// Its bitmaps cannot be trusted, for this reason.
    Unknown(String),
}

struct Group {
    block_bitmap: u64,
    inode_bitmap: u64,
    inode_table: u64,
    free_clusters: u64,
    is_uninit: bool,
}

impl Ext4 {
    /// The file system that starts at byte `start` of the disk; `None` if there is none.
    pub(super) fn read(disk: &dyn ReadAt, start: u64) -> io::Result<Option<Self>> {
        match disk.bytes_at(start + SUPER_START, SUPER_BYTES) {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a super block says; `None` if it is none or contradicts itself.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let fields = Fields(bytes);
        let (log_block, log_cluster) = (fields.u32(0x18), fields.u32(0x1c));
        if fields.u16(0x38) != MAGIC || log_block > 6 {
            return None;
        }
        let (compat, incompat, ro_compat) = (fields.u32(0x5c), fields.u32(0x60), fields.u32(0x64));
        let has_high = incompat & INCOMPAT_64BIT != 0;
        let block_bytes = 1024u64 << log_block;
        let blocks =
            u64::from(fields.u32(0x4)) | if has_high { u64::from(fields.u32(0x150)) << 32 } else { 0 };
        let inode_bytes = if fields.u32(0x4c) == 0 { 128 } else { u64::from(fields.u16(0x58)) };
        let is_bigalloc = ro_compat & RO_BIGALLOC != 0;
        let cluster_log =
            if is_bigalloc { log_cluster.checked_sub(log_block).filter(|log| *log < 16)? } else { 0 };
        let ext4 = Self {
            label: fields.text(0x78, 16),
            total_bytes: blocks.checked_mul(block_bytes)?,
            block_bytes,
            blocks,
            first_block: u64::from(fields.u32(0x14)),
            blocks_per_group: u64::from(fields.u32(0x20)),
            cluster_blocks: 1 << cluster_log,
            inode_table_blocks: (u64::from(fields.u32(0x28)) * inode_bytes).div_ceil(block_bytes),
            descriptor_bytes: if has_high { u64::from(fields.u16(0xfe)) } else { 32 },
            reserved_descriptor_blocks: u64::from(fields.u16(0xce)),
            first_meta_group: u64::from(fields.u32(0x104)),
            backup_groups: [u64::from(fields.u32(0x24c)), u64::from(fields.u32(0x250))],
            compat,
            incompat,
            ro_compat,
            state: fields.u16(0x3a),
        };
        let is_sane = ext4.first_block < ext4.blocks.min(2)
            && ext4.blocks_per_group > 0
            && ext4.blocks_per_group.is_multiple_of(ext4.cluster_blocks)
            && ext4.blocks_per_group / ext4.cluster_blocks <= block_bytes * 8
            && matches!(ext4.descriptor_bytes, 32 | 64 | 128 | 256 | 512 | 1024)
            && inode_bytes >= 128
            && inode_bytes <= block_bytes;
        is_sane.then_some(ext4)
    }

    /// Bytes of the disk that belong to free blocks; the file system starts at byte `start` of it.
    pub(super) fn free(&self, disk: &dyn ReadAt, start: u64) -> io::Result<Free> {
        if let Some(reason) = self.distrust() {
            return Ok(Free::Unknown(reason));
        }
        let groups: Vec<Group> =
            (0..self.groups()).map(|number| self.group(disk, start, number)).collect::<io::Result<_>>()?;
        let mut free = Extents::default();
        for (number, group) in (0u64..).zip(&groups) {
            let found = if group.is_uninit {
                self.all_of(number)
            } else {
                self.by_bitmap(disk, start, number, group)?
            };
            let is_believable = group.is_uninit || found.total() == group.free_clusters * self.cluster_blocks;
            if !is_believable {
                return Ok(Free::Unknown(format!(
                    "group {number} says that {} clusters are free, its bitmap says {}",
                    group.free_clusters,
                    found.total() / self.cluster_blocks
                )));
            }
            found.iter().for_each(|blocks| free.push(blocks.clone()));
        }
        let free = free.without(&self.metadata(&groups));
        let to_bytes = |blocks: &Range<u64>| {
            let end = blocks.end.min(self.blocks);
            start + blocks.start * self.block_bytes..start + end * self.block_bytes
        };
        Ok(Free::Known(Extents::of(free.iter().map(to_bytes))))
    }

    /// Why the bitmaps on the disk may not be the truth.
    fn distrust(&self) -> Option<String> {
        let unknown = self.incompat & !(INCOMPAT_KNOWN | INCOMPAT_RECOVER | INCOMPAT_JOURNAL_DEVICE);
        if self.incompat & INCOMPAT_RECOVER != 0 {
            Some("its journal was not replayed".to_owned())
        } else if self.incompat & INCOMPAT_JOURNAL_DEVICE != 0 {
            Some("it is the journal of another file system".to_owned())
        } else if unknown != 0 {
            Some(format!("it has features unknown here ({unknown:#x})"))
        } else if self.state != 1 {
            Some(format!("it was not unmounted cleanly (state {})", self.state))
        } else {
            None
        }
    }

    fn groups(&self) -> u64 {
        (self.blocks - self.first_block).div_ceil(self.blocks_per_group)
    }

    fn first_block_of(&self, group: u64) -> u64 {
        self.first_block + group * self.blocks_per_group
    }

    fn all_of(&self, group: u64) -> Extents {
        let first = self.first_block_of(group);
        let last = first.saturating_add(self.blocks_per_group).min(self.blocks);
        Extents::one(first..last)
    }

    fn descriptors_per_block(&self) -> u64 {
        self.block_bytes / self.descriptor_bytes
    }

    /// The block with the super block: 1 with blocks of 1024 bytes (bigalloc too, whose groups begin at 0), else 0.
    fn super_block(&self) -> u64 {
        SUPER_START / self.block_bytes
    }

    /// The block of that number of the group descriptor table.
    fn descriptor_block(&self, number: u64) -> u64 {
        if self.incompat & INCOMPAT_META_BG == 0 || number < self.first_meta_group {
            return self.super_block() + 1 + number;
        }
        let group = number * self.descriptors_per_block();
        self.first_block_of(group) + u64::from(self.has_super(group))
    }

    fn group(&self, disk: &dyn ReadAt, start: u64, number: u64) -> io::Result<Group> {
        let block = self.descriptor_block(number / self.descriptors_per_block());
        let at =
            start + block * self.block_bytes + number % self.descriptors_per_block() * self.descriptor_bytes;
        let bytes = disk.bytes_at(at, usize::try_from(self.descriptor_bytes).unwrap_or(32))?;
        let fields = Fields(&bytes);
        // Beyond a descriptor of 32 bytes the high halves read as 0.
        let wide = |low: usize, high: usize| u64::from(fields.u32(low)) | u64::from(fields.u32(high)) << 32;
        let has_checksum = self.ro_compat & (RO_GROUP_CHECKSUM | RO_METADATA_CHECKSUM) != 0;
        Ok(Group {
            block_bitmap: wide(0x0, 0x20),
            inode_bitmap: wide(0x4, 0x24),
            inode_table: wide(0x8, 0x28),
            free_clusters: u64::from(fields.u16(0xc)) | u64::from(fields.u16(0x2c)) << 16,
            is_uninit: has_checksum && fields.u16(0x12) & GROUP_BLOCK_UNINIT != 0,
        })
    }

    /// The group's blocks whose bits are clear.
    fn by_bitmap(&self, disk: &dyn ReadAt, start: u64, number: u64, group: &Group) -> io::Result<Extents> {
        let at = group.block_bitmap.checked_mul(self.block_bytes).and_then(|at| at.checked_add(start));
        let at = at.ok_or(io::ErrorKind::UnexpectedEof)?;
        let bitmap = disk.bytes_at(at, usize::try_from(self.block_bytes).unwrap_or(1024))?;
        let blocks = self.all_of(number);
        let clusters = blocks.total().div_ceil(self.cluster_blocks);
        let mut free = Extents::default();
        let mut first = self.first_block_of(number);
        let bits = bitmap.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        for (_, is_used) in (0..clusters).zip(bits) {
            if !is_used {
                free.push(first..first + self.cluster_blocks);
            }
            first += self.cluster_blocks;
        }
        Ok(free)
    }

    /// Everything that describes the file system itself: it is never free, whatever a bitmap says. Groups whose
    /// bitmap was never written depend on it.
    fn metadata(&self, groups: &[Group]) -> Extents {
        let one = |block: u64| block..block.saturating_add(1);
        let table_blocks = (groups.len() as u64).div_ceil(self.descriptors_per_block());
        let old_table = if self.incompat & INCOMPAT_META_BG == 0 {
            table_blocks + self.reserved_descriptor_blocks
        } else {
            self.first_meta_group.min(table_blocks)
        };
        let mut ranges = Vec::with_capacity(groups.len() * 4 + 1);
        ranges.push(0..self.super_block() + 1 + old_table);
        for (number, group) in (0u64..).zip(groups) {
            let first = self.first_block_of(number);
            let copy = if self.has_super(number) { 1 + old_table } else { 0 };
            ranges.push(first..first + copy + u64::from(self.has_meta_descriptors(number)));
            ranges.push(one(group.block_bitmap));
            ranges.push(one(group.inode_bitmap));
            ranges.push(group.inode_table..group.inode_table.saturating_add(self.inode_table_blocks));
        }
        Extents::of(ranges)
    }

    /// Whether a group holds its meta group's block of descriptors: the first, the second and the last do.
    fn has_meta_descriptors(&self, group: u64) -> bool {
        let (meta_group, place) =
            (group / self.descriptors_per_block(), group % self.descriptors_per_block());
        self.incompat & INCOMPAT_META_BG != 0
            && meta_group >= self.first_meta_group
            && (place < 2 || place == self.descriptors_per_block() - 1)
    }

    /// Whether a group begins with a copy of the super block.
    fn has_super(&self, group: u64) -> bool {
        if group == 0 {
            return true;
        }
        if self.compat & COMPAT_SPARSE_SUPER2 != 0 {
            return self.backup_groups.contains(&group);
        }
        if self.ro_compat & RO_SPARSE_SUPER == 0 || group == 1 {
            return true;
        }
        let is_power_of = |base: u64| {
            (1..)
                .map_while(|power| base.checked_pow(power))
                .take_while(|it| *it <= group)
                .any(|it| it == group)
        };
        [3, 5, 7].into_iter().any(is_power_of)
    }
}
