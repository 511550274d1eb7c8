//! Small disk images with a table, a boot partition and a root partition. *IO: a folder of its own; e2fsprogs.*

use crate::model::image::{FileSystem, Layout, Partition, TableKind};
use crate::node::card::{Card, Use};
use crate::node::report::Reporter;
use crate::node::tool;
use crate::node::window::Window;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A disk image in a file: table, FAT boot partition, ext4 root partition.
pub(crate) struct Disk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: std::path::PathBuf,
    pub(crate) layout: Layout,
}

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const BOOT: (u64, u64) = (MIB, 4 * MIB);
pub(crate) const ROOT: (u64, u64) = (5 * MIB, 16 * MIB);

impl Disk {
    /// Makes a disk of 24 MiB with these boot files and this tree of root files (a name that ends in `/` is a
    /// folder, a content that starts with `->` a link).
    pub(crate) fn new(table: TableKind, boot: &[(&str, &str)], root: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card.img");
        let file = fs::File::create(&path).unwrap();
        file.set_len(24 * MIB).unwrap();
        let partition = |number, (start_bytes, size_bytes), file_system| Partition {
            number,
            start_bytes,
            size_bytes,
            file_system,
        };
        let layout = Layout {
            table,
            partitions: vec![partition(1, BOOT, FileSystem::Fat), partition(2, ROOT, FileSystem::Ext4)],
            boot: 1,
            root: 2,
        };
        match table {
            TableKind::Mbr => write_mbr(&file, &layout),
            TableKind::Gpt => write_gpt(&path, &layout),
        }
        let disk = Self { folder, path, layout };
        disk.make_boot(boot);
        disk.make_root(root);
        disk
    }

    fn make_boot(&self, files: &[(&str, &str)]) {
        let card = Card::open(&self.path, Use::Write, &mut Reporter::new(&mut std::io::sink())).unwrap();
        fatfs::format_volume(Window::new(&card, BOOT.0, BOOT.1), fatfs::FormatVolumeOptions::new()).unwrap();
        let volume =
            fatfs::FileSystem::new(Window::new(&card, BOOT.0, BOOT.1), fatfs::FsOptions::new()).unwrap();
        for (name, content) in files {
            volume.root_dir().create_file(name).unwrap().write_all(content.as_bytes()).unwrap();
        }
        volume.unmount().unwrap();
    }

    fn make_root(&self, files: &[(&str, &str)]) {
        let tree = self.folder.path().join("tree");
        fs::create_dir(&tree).unwrap();
        for (name, content) in files {
            let path = tree.join(name.trim_end_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match (name.ends_with('/'), content.strip_prefix("->")) {
                (true, _) => fs::create_dir_all(&path).unwrap(),
                (false, Some(target)) => std::os::unix::fs::symlink(target, &path).unwrap(),
                (false, None) => fs::write(&path, content).unwrap(),
            }
        }
        let offset = format!("offset={}", ROOT.0);
        let arguments = ["-q", "-F", "-t", "ext4", "-b", "1024", "-E", &offset, "-d", tree.to_str().unwrap()];
        let size = format!("{}k", ROOT.1 / 1024);
        let mut arguments: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsStr::new).collect();
        arguments.extend([self.path.as_os_str(), size.as_ref()]);
        let output = tool::run("mke2fs", &arguments).unwrap();
        assert!(output.status.success(), "{}", tool::said(&output));
        // mke2fs cuts a file to the end of the file system.
        fs::File::options().write(true).open(&self.path).unwrap().set_len(24 * MIB).unwrap();
        if self.layout.table == TableKind::Gpt {
            write_gpt(&self.path, &self.layout);
        }
    }

    /// A larger card with this image on it.
    pub(crate) fn set_card_size(&self, bytes: u64) {
        fs::File::options().write(true).open(&self.path).unwrap().set_len(bytes).unwrap();
    }

    /// What a command of debugfs prints of the root file system.
    pub(crate) fn debugfs(&self, command: &str) -> String {
        let name = tool::ext4_name(&self.path, ROOT.0).unwrap();
        let output = tool::run("debugfs", &["-R".as_ref(), command.as_ref(), name.as_ref()]).unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// A boot file.
    pub(crate) fn boot_file(&self, name: &str) -> Option<String> {
        let card = Card::open(&self.path, Use::Flush, &mut Reporter::new(&mut std::io::sink())).unwrap();
        let volume =
            fatfs::FileSystem::new(Window::new(&card, BOOT.0, BOOT.1), fatfs::FsOptions::new()).unwrap();
        let mut text = String::new();
        volume.root_dir().open_file(name).ok()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    /// Fails unless the root file system is in order.
    pub(crate) fn assert_clean(&self) {
        let name = tool::ext4_name(&self.path, ROOT.0).unwrap();
        let output = tool::run("e2fsck", &["-f", "-n", &name].map(std::ffi::OsStr::new)).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", tool::said(&output));
    }
}

fn write_mbr(file: &fs::File, layout: &Layout) {
    let mut sector = vec![0u8; 512];
    sector[440..444].copy_from_slice(&[0x91, 0x90, 0x63, 0x4e]);
    for (index, partition) in layout.partitions.iter().enumerate() {
        let entry = &mut sector[446 + 16 * index..462 + 16 * index];
        entry[4] = if index == 0 { 0x0c } else { 0x83 };
        entry[8..12].copy_from_slice(&((partition.start_bytes / 512) as u32).to_le_bytes());
        entry[12..16].copy_from_slice(&((partition.size_bytes / 512) as u32).to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    file.write_all_at(&sector, 0).unwrap();
}

fn write_gpt(path: &Path, layout: &Layout) {
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let sectors = file.metadata().unwrap().len() / 512;
    gpt::mbr::ProtectiveMBR::with_lb_size(sectors as u32 - 1).overwrite_lba0(&mut file).unwrap();
    let mut disk = gpt::GptConfig::new().writable(true).create(path).unwrap();
    for partition in &layout.partitions {
        let first = partition.start_bytes / 512;
        let kind = gpt::partition_types::LINUX_FS;
        disk.add_partition_at("part", partition.number, first, partition.size_bytes / 512, kind, 0).unwrap();
    }
    disk.write().unwrap();
}
