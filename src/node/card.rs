//! A card: a block device, a plain file, or anything else with bytes. Every verb works through it.
//! *IO: reads and writes the card.*
//!
//! A device is opened for writing only when nothing on it is mounted and nothing else holds it.

use super::report::Reporter;
use super::stop::Stop;
use super::{card_find, card_wait};
use crate::model::verb::CardReport;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes at offsets: what a card is made of. Offsets and lengths lie within the card's size.
pub trait Medium: Send + Sync {
    /// Fills the buffer from that offset.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes all bytes at that offset.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written so far would survive a loss of power.
    fn flush(&self) -> io::Result<()>;
    /// Makes the next reads come from the card and not from memory, for data that is flushed.
    fn forget(&self) -> io::Result<()>;
}

impl Medium for File {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn forget(&self) -> io::Result<()> {
        posix_fadvise(self, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        // What is read next is read from end to end: twice the usual read-ahead.
        posix_fadvise(self, 0, 0, PosixFadviseAdvice::POSIX_FADV_SEQUENTIAL)?;
        Ok(())
    }
}

/// What a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A block device of this machine.
    Device,
    /// A plain file: there is no board under it.
    File,
}

/// What a card is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To be changed: it must be writable and not in use.
    Write,
    /// To be flushed.
    Flush,
}

/// A card.
pub struct Card {
    path: PathBuf,
    kind: Kind,
    size: u64,
    medium: Box<dyn Medium>,
}

impl Card {
    /// A card of these bytes. The path is the file or device that external programs work on.
    pub fn new(path: impl Into<PathBuf>, kind: Kind, size_bytes: u64, medium: Box<dyn Medium>) -> Self {
        Self { path: path.into(), kind, size: size_bytes, medium }
    }

    /// Opens a device or a file; waits for a device that another program holds, if it is to be changed.
    pub(crate) fn open(path: &Path, usage: Use, reporter: &mut Reporter<'_>) -> Result<Self, Stop> {
        let metadata = fs::metadata(path).map_err(|error| missing(path, &error))?;
        let kind = if metadata.file_type().is_block_device() { Kind::Device } else { Kind::File };
        if kind == Kind::File && !metadata.is_file() {
            return Err(missing(path, &io::Error::other("it is neither a block device nor a file")));
        }
        let write = usage == Use::Write;
        if write && card_find::is_read_only(path, &metadata) {
            return Err(read_only(path));
        }
        if write && kind == Kind::Device {
            card_wait::until_free(path, card_wait::PATIENCE, reporter)?;
        }
        let mut file = OpenOptions::new().read(true).write(write).open(path).map_err(|error| match error
            .raw_os_error()
        {
            Some(libc_erofs) if libc_erofs == nix::libc::EROFS => read_only(path),
            _ => cannot_open(path, &error),
        })?;
        let size = file.seek(SeekFrom::End(0)).map_err(|error| cannot_open(path, &error))?;
        Ok(Self::new(path, kind, size, Box::new(file)))
    }

    /// Its device or file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Device or file.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What a probe says of it.
    pub(crate) fn report(&self) -> CardReport {
        CardReport {
            path: self.path.display().to_string(),
            size_bytes: self.size,
            read_only: fs::metadata(&self.path)
                .is_ok_and(|metadata| card_find::is_read_only(&self.path, &metadata)),
            identity: None,
        }
    }

    /// Reads bytes at an offset.
    pub(crate) fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.medium.read_at(offset, bytes)
    }

    /// Writes bytes at an offset.
    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset.checked_add(bytes.len() as u64).is_none_or(|end| end > self.size) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "beyond the end of the card"));
        }
        self.medium.write_at(offset, bytes)
    }

    /// Returns when everything is on the card.
    pub(crate) fn flush(&self) -> Result<(), Stop> {
        self.medium.flush().map_err(|error| {
            Stop::worthwhile(
                format!("{} could not be flushed: {error}", self.path.display()),
                "a card that takes what is written",
                "Replace the card if it happens again.",
            )
        })
    }

    /// Flushes, then makes the next reads come from the card itself.
    pub(crate) fn forget(&self) -> Result<(), Stop> {
        self.flush()?;
        if self.kind == Kind::Device {
            // Best effort: the advice below drops the same pages; this also asks the device's driver.
            drop(super::tool::run("blockdev", &["--flushbufs".as_ref(), self.path.as_os_str()]));
        }
        self.medium.forget().map_err(|error| self.io("read back", 0, self.size, &error))
    }

    /// A failed read or write, with its sectors named.
    pub(crate) fn io(&self, act: &str, offset: u64, bytes: u64, error: &io::Error) -> Stop {
        let card = self.path.display();
        Stop::pointless(
            format!("{card}: {} could not be {act}: {error}", sectors(offset, bytes)),
            "a card whose sectors can all be read and written",
            "Replace the card.",
        )
    }
}

/// Sectors of 512 bytes, as kernels name them.
pub(crate) fn sectors(offset: u64, bytes: u64) -> String {
    let first = offset / 512;
    let last = (offset + bytes.max(1) - 1) / 512;
    if first == last { format!("sector {first}") } else { format!("sectors {first} to {last}") }
}

fn missing(path: &Path, error: &io::Error) -> Stop {
    Stop::worthwhile(
        format!("no card at {}: {error}", path.display()),
        "a card in the node's slot",
        "Put a card in; if there is one, take it out and in again or replace it.",
    )
}

/// A card that is there but refuses to be opened.
pub(crate) fn cannot_open(path: &Path, error: &io::Error) -> Stop {
    Stop::worthwhile(
        format!("the card {} cannot be opened: {error}", path.display()),
        "a card that can be opened for reading and writing",
        "Run the verb as root on a node; replace the card if it happens there.",
    )
}

fn read_only(path: &Path) -> Stop {
    Stop::pointless(
        format!("the card {} is read-only", path.display()),
        "a card that can be written",
        "Slide the lock of the card or its adapter away from LOCK; a card that locked itself is worn out: replace it.",
    )
}

/// Whether this file may be written, as its owner meant it: root can write a file without any write bit.
pub(crate) fn has_write_bit(metadata: &fs::Metadata) -> bool {
    metadata.permissions().mode() & 0o222 != 0
}
