//! One transfer as a machine: what to send after each acknowledgement and each silence. *Pure.*
//!
//! Called by `session`, which owns the socket and the clock. Blocks are counted from 1 without end; only on
//! the wire are they cut to 16 bits, so that they roll over to 0.
//!
//! Invariants: an acknowledgement that brings nothing new makes nothing be sent (Sorcerer's Apprentice; older
//! start4.elf hangs at a block that it sees twice); nothing is sent again before the client was silent for the least
//! wait that it was given.

use super::options::Negotiated;
use super::wire::Reply;
use crate::model::quirk::{Quirk, Quirks};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

/// The last block whose number was never used before.
const LAST_NUMBER: u64 = 65_535;

/// The longest wait before anything is sent again, unless the client chose one.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Silence after which the client is given up, as long as firmware tries one file, and how many waits that are at
/// least.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCES: u32 = 5;

/// A transfer.
#[derive(Debug)]
pub(crate) struct Sender {
    window: u64,
    /// Blocks of the content; the last one is shorter than the others, and may be empty.
    total: u64,
    /// All blocks up to this one arrived.
    acked: u64,
    /// All blocks up to this one were sent.
    sent: u64,
    /// Whether the OACK still waits for its acknowledgement.
    greeting: bool,
    least_wait: Duration,
    chosen_wait: Option<Duration>,
    smoothed_rtt: Option<Duration>,
    /// When the newest packets left, unless they were repeated (Karn: their answer measures nothing).
    measured_from: Option<Instant>,
    silences: u32,
    repeats: u32,
    quirks: Quirks,
    silent_for: Duration,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send the OACK.
    SendOack,
    /// Send these blocks.
    Send(RangeInclusive<u64>),
    /// Go on waiting: what came in changes nothing.
    Wait,
    /// All arrived.
    Complete,
    /// The client wants no more.
    Terminated,
    /// The client is silent for too long.
    GiveUp,
}

impl Sender {
    /// A transfer of that many bytes; `least_wait` is `patience`'s.
    pub(crate) fn new(agreed: &Negotiated, total_bytes: u64, least_wait: Duration, quirks: Quirks) -> Self {
        Self {
            window: agreed.window.into(),
            total: total_bytes / u64::from(agreed.block_bytes.max(1)) + 1,
            acked: 0,
            sent: 0,
            greeting: !agreed.grants.is_empty(),
            least_wait,
            chosen_wait: agreed.timeout,
            smoothed_rtt: None,
            measured_from: None,
            silences: 0,
            repeats: 0,
            quirks,
            silent_for: Duration::ZERO,
        }
    }

    /// What to send first.
    pub(crate) fn open(&mut self, now: Instant) -> Step {
        self.measured_from = Some(now);
        if self.greeting { Step::SendOack } else { self.send_window() }
    }

    /// What to do about a packet.
    pub(crate) fn on_reply(&mut self, now: Instant, reply: Reply) -> Step {
        match reply {
            Reply::Error if self.quirks.has(Quirk::EarlyTermination) => Step::Terminated,
            Reply::Error | Reply::Nonsense => Step::Wait,
            Reply::Ack(number) => self.on_ack(now, number),
        }
    }

    /// What to do when [`Sender::wait`] has passed since the last step that sent something.
    pub(crate) fn on_silence(&mut self) -> Step {
        self.silent_for += self.wait();
        self.silences += 1;
        self.measured_from = None;
        if self.silences >= SILENCES && self.silent_for >= PATIENCE {
            return Step::GiveUp;
        }
        self.repeats += 1;
        if self.greeting { Step::SendOack } else { self.send_window() }
    }

    /// How long to wait for an answer to what was sent last.
    pub(crate) fn wait(&self) -> Duration {
        if let Some(chosen) = self.chosen_wait {
            return chosen.max(Duration::from_secs(1));
        }
        let first = self.smoothed_rtt.map_or(self.least_wait, |rtt| (rtt * 4).max(self.least_wait));
        first.saturating_mul(2u32.saturating_pow(self.silences)).min(LONGEST_WAIT)
    }

