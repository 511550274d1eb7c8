//! A small but real disk image, made without root: MBR, FAT boot partition, ext4 root. *IO: writes files; runs
//! `mke2fs` and `debugfs` with argument vectors.*

use super::tools;
use super::tree::{Bulk, DISK_ID, write_boot, write_root};
use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const MIB: u64 = 1 << 20;
const SECTOR: u64 = 512;
const BOOT_START: u64 = 4 * MIB;
/// Room in the file systems beside the files.
const SPARE: u64 = 12 * MIB;
const LINUX_TYPE: u8 = 0x83;
const FAT_LBA_TYPE: u8 = 0x0c;

/// Makes the image at `path`, which then is whole; `scratch` is an empty folder for the trees.
pub fn make(path: &Path, scratch: &Path, bulk: Bulk) -> io::Result<()> {
    let (root, boot) = (scratch.join("root"), scratch.join("boot"));
    write_root(&root, bulk)?;
    write_boot(&boot, bulk)?;
    let boot_bytes = aligned(folder_bytes(&boot)? + SPARE);
    let root_start = BOOT_START + boot_bytes;
    let root_bytes = aligned(folder_bytes(&root)? * 11 / 10 + SPARE);
    let draft = path.with_extension("draft");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&draft)?;
    file.set_len(root_start + root_bytes)?;
    write_table(&file, boot_bytes, root_start, root_bytes)?;
    write_fat(file.try_clone()?, boot_bytes, &boot)?;
    drop(file);
    write_ext4(&draft, root_start, root_bytes, &root)?;
    File::open(&draft)?.sync_all()?;
    fs::rename(&draft, path)
}

fn aligned(bytes: u64) -> u64 {
    bytes.div_ceil(4 * MIB) * 4 * MIB
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        bytes += if kind.is_dir() {
            folder_bytes(&entry.path())? + 4096
        } else {
            entry.metadata()?.len().max(4096)
        };
    }
    Ok(bytes)
}

fn write_table(mut file: &File, boot_bytes: u64, root_start: u64, root_bytes: u64) -> io::Result<()> {
    let sectors = |bytes: u64| u32::try_from(bytes / SECTOR).map_err(io::Error::other);
    let mut table = DISK_ID.to_le_bytes().to_vec();
    table.extend([0, 0]);
    for (kind, start, size) in [(FAT_LBA_TYPE, BOOT_START, boot_bytes), (LINUX_TYPE, root_start, root_bytes)]
    {
        // Cylinders, heads and sectors are those of "use the other fields".
        table.extend([0, 0xfe, 0xff, 0xff, kind, 0xfe, 0xff, 0xff]);
        table.extend(sectors(start)?.to_le_bytes());
        table.extend(sectors(size)?.to_le_bytes());
    }
    table.extend([0; 32]);
    table.extend([0x55, 0xaa]);
    file.seek(SeekFrom::Start(440))?;
    file.write_all(&table)
}

fn write_fat(file: File, bytes: u64, from: &Path) -> io::Result<()> {
    let mut partition = Partition { file, at: 0, length: bytes };
    let options = FormatVolumeOptions::new().volume_label(*b"bootfs     ").volume_id(DISK_ID);
    fatfs::format_volume(&mut partition, options)?;
    partition.seek(SeekFrom::Start(0))?;
    let system = FileSystem::new(partition, FsOptions::new())?;
    copy_into(&system.root_dir(), from)?;
    system.unmount()
}

fn copy_into(folder: &fatfs::Dir<'_, Partition>, from: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            copy_into(&folder.create_dir(&name)?, &entry.path())?;
        } else {
            let mut file = folder.create_file(&name)?;
            file.truncate()?;
            io::copy(&mut File::open(entry.path())?, &mut file)?;
        }
    }
    Ok(())
}

