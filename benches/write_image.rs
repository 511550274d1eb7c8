//! How fast `write-image` is, against `zstd -dc | dd conv=fsync` of the same disk image onto the same file system.
//!
//! `cargo bench --bench write_image [-- MIB]` prints, for an image like a system's (a third of it used) and for one
//! that is full, the medians of alternating rounds and their ratio. write-image reads everything back as well; the
//! pipe does not, so both the ratio of writing alone and that of the whole verb are shown. Nothing is asserted.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails there")]

use pimaster::model::image::{Chunk, Digest, Manifest};
use pimaster::model::verb::{Verb, VerbLine, WriteImageArgs, WriteImageReport};
use pimaster::node;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: usize = 5;
const CHUNK: usize = 1 << 20;

fn main() {
    let mib = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(768);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut out = io::stdout();
    writeln!(out, "image of {mib} MiB, medians of {ROUNDS} alternating rounds, in seconds").unwrap();
    writeln!(
        out,
        "{:<18}{:>10}{:>10}{:>10}{:>14}{:>14}",
        "image", "zstd|dd", "write", "+ check", "pipe/write", "pipe/whole"
    )
    .unwrap();
    for (name, used_of_three) in [("a third used", 1), ("full", 3)] {
        let [pipe, write, whole] = compare(folder.path(), mib, used_of_three);
        let (write_ratio, whole_ratio) = (pipe / write, pipe / whole);
        writeln!(
            out,
            "{name:<18}{pipe:>10.2}{write:>10.2}{whole:>10.2}{write_ratio:>14.2}{whole_ratio:>14.2}"
        )
        .unwrap();
    }
}

fn compare(folder: &Path, mib: usize, used_of_three: usize) -> [f64; 3] {
    let packed = folder.join("image.zst");
    let image = Arc::new(make(mib, used_of_three, &packed));
    let url = serve(image.clone());
    let card = folder.join("card");
    let (mut pipes, mut writes, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        pipes.push(pipe(&packed, &card));
        let (write, whole) = write_image(&url, image.manifest.digest, &card, mib);
        writes.push(write);
        wholes.push(whole);
    }
    [pipes, writes, wholes].map(median)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or_default()
}

struct Image {
    manifest: Manifest,
    frames: Vec<u8>,
}

/// Chunks of half random bytes, half text; of each three chunks so many are used. Also packs the whole image.
fn make(mib: usize, used_of_three: usize, packed: &Path) -> Image {
    let mut encoder = zstd::Encoder::new(File::create(packed).unwrap(), 3).unwrap();
    let (mut chunks, mut frames, mut state) = (Vec::new(), Vec::new(), 1u64);
    for index in 0..mib {
        let mut plain = vec![0u8; CHUNK];
        if index % 3 < used_of_three {
            for (at, word) in plain.chunks_exact_mut(8).enumerate() {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let text = [*b"the rack", *b" of Pis ", *b"is full "];
                let choice = text.get((state % 3) as usize).copied().unwrap_or_default();
                word.copy_from_slice(&if at % 2 == 0 { state.to_le_bytes() } else { choice });
            }
            let frame = zstd::bulk::compress(&plain, 3).unwrap();
            chunks.push(Chunk {
                disk_offset: (index * CHUNK) as u64,
                disk_bytes: u32::try_from(CHUNK).unwrap(),
                stored_offset: frames.len() as u64,
                stored_bytes: u32::try_from(frame.len()).unwrap(),
                digest: Digest::of(&plain),
            });
            frames.extend(frame);
        }
        encoder.write_all(&plain).unwrap();
    }
    encoder.finish().unwrap().sync_all().unwrap();
    let manifest = Manifest {
        disk_bytes: (mib * CHUNK) as u64,
        used_bytes: (chunks.len() * CHUNK) as u64,
        stored_bytes: frames.len() as u64,
        digest: Manifest::digest_of(&chunks),
        chunks,
    };
    Image { manifest, frames }
}

fn pipe(packed: &Path, card: &Path) -> f64 {
    drop(fs::remove_file(card));
    let began = Instant::now();
    let mut zstd = Command::new("zstd").arg("-dcq").arg(packed).stdout(Stdio::piped()).spawn().unwrap();
    let input = zstd.stdout.take().unwrap();
    let to = format!("of={}", card.display());
    let dd = Command::new("dd")
        .args([&to, "bs=1M", "conv=fsync", "iflag=fullblock", "status=none"])
        .stdin(input)
        .status();
    assert!(dd.unwrap().success() && zstd.wait().unwrap().success());
    began.elapsed().as_secs_f64()
}

/// Seconds until everything was written and flushed, and until it was read back too.
fn write_image(url: &str, digest: Digest, card: &Path, mib: usize) -> (f64, f64) {
    drop(fs::remove_file(card));
    let began = Instant::now();
    File::create(card).unwrap().set_len((mib * CHUNK) as u64).unwrap();
    let args = WriteImageArgs {
        url: url.to_owned(),
        token: "t".to_owned(),
        digest,
        least_card_bytes: 0,
        remove_bootcode: None,
    };
    let mut output = Vec::new();
    node::run(Verb::WriteImage, Some(card), serde_json::to_vec(&args).unwrap().as_slice(), &mut output);
    let whole = began.elapsed().as_secs_f64();
    let last = output.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap();
    let line: VerbLine = serde_json::from_slice(last).unwrap();
    let report: WriteImageReport = match &line {
        VerbLine::Done { report } => serde_json::from_value(report.clone()).unwrap(),
        VerbLine::Progress { .. } | VerbLine::Failed { .. } => unreachable!("{line:?}"),
    };
    (whole - report.check_millis as f64 / 1000.0, whole)
}

fn serve(image: Arc<Image>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let image = image.clone();
            std::thread::spawn(move || drop(answer(&stream, &image)));
        }
    });
    url
}

fn answer(mut stream: &TcpStream, image: &Image) -> io::Result<()> {
    let lines = BufReader::new(stream).lines();
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let range = head.iter().find_map(|line| {
        let line = line.to_lowercase();
        let (from, to) = line.strip_prefix("range: bytes=")?.split_once('-')?;
        image.frames.get(from.parse().ok()?..to.parse::<usize>().ok()? + 1)
    });
    let manifest = serde_json::to_vec(&image.manifest)?;
    let (status, body) = match range {
        Some(range) => ("206 Partial Content", range),
        None => ("200 OK", manifest.as_slice()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(body)
}
