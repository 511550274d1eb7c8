//! `pimaster node write-image` as a process of its own that is killed (SIGKILL) in the middle: the next run goes on
//! where it stopped, and never does a half-written card look bootable.

use pimaster::model::image::{Chunk, Digest, Manifest};
use pimaster::model::verb::{Phase, VerbLine, WriteImageArgs, WriteImageReport};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

const CHUNK: usize = 1 << 20;
const CHUNKS: usize = 80;

struct Image {
    manifest: Manifest,
    frames: Vec<u8>,
    disk: Vec<u8>,
}

fn image() -> Image {
    let mut disk = vec![0u8; CHUNKS * CHUNK];
    for (at, word) in disk.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    let (mut chunks, mut frames) = (Vec::new(), Vec::new());
    for (index, plain) in disk.chunks(CHUNK).enumerate() {
        let frame = zstd::bulk::compress(plain, 1).unwrap();
        chunks.push(Chunk {
            disk_offset: (index * CHUNK) as u64,
            disk_bytes: u32::try_from(plain.len()).unwrap(),
            stored_offset: frames.len() as u64,
            stored_bytes: u32::try_from(frame.len()).unwrap(),
            digest: Digest::of(plain),
        });
        frames.extend(frame);
    }
    let manifest = Manifest {
        disk_bytes: disk.len() as u64,
        used_bytes: disk.len() as u64,
        stored_bytes: frames.len() as u64,
        digest: Manifest::digest_of(&chunks),
        chunks,
    };
    Image { manifest, frames, disk }
}

/// Serves stored bytes up to a gate; what lies behind it waits until the gate moves.
struct Server {
    url: String,
    gate: Arc<(Mutex<usize>, Condvar)>,
}

impl Server {
    fn start(image: &Arc<Image>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gate = Arc::new((Mutex::new(0), Condvar::new()));
        let (image, shared) = (image.clone(), gate.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (image, gate) = (image.clone(), shared.clone());
                std::thread::spawn(move || drop(answer(&stream, &image, &gate)));
            }
        });
        Self { url, gate }
    }

    fn open_up_to(&self, stored_bytes: usize) {
        *self.gate.0.lock().unwrap() = stored_bytes;
        self.gate.1.notify_all();
    }

    fn args(&self, image: &Image) -> Vec<u8> {
        let args = WriteImageArgs {
            url: self.url.clone(),
            token: "t".to_owned(),
            digest: image.manifest.digest,
            least_card_bytes: 0,
            remove_bootcode: None,
        };
        serde_json::to_vec(&args).unwrap()
    }
}

fn answer(mut stream: &TcpStream, image: &Image, gate: &(Mutex<usize>, Condvar)) -> io::Result<()> {
    let lines = BufReader::new(stream).lines();
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let range = head.iter().find_map(|line| {
        let line = line.to_lowercase();
        let (from, to) = line.strip_prefix("range: bytes=")?.split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()? + 1))
    });
    let Some((mut from, to)) = range else {
        let body = serde_json::to_vec(&image.manifest)?;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
        return stream.write_all(&body);
    };
    let length = to - from;
    write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    while from < to {
        let open = gate.1.wait_while(gate.0.lock().unwrap(), |open| *open <= from).unwrap();
        let end = to.min(*open);
        drop(open);
        stream.write_all(image.frames.get(from..end).unwrap())?;
        from = end;
    }
    Ok(())
}

fn spawn(card: &Path, args: &[u8]) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pimaster"))
        .args(["node", "write-image", "--card"])
        .arg(card)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(args).unwrap();
    child
}

/// Reads lines until one satisfies the condition.
fn wait_for(child: &mut Child, mut enough: impl FnMut(&VerbLine) -> bool) -> VerbLine {
    let output = BufReader::new(child.stdout.as_mut().unwrap());
    let mut lines = output.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap());
    lines.find(|line| enough(line)).unwrap()
}

fn is_last(line: &VerbLine) -> bool {
    matches!(line, VerbLine::Done { .. } | VerbLine::Failed { .. })
}

fn finish(card: &Path, server: &Server, image: &Image) -> WriteImageReport {
    server.open_up_to(usize::MAX);
    let mut child = spawn(card, &server.args(image));
    let line = wait_for(&mut child, is_last);
    assert!(child.wait().unwrap().success(), "{line:?}");
    match line {
        VerbLine::Done { report } => serde_json::from_value(report).unwrap(),
        VerbLine::Progress { .. } | VerbLine::Failed { .. } => unreachable!("{line:?}"),
    }
}

/// Chunks that the journal in the card's first sector counts as flushed.
fn journal(card: &Path) -> u64 {
    let mut sector = [0u8; 56];
    File::open(card).unwrap().read_exact_at(&mut sector, 0).unwrap();
    match sector.starts_with(b"pimaster-write-1") {
        true => u64::from_le_bytes(sector.get(48..).unwrap().try_into().unwrap()),
        false => 0,
    }
}

#[test]
fn a_killed_write_goes_on_where_it_stopped() {
    let image = Arc::new(image());
    let server = Server::start(&image);
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card");
    fs::write(&card, vec![0x5a; CHUNKS * CHUNK]).unwrap();

    server.open_up_to(image.frames.len() * 2 / 3);
    let mut child = spawn(&card, &server.args(&image));
    let writing = |line: &VerbLine| matches!(line, VerbLine::Progress { phase: Phase::Write, .. });
    wait_for(&mut child, |line| writing(line) && journal(&card) > 0);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let flushed = journal(&card);
    assert!(flushed >= 32, "{flushed}");
    let sector = fs::read(&card).unwrap();
    assert_eq!(sector.get(510..512), Some([0, 0].as_slice()), "half a card does not boot");

    let report = finish(&card, &server, &image);
    assert_eq!(report.resumed_bytes, flushed * CHUNK as u64);
    assert_eq!(report.resumed_bytes + report.written_bytes, image.manifest.used_bytes);
    assert!(fs::read(&card).unwrap() == image.disk);
}

#[test]
fn a_killed_check_is_taken_up_too() {
    let image = Arc::new(image());
    let server = Server::start(&image);
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card");
    File::create(&card).unwrap().set_len((CHUNKS * CHUNK) as u64).unwrap();
    server.open_up_to(usize::MAX);
    let mut child = spawn(&card, &server.args(&image));
    wait_for(&mut child, |line| matches!(line, VerbLine::Progress { phase: Phase::Check, .. }));
    child.kill().unwrap();
    child.wait().unwrap();
    let report = finish(&card, &server, &image);
    assert_eq!(report.resumed_bytes + report.written_bytes, image.manifest.used_bytes);
    assert!(fs::read(&card).unwrap() == image.disk);
}
