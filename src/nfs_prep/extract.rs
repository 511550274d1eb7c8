//! The system and the boot files out of an OS image, without mounting it. *IO: the staging folder; runs `debugfs`.*
//!
//! Called by `apply`. Everything lands in a staging folder of mode 0700, from which `copy` takes what is let
//! through: what is left out, keys among it, never lies where nodes can read it.

use super::disk::{self, Holds, Partition, Window};
use super::error::{Error, Result};
use super::files::failed;
use super::{Event, Listener};
use std::fs::{self, File, FileTimes};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

/// The unpacked image, the system and the boot files in the staging folder.
const DISK: &str = "disk";
pub(super) const ROOT: &str = "root";
pub(super) const BOOT: &str = "boot";

const PIECE: usize = 1 << 20;

/// Puts the image into the staging folder: unpacked, or as a link.
pub(super) fn unpack(image: &Path, is_packed: bool, staging: &Path, listener: Listener<'_>) -> Result<()> {
    let disk = staging.join(DISK);
    if !is_packed {
        return symlink(image, &disk).map_err(failed("link to", image));
    }
    let input = File::open(image).map_err(failed("read", image))?;
    let mut input = liblzma::read::XzDecoder::new_multi_decoder(io::BufReader::new(input));
    let mut output = File::create_new(&disk).map_err(failed("write", &disk))?;
    let (mut piece, mut bytes) = (vec![0; PIECE], 0u64);
    loop {
        let read = input.read(&mut piece).map_err(failed("unpack", image))?;
        let Some(content) = piece.get(..read).filter(|content| !content.is_empty()) else { break };
        write_sparse(&mut output, content).map_err(failed("write", &disk))?;
        bytes += read as u64;
        listener(Event::Unpacked { bytes });
    }
    output.set_len(bytes).map_err(failed("write", &disk))
}

/// Leaves holes where nothing is: images are mostly empty.
fn write_sparse(output: &mut File, content: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    if content.iter().any(|byte| *byte != 0) {
        return output.write_all(content);
    }
    output.seek(SeekFrom::Current(i64::try_from(content.len()).map_err(io::Error::other)?)).map(drop)
}

/// Takes the root file system and the boot files out of the unpacked image.
pub(super) fn extract(staging: &Path) -> Result<()> {
    let path = staging.join(DISK);
    let disk = File::open(&path).map_err(failed("read", &path))?;
    let partitions = disk::partitions(&disk).map_err(failed("read", &path))?;
    let mut root = None;
    for partition in partitions.iter().filter(|it| it.holds == Holds::Ext4) {
        let said = debugfs(staging, partition, "stat /etc/passwd")?;
        if said.stdout.starts_with(b"Inode:") {
            root = Some(*partition);
            break;
        }
    }
    let root = root.ok_or_else(|| {
        Error::refused(
            format!(
                "none of the image's {} readable partitions is the ext4 root of a system",
                partitions.len()
            ),
            "an image of a whole disk with a boot and a root partition",
            "Give the .img (or .img.xz) that one writes to an SD card.",
        )
    })?;
    dump(staging, &root)?;
    let boot = staging.join(BOOT);
    for partition in partitions.iter().filter(|it| it.holds == Holds::Fat) {
        if copy_boot(&disk, *partition, &boot)? {
            return Ok(());
        }
    }
    Err(Error::refused(
        "no FAT partition of the image holds a config.txt",
        "the boot files of a Raspberry Pi system",
        "Give an OS image for the Raspberry Pi.",
    ))
}

fn dump(staging: &Path, root: &Partition) -> Result<()> {
    let to = staging.join(ROOT);
    fs::create_dir(&to).map_err(failed("create the folder", &to))?;
    let output = debugfs(staging, root, &format!("rdump / {ROOT}"))?;
    // It ends with 0 whatever happens; what went wrong stands on standard error, after its version.
    let said = String::from_utf8_lossy(&output.stderr);
    let is_root = super::files::root_if_root().is_some();
    let is_expected = |line: &&str| {
        line.starts_with("debugfs 1.")
            || line.trim().is_empty()
            || (!is_root && line.contains("not permitted"))
    };
    let complaints: Vec<&str> = said.lines().filter(|line| !is_expected(line)).take(3).collect();
    if complaints.is_empty() {
        return open_to_all(&to);
    }
    Err(Error::refused(
        format!("debugfs could not read the whole image: {}", complaints.join("; ")),
        "an intact ext4 file system, and room for it",
        "Check the room on the disk and the image's checksum, and try again.",
    ))
}

/// debugfs gives out the nine permission bits alone. Programs that become root by set-user-id are not missed, since
/// only root is ever there; shared folders need their sticky bit back.
fn open_to_all(root: &Path) -> Result<()> {
    for folder in ["tmp", "var/tmp"].map(|folder| root.join(folder)) {
        if super::files::look(&folder)?.is_some_and(|seen| seen.is_dir()) {
            super::files::own_by(&folder, None, 0o1777)?;
        }
    }
    Ok(())
}

/// Runs one request. The image is named relative to the staging folder, whose own path could hold a `?`.
fn debugfs(staging: &Path, partition: &Partition, request: &str) -> Result<Output> {
    let run = |program: &str| {
        Command::new(program)
            .args(["-R", request])
            .arg(format!("{DISK}?offset={}", partition.start))
            .current_dir(staging)
            .env("LC_ALL", "C")
            .env("DEBUGFS_PAGER", "cat")
            .env("PAGER", "cat")
            .stdin(Stdio::null())
            .output()
    };
    // System programs are not on every user's path.
    let output = match run("debugfs") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => run("/usr/sbin/debugfs"),
        output => output,
    };
    output.map_err(|source| Error::Program {
        program: "debugfs".to_owned(),
        advice: "install e2fsprogs",
        source,
    })
}

/// Copies the files of a FAT partition with a config.txt; says whether it is one.
fn copy_boot(disk: &File, partition: Partition, to: &Path) -> Result<bool> {
    let options = fatfs::FsOptions::new().update_accessed_date(false);
    let volume = fatfs::FileSystem::new(Window::new(disk, partition), options);
    let volume = volume.map_err(failed("read the boot partition for", to))?;
    let root = volume.root_dir();
    if root.open_file("config.txt").is_err() {
        return Ok(false);
    }
    fs::create_dir(to).map_err(failed("create the folder", to))?;
    copy_folder(&root, to)?;
    Ok(true)
}

type Folder<'v, 'd> = fatfs::Dir<'v, Window<'d>>;

fn copy_folder(folder: &Folder<'_, '_>, to: &Path) -> Result<()> {
    for entry in folder.iter() {
        let entry = entry.map_err(failed("read the boot partition for", to))?;
        let name = shown_name(&entry.file_name());
        if name.is_empty() || matches!(name.as_str(), "." | "..") || name.contains(['/', '\0']) {
            continue;
        }
        let path = to.join(&name);
        if entry.is_dir() {
            fs::create_dir(&path).map_err(failed("create the folder", &path))?;
            copy_folder(&entry.to_dir(), &path)?;
        } else if entry.is_file() {
            let mut file = File::create_new(&path).map_err(failed("write", &path))?;
            io::copy(&mut entry.to_file(), &mut file).map_err(failed("copy", &path))?;
            // The next time shows by it that the file is the same.
            let times = FileTimes::new().set_modified(modified(&entry.modified()));
            file.set_times(times).map_err(failed("set the time of", &path))?;
        }
    }
    Ok(())
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
