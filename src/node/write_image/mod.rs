//! `write-image`: the image goes onto the card and is read back. *IO: HTTP, the card.*
//!
//! Order matters. The card is discarded; its first sector then holds the [`journal`], which says which image is
//! being written and how far it is flushed; all chunks but the first are written and flushed, then read back with
//! the memory in front of the card emptied; the first chunk, with the partition table, comes last and takes the
//! journal's place. So a card that was interrupted anywhere never boots, and the next run goes on where this one
//! stopped.

mod check;
mod fetch;
mod journal;
mod pipeline;
mod plan;

use super::card::Card;
use super::customise::remove_bootcode;
use super::discard;
use super::report::Reporter;
use super::stop::Stop;
use crate::model::image::Manifest;
use crate::model::verb::{WriteImageArgs, WriteImageReport};
use fetch::Source;
use journal::Journal;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What the stages share.
struct Job<'a> {
    card: &'a Card,
    source: &'a Source,
    manifest: &'a Manifest,
    /// Set when a stage failed or nobody listens any more: the others end soon.
    stop: &'a AtomicBool,
}

/// Writes the image that the arguments name.
pub(crate) fn write_image(
    card: &Card,
    args: &WriteImageArgs,
    reporter: &mut Reporter<'_>,
) -> Result<WriteImageReport, Stop> {
    let stop = AtomicBool::new(false);
    let source = Source::new(&args.url, &args.token)?;
    let manifest = source.manifest(&stop)?;
    plan::judge(&manifest, args, card)?;
    let flushed = start(card, &manifest, reporter)?;

    let job = Job { card, source: &source, manifest: &manifest, stop: &stop };
    let began = Instant::now();
    let written = pipeline::write(&job, flushed, reporter)?;
    let write_millis = millis(began);
    let began = Instant::now();
    let prepare = |card: &Card| args.remove_bootcode.map_or(Ok(()), |boot| remove_bootcode(card, &boot));
    check::check(&job, &written.first, prepare, reporter)?;
    Ok(WriteImageReport {
        digest: manifest.digest,
        written_bytes: written.bytes,
        resumed_bytes: plan::resumed_bytes(&manifest, flushed),
        write_millis,
        check_millis: millis(began),
    })
}

/// Prepares the card and says how many chunks after the first are on it already.
fn start(card: &Card, manifest: &Manifest, reporter: &mut Reporter<'_>) -> Result<usize, Stop> {
    if let Some(journal) = Journal::read(card)?.filter(|journal| journal.digest == manifest.digest) {
        return Ok(journal.flushed_of(manifest));
    }
    discard::discard(card, reporter)?;
    Journal { digest: manifest.digest, flushed: 0 }.write(card)?;
    card.flush()?;
    Ok(0)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
#[cfg(test)]
mod tests;
