//! The four stages of writing, each on its own named thread. *IO: HTTP, the card.*
//!
//! ```text
//! fetch ──frames──► unpack ──chunks──► write ──marks──► flush
//!                      ▲──empty buffers──┘
//! ```
//! Channels hold two chunks each, so about ten are in flight; the flush channel holds one mark, so the writer is
//! never more than three times [`FLUSH_BYTES`] ahead of the card. A stage that ends drops its channels, and so
//! ends the others; the first reason is the one told.

use super::fetch::{FetchError, Patience, Unpacker, read_frame};
use super::journal::Journal;
use super::{Job, plan};
use crate::model::verb::Phase;
use crate::node::report::{Reporter, TICK};
use crate::node::stop::Stop;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::{Builder, Scope};

/// How much may be lost when the node dies.
const FLUSH_BYTES: u64 = 32 << 20;

/// What the stages did.
pub(super) struct Written {
    /// Bytes written to the card this time.
    pub(super) bytes: u64,
    /// The first chunk, which is written last.
    pub(super) first: Vec<u8>,
}

struct Frame {
    index: usize,
    bytes: Vec<u8>,
}

struct Plain {
    index: usize,
    bytes: Vec<u8>,
}

/// Which stage said what in the end; only the writer has something to give.
type Ending = Result<Option<Vec<u8>>, Stop>;

/// Writes all chunks but the first, which it gives back, and leaves a journal that says so.
pub(super) fn write(job: &Job<'_>, flushed: usize, reporter: &mut Reporter<'_>) -> Result<Written, Stop> {
    let missing = plan::missing(job.manifest, flushed);
    let resumed = plan::resumed_bytes(job.manifest, flushed);
    let written = AtomicU64::new(0);
    let first = std::thread::scope(|scope| {
        let (endings, ended) = mpsc::channel();
        let (frames, to_unpack) = mpsc::sync_channel(2);
        let (chunks, to_write) = mpsc::sync_channel(2);
        let (marks, to_flush) = mpsc::sync_channel(1);
        let (empties, recycled) = mpsc::channel();
        let (missing, written) = (&missing, &written);
        let stages = [
            stage(scope, "fetch", &endings, move || fetch(job, missing, &frames)),
            stage(scope, "unpack", &endings, move || unpack_all(job, &to_unpack, &recycled, &chunks)),
            stage(scope, "write", &endings, move || {
                write_all(job, flushed, &to_write, &empties, &marks, written)
            }),
            stage(scope, "flush", &endings, move || flush_all(job, &to_flush)),
        ];
        drop(endings);
        let started = stages.into_iter().collect::<io::Result<()>>();
        started.map_err(|error| Stop::node("start a thread", &error))?;
        watch(job, &ended, reporter, || resumed + written.load(Ordering::Relaxed))
    })?;
    let bytes = written.into_inner();
    reporter.progress(Phase::Write, job.manifest.used_bytes, job.manifest.used_bytes)?;
    Ok(Written { bytes, first })
}

fn stage<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    name: &str,
    endings: &Sender<Ending>,
    body: impl FnOnce() -> Ending + Send + 'scope,
) -> io::Result<()> {
    let endings = endings.clone();
    Builder::new().name(name.to_owned()).spawn_scoped(scope, move || drop(endings.send(body()))).map(|_| ())
}

