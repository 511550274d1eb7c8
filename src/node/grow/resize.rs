//! Checks and grows an ext4 file system inside a card. *IO: e2fsck, resize2fs.*
//!
//! Both take `CARD?offset=BYTES`. On a plain file, though, resize2fs (1.47) cuts the file to the size of the file
//! system and forgets the offset, so a file's file system is grown in a copy of its own, of the used bytes only.

use crate::model::verb::Phase;
use crate::node::card::{Card, Kind};
use crate::node::fsck;
use crate::node::report::Reporter;
use crate::node::stop::Stop;
use crate::node::tool::{self, Unheard};
use nix::fcntl::{FallocateFlags, fallocate};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::table::number;
use nix::errno::Errno;
use nix::unistd::{Whence, lseek};

/// The size of the file system that starts at that byte, from its superblock (ext4: struct ext4_super_block).
pub(super) fn file_system_bytes(card: &Card, start: u64) -> Result<u64, Stop> {
    let mut block = vec![0u8; 1024];
    card.read(start + 1024, &mut block).map_err(|error| card.io("read", start + 1024, 1024, &error))?;
    let is_64_bit = number(&block, 96, 4) & 0x80 != 0;
    let high = if is_64_bit { number(&block, 0x150, 4) << 32 } else { 0 };
    let block_bytes = 1024u64.checked_shl(u32::try_from(number(&block, 24, 4)).unwrap_or(64));
    let bytes = block_bytes.and_then(|size| size.checked_mul(number(&block, 4, 4) | high));
    let magic = number(&block, 56, 2);
    bytes.filter(|bytes| magic == 0xef53 && *bytes > 0).ok_or_else(|| {
        Stop::pointless(
            format!("no ext4 file system starts at byte {start} of {}", card.path().display()),
            "the root file system of the image",
            "Deploy again: the image is written anew.",
        )
    })
}

/// Checks the file system and lets it fill its partition; gives back its size in bytes.
pub(super) fn grow(
    card: &Card,
    start: u64,
    partition_bytes: u64,
    reporter: &mut Reporter<'_>,
) -> Result<u64, Stop> {
    let name = tool::ext4_name(card.path(), start)?;
    check(&name, partition_bytes, reporter)?;
    let now = file_system_bytes(card, start)?;
    // resize2fs takes whole blocks, of at most 4 KiB on a Pi's images.
    if now / 4096 < partition_bytes / 4096 {
        match card.kind() {
            Kind::Device => resize(&name, partition_bytes, reporter)?,
            Kind::File => resize_copy(card, start, now, partition_bytes, reporter)?,
        }
    }
    reporter.progress(Phase::Resize, partition_bytes, partition_bytes)?;
    file_system_bytes(card, start)
}

fn check(name: &str, bytes: u64, reporter: &mut Reporter<'_>) -> Result<(), Stop> {
    let arguments = ["-f", "-p", name].map(OsStr::new);
    let output = tool::run_reporting(
        "e2fsck",
        &arguments,
        reporter,
        Phase::CheckFileSystem,
        bytes,
        Unheard::Finishes,
    )?;
    fsck::judge(&output)
}

fn resize(name: &str, bytes: u64, reporter: &mut Reporter<'_>) -> Result<(), Stop> {
    let size = format!("{}K", bytes / 4096 * 4);
    let output = tool::run_reporting(
        "resize2fs",
        &[OsStr::new(name), OsStr::new(&size)],
        reporter,
        Phase::Resize,
        bytes,
        Unheard::Finishes,
    )?;
    if output.status.success() {
        return Ok(());
    }
    Err(Stop::worthwhile(
        format!("the root file system could not grow to {bytes} bytes: {}", tool::said(&output)),
        "resize2fs to do its work",
        "Deploy again; if it fails again, replace the card or deploy with the image's own size.",
    ))
}

/// Grows the file system of a card that is a file, in a scratch file beside it.
fn resize_copy(
    card: &Card,
    start: u64,
    now: u64,
    bytes: u64,
    reporter: &mut Reporter<'_>,
) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::node("copy the root file system to a scratch file", &error);
    let folder = card.path().parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let scratch = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let file = File::options().read(true).write(true).open(card.path()).map_err(failed)?;
    scratch.as_file().set_len(bytes).map_err(failed)?;
    copy(&file, start, scratch.as_file(), 0, now).map_err(failed)?;
    let name = scratch.path().to_str().unwrap_or_default();
    resize(name, bytes, reporter)?;
    copy(scratch.as_file(), 0, &file, start, bytes).map_err(failed)
}

/// Copies a range; what is a hole becomes one.
fn copy(from: &File, from_offset: u64, to: &File, to_offset: u64, size: u64) -> io::Result<()> {
    let mut buffer = vec![0u8; 1 << 20];
    let end = from_offset + size;
    let mut position = from_offset;
    while position < end {
        let data = seek(from, position, Whence::SeekData)?.min(end);
        punch(to, to_offset + (position - from_offset), data - position)?;
        let hole = if data < end { seek(from, data, Whence::SeekHole)?.min(end) } else { end };
        position = data;
        while position < hole {
            let count = usize::try_from(hole - position).map_or(buffer.len(), |left| left.min(buffer.len()));
            let piece = buffer.get_mut(..count).unwrap_or_default();
            from.read_exact_at(piece, position)?;
            to.write_all_at(piece, to_offset + (position - from_offset))?;
            position += count as u64;
        }
    }
    Ok(())
}

/// Where the next data or hole starts; the far end if there is none.
fn seek(file: &File, from: u64, what: Whence) -> io::Result<u64> {
    match lseek(file, i64::try_from(from).map_err(io::Error::other)?, what) {
        Err(Errno::ENXIO) => Ok(u64::MAX),
        found => u64::try_from(found?).map_err(io::Error::other),
    }
}

fn punch(file: &File, offset: u64, size: u64) -> io::Result<()> {
    if size == 0 {
        return Ok(());
    }
    let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let signed = |number: u64| i64::try_from(number).map_err(io::Error::other);
    Ok(fallocate(file, flags, signed(offset)?, signed(size)?)?)
}
