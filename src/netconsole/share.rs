//! How many lines a node may send: a bucket that fills again. *Pure.*

use crate::model::clock::{Timestamp, seconds_between};
use crate::model::ids::NodeId;
use std::collections::HashMap;

/// Lines at once: a kernel that boots has some hundreds to say.
const BURST: u64 = 500;
/// Lines a second afterwards.
const PER_SECOND: u64 = 20;

/// What each node has left.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<NodeId, (u64, Timestamp)>);

impl Shares {
    /// How many of `wanted` lines the node may have stored now.
    pub(super) fn take(&mut self, node: NodeId, wanted: usize, now: Timestamp) -> usize {
        let (left, since) = self.0.entry(node).or_insert((BURST, now));
        let seconds = seconds_between(*since, now);
        if seconds > 0 {
            *left = left.saturating_add(seconds.saturating_mul(PER_SECOND)).min(BURST);
            *since = now;
        }
        let granted = (*left).min(u64::try_from(wanted).unwrap_or(u64::MAX));
        *left -= granted;
        usize::try_from(granted).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;

    #[test]
    fn a_node_that_talks_too_much_is_held_to_its_share() {
        let (mut shares, pi, other) = (Shares::default(), NodeId(1), NodeId(2));
        let at = |seconds: i64| from_millis(seconds * 1000);
        assert_eq!(shares.take(pi, 400, at(0)), 400);
        assert_eq!(shares.take(pi, 400, at(0)), 100);
        assert_eq!(shares.take(pi, 1, at(0)), 0);
        assert_eq!(shares.take(other, 16, at(0)), 16);
        assert_eq!(shares.take(pi, 400, at(2)), 40);
        assert_eq!(shares.take(pi, 1000, at(1000)), 500);
    }
}
