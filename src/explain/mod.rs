//! What a boot's events mean: a sentence and a fix. *Pure.*
//!
//! Called by `agent`, `deploy` and `commands` with rows of the database. What firmware does when something is wrong
//! is known; `signatures` is the table of it, with the numbers of `numbers`.
//!
//! ```text
//! records of a node ─► boots: the latest boot ─► course: how far it came ─► signatures of that stage ─► Explanation
//!                                                       └─ none fits ─► under_way: what is waited for, or it came up
//! ```
//!
//! Invariant: a boot has one stage, and the signatures of a stage exclude each other; the scenarios in the tests hold
//! both.

mod boots;
mod course;
mod numbers;
mod signatures;
mod under_way;

#[cfg(test)]
mod tests;

pub use boots::{Boot, latest};

use crate::model::boot_event::BootRecord;
use crate::model::clock::Timestamp;
use crate::model::explanation::{Explanation, NodeFacts};
use course::Course;

/// Explains the latest of a node's boots; `records` are everything that is kept of the node, oldest first.
pub fn explain_latest(records: &[BootRecord], facts: &NodeFacts, now: Timestamp) -> Explanation {
    latest(records).map_or_else(under_way::unheard, |boot| explain(&boot, facts, now))
}

/// Explains a boot as it stands at `now`.
pub fn explain(boot: &Boot<'_>, facts: &NodeFacts, now: Timestamp) -> Explanation {
    let course = Course::of(boot, facts, now);
    let mut found = signatures::matches(&course);
    match found.pop() {
        Some((signature, finding)) => signature.explained(finding),
        None => under_way::explained(&course),
    }
}