/// Reports while the stages work; the first failure is the verb's.
fn watch(
    job: &Job<'_>,
    ended: &Receiver<Ending>,
    reporter: &mut Reporter<'_>,
    done: impl Fn() -> u64,
) -> Result<Vec<u8>, Stop> {
    let total = job.manifest.used_bytes;
    let mut outcome = reporter.progress(Phase::Write, done(), total).map(|()| None);
    loop {
        if outcome.is_err() {
            job.stop.store(true, Ordering::Relaxed);
        }
        match ended.recv_timeout(TICK) {
            Ok(Ok(first)) => outcome = outcome.map(|found: Option<Vec<u8>>| found.or(first)),
            Ok(Err(stop)) => outcome = outcome.and(Err(stop)),
            Err(RecvTimeoutError::Timeout) if outcome.is_ok() => {
                outcome = reporter.progress(Phase::Write, done(), total).and(outcome);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    outcome?.ok_or_else(|| Stop::node("finish writing", &io::Error::other("the stages ended early")))
}

/// Stage 1: the missing chunks' frames, in order, over as many connections as it takes.
fn fetch(job: &Job<'_>, missing: &[usize], frames: &SyncSender<Frame>) -> Ending {
    let mut left = missing;
    let mut patience = Patience::new();
    while let Some(request) = plan::next_request(job.manifest, left) {
        let before = left.len();
        let brought = job.source.range(&request.stored).and_then(|mut reader| {
            for index in left.iter().take(request.count) {
                let Some(chunk) = job.manifest.chunks.get(*index) else { break };
                let bytes = read_frame(&mut reader, chunk)?;
                if job.stop.load(Ordering::Relaxed) || frames.send(Frame { index: *index, bytes }).is_err() {
                    return Err(FetchError::Refused(Stop::Gone));
                }
                left = left.get(1..).unwrap_or_default();
            }
            Ok(())
        });
        if left.len() < before {
            patience.renew();
        }
        match brought {
            Ok(()) => {}
            // A later stage ended first and has its own reason.
            Err(FetchError::Refused(Stop::Gone)) => return Ok(None),
            Err(FetchError::Refused(stop)) => return Err(stop),
            Err(FetchError::Broken(what)) => match patience.wait(&what, job.stop) {
                Err(Stop::Gone) => return Ok(None),
                waited => waited?,
            },
        }
    }
    Ok(None)
}

/// Stage 2: unpacks and compares digests. A chunk that is wrong is fetched once more.
fn unpack_all(
    job: &Job<'_>,
    frames: &Receiver<Frame>,
    recycled: &Receiver<Vec<u8>>,
    chunks: &SyncSender<Plain>,
) -> Ending {
    let mut unpacker = Unpacker::new().map_err(|what| Stop::node("unpack", &io::Error::other(what)))?;
    for Frame { index, bytes } in frames {
        let Some(chunk) = job.manifest.chunks.get(index) else { break };
        let buffer = recycled.try_recv().unwrap_or_default();
        let plain = match unpacker.unpack(chunk, &bytes, buffer) {
            Ok(plain) => plain,
            Err(_) => job.source.chunk(chunk, job.stop)?.map_err(|flaw| {
                Stop::pointless(
                    format!("chunk {index} of the image came wrong twice: {flaw}"),
                    format!("the digest {}", chunk.digest),
                    "Import the image again: its stored file is damaged.",
                )
            })?,
        };
        if chunks.send(Plain { index, bytes: plain }).is_err() {
            break;
        }
    }
    Ok(None)
}

/// Stage 3: writes, and gives the first chunk back.
fn write_all(
    job: &Job<'_>,
    flushed: usize,
    chunks: &Receiver<Plain>,
    empties: &Sender<Vec<u8>>,
    marks: &SyncSender<u64>,
    written: &AtomicU64,
) -> Ending {
    let (mut since_flush, mut last) = (0, flushed as u64);
    let mut first = None;
    for Plain { index, bytes } in chunks {
        let Some(chunk) = job.manifest.chunks.get(index) else { break };
        if job.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let size = bytes.len() as u64;
        if index == 0 {
            first = Some(bytes);
        } else {
            let wrong = |error| job.card.io("written", chunk.disk_offset, size, &error);
            job.card.write(chunk.disk_offset, &bytes).map_err(wrong)?;
            drop(empties.send(bytes));
            last = index as u64;
            since_flush += size;
        }
        written.fetch_add(size, Ordering::Relaxed);
        if since_flush >= FLUSH_BYTES {
            since_flush = 0;
            if marks.send(last).is_err() {
                return Ok(None);
            }
        }
    }
    if since_flush > 0 {
        let _ended_early = marks.send(last);
    }
    Ok(first)
}

/// Stage 4: what is flushed goes into the journal. The journal's own flush is the next one.
fn flush_all(job: &Job<'_>, marks: &Receiver<u64>) -> Ending {
    for flushed in marks {
        job.card.flush()?;
        Journal { digest: job.manifest.digest, flushed }.write(job.card)?;
    }
    job.card.flush()?;
    Ok(None)
}
