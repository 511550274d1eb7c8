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
pub(crate) struct Repeats {
    waiting: VecDeque<(Instant, Answer)>,
}

impl Repeats {
    /// Takes up an answer that was just sent, if it is one to repeat.
    pub(crate) fn add(&mut self, answer: &Answer) {
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
    pub(crate) async fn next(&mut self) -> Answer {
        let Some((at, _)) = self.waiting.front() else { return future::pending().await };
        sleep_until(*at).await;
        match self.waiting.pop_front() {
            Some((_, answer)) => answer,
            None => future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packets::{self, Packet, config, eeprom_4, node, respond, rom_3b};
    use super::*;
    use crate::model::board::BoardModel;

    fn answer(packet: &Packet, xid: u32) -> Answer {
        let packet = Packet { xid, ..packet.clone() };
        let node = node(packet.mac, BoardModel::Unknown);
        packets::answer(respond(config(), &packet, Some(node), &[]))
    }

    #[tokio::test(start_paused = true)]
    async fn the_3bs_rom_hears_its_offer_three_times() {
        let begin = Instant::now();
        let mut repeats = Repeats::default();
        repeats.add(&answer(&eeprom_4(), 1));
        repeats.add(&answer(&rom_3b(), 2));
        tokio::time::advance(Duration::from_millis(100)).await;
        repeats.add(&answer(&rom_3b(), 3));
        let mut sent = Vec::new();
        for _ in 0..4 {
            let answer = repeats.next().await;
            sent.push((begin.elapsed().as_millis() / 10 * 10, answer.reply.xid));
        }
        assert_eq!(sent, [(600, 2), (700, 3), (1200, 2), (1300, 3)]);
        assert!(repeats.waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_roms_is_bounded() {
        let mut repeats = Repeats::default();
        for xid in 0..2000 {
            repeats.add(&answer(&rom_3b(), xid));
        }
        assert_eq!(repeats.waiting.len(), MOST_WAITING);
    }
}
