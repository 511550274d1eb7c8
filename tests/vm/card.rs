//! What a board's firmware reads from its card: the FAT partition's kernel, initramfs and command line. *IO:
//! reads the card's file.*

use crate::firmware::Boot;
use crate::rack::Source;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;

const SECTOR_BYTES: u64 = 512;
const ENTRY_BYTES: usize = 16;
const FIRST_ENTRY: usize = 446;

/// Loads what the card boots into the folder, without a word to the network.
pub(crate) fn boot(card: &Path, folder: &Path) -> Result<Boot> {
    let fat = fatfs::FileSystem::new(Cursor::new(boot_partition(card)?), fatfs::FsOptions::new())
        .context("the first FAT partition has no file system")?;
    let root = fat.root_dir();
    let read = |name: &str| -> Result<Vec<u8>> {
        let mut content = Vec::new();
        root.open_file(name).with_context(|| format!("no {name} on the card"))?.read_to_end(&mut content)?;
        Ok(content)
    };
    let config = String::from_utf8(read("config.txt")?)?;
    let value = |key: &str| config.lines().find_map(|line| line.trim().strip_prefix(key));
    let kernel = value("kernel=").context("config.txt names no kernel")?;
    let initramfs =
        value("initramfs ").and_then(|rest| rest.split_whitespace().next()).context("no initramfs")?;
    let keep = |name: &str, content: Vec<u8>| -> Result<_> {
        let path = folder.join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    };
    Ok(Boot {
        source: Source::Card,
        kernel: keep("card-kernel", read(kernel)?)?,
        initramfs: keep("card-initramfs", read(initramfs)?)?,
        cmdline: String::from_utf8(read("cmdline.txt")?)?.trim().to_owned(),
    })
}

/// Whether every byte of the card is zero.
pub(crate) fn is_blank(card: &Path) -> Result<bool> {
    let mut file = File::open(card)?;
    let (mut buffer, zeros) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let length = file.read(&mut buffer)?;
        // Slices are compared as memory is: a loop over bytes takes long in a debug build.
        if buffer.get(..length) != zeros.get(..length) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
    }
}

/// The content of the first FAT partition of the MBR.
fn boot_partition(card: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(card)?;
    let mut sector = [0; 512];
    file.read_exact(&mut sector)?;
    if !sector.ends_with(&[0x55, 0xaa]) {
        bail!("it has no partition table");
    }
    let entries = sector.get(FIRST_ENTRY..FIRST_ENTRY + 4 * ENTRY_BYTES).unwrap_or_default();
    for entry in entries.chunks_exact(ENTRY_BYTES) {
        let (Some(0x06 | 0x0b | 0x0c | 0x0e), Some(start), Some(length)) =
            (entry.get(4), number(entry, 8), number(entry, 12))
        else {
            continue;
        };
        file.seek(SeekFrom::Start(start * SECTOR_BYTES))?;
        let mut content = Vec::new();
        file.take(length * SECTOR_BYTES).read_to_end(&mut content)?;
        return Ok(content);
    }
    bail!("it has no FAT partition")
}

fn number(entry: &[u8], at: usize) -> Option<u64> {
    Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?).into())
}
