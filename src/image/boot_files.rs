//! The files of a FAT boot partition: looked at, and copied out. *IO: reads the disk, writes below one folder.*
//!
//! Called by `inspect` and `import`. The copy is what TFTP serves for boot target `environment`. Names and folder
//! chains come from the image and are not trusted: nothing is written outside the folder, and loops end.

use super::disk::{ReadAt, Window};
use super::error::{Error, Result};
use crate::model::chip::BootSigns;
use crate::model::image::Partition;
use crate::model::problem::Problem;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than the folders of any boot partition (`overlays/` is one).
const DEEPEST: u32 = 8;
/// A file that lies beside every kernel of a Raspberry Pi, on one system or another.
const BOOT_NAMES: [&str; 6] =
    ["config.txt", "cmdline.txt", "bootcode.bin", "start.elf", "start4.elf", "extlinux"];
/// First bytes of a cpio archive (newc, newc with checksum).
const CPIO: [&[u8]; 2] = [b"070701", b"070702"];

type FileSystem<'a> = fatfs::FileSystem<Window<'a>>;
type Folder<'a, 'b> = fatfs::Dir<'b, Window<'a>>;

fn failed(error: &io::Error) -> Error {
    Error::of_content("the boot file system", error)
}

/// A FAT partition whose files are read.
pub(super) struct BootFiles<'a> {
    volume: FileSystem<'a>,
    size: u64,
}

impl<'a> BootFiles<'a> {
    /// The file system of that partition; its boot sector was judged before (`Fat::parse`).
    pub(super) fn open(disk: &'a dyn ReadAt, partition: &Partition) -> Result<Self> {
        let window = Window::new(disk, partition.start_bytes, partition.size_bytes);
        let volume =
            fatfs::FileSystem::new(window, fatfs::FsOptions::new()).map_err(|error| failed(&error))?;
        Ok(Self { volume, size: partition.size_bytes })
    }

