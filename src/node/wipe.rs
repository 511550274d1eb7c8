//! `wipe`: nothing of the last user's system stays on the card. *IO: the card.*

use super::card::Card;
use super::discard::{Discarded, discard};
use super::report::{Reporter, TICK};
use super::stop::Stop;
use crate::model::verb::{Phase, WipeMethod, WipeReport};
use std::time::Instant;

const PIECE: usize = 1 << 20;

/// Discards the card and looks whether its ends read empty; overwrites it with zeroes where that fails.
pub(crate) fn wipe(card: &Card, reporter: &mut Reporter<'_>) -> Result<WipeReport, Stop> {
    let wiped_bytes = card.size();
    if discard(card, reporter)? == Discarded::All && ends_are_empty(card)? {
        return Ok(WipeReport { method: WipeMethod::Discard, wiped_bytes });
    }
    overwrite(card, reporter)?;
    if ends_are_empty(card)? {
        return Ok(WipeReport { method: WipeMethod::Overwrite, wiped_bytes });
    }
    Err(Stop::pointless(
        format!("{} still holds data after it was overwritten with zeroes", card.path().display()),
        "a card that keeps what is written to it",
        "Replace the card: it has locked itself and keeps the last user's data; destroy it.",
    ))
}

fn overwrite(card: &Card, reporter: &mut Reporter<'_>) -> Result<(), Stop> {
    let zeroes = vec![0u8; PIECE];
    let mut offset = 0;
    let mut told = Instant::now();
    while offset < card.size() {
        let count = (card.size() - offset).min(PIECE as u64);
        let piece = zeroes.get(..usize::try_from(count).unwrap_or(PIECE)).unwrap_or_default();
        card.write(offset, piece).map_err(|error| card.io("overwritten", offset, count, &error))?;
        offset += count;
        if told.elapsed() >= TICK {
            // The card's own pace, not that of the memory in front of it.
            card.flush()?;
            reporter.progress(Phase::Discard, offset, card.size())?;
            told = Instant::now();
        }
    }
    card.flush()?;
    reporter.progress(Phase::Discard, offset, card.size())
}

/// Erased flash reads as all zeroes or all ones.
fn ends_are_empty(card: &Card) -> Result<bool, Stop> {
    card.forget()?;
    let length = card.size().min(PIECE as u64);
    let mut bytes = vec![0u8; usize::try_from(length).unwrap_or(PIECE)];
    for offset in [0, card.size() - length] {
        card.read(offset, &mut bytes).map_err(|error| card.io("read back", offset, length, &error))?;
        if !(bytes.iter().all(|byte| *byte == 0) || bytes.iter().all(|byte| *byte == 0xff)) {
            return Ok(false);
        }
    }
    Ok(true)
}
