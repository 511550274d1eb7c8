//! What a board's firmware and kernel see on its card. *IO: reads the card's file; `debugfs` for the root.*
//!
//! Reads only: what is on a card was put there by the node's verbs.

use super::tools;
use fatfs::{FileSystem, FsOptions};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

const SECTOR: u64 = 512;
/// Larger files than any system's settings are cut.
const LARGEST_FILE: u64 = 1 << 20;
/// Partition types that hold a FAT file system.
const FAT_TYPES: [u8; 5] = [0x01, 0x06, 0x0b, 0x0c, 0x0e];
const LINUX_TYPE: u8 = 0x83;

/// A card in a board's slot.
#[derive(Debug, Clone)]
pub(super) struct Card {
    path: PathBuf,
}

/// The partition table of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    disk_id: u32,
    partitions: Vec<Partition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Partition {
    number: u32,
    kind: u8,
    start_bytes: u64,
    size_bytes: u64,
}

impl Card {
    /// The card in that file; one that is missing or shorter is made `size_bytes` long, empty and sparse.
    pub(super) fn insert(path: PathBuf, size_bytes: u64) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
        if file.metadata()?.len() < size_bytes {
            file.set_len(size_bytes)?;
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The partition table; none on an empty card.
    pub(super) fn table(&self) -> io::Result<Option<Table>> {
        let mut sector = [0; 512];
        File::open(&self.path)?.read_exact(&mut sector)?;
        Ok(Table::parse(&sector))
    }

    /// Files of the boot partition's root folder, as far as they exist.
    pub(super) fn boot_files(&self, table: &Table, names: &[&str]) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let Some(partition) = table.boot() else { return Ok(BTreeMap::new()) };
        let file = File::open(&self.path)?;
        let slice = Slice { file, start: partition.start_bytes, length: partition.size_bytes, at: 0 };
        let Ok(system) = FileSystem::new(slice, FsOptions::new()) else { return Ok(BTreeMap::new()) };
        let root = system.root_dir();
        let mut found = BTreeMap::new();
        for name in names {
            if let Ok(file) = root.open_file(name) {
                let mut content = Vec::new();
                file.take(LARGEST_FILE).read_to_end(&mut content)?;
                found.insert((*name).to_owned(), content);
            }
        }
        Ok(found)
    }

    /// Files of the ext4 root at that byte offset, as far as they exist: one run of `debugfs` for all.
    pub(super) fn root_files(
        &self,
        root_bytes: u64,
        paths: &[String],
    ) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let folder = tempfile::tempdir()?;
        let quoted = |path: &str| path.replace(['"', '\n'], "");
        let dump = |(number, path): (usize, &String)| format!("dump \"{}\" {number}\n", quoted(path));
        let requests: String = paths.iter().enumerate().map(dump).collect();
        let mut device = self.path.canonicalize()?.into_os_string();
        device.push(format!("?offset={root_bytes}"));
        let mut child = tools::command("debugfs")
            .args(["-f", "-"])
            .arg(device)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(requests.as_bytes())?;
        }
        child.wait()?;
        let mut found = BTreeMap::new();
        for (number, path) in paths.iter().enumerate() {
            if let Ok(file) = File::open(folder.path().join(number.to_string())) {
                let mut content = Vec::new();
                file.take(LARGEST_FILE).read_to_end(&mut content)?;
                found.insert(path.clone(), content);
            }
        }
        Ok(found)
    }
}

impl Table {
    fn parse(sector: &[u8; 512]) -> Option<Self> {
        let word =
            |at: usize| -> Option<u32> { Some(u32::from_le_bytes(sector.get(at..at + 4)?.try_into().ok()?)) };
        if sector.get(510..) != Some(&[0x55, 0xaa]) {
            return None;
        }
        let mut partitions = Vec::new();
        for number in 1..=4u32 {
            let at = 446 + 16 * (usize::try_from(number).ok()? - 1);
            let (kind, start, size) = (*sector.get(at + 4)?, word(at + 8)?, word(at + 12)?);
            if kind != 0 && size != 0 {
                let (start_bytes, size_bytes) = (u64::from(start) * SECTOR, u64::from(size) * SECTOR);
                partitions.push(Partition { number, kind, start_bytes, size_bytes });
            }
        }
        Some(Self { disk_id: word(440)?, partitions })
    }

    /// The first FAT partition.
    fn boot(&self) -> Option<&Partition> {
        self.partitions.iter().find(|partition| FAT_TYPES.contains(&partition.kind))
    }

    /// Where the root lies that a kernel command line names, in bytes: `/dev/mmcblk0pN` or `PARTUUID=<disk>-NN`.
    pub(super) fn root_of(&self, cmdline: &str) -> Option<u64> {
        let root = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix("root="))?;
        let number = match (root.strip_prefix("/dev/mmcblk0p"), root.strip_prefix("PARTUUID=")) {
            (Some(number), _) => number.parse().ok()?,
            (None, Some(uuid)) => {
                let (disk, number) = uuid.split_once('-')?;
                if u32::from_str_radix(disk, 16).ok()? != self.disk_id {
                    return None;
                }
                u32::from_str_radix(number, 16).ok()?
            }
            (None, None) => return None,
        };
        let partition = self.partitions.iter().find(|partition| partition.number == number)?;
        (partition.kind == LINUX_TYPE).then_some(partition.start_bytes)
    }
}

/// One partition of a file, read-only.
struct Slice {
    file: File,
    start: u64,
    length: u64,
    at: u64,
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        let length = self.file.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        self.at += u64::try_from(length).unwrap_or(0);
        Ok(length)
    }
}

impl Write for Slice {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector() -> [u8; 512] {
        let mut sector = [0; 512];
        sector[440..444].copy_from_slice(&0x1234_abcd_u32.to_le_bytes());
        for (at, kind, start, size) in [(446, 0x0c, 8u32, 100u32), (462, 0x83, 200, 300)] {
            sector[at + 4] = kind;
            sector[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
            sector[at + 12..at + 16].copy_from_slice(&size.to_le_bytes());
        }
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    #[test]
    fn a_command_line_names_its_root() {
        let table = Table::parse(&sector()).unwrap();
        let check = |root: &str, expect| {
            assert_eq!(table.root_of(&format!("quiet root={root} rw")), expect, "{root}");
        };
        check("/dev/mmcblk0p2", Some(200 * 512));
        check("PARTUUID=1234abcd-02", Some(200 * 512));
        check("PARTUUID=00000000-02", None);
        check("/dev/mmcblk0p1", None);
        check("/dev/mmcblk0p3", None);
        check("/dev/nfs", None);
        assert_eq!(table.boot().map(|boot| boot.start_bytes), Some(8 * 512));
    }

    #[test]
    fn an_empty_card_has_no_table() {
        let folder = tempfile::tempdir().unwrap();
        let card = Card::insert(folder.path().join("card"), 4096).unwrap();
        assert_eq!(card.table().unwrap(), None);
        assert_eq!(card.path().metadata().unwrap().len(), 4096);
    }
}
