//! What the tests of `node` share: images, a small HTTP server with faults, cards that lose power.

use super::card::{Card, Kind, Medium, Use};
use super::run::{Outcome, run_on};
use super::tool;
use super::window::Window;
use crate::model::image::{Chunk, Digest, FileSystem, Layout, Manifest, Partition, TableKind};
use crate::model::problem::Problem;
use crate::model::verb::{Retry, Verb, VerbLine};
use serde::Serialize;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A stored image.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) manifest: Manifest,
    pub(crate) frames: Vec<u8>,
    pub(crate) disk: Vec<u8>,
}

/// An image with these used ranges, filled with bytes that differ everywhere.
pub(crate) fn stored(disk_bytes: usize, used: &[(usize, usize)]) -> Stored {
    let mut disk = vec![0u8; disk_bytes];
    let (mut chunks, mut frames) = (Vec::new(), Vec::new());
    for &(offset, size) in used {
        let mut state = offset as u64 + 1;
        for byte in &mut disk[offset..offset + size] {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
        chunks.push(append(&mut frames, offset as u64, &disk[offset..offset + size]));
    }
    Stored { manifest: manifest(disk_bytes, frames.len(), chunks), frames, disk }
}

/// This disk as a stored image, in chunks of that size; empty ones are left out.
pub(crate) fn store(disk: Vec<u8>, chunk_bytes: usize) -> Stored {
    let (mut chunks, mut frames) = (Vec::new(), Vec::new());
    for (index, plain) in disk.chunks(chunk_bytes).enumerate() {
        if plain.iter().any(|byte| *byte != 0) {
            chunks.push(append(&mut frames, (index * chunk_bytes) as u64, plain));
        }
    }
    Stored { manifest: manifest(disk.len(), frames.len(), chunks), frames, disk }
}

fn append(frames: &mut Vec<u8>, disk_offset: u64, plain: &[u8]) -> Chunk {
    let frame = zstd::bulk::compress(plain, 1).unwrap();
    let chunk = Chunk {
        disk_offset,
        disk_bytes: plain.len() as u32,
        stored_offset: frames.len() as u64,
        stored_bytes: frame.len() as u32,
        digest: Digest::of(plain),
    };
    frames.extend(frame);
    chunk
}

fn manifest(disk_bytes: usize, stored_bytes: usize, chunks: Vec<Chunk>) -> Manifest {
    Manifest {
        disk_bytes: disk_bytes as u64,
        used_bytes: chunks.iter().map(|chunk| u64::from(chunk.disk_bytes)).sum(),
        stored_bytes: stored_bytes as u64,
        digest: Manifest::digest_of(&chunks),
        chunks,
    }
}

/// What the server does wrong with a request for chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Status(u16),
    /// Ends the connection after so many bytes of the body.
    CutAfter(usize),
    /// Flips a bit of the stored byte at that offset.
    Damage(usize),
}

/// Serves one image at `/images/1`.
pub(crate) struct ImageServer {
    pub(crate) url: String,
    /// Requests for chunks so far: their ranges.
    pub(crate) ranges: Arc<Mutex<Vec<(usize, usize)>>>,
}

pub(crate) const TOKEN: &str = "secret-of-this-deployment";

impl ImageServer {
    /// Starts a server whose n-th request for chunks has that fault.
    pub(crate) fn start(image: &Stored, fault: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/images/1", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new((image.clone(), ranges.clone(), AtomicUsize::new(0), fault));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    let (image, ranges, count, fault) = &*shared;
                    let _ = answer(stream, image, ranges, count, fault);
                });
            }
        });
        Self { url, ranges }
    }
}

fn answer(
    stream: TcpStream,
    image: &Stored,
    ranges: &Mutex<Vec<(usize, usize)>>,
    count: &AtomicUsize,
    fault: &dyn Fn(usize) -> Fault,
) -> io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let head: Vec<String> =
        lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let field = |name: &str| {
        head.iter().find_map(|line| line.to_lowercase().strip_prefix(name).map(|rest| rest.trim().to_owned()))
    };
    let say = |status: &str, body: &[u8], cut: usize| {
        let mut out = &stream;
        write!(out, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
        out.write_all(&body[..cut.min(body.len())])
    };
    let all = usize::MAX;
    if field("authorization:").as_deref() != Some(&format!("bearer {TOKEN}")) {
        return say("401 Unauthorized", b"", all);
    }
    if head[0].starts_with("GET /images/1/manifest ") {
        return say("200 OK", &serde_json::to_vec(&image.manifest).unwrap(), all);
    }
    if !head[0].starts_with("GET /images/1/chunks ") {
        return say("404 Not Found", b"", all);
    }
    let range = field("range: bytes=").unwrap();
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse::<usize>().unwrap() + 1);
    ranges.lock().unwrap().push((from, to));
    let mut frames = image.frames.clone();
    match fault(count.fetch_add(1, Ordering::SeqCst)) {
        Fault::None => say("206 Partial Content", &frames[from..to], all),
        Fault::Status(status) => say(&format!("{status} Fault"), b"", all),
        Fault::CutAfter(bytes) => say("206 Partial Content", &frames[from..to], bytes),
        Fault::Damage(at) => {
            frames[at] ^= 0x10;
            say("206 Partial Content", &frames[from..to], all)
        }
    }
}

