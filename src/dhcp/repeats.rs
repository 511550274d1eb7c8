//! Answers that are sent again. *Pure but for the runtime's timer.*
//!
//! Called by `server`. See [`Repeat`]: only OFFERs to boot ROMs of the 3B are repeated.

use super::verdict::{Answer, Repeat};
use std::collections::VecDeque;
use std::future;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When the boot ROM of a 3B needs another packet, after its DISCOVER.
const FOR_ROM_3B: [Duration; 2] = [Duration::from_millis(600), Duration::from_millis(1200)];
/// Answers kept: a rack of 3Bs switched on at once.
const MOST_WAITING: usize = 1024;

/// Answers that wait to be sent again, the next first.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    waiting: VecDeque<(Instant, Answer)>,
}

impl Repeats {
    /// Takes up an answer that was just sent, if it is one to repeat.
    pub(super) fn add(&mut self, answer: Answer) {
        match answer.repeat {
            Repeat::Once => {}
            Repeat::ForRom3b => {
                let now = Instant::now();
                for delay in FOR_ROM_3B {
                    self.insert(now + delay, answer.clone());
                }
            }
        }
    }

    fn insert(&mut self, at: Instant, answer: Answer) {
        if self.waiting.len() < MOST_WAITING {
            let index = self.waiting.partition_point(|(other, _)| *other <= at);
            self.waiting.insert(index, (at, answer));
        }
    }

    /// Waits for the next answer that is due; for ever if none waits. Loses nothing when dropped.
    pub(super) async fn next(&mut self) -> Answer {
        let Some((at, _)) = self.waiting.front() else { return future::pending().await };
        sleep_until(*at).await;
        match self.waiting.pop_front() {
            Some((_, answer)) => answer,
            None => future::pending().await,
        }
    }
}
