//! How long a deployment will take, from those before it. *Pure.*

use super::clock::SignedDuration;

/// How long a deployment will take, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// From its beginning until the environment runs, without the person's own script and updates, in seconds.
    pub seconds: u64,
    /// From so many deployments of the same environment on the same model; an estimate from its size if none.
    pub past: u32,
}

/// What a card takes and gives back in the check that follows, in bytes per second: that of a slow card of class 10,
/// since an estimate that is too long disappoints nobody.
const CARD_BYTES_PER_SECOND: u64 = 8_000_000;
/// Two boots, and everything that does not grow with the image.
const BOOTS: SignedDuration = SignedDuration::from_secs(150);

/// What is to be expected after deployments that took so many seconds, in any order; with what is written to a card,
/// in bytes, for the estimate.
pub fn expect(mut past: Vec<u64>, used_bytes: u64) -> Expected {
    past.sort_unstable();
    let count = u32::try_from(past.len()).unwrap_or(u32::MAX);
    match past.get(past.len() / 2) {
        Some(median) => Expected { seconds: *median, past: count },
        None => {
            Expected { seconds: BOOTS.unsigned_abs().as_secs() + used_bytes / CARD_BYTES_PER_SECOND, past: 0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_those_before_counts() {
        let check = |past: &[u64], seconds, count| {
            let expected = expect(past.to_vec(), 4_000_000_000);
            assert_eq!(expected, Expected { seconds, past: count }, "{past:?}");
        };
        check(&[], 150 + 500, 0);
        check(&[300], 300, 1);
        // One that hung for an hour changes nothing.
        check(&[3600, 290, 310], 310, 3);
    }
}
