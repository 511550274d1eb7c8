//! The image in the staging folder: unpacked, or as a link. *IO: reads the image, writes the staging folder.*
//!
//! Called by `apply`; `debugfs` keeps the same reserve. A few hostile kilobytes can stand for terabytes, so the
//! decoder's memory, the disk's size and what it takes in the staging folder are bounded.

use super::error::{Error, Result};
use super::extract::DISK;
use super::files::failed;
use super::{Event, Listener};
use liblzma::stream::{CONCATENATED, Error as XzError, Stream};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

/// What is left free on the disk.
pub(super) const RESERVE_BYTES: u64 = 256 << 20;

const PIECE: usize = 1 << 20;
/// The most memory a decoder takes; `xz -9` needs 65 MiB.
const XZ_MEMORY_BYTES: u64 = 512 << 20;
const LARGEST_DISK_BYTES: u64 = 128 << 30;

/// How far the unpacked disk may grow.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Its size, holes included.
    disk_bytes: u64,
    /// What it takes.
    stored_bytes: u64,
}

/// Puts the image into the staging folder.
pub(super) fn unpack(image: &Path, is_packed: bool, staging: &Path, listener: Listener<'_>) -> Result<()> {
    let disk = staging.join(DISK);
    if !is_packed {
        return symlink(image, &disk).map_err(failed("link to", image));
    }
    let free = free_bytes(staging).map_err(failed("look at the room in", staging))?;
    let bounds = Bounds { disk_bytes: LARGEST_DISK_BYTES, stored_bytes: free.saturating_sub(RESERVE_BYTES) };
    unpack_xz(image, &disk, bounds, listener)
}

fn unpack_xz(image: &Path, disk: &Path, bounds: Bounds, listener: Listener<'_>) -> Result<()> {
    let input = File::open(image).map_err(failed("read", image))?;
    let decoder = Stream::new_stream_decoder(XZ_MEMORY_BYTES, CONCATENATED);
    let decoder = decoder.map_err(|error| undecodable(image, error.into()))?;
    let mut input = liblzma::bufread::XzDecoder::new_stream(BufReader::with_capacity(PIECE, input), decoder);
    let mut output = File::create_new(disk).map_err(failed("write", disk))?;
    let (mut piece, mut bytes, mut stored) = (vec![0; PIECE], 0u64, 0u64);
    loop {
        let read = input.read(&mut piece).map_err(|error| undecodable(image, error))?;
        let Some(content) = piece.get(..read).filter(|content| !content.is_empty()) else { break };
        bytes += read as u64;
        let is_empty = content.iter().all(|byte| *byte == 0);
        stored += if is_empty { 0 } else { read as u64 };
        check(image, bytes, stored, bounds)?;
        write_sparse(&mut output, content, is_empty).map_err(failed("write", disk))?;
        listener(Event::Unpacked { bytes });
    }
    output.set_len(bytes).map_err(failed("write", disk))
}

/// Leaves holes where nothing is: images are mostly empty.
fn write_sparse(output: &mut File, content: &[u8], is_empty: bool) -> io::Result<()> {
    if !is_empty {
        return output.write_all(content);
    }
    output.seek(SeekFrom::Current(i64::try_from(content.len()).map_err(io::Error::other)?)).map(drop)
}

fn check(image: &Path, bytes: u64, stored: u64, bounds: Bounds) -> Result<()> {
    if bytes > bounds.disk_bytes {
        return Err(Error::refused(
            format!("{} unpacks to more than {} MiB", image.display(), bounds.disk_bytes >> 20),
            "an OS image for an SD card",
            "Compare its checksum with the publisher's, or give a smaller image.",
        ));
    }
    if stored > bounds.stored_bytes {
        return Err(Error::refused(
            format!(
                "{} unpacks to more than {} MiB, which is all there is room for",
                image.display(),
                bounds.stored_bytes >> 20
            ),
            format!("room for it beside the installer root, and {} MiB more", RESERVE_BYTES >> 20),
            "Make room there, or set `nfs.root` to another disk.",
        ));
    }
    Ok(())
}

