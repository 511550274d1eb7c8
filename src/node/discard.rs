//! Gives a card's content back to its controller. Called by `write_image` and `wipe`.
//! *IO: blkdiscard for devices, a punched hole for files.*

use super::card::{Card, Kind};
use super::report::Reporter;
use super::stop::Stop;
use super::tool::{self, Unheard};
use crate::model::verb::Phase;
use nix::fcntl::{FallocateFlags, fallocate};
use std::fs::OpenOptions;

/// Whether the card can discard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discarded {
    /// Its content is gone.
    All,
    /// It knows no discard: a USB reader, an old card, a file system without holes.
    Unsupported,
}

/// Discards the whole card.
pub(crate) fn discard(card: &Card, reporter: &mut Reporter<'_>) -> Result<Discarded, Stop> {
    match card.kind() {
        Kind::Device => {
            let arguments = [card.path().as_os_str()];
            let output = tool::run_reporting(
                "blkdiscard",
                &arguments,
                reporter,
                Phase::Discard,
                card.size(),
                Unheard::Ends,
            )?;
            Ok(if output.status.success() { Discarded::All } else { Discarded::Unsupported })
        }
        Kind::File => {
            reporter.progress(Phase::Discard, 0, card.size())?;
            let discarded = punch(card);
            reporter.progress(Phase::Discard, card.size(), card.size())?;
            Ok(discarded)
        }
    }
}

fn punch(card: &Card) -> Discarded {
    let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let punched = OpenOptions::new().write(true).open(card.path()).ok().and_then(|file| {
        let length = i64::try_from(card.size()).ok().filter(|length| *length > 0)?;
        fallocate(&file, flags, 0, length).ok()
    });
    if punched.is_some() { Discarded::All } else { Discarded::Unsupported }
}
