//! The files of a small system of the Raspberry Pi OS kind: what the demonstration's image and installer hold.
//! *IO: writes a folder.* The same bytes at each run, so that an image's digest stays the same.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// How much a tree holds beside its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// Bytes that compress well.
    pub text_bytes: usize,
    /// Bytes that do not compress.
    pub random_bytes: usize,
    /// Size of each kernel.
    pub kernel_bytes: usize,
    /// Size of each `start.elf`.
    pub firmware_bytes: usize,
}

impl Bulk {
    /// Enough to see a copy go on.
    pub const SOME: Self = Self {
        text_bytes: 16 << 20,
        random_bytes: 24 << 20,
        kernel_bytes: 2 << 20,
        firmware_bytes: 256 << 10,
    };
    /// Just a system.
    pub const NONE: Self = Self {
        text_bytes: 256 << 10,
        random_bytes: 512 << 10,
        kernel_bytes: 64 << 10,
        firmware_bytes: 24 << 10,
    };
}

/// The kernel command line's root, and what names the disk.
pub(super) const DISK_ID: u32 = 0x5043_4d31;

const SETTINGS: &[(&str, &str)] = &[
    (
        "etc/os-release",
        "PRETTY_NAME=\"Raspberry Pi OS 12 (simulated)\"\nNAME=\"Raspberry Pi OS\"\nID=raspbian\nID_LIKE=debian\n\
         VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
    ),
    ("etc/rpi-issue", "Raspberry Pi reference 2025-05-13\nGenerated for the demonstration rack, stage2\n"),
    ("etc/debian_version", "12.11\n"),
    ("etc/hostname", "raspberrypi\n"),
    ("etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n"),
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
         pi:x:1000:1000:,,,:/home/pi:/bin/bash\n",
    ),
    (
        "etc/shadow",
        "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nsshd:!:19000::::::\n\
         nobody:*:19000:0:99999:7:::\npi:!:19000:0:99999:7:::\n",
    ),
    ("etc/group", "root:x:0:\ndaemon:x:1:\nsudo:x:27:pi\nnogroup:x:65534:\npi:x:1000:\n"),
    ("etc/gshadow", "root:*::\ndaemon:*::\nsudo:*::pi\nnogroup:*::\npi:!::\n"),
    (
        "etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
    ),
    ("etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main\n"),
    (
        "usr/lib/systemd/system/ssh.service",
        "[Unit]\nDescription=OpenBSD Secure Shell server\n\n[Service]\nExecStart=/usr/sbin/sshd -D\n\n\
         [Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
    ),
];

const FOLDERS: &[&str] = &[
    "boot/firmware",
    "dev",
    "etc/ssh/sshd_config.d",
    "etc/systemd/system/multi-user.target.wants",
    "home/pi",
    "mnt",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "usr/lib",
    "usr/sbin",
    "usr/share/doc",
    "var/lib",
    "var/log",
];

const LINKS: &[(&str, &str)] =
    &[("usr/bin", "bin"), ("usr/sbin", "sbin"), ("usr/lib", "lib"), ("usr/lib64", "lib64")];

/// Stand-ins for programs: their presence counts, their content is never run. Dynamic linkers are among them
/// because a copy of pimaster that is not static asks for one.
const PROGRAMS: &[&str] = &[
    "usr/sbin/init",
    "usr/sbin/sshd",
    "usr/sbin/e2fsck",
    "usr/sbin/resize2fs",
    "usr/sbin/debugfs",
    "usr/bin/bash",
    "usr/bin/sh",
    "usr/bin/sudo",
    "usr/lib/ld-linux-aarch64.so.1",
    "usr/lib64/ld-linux-x86-64.so.2",
];

/// A file of stand-in text or random bytes is at most this long.
const BULK_FILE: usize = 4 << 20;

/// Writes a root file system.
pub fn write_root(folder: &Path, bulk: Bulk) -> io::Result<()> {
    for path in FOLDERS {
        fs::create_dir_all(folder.join(path))?;
    }
    for (path, content) in SETTINGS {
        write(&folder.join(path), content.as_bytes())?;
    }
    let fstab = format!(
        "proc /proc proc defaults 0 0\nPARTUUID={DISK_ID:08x}-01 /boot/firmware vfat defaults 0 2\n\
         PARTUUID={DISK_ID:08x}-02 / ext4 defaults,noatime 0 1\n"
    );
    write(&folder.join("etc/fstab"), fstab.as_bytes())?;
    for (target, link) in LINKS {
        match symlink(target, folder.join(link)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    for path in PROGRAMS {
        let path = folder.join(path);
        write(&path, b"#!/bin/false\nA stand-in of the demonstration rack: it is never run.\n")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    fs::set_permissions(folder.join("etc/shadow"), fs::Permissions::from_mode(0o640))?;
    fs::set_permissions(folder.join("root"), fs::Permissions::from_mode(0o700))?;
    write_bulk(&folder.join("usr/share/doc"), "text", bulk.text_bytes, text)?;
    write_bulk(&folder.join("usr/lib"), "library", bulk.random_bytes, random)
}

/// Writes the boot partition's files: firmware, device trees and kernels of all models, as stand-ins.
pub fn write_boot(folder: &Path, bulk: Bulk) -> io::Result<()> {
    for (number, name) in
        (1u64..).zip(["bootcode.bin", "fixup.dat", "fixup4.dat", "overlays/overlay_map.dtb"])
    {
        write(&folder.join(name), &random(6 << 10, number))?;
    }
    for (number, name) in (10u64..).zip(["start.elf", "start4.elf"]) {
        write(&folder.join(name), &random(bulk.firmware_bytes, number))?;
    }
    let trees =
        ["bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb", "bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb"];
    for (number, name) in (20u64..).zip(trees) {
        write(&folder.join(name), &random(16 << 10, number))?;
    }
    for (number, name) in (30u64..).zip(["kernel8.img", "kernel_2712.img"]) {
        write(&folder.join(name), &random(bulk.kernel_bytes, number))?;
    }
    write(&folder.join("config.txt"), b"# The demonstration's system.\narm_64bit=1\n[all]\nenable_uart=1\n")?;
    let cmdline = format!(
        "console=serial0,115200 console=tty1 root=PARTUUID={DISK_ID:08x}-02 rootfstype=ext4 fsck.repair=yes rootwait\n"
    );
    write(&folder.join("cmdline.txt"), cmdline.as_bytes())
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

fn write_bulk(folder: &Path, name: &str, bytes: usize, content: fn(usize, u64) -> Vec<u8>) -> io::Result<()> {
    let mut left = bytes;
    let mut number = 1;
    while left > 0 {
        let size = left.min(BULK_FILE);
        write(&folder.join(format!("{name}-{number:02}")), &content(size, 1000 + number))?;
        left -= size;
        number += 1;
    }
    Ok(())
}

/// Words in an order that depends on the seed.
fn text(size: usize, seed: u64) -> Vec<u8> {
    const WORDS: [&[u8]; 8] =
        [b"rack ", b"board ", b"switch ", b"image ", b"boots ", b"from ", b"the ", b"network\n"];
    let mut bytes = Vec::with_capacity(size + 8);
    let mut numbers = Numbers(seed);
    while bytes.len() < size {
        let at = usize::try_from(numbers.next_u64() % 8).unwrap_or(0);
        bytes.extend_from_slice(WORDS.get(at).copied().unwrap_or_default());
    }
    bytes.truncate(size);
    bytes
}

fn random(size: usize, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend(numbers.next_u64().to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// splitmix64: reproducible, incompressible, no secret.
struct Numbers(u64);

impl Numbers {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
