//! When a mail that was not taken is tried again, and when it is given up. *Pure.* Called by `worker`.

use crate::model::clock::{SignedDuration, Timestamp};

/// The pauses after each try. People wait for these mails, so the first are shorter than the half hour of RFC 5321,
/// 4.5.4.1; greylisting servers take the second or third. Together less than the 72 h that the links in them work.
const PAUSES: [SignedDuration; 7] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(24),
];

/// What comes of a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again at that time.
    Again(Timestamp),
    /// It is not.
    GiveUp,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Whether the same mail has a chance later.
    pub(super) lasts: Lasts,
    /// What was seen.
    pub(super) text: String,
}

/// Whether a failure goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasts {
    /// The server or the way to it may be there again, or the settings be mended.
    Perhaps,
    /// This mail is refused for good.
    ForGood,
}

/// What a reply of the server means for this mail, by its code (RFC 5321, 4.2.1). The codes 53x are about signing
/// in and encryption (RFC 4954, 6; RFC 3207, 4): an administrator mends the settings and the mail goes.
pub(super) fn lasts(code: u16) -> Lasts {
    match code {
        530..=539 => Lasts::Perhaps,
        500..=599 => Lasts::ForGood,
        _ => Lasts::Perhaps,
    }
}

/// What comes of the `tries`th try (from 1), which failed at `now`.
pub(super) fn judge(lasts: Lasts, tries: u32, now: Timestamp) -> Verdict {
    let pause = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries.checked_sub(1)?));
    match (lasts, pause) {
        (Lasts::Perhaps, Some(pause)) => Verdict::Again(now + *pause),
        (Lasts::Perhaps, None) | (Lasts::ForGood, _) => Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_before_the_links_do() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut pauses = Vec::new();
        while let Verdict::Again(at) = judge(Lasts::Perhaps, u32::try_from(pauses.len()).unwrap() + 1, now) {
            pauses.push(at.duration_since(now));
            now = at;
        }
        assert_eq!(pauses, PAUSES);
        assert!(pauses.is_sorted());
        assert!(now.duration_since(Timestamp::UNIX_EPOCH) < SignedDuration::from_hours(72));
        assert_eq!(judge(Lasts::Perhaps, u32::MAX, now), Verdict::GiveUp);
    }

    #[test]
    fn a_refusal_of_the_mail_itself_is_for_good() {
        for code in [550, 553, 554, 552, 500] {
            assert_eq!(judge(lasts(code), 1, Timestamp::UNIX_EPOCH), Verdict::GiveUp, "{code}");
        }
        for code in [421, 450, 451, 530, 534, 535] {
            let again = judge(lasts(code), 1, Timestamp::UNIX_EPOCH);
            assert_eq!(again, Verdict::Again(Timestamp::UNIX_EPOCH + PAUSES[0]), "{code}");
        }
    }
}