    /// Blocks that arrived.
    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    /// How often something was sent again after a silence.
    pub(super) fn repeats(&self) -> u32 {
        self.repeats
    }

    fn on_ack(&mut self, now: Instant, number: u16) -> Step {
        if self.greeting {
            if number != 0 {
                return Step::Wait;
            }
            self.greeting = false;
        } else {
            let new = u64::from(number.wrapping_sub(wire_number(self.acked)));
            if new == 0 && self.acked > 0 && !self.quirks.has(Quirk::SilentOnDuplicates) {
                return self.send_window();
            }
            if new == 0 || new > self.sent - self.acked {
                return Step::Wait;
            }
            self.acked += new;
        }
        (self.silences, self.silent_for) = (0, Duration::ZERO);
        self.measure(now);
        if self.acked == self.total {
            return Step::Complete;
        }
        self.measured_from = Some(now);
        self.send_window()
    }

    /// The blocks after the acknowledged ones. RFC 7440: an acknowledgement within the window says that the
    /// rest of it was lost.
    fn send_window(&mut self) -> Step {
        if self.acked >= LAST_NUMBER && !self.quirks.has(Quirk::BlocksRollOver) {
            return Step::GiveUp;
        }
        self.sent = (self.acked + self.window).min(self.total);
        Step::Send(self.acked + 1..=self.sent)
    }

    fn measure(&mut self, now: Instant) {
        if let Some(from) = self.measured_from.take() {
            let rtt = now.saturating_duration_since(from);
            self.smoothed_rtt = Some(self.smoothed_rtt.map_or(rtt, |old| (old * 7 + rtt) / 8));
        }
    }
}

