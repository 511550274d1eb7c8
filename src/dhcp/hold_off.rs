//! A switch port that holds packets back after it got a link. *Pure.* Called by `notes`.
//!
//! A port that runs the spanning tree protocol listens and learns for twice its forward delay, 15 s unless changed
//! (IEEE 802.1D-1998 table 8-3), before it passes anything on. A board asks a few seconds after it gets power; behind
//! such a port its first request that is heard comes 30 s later. The ROM of a 3B has given up by then.

use crate::model::clock::{Timestamp, seconds_between};
use crate::model::network::{Notice, NoticeKind};
use crate::model::node::{Node, NodeName};
use std::ops::RangeInclusive;

/// Twice the forward delay, less what a board and a switch may be early; up to a slow board behind it. Whatever
/// comes later has other reasons: a person, a boot order with many modes.
const SUSPICIOUS_SECONDS: RangeInclusive<u64> = 28..=60;

/// What the first request of a node's firmware since its port was switched on means.
pub(super) fn judge(
    node: &Node,
    powered_at: Timestamp,
    heard_before: Option<Timestamp>,
    now: Timestamp,
) -> Option<Notice> {
    let is_first = heard_before.is_none_or(|heard| heard < powered_at);
    let waited = seconds_between(powered_at, now);
    (is_first && SUSPICIOUS_SECONDS.contains(&waited)).then(|| notice(&node.name, waited))
}

fn notice(name: &NodeName, waited: u64) -> Notice {
    Notice {
        kind: NoticeKind::HoldOff,
        subject: name.to_string(),
        seen: format!("{name} was heard for the first time {waited} s after its port was switched on; boards ask within 15 s"),
        advice: "The port most likely runs the spanning tree protocol: mark the nodes' ports as edge ports (PortFast), or \
                 switch the protocol off on them. If BOOT_ORDER of the board tries USB before the network, that is its wait \
                 instead."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::packets::{MAC_4, NOW, node};
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::clock::from_millis;

    #[test]
    fn the_first_request_after_twice_the_forward_delay_is_suspicious() {
        let check = |waited: i64, heard_before: Option<i64>, expect: bool| {
            let at = |seconds: i64| from_millis(NOW + seconds * 1000);
            let judged = judge(&node(MAC_4, BoardModel::Pi4b), at(0), heard_before.map(at), at(waited));
            assert_eq!(judged.is_some(), expect, "{waited} {heard_before:?}");
        };
        check(8, None, false);
        check(27, None, false);
        check(33, None, true);
        check(33, Some(-500), true);
        check(33, Some(5), false);
        check(60, Some(-1), true);
        check(61, None, false);
        check(-3, None, false);
    }
}
