//! The boot files out of an image's FAT partition. *IO: reads the image, writes the staging folder.*
//!
//! Called by `extract`. The tables of a hostile image can lead in circles and name each file a thousand times, so
//! everything is counted: folders in folders, entries, bytes, and what `disk::Window` reads for all of it.

use super::disk::{Partition, Window};
use super::error::{Error, Result};
use super::files::failed;
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Folders in folders; boot partitions have one or two.
const DEEPEST: usize = 8;
/// Files and folders; boot partitions have some hundred.
const MOST_ENTRIES: u64 = 20_000;

/// What may still be copied.
struct Left {
    entries: u64,
    bytes: u64,
}

type Folder<'v, 'd> = fatfs::Dir<'v, Window<'d>>;

/// Copies the files of a FAT partition with a config.txt; says whether it is one.
pub(super) fn copy_boot(disk: &File, partition: Partition, to: &Path) -> Result<bool> {
    let options = fatfs::FsOptions::new().update_accessed_date(false);
    let volume = fatfs::FileSystem::new(Window::new(disk, partition), options).map_err(unreadable)?;
    let root = volume.root_dir();
    if root.open_file("config.txt").is_err() {
        return Ok(false);
    }
    let mut left = Left { entries: MOST_ENTRIES, bytes: partition.bytes };
    copy_folder(&root, to, DEEPEST, &mut left)?;
    Ok(true)
}

fn copy_folder(folder: &Folder<'_, '_>, to: &Path, deeper: usize, left: &mut Left) -> Result<()> {
    fs::create_dir(to).map_err(failed("create the folder", to))?;
    for entry in folder.iter() {
        let entry = entry.map_err(unreadable)?;
        let name = shown_name(&entry.file_name());
        if name.is_empty() || matches!(name.as_str(), "." | "..") || name.contains(['/', '\0']) {
            continue;
        }
        left.entries = left.entries.checked_sub(1).ok_or_else(|| too_much("more than 20,000 files"))?;
        let path = to.join(&name);
        if entry.is_dir() {
            let deeper = deeper.checked_sub(1).ok_or_else(|| too_much("folders more than 8 deep"))?;
            copy_folder(&entry.to_dir(), &path, deeper, left)?;
        } else if entry.is_file() {
            left.bytes = left
                .bytes
                .checked_sub(entry.len())
                .ok_or_else(|| too_much("files that are larger than itself"))?;
            let mut file = File::create_new(&path).map_err(failed("write", &path))?;
            // Numbered errors are the disk's that is written to, or that holds the image.
            io::copy(&mut entry.to_file(), &mut file).map_err(|error| match error.raw_os_error() {
                Some(_) => failed("copy", &path)(error),
                None => unreadable(error),
            })?;
            // The next time shows by it that the file is the same.
            let times = FileTimes::new().set_modified(modified(&entry.modified()));
            file.set_times(times).map_err(failed("set the time of", &path))?;
        }
    }
    Ok(())
}

fn unreadable(error: io::Error) -> Error {
    Error::refused(
        format!("the boot partition of the image cannot be read ({error})"),
        "an intact FAT file system",
        "Download or copy the image again and compare its checksum with the publisher's.",
    )
}

fn too_much(what: &str) -> Error {
    Error::refused(
        format!("the boot partition of the image holds {what}"),
        "the boot files of a Raspberry Pi system: some hundred, in a few folders",
        "Download the image again and compare its checksum with the publisher's, or take another.",
    )
}

/// Names without a long form are upper-case on the disk; the firmware asks in lower case.
fn shown_name(name: &str) -> String {
    if name.chars().any(char::is_lowercase) { name.to_owned() } else { name.to_ascii_lowercase() }
}