    /// Names in its root, lower case.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries = self.volume.root_dir().iter();
        entries
            .map(|entry| entry.map(|entry| entry.file_name().to_lowercase()))
            .collect::<io::Result<_>>()
            .map_err(|error| failed(&error))
    }

    /// Whether a Raspberry Pi, or a boot loader, would find something to boot here.
    pub(super) fn is_bootable(&self) -> Result<bool> {
        let is_boot = |name: &String| {
            BOOT_NAMES.contains(&name.as_str()) || name.starts_with("vmlinuz") || name.starts_with("kernel")
        };
        Ok(self.names()?.iter().any(is_boot))
    }

    /// Whether a file in the root is a gzipped cpio archive, as the system of a Tiny Core is.
    pub(super) fn has_core(&self) -> Result<bool> {
        for entry in self.volume.root_dir().iter() {
            let entry = entry.map_err(|error| failed(&error))?;
            if !entry.is_file() || !entry.file_name().to_lowercase().ends_with(".gz") {
                continue;
            }
            let mut magic = [0; 6];
            let is_whole = flate2::read::GzDecoder::new(entry.to_file()).read_exact(&mut magic).is_ok();
            if is_whole && CPIO.contains(&magic.as_slice()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What decides on which boards it boots.
    pub(super) fn signs(&self) -> Result<BootSigns> {
        let root = self.volume.root_dir();
        let mut signs = BootSigns { names: self.names()?, ..BootSigns::default() };
        let mut left = MOST_ENTRIES;
        add_trees(&root, &mut signs.trees, TREES_DEEPEST, &mut left).map_err(|error| failed(&error))?;
        if signs.names.iter().any(|name| name == "config.txt") {
            let file = root.open_file("config.txt").map_err(|error| failed(&error))?;
            let mut text = Vec::new();
            file.take(CONFIG_MOST_BYTES).read_to_end(&mut text).map_err(|error| failed(&error))?;
            signs.config = String::from_utf8_lossy(&text).into_owned();
        }
        Ok(signs)
    }

    /// Copies every file below `target`, a new folder.
    pub(super) fn copy_to(&self, target: &Path) -> Result<()> {
        let mut copy = Copy { left: self.size, entries: 0 };
        copy.folder(&self.volume.root_dir(), target, DEEPEST)
    }
}

/// Device trees lie in the root or a folder of it, such as `current/` (Ubuntu) or `dtb/broadcom/`.
const TREES_DEEPEST: u32 = 3;
/// More than any `config.txt` has.
const CONFIG_MOST_BYTES: u64 = 256 * 1024;

/// Adds the names of device trees, to that depth. A folder that is linked into itself ends with the entries `left`.
fn add_trees(from: &Folder<'_, '_>, trees: &mut Vec<String>, deeper: u32, left: &mut u32) -> io::Result<()> {
    for entry in from.iter() {
        let entry = entry?;
        let name = entry.file_name().to_lowercase();
        let Some(rest) = left.checked_sub(1) else { return Ok(()) };
        *left = rest;
        if entry.is_file() && name.ends_with(".dtb") {
            trees.push(name);
        } else if entry.is_dir() && deeper > 1 && !matches!(name.as_str(), "." | "..") {
            add_trees(&entry.to_dir(), trees, deeper - 1, left)?;
        }
    }
    Ok(())
}

/// What may still be copied: cross-linked files could otherwise multiply without end.
struct Copy {
    left: u64,
    entries: u32,
}

const MOST_ENTRIES: u32 = 20_000;

impl Copy {
    fn folder(&mut self, from: &Folder<'_, '_>, to: &Path, deeper: u32) -> Result<()> {
        fs::create_dir(to).map_err(|source| Error::Write { path: to.to_owned(), source })?;
        for entry in from.iter() {
            let entry = entry.map_err(|error| failed(&error))?;
            let name = entry.file_name();
            if matches!(name.as_str(), "." | "..") {
                continue;
            }
            self.entries += 1;
            let Some(deeper) = deeper.checked_sub(1).filter(|_| self.entries <= MOST_ENTRIES) else {
                return Err(endless());
            };
            let path = safe_path(to, &name)?;
            if entry.is_dir() {
                self.folder(&entry.to_dir(), &path, deeper)?;
            } else {
                self.left = self.left.checked_sub(entry.len()).ok_or_else(endless)?;
                copy_file(&mut entry.to_file(), entry.len(), &path)?;
            }
        }
        sync_folder(to)
    }
}

fn copy_file(from: &mut impl Read, size: u64, to: &Path) -> Result<()> {
    let write_failed = |source| Error::Write { path: to.to_owned(), source };
    // FAT names that differ in case alone cannot exist, but a damaged folder may hold one twice.
    let mut file = fs::File::create(to).map_err(write_failed)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut copied = 0;
    loop {
        let read = from.read(&mut buffer).map_err(|error| failed(&error))?;
        if read == 0 {
            break;
        }
        io::Write::write_all(&mut file, buffer.get(..read).unwrap_or_default()).map_err(write_failed)?;
        copied += read as u64;
    }
    if copied != size {
        return Err(failed(&io::ErrorKind::UnexpectedEof.into()));
    }
    file.sync_all().map_err(write_failed)
}

/// Makes a folder's entries survive a mains cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::Write { path: folder.to_owned(), source })
}

/// The path of an entry, if its name is one plain component.
fn safe_path(folder: &Path, name: &str) -> Result<PathBuf> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\0']) && name.len() <= 255;
    if is_plain {
        return Ok(folder.join(name));
    }
    Err(Error::Damaged(Problem::new(
        format!("the boot file system names a file {name:?}"),
        "names without `/`",
        "Check the image's source: no ordinary system writes such names",
    )))
}

fn endless() -> Error {
    Error::Damaged(Problem::new(
        "the boot file system's files are larger or nested deeper than the partition allows",
        "an intact FAT file system",
        "Check it with `fsck.vfat`, or download the image again",
    ))
}