/// What a decoder's errors mean; those with a number are of the disk that holds the image.
fn undecodable(image: &Path, error: io::Error) -> Error {
    const AGAIN: &str = "Download or copy it again and compare its size and checksum with the publisher's.";
    if error.raw_os_error().is_some() {
        return failed("read", image)(error);
    }
    let name = image.display();
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Error::refused(format!("{name} ends too early"), "the whole image", AGAIN);
    }
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<XzError>());
    if matches!(cause, Some(XzError::MemLimit)) {
        return Error::refused(
            format!("{name} asks for more than {} MiB of memory to be unpacked", XZ_MEMORY_BYTES >> 20),
            "an image that `xz -9` or less has packed",
            "Unpack it yourself, if you trust it, and give the .img.",
        );
    }
    Error::refused(format!("{name} cannot be unpacked ({error})"), "an intact .xz file", AGAIN)
}

/// What there is room for on the disk of a folder.
pub(super) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let space = nix::sys::statvfs::statvfs(folder)?;
    // The widths of these fields differ between targets.
    #[expect(clippy::useless_conversion, reason = "u32 on some targets")]
    let free = u64::from(space.blocks_available()).saturating_mul(u64::from(space.fragment_size()));
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use liblzma::stream::{Check, Filters, LzmaOptions};

    /// What unpacking these bytes says, and the size of what came of it.
    fn unpacked(packed: &[u8], bounds: Bounds) -> std::result::Result<u64, String> {
        let folder = tempfile::tempdir().unwrap();
        let (image, disk) = (folder.path().join("os.img.xz"), folder.path().join("disk"));
        std::fs::write(&image, packed).unwrap();
        unpack_xz(&image, &disk, bounds, &|_| {}).map_err(|error| error.to_string())?;
        Ok(std::fs::metadata(&disk).unwrap().len())
    }

    fn pack(content: &[u8], dictionary: u32) -> Vec<u8> {
        let mut options = LzmaOptions::new_preset(0).unwrap();
        options.dict_size(dictionary);
        let mut filters = Filters::new();
        filters.lzma2(&options);
        let stream = Stream::new_stream_encoder(&filters, Check::Crc32).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bounds_hold_and_refusals_say_what_to_do() {
        let bounds = Bounds { disk_bytes: 8 << 20, stored_bytes: 2 << 20 };
        let zeroes = pack(&vec![0; 8 << 20], 1 << 20);
        assert_eq!(unpacked(&zeroes, bounds), Ok(8 << 20));
        assert_eq!(unpacked(&[pack(b"x", 4096), pack(b"y", 4096)].concat(), bounds), Ok(2));
        let check = |packed: &[u8], expect: &str| {
            let refusal = unpacked(packed, bounds).unwrap_err();
            assert!(refusal.contains(expect), "{refusal}");
        };
        check(&pack(&vec![0; 9 << 20], 1 << 20), "more than 8 MiB");
        check(&[zeroes.clone(), pack(b"x", 4096)].concat(), "more than 8 MiB");
        check(&pack(&vec![1; 3 << 20], 1 << 20), "room for");
        check(&zeroes[..zeroes.len() / 2], "ends too early");
        check(&[], "ends too early");
        check(b"no xz, but long enough to be looked at", "cannot be unpacked");
        // The header of a small file that names a window of 1 GiB.
        let mut greedy = pack(b"x", 4096);
        let filter = greedy.windows(2).position(|bytes| bytes == [0x21, 1]).unwrap();
        greedy[filter + 2] = 36;
        let header = 12 + (usize::from(greedy[12]) + 1) * 4;
        let sum = crc32(&greedy[12..header - 4]);
        greedy[header - 4..header].copy_from_slice(&sum.to_le_bytes());
        check(&greedy, "MiB of memory");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }
}
