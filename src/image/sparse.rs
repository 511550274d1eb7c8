//! The unpacked disk while it is imported: a sparse file that refuses to grow without end. *IO: one file.*
//!
//! Called by `unpack`. Blocks of zeroes become holes, so a card image of 64 GB with 2 GB in it takes 2 GB.

use super::error::{Error, Result, shown_bytes};
use crate::model::problem::Problem;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What is left out if it is all zeroes: the block of most file systems.
const BLOCK: usize = 4096;
static ZEROES: [u8; BLOCK] = [0; BLOCK];

/// How far a file may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Its size, holes included.
    pub(super) disk_bytes: u64,
    /// What it takes on the disk of the data folder.
    pub(super) stored_bytes: u64,
}

/// Space that an import leaves free for the database and everything else.
const RESERVE_BYTES: u64 = 256 * 1024 * 1024;

impl Bounds {
    /// No disk larger than `disk_bytes`, and no more than the folder's file system has room for.
    pub(super) fn of(folder: &Path, disk_bytes: u64) -> Result<Self> {
        let failed = |cause: nix::Error| Error::Write { path: folder.to_owned(), source: cause.into() };
        let space = nix::sys::statvfs::statvfs(folder).map_err(failed)?;
        // The widths of these fields differ between targets.
        #[expect(clippy::useless_conversion, reason = "u32 on some targets")]
        let free = u64::from(space.blocks_available()).saturating_mul(u64::from(space.fragment_size()));
        Ok(Self { disk_bytes, stored_bytes: free.saturating_sub(RESERVE_BYTES) })
    }

    /// The refusal of an image that `verb` (unpacks, packs) to more than may be stored.
    pub(super) fn no_room(self, verb: &str) -> Error {
        Error::TooLarge(Problem::new(
            format!(
                "the image {verb} to more than {}, which is all there is room for",
                shown_bytes(self.stored_bytes)
            ),
            format!("room for it in the data folder, and {} beside it", shown_bytes(RESERVE_BYTES)),
            "Make room there, or choose another data folder",
        ))
    }
}

/// The file.
pub(super) struct SparseFile {
    file: File,
    path: PathBuf,
    bounds: Bounds,
    position: u64,
    stored: u64,
}

impl SparseFile {
    /// A new file at that path.
    pub(super) fn create(path: PathBuf, bounds: Bounds) -> Result<Self> {
        let file = File::create_new(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { file, path, bounds, position: 0, stored: 0 })
    }

    /// Appends bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.position + bytes.len() as u64 > self.bounds.disk_bytes {
            return Err(Error::TooLarge(Problem::new(
                format!("the image unpacks to more than {}", shown_bytes(self.bounds.disk_bytes)),
                "an image no larger than that",
                "Shrink it to what its partitions need; if it should be smaller, it is broken or made to fill disks",
            )));
        }
        for block in bytes.chunks(BLOCK) {
            if ZEROES.get(..block.len()) != Some(block) {
                self.stored += block.len() as u64;
                if self.stored > self.bounds.stored_bytes {
                    return Err(self.bounds.no_room("unpacks"));
                }
                self.file.write_all_at(block, self.position).map_err(|source| self.failed(source))?;
            }
            self.position += block.len() as u64;
        }
        Ok(())
    }

    /// Sets the size, since the end may be a hole, and gives it.
    pub(super) fn finish(self) -> Result<u64> {
        self.file.set_len(self.position).map_err(|source| self.failed(source))?;
        Ok(self.position)
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Write { path: self.path.clone(), source }
    }
}
