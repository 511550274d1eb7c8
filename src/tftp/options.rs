//! Option negotiation: what a client asked for, what it gets, what is acknowledged. *Pure.*
//!
//! Called by `session`. RFC 2347: only options that were asked for are acknowledged, in the order asked;
//! others are passed over in silence.

use crate::model::quirk::{Quirk, Quirks};
use std::time::Duration;

/// Block size without the option (RFC 1350).
const PLAIN_BLOCK_BYTES: u16 = 512;

/// Largest window granted, in blocks: more only overruns the client's socket.
const WINDOW_MAX: u16 = 64;

/// Longest wait between repetitions that a client may ask for: it holds a transfer's place.
const TIMEOUT_MAX_SECONDS: u64 = 30;

/// An option of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// `blksize` (RFC 2348).
    BlockBytes(u64),
    /// `tsize` (RFC 2349); the client's value says nothing in a read request.
    TransferBytes,
    /// `timeout` (RFC 2349), in seconds.
    TimeoutSeconds(u64),
    /// `windowsize` (RFC 7440), in blocks.
    Window(u64),
}

/// An option that is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    BlockBytes(u16),
    TransferBytes(u64),
    TimeoutSeconds(u64),
    Window(u16),
}

/// How a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// Bytes in each block but the last.
    pub(crate) block_bytes: u16,
    /// Blocks sent before an acknowledgement is needed.
    pub(crate) window: u16,
    /// How long to wait before sending again, if the client chose.
    pub(crate) timeout: Option<Duration>,
    /// What to acknowledge; nothing means that data comes at once.
    pub(crate) grants: Vec<Grant>,
}

/// Grants what can be granted for content of that many bytes. Of an option given twice the first counts.
pub(crate) fn negotiate(wishes: &[Wish], total_bytes: u64, quirks: Quirks) -> Negotiated {
    let mut agreed =
        Negotiated { block_bytes: PLAIN_BLOCK_BYTES, window: 1, timeout: None, grants: Vec::new() };
    if !quirks.has(Quirk::OptionsAcknowledged) {
        return agreed;
    }
    for (index, wish) in wishes.iter().enumerate() {
        let earlier = wishes.iter().take(index);
        if earlier.into_iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(wish)) {
            continue;
        }
        if let Some(grant) = grant(*wish, total_bytes) {
            match grant {
                Grant::BlockBytes(bytes) => agreed.block_bytes = bytes,
                Grant::Window(blocks) => agreed.window = blocks,
                Grant::TimeoutSeconds(seconds) => agreed.timeout = Some(Duration::from_secs(seconds)),
                Grant::TransferBytes(_) => {}
            }
            agreed.grants.push(grant);
        }
    }
    agreed
}

fn grant(wish: Wish, total_bytes: u64) -> Option<Grant> {
    match wish {
        Wish::TransferBytes => Some(Grant::TransferBytes(total_bytes)),
        Wish::BlockBytes(bytes @ 8..) => u16::try_from(bytes.min(65_464)).ok().map(Grant::BlockBytes),
        Wish::Window(blocks @ 1..) => u16::try_from(blocks).ok().map(|it| Grant::Window(it.min(WINDOW_MAX))),
        Wish::TimeoutSeconds(seconds @ 1..=TIMEOUT_MAX_SECONDS) => Some(Grant::TimeoutSeconds(seconds)),
        Wish::BlockBytes(_) | Wish::Window(_) | Wish::TimeoutSeconds(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wishes: &[Wish], grants: &[Grant], block_bytes: u16, window: u16) {
        let agreed = negotiate(wishes, 1000, Quirks::ALL);
        assert_eq!(agreed.grants, grants, "{wishes:?}");
        assert_eq!((agreed.block_bytes, agreed.window), (block_bytes, window), "{wishes:?}");
    }

    #[test]
    fn only_what_was_asked_for_is_acknowledged() {
        check(&[], &[], 512, 1);
        check(&[Wish::TransferBytes], &[Grant::TransferBytes(1000)], 512, 1);
        // Pi 5, EDK2.
        check(
            &[Wish::TransferBytes, Wish::BlockBytes(1468)],
            &[Grant::TransferBytes(1000), Grant::BlockBytes(1468)],
            1468,
            1,
        );
        check(
            &[Wish::Window(4), Wish::BlockBytes(1432)],
            &[Grant::Window(4), Grant::BlockBytes(1432)],
            1432,
            4,
        );
    }

    #[test]
    fn wishes_out_of_range_are_lowered_or_passed_over() {
        check(&[Wish::BlockBytes(7)], &[], 512, 1);
        check(&[Wish::BlockBytes(8)], &[Grant::BlockBytes(8)], 8, 1);
        check(&[Wish::BlockBytes(u64::MAX)], &[Grant::BlockBytes(65_464)], 65_464, 1);
        check(&[Wish::Window(0)], &[], 512, 1);
        check(&[Wish::Window(65_535)], &[Grant::Window(64)], 512, 64);
        check(&[Wish::Window(65_536)], &[], 512, 1);
        check(&[Wish::TimeoutSeconds(0), Wish::TimeoutSeconds(5)], &[], 512, 1);
        check(&[Wish::TimeoutSeconds(255)], &[], 512, 1);
        check(&[Wish::BlockBytes(1024), Wish::BlockBytes(512)], &[Grant::BlockBytes(1024)], 1024, 1);
        assert_eq!(
            negotiate(&[Wish::TimeoutSeconds(5)], 0, Quirks::ALL).timeout,
            Some(Duration::from_secs(5))
        );
    }
}