/// FAT keeps local time without a zone; taken as UTC, it is at least the same each time.
fn modified(at: &fatfs::DateTime) -> SystemTime {
    let part = |number: u16| i8::try_from(number).unwrap_or(1);
    let year = i16::try_from(at.date.year).unwrap_or(1980);
    let time = jiff::civil::DateTime::new(
        year,
        part(at.date.month),
        part(at.date.day),
        part(at.time.hour),
        part(at.time.min),
        part(at.time.sec),
        0,
    );
    let zoned = time.ok().and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let seconds = zoned.map_or(0, |zoned| zoned.timestamp().as_second());
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::disk::Holds;
    use super::*;
    use std::io::{Cursor, Write};

    type Root<'a, 'b> = fatfs::Dir<'a, &'b mut Cursor<Vec<u8>>>;

    /// What copying says of a volume of 1 MiB.
    fn copied(fill: impl FnOnce(&Root<'_, '_>), spoil: impl FnOnce(&mut Vec<u8>)) -> Result<bool> {
        let mut volume = Cursor::new(vec![0u8; 1 << 20]);
        fatfs::format_volume(&mut volume, fatfs::FormatVolumeOptions::new().bytes_per_cluster(512)).unwrap();
        {
            let volume = fatfs::FileSystem::new(&mut volume, fatfs::FsOptions::new()).unwrap();
            volume.root_dir().create_file("config.txt").unwrap().write_all(&[b'#'; 700]).unwrap();
            fill(&volume.root_dir());
        }
        let mut bytes = volume.into_inner();
        spoil(&mut bytes);
        let mut disk = tempfile::tempfile().unwrap();
        disk.write_all(&bytes).unwrap();
        let to = tempfile::tempdir().unwrap();
        copy_boot(&disk, Partition { start: 0, bytes: 1 << 20, holds: Holds::Fat }, &to.path().join("boot"))
    }

    /// The place of the directory entry with that short name.
    fn entry(bytes: &[u8], name: &[u8; 11]) -> usize {
        bytes.windows(11).position(|window| window == name).unwrap()
    }

    #[test]
    fn tables_that_lead_astray_come_to_an_end() {
        assert!(copied(|_| {}, |_| {}).unwrap());
        let refusal = |fill: &dyn Fn(&Root<'_, '_>), spoil: &dyn Fn(&mut Vec<u8>)| {
            copied(fill, spoil).unwrap_err().to_string()
        };
        let deep = refusal(
            &|root| {
                let mut folder = root.create_dir("a").unwrap();
                for _ in 0..8 {
                    folder = folder.create_dir("a").unwrap();
                }
            },
            &|_| {},
        );
        assert!(deep.contains("8 deep"), "{deep}");
        // A folder that is its own parent.
        let circle = refusal(&|root| drop(root.create_dir("LOOP").unwrap().create_dir("LOOP")), &|bytes| {
            let outer = entry(bytes, b"LOOP       ");
            let start = [bytes[outer + 26], bytes[outer + 27]];
            let inner = outer + 11 + entry(&bytes[outer + 11..], b"LOOP       ");
            bytes[inner + 26..inner + 28].copy_from_slice(&start);
        });
        assert!(circle.contains("8 deep"), "{circle}");
        let large = refusal(&|root| drop(root.create_file("BIG").unwrap()), &|bytes| {
            let at = entry(bytes, b"BIG        ");
            bytes[at + 28..at + 32].copy_from_slice(&u32::MAX.to_le_bytes());
        });
        assert!(large.contains("larger than itself"), "{large}");
    }

    #[test]
    fn a_folder_without_an_end_comes_to_one() {
        // Its only cluster is followed by itself, and holds deleted entries alone.
        let refusal = copied(
            |root| drop(root.create_dir("LOOP").unwrap()),
            |bytes| {
                let at = entry(bytes, b"LOOP       ");
                let cluster = usize::from(u16::from_le_bytes([bytes[at + 26], bytes[at + 27]]));
                let field = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
                let (reserved, tables, entries, table) =
                    (field(14), usize::from(bytes[16]), field(17), field(22));
                let data = (reserved + tables * table) * 512 + entries * 32 + (cluster - 2) * 512;
                for entry in bytes[data..data + 512].chunks_mut(32) {
                    entry.fill(b'x');
                    entry[0] = 0xe5;
                    entry[11] = 0x20;
                }
                // FAT12: one and a half bytes for each cluster.
                for copy in 0..tables {
                    let at = (reserved + copy * table) * 512 + cluster * 3 / 2;
                    let value = u16::try_from(cluster).unwrap();
                    let old = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
                    let new = if cluster % 2 == 0 { old & 0xf000 | value } else { old & 0x000f | value << 4 };
                    bytes[at..at + 2].copy_from_slice(&new.to_le_bytes());
                }
            },
        )
        .unwrap_err()
        .to_string();
        assert!(refusal.contains("in circles"), "{refusal}");
    }
}
