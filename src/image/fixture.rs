//! Small disk images for the tests, made without root: the partition table by hand (MBR) or by the `gpt` crate, FAT
//! by `fatfs`, ext4 by `mke2fs -d -E offset=`.

use super::disk::ReadAt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(super) const MIB: u64 = 1024 * 1024;
pub(super) const DISK_BYTES: u64 = 24 * MIB;
pub(super) const BOOT: (u64, u64) = (MIB, 5 * MIB);
pub(super) const ROOT: (u64, u64) = (7 * MIB, 16 * MIB);
pub(super) const RASPIOS: &str =
    "PRETTY_NAME=\"Raspbian GNU/Linux 12 (bookworm)\"\nID=raspbian\nID_LIKE=debian\n";

/// What a test disk is made of.
pub(super) struct Recipe {
    pub(super) gpt: bool,
    pub(super) boot_files: Vec<(&'static str, Vec<u8>)>,
    pub(super) root_files: Vec<(&'static str, Vec<u8>)>,
    pub(super) boot_label: [u8; 11],
    pub(super) mke2fs: Vec<&'static str>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            gpt: false,
            boot_files: vec![
                ("config.txt", b"arm_64bit=1\n".to_vec()),
                ("cmdline.txt", b"root=PARTUUID=1-02 rootwait\n".to_vec()),
                ("kernel8.img", noise(300_000, 1)),
                ("overlays/disable-bt.dtbo", noise(900, 2)),
            ],
            root_files: vec![
                ("etc/os-release", RASPIOS.into()),
                ("usr/bin/big", noise(1_500_000, 3)),
                ("var/zeroes", vec![0; 400_000]),
            ],
            boot_label: *b"bootfs     ",
            mke2fs: vec!["-L", "rootfs"],
        }
    }
}

/// Bytes that do not compress, the same at each call.
pub(super) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Runs a program and wants it to succeed.
pub(super) fn run(program: &str, args: &[&str]) -> Output {
    let output =
        Command::new(program).args(args).env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

impl Recipe {
    /// Makes the disk in that folder.
    pub(super) fn make(&self, folder: &Path) -> PathBuf {
        let path = folder.join("test.img");
        let mut file = File::options().create_new(true).read(true).write(true).open(&path).unwrap();
        file.set_len(DISK_BYTES).unwrap();
        if self.gpt {
            write_gpt(&path)
        } else {
            file.write_all(&mbr()).unwrap()
        }
        let mut window = Slice { file, start: BOOT.0, size: BOOT.1, position: 0 };
        let options = fatfs::FormatVolumeOptions::new().volume_label(self.boot_label);
        fatfs::format_volume(&mut window, options).unwrap();
        window.position = 0;
        let volume = fatfs::FileSystem::new(window, fatfs::FsOptions::new()).unwrap();
        for (name, content) in &self.boot_files {
            if let Some((folder, _)) = name.split_once('/') {
                volume.root_dir().create_dir(folder).unwrap();
            }
            volume.root_dir().create_file(name).unwrap().write_all(content).unwrap();
        }
        volume.unmount().unwrap();
        let tree = folder.join("tree");
        fs::create_dir(&tree).unwrap();
        for (name, content) in &self.root_files {
            fs::create_dir_all(tree.join(name).parent().unwrap()).unwrap();
            fs::write(tree.join(name), content).unwrap();
        }
        let (offset, size) = (format!("offset={}", ROOT.0), format!("{}k", ROOT.1 / 1024));
        let mut args = vec!["-q", "-F", "-t", "ext4", "-d", tree.to_str().unwrap(), "-E", &offset];
        args.extend(&self.mke2fs);
        args.extend([path.to_str().unwrap(), &size]);
        run("mke2fs", &args);
        fs::remove_dir_all(&tree).unwrap();
        path
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Where `debugfs` and `e2fsck` find the root file system of a disk.
pub(super) fn root_of(disk: &Path) -> String {
    format!("{}?offset={}", disk.display(), ROOT.0)
}

pub(super) fn mbr() -> [u8; 512] {
    let mut sector = [0u8; 512];
    for (at, kind, (start, size)) in [(446, 0x0c, BOOT), (462, 0x83, ROOT)] {
        sector[at + 4] = kind;
        sector[at + 8..at + 12].copy_from_slice(&u32::try_from(start / 512).unwrap().to_le_bytes());
        sector[at + 12..at + 16].copy_from_slice(&u32::try_from(size / 512).unwrap().to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

fn write_gpt(path: &Path) {
    let mut file = File::options().read(true).write(true).open(path).unwrap();
    let sectors = u32::try_from(DISK_BYTES / 512 - 1).unwrap();
    gpt::mbr::ProtectiveMBR::with_lb_size(sectors).overwrite_lba0(&mut file).unwrap();
    let config = gpt::GptConfig::new().writable(true);
    let mut disk = config.create_from_device(file, None).unwrap();
    for (number, kind, (start, size)) in
        [(1, gpt::partition_types::EFI, BOOT), (2, gpt::partition_types::LINUX_FS, ROOT)]
    {
        disk.add_partition_at("part", number, start / 512, size / 512, kind, 0).unwrap();
    }
    disk.write().unwrap();
}

/// A part of a file, for `fatfs`.
struct Slice {
    file: File,
    start: u64,
    size: u64,
    position: u64,
}

impl Slice {
    fn go(&mut self, size: usize) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.start + self.position))?;
        let size = size.min((self.size - self.position) as usize);
        self.position += size as u64;
        Ok(size)
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.go(buffer.len())?;
        self.file.read_exact(&mut buffer[..size])?;
        Ok(size)
    }
}

impl Write for Slice {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let size = self.go(buffer.len())?;
        self.file.write_all(&buffer[..size])?;
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta).unwrap(),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta).unwrap(),
        };
        Ok(self.position)
    }
}
