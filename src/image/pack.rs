//! The chunk store's writer: used bytes become zstd frames in one file, with a digest each. *IO: reads the disk,
//! writes one file; named threads compress.*
//!
//! ```text
//! this thread reads pieces ──► jobs ──► threads: BLAKE3, zstd ──► done ──► this thread writes them in order
//! ```
//!
//! Memory is bounded: no more than [`AHEAD`] pieces per thread are between reading and writing.

use super::disk::ReadAt;
use super::error::{Error, Result};
use super::extents::Extents;
use super::pieces::{self, Piece};
use super::sparse::Bounds;
use crate::model::image::{Chunk, Digest, Manifest};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio_util::sync::CancellationToken;

/// The level: an image is compressed once and sent to a whole rack, but the master may be a Pi itself. On programs
/// in pieces of 1 MiB, level 6 gives 5 % less than the usual 3 in twice its time; 9 gives 1 % less again.
const LEVEL: i32 = 6;
/// Pieces per thread between reading and writing: one in work, one waiting.
const AHEAD: usize = 2;

struct Job {
    number: usize,
    bytes: Vec<u8>,
}

struct Done {
    number: usize,
    digest: Digest,
    frame: std::io::Result<Vec<u8>>,
}

/// How packing is watched, bounded and stopped.
pub(super) struct Watch<'a> {
    /// How far the file may grow.
    pub(super) bounds: Bounds,
    /// Told bytes done, and bytes in all.
    pub(super) progress: &'a dyn Fn(u64, u64),
    /// Stops it.
    pub(super) cancel: &'a CancellationToken,
}

/// Writes the used bytes of a disk to a new file, and says what is where.
pub(super) fn pack(
    disk: &dyn ReadAt,
    disk_bytes: u64,
    used: &Extents,
    target: &Path,
    watch: &Watch<'_>,
) -> Result<Manifest> {
    let pieces = pieces::cut(used, disk_bytes);
    let write_failed = |source| Error::Write { path: target.to_owned(), source };
    let file = File::create_new(target).map_err(write_failed)?;
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (jobs, waiting) = channel();
    let (finished, done) = channel();
    let waiting = Mutex::new(waiting);
    let mut packing = Packing { file, target, chunks: Vec::with_capacity(pieces.len()), stored: 0 };
    thread::scope(|scope| {
        for number in 0..threads {
            let (waiting, finished) = (&waiting, finished.clone());
            let builder = thread::Builder::new().name(format!("image-pack-{number}"));
            builder.spawn_scoped(scope, move || compress(waiting, &finished)).map_err(write_failed)?;
        }
        drop(finished);
        packing.run(disk, &pieces, Lanes { jobs, done, ahead: threads * AHEAD }, watch)
    })?;
    packing.file.sync_all().map_err(write_failed)?;
    let used_bytes = pieces.iter().map(|piece| piece.range.end - piece.range.start).sum();
    let digest = Manifest::digest_of(&packing.chunks);
    Ok(Manifest { disk_bytes, used_bytes, stored_bytes: packing.stored, digest, chunks: packing.chunks })
}

/// The ways to and from the threads; dropping them ends the threads.
struct Lanes {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    ahead: usize,
}

struct Packing<'a> {
    file: File,
    target: &'a Path,
    chunks: Vec<Chunk>,
    stored: u64,
}

impl Packing<'_> {
    fn run(&mut self, disk: &dyn ReadAt, pieces: &[Piece], lanes: Lanes, watch: &Watch<'_>) -> Result<()> {
        let total = pieces.iter().map(|piece| piece.range.end - piece.range.start).sum();
        let mut unread = pieces.iter().enumerate();
        let mut early = BTreeMap::new();
        let (mut under_way, mut done_bytes) = (0, 0);
        loop {
            if watch.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            while under_way + early.len() < lanes.ahead
                && let Some((number, piece)) = unread.next()
            {
                let bytes = read(disk, piece).map_err(|error| Error::of_content("the image", &error))?;
                lanes.jobs.send(Job { number, bytes }).map_err(|_| Error::Broken)?;
                under_way += 1;
            }
            if under_way == 0 {
                return Ok(());
            }
            let done = lanes.done.recv().map_err(|_| Error::Broken)?;
            under_way -= 1;
            early.insert(done.number, done);
            while let Some(done) = early.remove(&self.chunks.len()) {
                let piece = pieces.get(done.number).ok_or(Error::Broken)?;
                self.write(piece, done, watch.bounds)?;
                done_bytes += piece.range.end - piece.range.start;
                (watch.progress)(done_bytes, total);
            }
        }
    }

    fn write(&mut self, piece: &Piece, done: Done, bounds: Bounds) -> Result<()> {
        let failed = |source| Error::Write { path: self.target.to_owned(), source };
        let frame = done.frame.map_err(failed)?;
        if self.stored + frame.len() as u64 > bounds.stored_bytes {
            return Err(bounds.no_room("packs"));
        }
        self.file.write_all(&frame).map_err(failed)?;
        let narrow = |size: u64| u32::try_from(size).map_err(|_| Error::Broken);
        self.chunks.push(Chunk {
            disk_offset: piece.range.start,
            disk_bytes: narrow(piece.range.end - piece.range.start)?,
            stored_offset: self.stored,
            stored_bytes: narrow(frame.len() as u64)?,
            digest: done.digest,
        });
        self.stored += frame.len() as u64;
        Ok(())
    }
}

/// A piece's bytes: its parts from the disk, zeroes between them.
fn read(disk: &dyn ReadAt, piece: &Piece) -> std::io::Result<Vec<u8>> {
    let offset = |at: u64| usize::try_from(at - piece.range.start).unwrap_or(usize::MAX);
    let mut bytes = vec![0; offset(piece.range.end)];
    for part in &piece.parts {
        let target = bytes.get_mut(offset(part.start)..offset(part.end)).unwrap_or_default();
        disk.read_at(part.start, target)?;
    }
    Ok(bytes)
}

/// One thread: until there are no more jobs, or nobody wants their results.
fn compress(waiting: &Mutex<Receiver<Job>>, finished: &Sender<Done>) {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL);
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { number, bytes }) = job else { return };
        let digest = Digest::of(&bytes);
        let frame = match &mut compressor {
            Ok(compressor) => compressor.compress(&bytes),
            Err(error) => Err(std::io::Error::new(error.kind(), error.to_string())),
        };
        if finished.send(Done { number, digest, frame }).is_err() {
            return;
        }
    }
}