fn write_ext4(image: &Path, start: u64, bytes: u64, from: &Path) -> io::Result<()> {
    let mut command = tools::command("mke2fs");
    command.args(["-q", "-F", "-t", "ext4", "-L", "rootfs", "-U", "50434d31-0000-4000-8000-000000000001"]);
    command
        .arg("-E")
        .arg(format!("offset={start},root_owner=0:0,hash_seed=50434d31-0000-4000-8000-000000000002"));
    command.arg("-d").arg(from).arg(image).arg(format!("{}k", bytes / 1024));
    command.env("E2FSPROGS_FAKE_TIME", "1750000000");
    run(command, "mke2fs")?;
    own_by_root(image, start, from)
}

/// Files were copied with the owner of whoever runs this; on the card they are root's and pi's.
fn own_by_root(image: &Path, start: u64, from: &Path) -> io::Result<()> {
    let mut requests = String::new();
    list_owners(from, "", &mut requests)?;
    let mut device = image.as_os_str().to_owned();
    device.push(format!("?offset={start}"));
    let mut command = tools::command("debugfs");
    command.args(["-w", "-f", "-"]).arg(device).env("E2FSPROGS_FAKE_TIME", "1750000000");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(child) = &mut child
        && let Some(mut input) = child.stdin.take()
    {
        input.write_all(requests.as_bytes())?;
    }
    ended(child.and_then(|mut child| child.wait()), "debugfs")
}

fn list_owners(folder: &Path, below: &str, requests: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}/{}", entry.file_name().to_string_lossy());
        let owner = if path.starts_with("/home/pi") { 1000 } else { 0 };
        for field in ["uid", "gid"] {
            requests.push_str(&format!("set_inode_field {path} {field} {owner}\n"));
        }
        if entry.file_type()?.is_dir() {
            list_owners(&entry.path(), &path, requests)?;
        }
    }
    Ok(())
}

fn run(mut command: Command, name: &str) -> io::Result<()> {
    ended(command.stdin(Stdio::null()).stdout(Stdio::null()).status(), name)
}

fn ended(status: io::Result<std::process::ExitStatus>, name: &str) -> io::Result<()> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(io::Error::other(format!("{name} ended with {status}"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(io::Error::other(format!("{name} is not installed; install the package e2fsprogs")))
        }
        Err(error) => Err(error),
    }
}

/// The boot partition's part of the image.
struct Partition {
    file: File,
    at: u64,
    length: u64,
}

impl Partition {
    fn ready(&mut self, wanted: usize) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(BOOT_START + self.at))?;
        Ok(wanted.min(usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX)))
    }

    fn advanced(&mut self, by: usize) -> usize {
        self.at += u64::try_from(by).unwrap_or(0);
        by
    }
}

impl Read for Partition {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.ready(buffer.len())?;
        let length = self.file.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        Ok(self.advanced(length))
    }
}

impl Write for Partition {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = self.ready(bytes.len())?;
        let length = self.file.write(bytes.get(..wanted).unwrap_or_default())?;
        Ok(self.advanced(length))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Partition {
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
    use super::super::card::Card;
    use super::*;

    #[test]
    fn the_image_boots_as_a_card() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image.img");
        make(&image, &folder.path().join("scratch"), Bulk::NONE).unwrap();
        let card = Card::insert(image.clone(), 0).unwrap();
        let table = card.table().unwrap().unwrap();
        let boot = card.boot_files(&table, &["cmdline.txt", "kernel8.img", "no.such"]).unwrap();
        assert_eq!(boot.keys().collect::<Vec<_>>(), ["cmdline.txt", "kernel8.img"]);
        let root = table.root_of(std::str::from_utf8(&boot["cmdline.txt"]).unwrap()).unwrap();
        let asked = ["/etc/hostname", "/sbin/init", "/etc/nothing"].map(str::to_owned);
        let files = card.root_files(root, &asked).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["/etc/hostname", "/sbin/init"]);
        assert_eq!(files["/etc/hostname"], b"raspberrypi\n");
        let mut device = image.clone().into_os_string();
        device.push(format!("?offset={root}"));
        let check = tools::command("e2fsck").args(["-f", "-n"]).arg(device).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    }
}
