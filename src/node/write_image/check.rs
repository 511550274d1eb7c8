//! Reads the card back and compares every chunk; then the first chunk is written and compared too.
//! *IO: the card.*
//!
//! A chunk that reads back wrong is fetched and written once more; if it is wrong again, the card is.

use super::Job;
use crate::model::image::{Chunk, Digest};
use crate::model::verb::Phase;
use crate::node::card::{Card, sectors};
use crate::node::report::{Reporter, TICK};
use crate::node::stop::Stop;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::Builder;

/// Compares everything on the card and completes it with its first chunk. `prepare` runs before, and after in case
/// the first chunk undid it.
pub(super) fn check(
    job: &Job<'_>,
    first: &[u8],
    prepare: impl Fn(&Card) -> Result<(), Stop>,
    reporter: &mut Reporter<'_>,
) -> Result<(), Stop> {
    job.card.forget()?;
    let rest = job.manifest.chunks.get(1..).unwrap_or_default();
    for index in compare_all(job, rest, reporter)? {
        let Some(chunk) = rest.get(index) else { continue };
        let content = job.source.chunk(chunk, job.stop)?.map_err(|flaw| {
            Stop::pointless(
                format!("chunk {} of the image came wrong: {flaw}", index + 1),
                format!("the digest {}", chunk.digest),
                "Import the image again: its stored file is damaged.",
            )
        })?;
        rewrite(job, chunk, &content, 1)?;
    }
    prepare(job.card)?;
    job.card.flush()?;
    if let Some(chunk) = job.manifest.chunks.first() {
        rewrite(job, chunk, first, 2)?;
    }
    prepare(job.card)?;
    job.card.flush()?;
    reporter.progress(Phase::Check, job.manifest.used_bytes, job.manifest.used_bytes)
}

/// Writes a chunk and reads it back from the card itself, up to so many times.
fn rewrite(job: &Job<'_>, chunk: &Chunk, content: &[u8], attempts: u32) -> Result<(), Stop> {
    let (card, size) = (job.card, content.len() as u64);
    let failed = |act, error| card.io(act, chunk.disk_offset, size, &error);
    let mut wrong = None;
    for _ in 0..attempts {
        card.write(chunk.disk_offset, content).map_err(|error| failed("written", error))?;
        card.forget()?;
        let mut back = vec![0u8; content.len()];
        card.read(chunk.disk_offset, &mut back).map_err(|error| failed("read back", error))?;
        wrong = difference(content, &back);
        if wrong.is_none() {
            break;
        }
    }
    let Some((start, bytes)) = wrong else { return Ok(()) };
    Err(Stop::pointless(
        format!(
            "{}: card {} read back wrong, after being written a second time",
            card.path().display(),
            sectors(chunk.disk_offset + start, bytes)
        ),
        "what was written",
        "Replace the card.",
    ))
}

/// Where the first and the last difference lie: offset and length.
fn difference(wanted: &[u8], seen: &[u8]) -> Option<(u64, u64)> {
    let differs = |(a, b): (&u8, &u8)| a != b;
    let start = wanted.iter().zip(seen).position(differs)?;
    let end = wanted.iter().zip(seen).rposition(differs)?;
    Some((start as u64, (end - start + 1) as u64))
}

/// Reads and compares on two threads, reports on this one; gives back which chunks are wrong.
fn compare_all(job: &Job<'_>, chunks: &[Chunk], reporter: &mut Reporter<'_>) -> Result<Vec<usize>, Stop> {
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (full, to_compare) = mpsc::sync_channel(2);
        let (empties, recycled) = mpsc::channel();
        let (wrong, found) = mpsc::channel();
        let done = &done;
        let reading = Builder::new()
            .name("read-back".to_owned())
            .spawn_scoped(scope, move || read_all(job, chunks, &recycled, &full));
        let comparing = Builder::new()
            .name("compare".to_owned())
            .spawn_scoped(scope, move || compare(chunks, &to_compare, &empties, &wrong, done));
        let (reading, comparing) = (start(reading)?, start(comparing)?);
        let listening = watch(job, &found, reporter, done);
        let joined = |_| Stop::node("read the card back", &io::Error::other("a thread ended early"));
        comparing.join().map_err(joined)?;
        reading.join().map_err(joined)??;
        listening
    })
}

fn start<T>(spawned: io::Result<T>) -> Result<T, Stop> {
    spawned.map_err(|error| Stop::node("start a thread", &error))
}

fn read_all(
    job: &Job<'_>,
    chunks: &[Chunk],
    recycled: &Receiver<Vec<u8>>,
    full: &SyncSender<Vec<u8>>,
) -> Result<(), Stop> {
    for chunk in chunks {
        let mut bytes: Vec<u8> = recycled.try_recv().unwrap_or_default();
        bytes.resize(usize::try_from(chunk.disk_bytes).unwrap_or_default(), 0);
        // A sector that cannot even be read is treated as one that reads wrong: writing it again may cure it.
        if job.card.read(chunk.disk_offset, &mut bytes).is_err() {
            bytes.clear();
        }
        if job.stop.load(Ordering::Relaxed) || full.send(bytes).is_err() {
            break;
        }
    }
    Ok(())
}

fn compare(
    chunks: &[Chunk],
    full: &Receiver<Vec<u8>>,
    empties: &Sender<Vec<u8>>,
    wrong: &Sender<usize>,
    done: &AtomicU64,
) {
    for (index, (chunk, bytes)) in chunks.iter().zip(full).enumerate() {
        if Digest::of(&bytes) != chunk.digest && wrong.send(index).is_err() {
            return;
        }
        done.fetch_add(u64::from(chunk.disk_bytes), Ordering::Relaxed);
        drop(empties.send(bytes));
    }
}

fn watch(
    job: &Job<'_>,
    found: &Receiver<usize>,
    reporter: &mut Reporter<'_>,
    done: &AtomicU64,
) -> Result<Vec<usize>, Stop> {
    let mut wrong = Vec::new();
    let mut told = None::<std::time::Instant>;
    loop {
        if told.is_none_or(|told| told.elapsed() >= TICK) {
            let said = reporter.progress(Phase::Check, done.load(Ordering::Relaxed), job.manifest.used_bytes);
            if said.is_err() {
                job.stop.store(true, Ordering::Relaxed);
            }
            said?;
            told = Some(std::time::Instant::now());
        }
        match found.recv_timeout(TICK) {
            Ok(index) => wrong.push(index),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(wrong),
        }
    }
}