/// What a verb said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) lines: Vec<VerbLine>,
}

impl Said {
    /// The report of a verb that is done.
    pub(crate) fn report<T: serde::de::DeserializeOwned>(&self) -> T {
        match self.lines.last() {
            Some(VerbLine::Done { report }) => serde_json::from_value(report.clone()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The problem of a verb that failed.
    pub(crate) fn problem(&self) -> (&Problem, Retry) {
        match self.lines.last() {
            Some(VerbLine::Failed { problem, retry }) => (problem, *retry),
            other => panic!("{other:?}"),
        }
    }
}

/// Runs a verb on a card.
pub(crate) fn verb(verb: Verb, card: Card, args: &impl Serialize) -> Said {
    let mut output = Vec::new();
    let outcome = run_on(verb, card, serde_json::to_vec(args).unwrap().as_slice(), &mut output);
    Said { outcome, lines: lines(&output) }
}

/// Runs a verb on a file.
pub(crate) fn verb_at(verb: Verb, card: &Path, args: &impl Serialize) -> Said {
    let mut output = Vec::new();
    let input = serde_json::to_vec(args).unwrap();
    let outcome = super::run(verb, Some(card), input.as_slice(), &mut output);
    Said { outcome, lines: lines(&output) }
}

fn lines(output: &[u8]) -> Vec<VerbLine> {
    output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A card in memory that can lose power: what is not flushed may be lost, in parts.
#[derive(Clone)]
pub(crate) struct Flash {
    state: Arc<Mutex<State>>,
}

struct State {
    view: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<(usize, Vec<u8>)>,
    /// Writes until the power fails.
    left: usize,
    /// Sectors that never keep what is written.
    bad: Option<std::ops::Range<usize>>,
    pub(crate) flushes: usize,
}

impl Flash {
    pub(crate) fn new(size: usize) -> Self {
        let state = State {
            view: vec![0xee; size],
            durable: vec![0xee; size],
            pending: Vec::new(),
            left: usize::MAX,
            bad: None,
            flushes: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn card(&self) -> Card {
        let size = self.state.lock().unwrap().view.len() as u64;
        Card::new("/nonexistent/flash", Kind::File, size, Box::new(self.clone()))
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.state.lock().unwrap().view.clone()
    }

    pub(crate) fn fail_after(&self, writes: usize) {
        self.state.lock().unwrap().left = writes;
    }

    pub(crate) fn spoil(&self, bytes: std::ops::Range<usize>) {
        self.state.lock().unwrap().bad = Some(bytes);
    }

    /// The power comes back: of the unflushed writes, those whose bit is set in `kept` got through.
    pub(crate) fn power_cycle(&self, kept: u64) {
        let state = &mut *self.state.lock().unwrap();
        for (index, (offset, bytes)) in std::mem::take(&mut state.pending).into_iter().enumerate() {
            if kept >> (index % 64) & 1 == 1 {
                state.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
            }
        }
        state.view = state.durable.clone();
        state.left = usize::MAX;
    }
}

impl Medium for Flash {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        bytes.copy_from_slice(&self.state.lock().unwrap().view[offset..offset + bytes.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.state.lock().unwrap();
        state.left = state.left.checked_sub(1).ok_or_else(|| io::Error::other("no power"))?;
        let (offset, mut bytes) = (offset as usize, bytes.to_vec());
        if let Some(bad) = &state.bad {
            for (at, byte) in bytes.iter_mut().enumerate().filter(|(at, _)| bad.contains(&(offset + at))) {
                *byte = at as u8 ^ 0x55;
            }
        }
        state.view[offset..offset + bytes.len()].copy_from_slice(&bytes);
        state.pending.push((offset, bytes));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let state = &mut *self.state.lock().unwrap();
        if state.left == 0 {
            return Err(io::Error::other("no power"));
        }
        state.flushes += 1;
        for (offset, bytes) in std::mem::take(&mut state.pending) {
            state.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn forget(&self) -> io::Result<()> {
        Ok(())
    }
}

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
        let card = Card::open(&self.path, Use::Write).unwrap();
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
        let card = Card::open(&self.path, Use::Flush).unwrap();
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