/// A block's number in packets.
pub(crate) fn wire_number(block: u64) -> u16 {
    let [.., high, low] = block.to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::super::options::{Wish, negotiate};
    use super::super::patience::least_wait;
    use super::*;
    use crate::model::board::BoardModel;
    use proptest::prelude::*;

    fn sender(wishes: &[Wish], bytes: u64) -> Sender {
        let least_wait = least_wait(Some(BoardModel::Pi4b), wishes, Quirks::ALL);
        Sender::new(&negotiate(wishes, bytes, Quirks::ALL), bytes, least_wait, Quirks::ALL)
    }

    fn ack(sender: &mut Sender, number: u16) -> Step {
        sender.on_reply(Instant::now(), Reply::Ack(number))
    }

    #[tokio::test]
    async fn plain_transfers_start_with_data() {
        let mut plain = sender(&[], 1024);
        assert_eq!(plain.open(Instant::now()), Step::Send(1..=1));
        assert_eq!(ack(&mut plain, 0), Step::Wait);
        assert_eq!(ack(&mut plain, 1), Step::Send(2..=2));
        assert_eq!(ack(&mut plain, 1), Step::Wait, "a duplicate sends nothing");
        assert_eq!(ack(&mut plain, 2), Step::Send(3..=3), "a last, empty block");
        assert_eq!(ack(&mut plain, 7), Step::Wait, "a block never sent");
        assert_eq!(ack(&mut plain, 3), Step::Complete);
    }

    #[tokio::test]
    async fn options_are_acknowledged_once() {
        let mut optioned = sender(&[Wish::TransferBytes], 10);
        assert_eq!(optioned.open(Instant::now()), Step::SendOack);
        assert_eq!(ack(&mut optioned, 1), Step::Wait);
        assert_eq!(ack(&mut optioned, 0), Step::Send(1..=1));
        assert_eq!(ack(&mut optioned, 0), Step::Wait);
        assert_eq!(ack(&mut optioned, 1), Step::Complete);
        assert_eq!(optioned.on_reply(Instant::now(), Reply::Error), Step::Terminated);
    }

    #[tokio::test]
    async fn windows_go_on_after_what_arrived() {
        let mut windowed = sender(&[Wish::Window(4), Wish::BlockBytes(10)], 95);
        windowed.open(Instant::now());
        assert_eq!(ack(&mut windowed, 0), Step::Send(1..=4));
        assert_eq!(ack(&mut windowed, 2), Step::Send(3..=6), "3 was lost");
        assert_eq!(ack(&mut windowed, 2), Step::Wait);
        assert_eq!(ack(&mut windowed, 6), Step::Send(7..=10));
        assert_eq!(ack(&mut windowed, 10), Step::Complete);
    }

    #[tokio::test]
    async fn silence_repeats_ever_later_then_gives_up() {
        let mut silent = sender(&[Wish::TransferBytes], 10);
        silent.open(Instant::now());
        let mut waited = Vec::new();
        loop {
            waited.push(silent.wait().as_secs());
            let step = silent.on_silence();
            if step == Step::GiveUp {
                break;
            }
            assert_eq!(step, Step::SendOack);
        }
        assert_eq!(waited, [2, 4, 8, 8, 8]);
        assert_eq!(silent.repeats(), 4);
        let chosen = sender(&[Wish::TimeoutSeconds(5)], 10);
        assert_eq!(chosen.wait(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_clients_are_given_more_time() {
        let mut slow = sender(&[], 10_000);
        slow.open(Instant::now());
        tokio::time::advance(Duration::from_millis(1500)).await;
        ack(&mut slow, 1);
        assert_eq!(slow.wait(), Duration::from_secs(6));
        slow.on_silence();
        tokio::time::advance(Duration::from_secs(7)).await;
        ack(&mut slow, 2);
        assert_eq!(slow.wait(), Duration::from_secs(6), "the answer to a repetition measures nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_are_no_firmware_are_repeated_to_sooner() {
        let waits = |wishes: &[Wish]| {
            let mut quick = sender(wishes, 10_000);
            quick.open(Instant::now());
            ack(&mut quick, 0);
            ack(&mut quick, 1);
            let mut waited = Vec::new();
            loop {
                waited.push(quick.wait().as_millis());
                if quick.on_silence() == Step::GiveUp {
                    return waited;
                }
            }
        };
        assert_eq!(waits(&[]), [2000, 4000, 8000, 8000, 8000]);
        assert_eq!(waits(&[Wish::Window(2)]), [1000, 2000, 4000, 8000, 8000, 8000]);
        let seconds = [Wish::TimeoutSeconds(1)];
        assert_eq!(waits(&seconds).len(), 30, "the client's own choice, for as long");
        assert_eq!(waits(&[Wish::TimeoutSeconds(30)]).len(), 5);
    }

    #[tokio::test]
    async fn block_numbers_roll_over_to_zero() {
        let mut long = sender(&[], 512 * 140_000);
        long.open(Instant::now());
        for block in 1..=140_000u64 {
            assert_eq!(ack(&mut long, wire_number(block)), Step::Send(block + 1..=block + 1));
            assert_eq!(ack(&mut long, wire_number(block)), Step::Wait);
        }
        assert_eq!(ack(&mut long, wire_number(140_001)), Step::Complete);
    }

    proptest! {
        #[test]
        fn whatever_is_acknowledged_only_new_blocks_follow(
            window in 1u64..80, bytes in 0u64..40_000, numbers in proptest::collection::vec(0u16..200, 0..300),
        ) {
            let mut it = sender(&[Wish::Window(window), Wish::BlockBytes(512)], bytes);
            it.open(Instant::now());
            let mut acked = 0;
            for number in numbers {
                let step = ack(&mut it, number);
                if let Step::Send(blocks) = step {
                    prop_assert!(*blocks.start() == it.acked() + 1 && *blocks.end() <= it.total);
                    prop_assert!(it.acked() > acked || (acked == 0 && number == 0));
                    acked = it.acked();
                } else if step == Step::Complete {
                    prop_assert_eq!(it.acked(), it.total);
                    break;
                } else {
                    prop_assert_eq!(step, Step::Wait);
                }
            }
        }
    }
}
