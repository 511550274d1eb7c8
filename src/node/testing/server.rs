//! Stored images, and a small HTTP server for one of them that can do wrong. *IO: HTTP on loopback.*

use crate::model::image::{Chunk, Digest, Manifest};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
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
