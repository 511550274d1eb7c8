//! TFTP from the board's side: one file, as boot firmware fetches it (RFC 1350, 2347-2349). *IO: one UDP socket.*
//!
//! The client is strict where boards are: a server that answers options with data instead of an OACK, or that
//! acknowledges options nobody asked for, loses the file.

use super::facts::{Duplicate, RollOver, Tftp, TransferOptions, WithoutOack};
use super::wire::{Pace, TransferSocket};
use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Pause before a request or an acknowledgement is repeated.
const RETRY: Duration = Duration::from_secs(2);
/// `TFTP_FILE_TIMEOUT`. It is not shortened for fast boards: 200 of them on two processors are slow together.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_BLOCK: usize = 512;

const DATA: u16 = 3;
const ERROR: u16 = 5;
const OACK: u16 = 6;

/// How a request for a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The whole file came.
    Loaded {
        /// Its size in bytes.
        bytes: u64,
        /// What the server announced as its size, if options were asked for.
        announced: Option<u64>,
    },
    /// A probe found it and ended early.
    Found {
        /// What the server announced as its size.
        announced: Option<u64>,
    },
    /// The server refused with this error code.
    Refused {
        /// The code of RFC 1350; 1 is "file not found".
        code: u16,
    },
    /// The server answered against the rules of options.
    WrongOptions,
    /// The whole file came, but without acknowledged options, so that the firmware passes over it.
    PassedOver,
    /// The firmware cannot count the file's blocks.
    TooLong,
    /// A packet came twice, and the firmware hangs.
    Hung,
    /// Nothing came for too long.
    Stalled,
}

/// A file to be fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) path: &'a str,
    pub(super) facts: Tftp,
    /// End at the first answer.
    pub(super) probe: bool,
    /// It is the firmware's own configuration.
    pub(super) is_config: bool,
}

/// Takes the file's bytes in order.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> io::Result<()> + Send);

/// Fetches one file.
pub(super) async fn fetch(
    socket: &dyn TransferSocket,
    server: SocketAddrV4,
    request: Request<'_>,
    pace: Pace,
    sink: Sink<'_>,
) -> io::Result<Outcome> {
    let mut transfer = Transfer::new(request);
    let file_deadline = Instant::now() + FILE_TIMEOUT;
    let mut buffer = vec![0; 2048];
    transfer.send(socket, server).await?;
    loop {
        let retry = (Instant::now() + pace.timeout(RETRY)).min(file_deadline);
        let (length, from) = match timeout_at(retry, socket.receive_from(&mut buffer)).await {
            Ok(Ok(received)) => received,
            // The server's port is closed: to a board on a cable that is silence.
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Ok(Err(error)) => return Err(error),
            Err(_) if Instant::now() >= file_deadline => return Ok(Outcome::Stalled),
            Err(_) => {
                transfer.send(socket, server).await?;
                continue;
            }
        };
        let packet = buffer.get(..length).unwrap_or_default();
        if from.ip() != server.ip() {
            continue;
        }
        let step = match transfer.peer {
            Some(peer) if peer != from => transfer.take_from_another(packet),
            Some(_) | None => transfer.take(packet, sink)?,
        };
        if step != Step::Ignore {
            transfer.peer = Some(from);
        }
        match step {
            Step::Ignore => {}
            Step::Answer => transfer.send(socket, server).await?,
            Step::AnswerAndEnd(outcome) => {
                transfer.send(socket, server).await?;
                return Ok(outcome);
            }
            Step::End(outcome) => return Ok(outcome),
        }
    }
}

struct Transfer<'a> {
    request: Request<'a>,
    peer: Option<SocketAddrV4>,
    /// The packet to repeat.
    last: Vec<u8>,
    block: usize,
    expected: u16,
    bytes: u64,
    announced: Option<u64>,
    acknowledged_options: bool,
    /// Data came where the options should have been acknowledged.
    passes_over: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Ignore,
    Answer,
    AnswerAndEnd(Outcome),
    End(Outcome),
}

impl<'a> Transfer<'a> {
    fn new(request: Request<'a>) -> Self {
        Self {
            request,
            peer: None,
            last: encode_request(&request),
            block: DEFAULT_BLOCK,
            expected: 1,
            bytes: 0,
            announced: None,
            acknowledged_options: false,
            passes_over: false,
        }
    }

    async fn send(&self, socket: &dyn TransferSocket, server: SocketAddrV4) -> io::Result<()> {
        match socket.send_to(&self.last, self.peer.unwrap_or(server)).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            sent => sent,
        }
    }

    /// A second transfer for the same request: of it, an OACK alone is noticed.
    fn take_from_another(&self, packet: &[u8]) -> Step {
        if packet.starts_with(&OACK.to_be_bytes()) {
            twice(self.request.facts.duplicate_oack)
        } else {
            Step::Ignore
        }
    }

    fn take(&mut self, packet: &[u8], sink: Sink<'_>) -> io::Result<Step> {
        let [a, b, rest @ ..] = packet else { return Ok(Step::Ignore) };
        match (u16::from_be_bytes([*a, *b]), rest) {
            (OACK, options) => Ok(self.take_options(options)),
            (DATA, [a, b, content @ ..]) => self.take_data(u16::from_be_bytes([*a, *b]), content, sink),
            (ERROR, [a, b, ..]) => Ok(Step::End(Outcome::Refused { code: u16::from_be_bytes([*a, *b]) })),
            _ => Ok(Step::Ignore),
        }
    }

    fn take_options(&mut self, encoded: &[u8]) -> Step {
        if self.acknowledged_options || self.expected != 1 || self.bytes != 0 {
            return twice(self.request.facts.duplicate_oack);
        }
        let wrong = || Step::End(Outcome::WrongOptions);
        let Some(asked) = self.request.facts.options else { return wrong() };
        let words: Vec<&str> = match std::str::from_utf8(encoded) {
            Ok(text) => text.split_terminator('\0').collect(),
            Err(_) => return wrong(),
        };
        for pair in words.chunks(2) {
            match (pair, asked) {
                (["tsize", size], _) => self.announced = size.parse().ok(),
                (["blksize", size], TransferOptions::SizeAndBlock(largest)) => match size.parse() {
                    Ok(size) if (8..=largest).contains(&size) => self.block = size,
                    Ok(_) | Err(_) => return wrong(),
                },
                ([..], _) => return wrong(),
            }
        }
        if self.announced.is_none() {
            return wrong();
        }
        self.acknowledged_options = true;
        if self.request.probe {
            self.leave()
        } else {
            self.acknowledge(0);
            Step::Answer
        }
    }

    fn take_data(&mut self, number: u16, content: &[u8], sink: Sink<'_>) -> io::Result<Step> {
        if self.request.facts.options.is_some() && !self.acknowledged_options {
            match self.request.facts.without_oack {
                WithoutOack::Fails => return Ok(Step::End(Outcome::WrongOptions)),
                WithoutOack::PassesOverConfig => self.passes_over = self.request.is_config,
            }
        }
        if self.request.probe {
            return Ok(self.leave());
        }
        if number != self.expected {
            // The answer to a repeated block was lost or late, and is not repeated without a timeout.
            let repeated = number == self.expected.wrapping_sub(1) && self.bytes > 0;
            return Ok(if repeated { twice(self.request.facts.duplicate_block) } else { Step::Ignore });
        }
        sink(content)?;
        self.bytes += u64::try_from(content.len()).unwrap_or(0);
        self.expected = self.expected.wrapping_add(1);
        self.acknowledge(number);
        if content.len() < self.block {
            let (bytes, announced) = (self.bytes, self.announced);
            let loaded = Outcome::Loaded { bytes, announced };
            return Ok(Step::AnswerAndEnd(if self.passes_over { Outcome::PassedOver } else { loaded }));
        }
        if self.expected == 0 && self.request.facts.roll_over == RollOver::GivesUp {
            return Ok(Step::End(Outcome::TooLong));
        }
        Ok(Step::Answer)
    }

    fn acknowledge(&mut self, number: u16) {
        self.last = [[0, 4], number.to_be_bytes()].concat();
    }

    fn leave(&mut self) -> Step {
        self.last = [&[0, 5, 0, 0], b"Early terminate\0".as_slice()].concat();
        Step::AnswerAndEnd(Outcome::Found { announced: self.announced })
    }
}

/// What a packet does that came before.
fn twice(does: Duplicate) -> Step {
    match does {
        Duplicate::PassedOver => Step::Ignore,
        Duplicate::Hangs => Step::End(Outcome::Hung),
    }
}

fn encode_request(request: &Request<'_>) -> Vec<u8> {
    let mut words = vec![request.path.to_owned(), "octet".to_owned()];
    match request.facts.options {
        None => {}
        Some(TransferOptions::Size) => words.extend(["tsize".to_owned(), "0".to_owned()]),
        Some(TransferOptions::SizeAndBlock(block)) => {
            words.extend(["tsize".to_owned(), "0".to_owned(), "blksize".to_owned(), block.to_string()]);
        }
    }
    let mut packet = vec![0, 1];
    for word in words {
        packet.extend(word.into_bytes());
        packet.push(0);
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Arp, Ports};
    use super::*;

    fn with(facts: Tftp, probe: bool) -> Transfer<'static> {
        Transfer::new(Request { path: "a", facts, probe, is_config: true })
    }

    fn transfer(options: Option<TransferOptions>, probe: bool) -> Transfer<'static> {
        with(Tftp { options, ..STRICT }, probe)
    }

    const STRICT: Tftp = Tftp {
        options: None,
        without_oack: WithoutOack::Fails,
        duplicate_block: Duplicate::PassedOver,
        duplicate_oack: Duplicate::PassedOver,
        roll_over: RollOver::Wraps,
        ports: Ports::Fresh,
        arp: Arp::Answered,
    };
    const BOTH: Option<TransferOptions> = Some(TransferOptions::SizeAndBlock(1024));

    #[test]
    fn requests_have_the_bytes_on_the_wire() {
        assert_eq!(transfer(None, false).last, b"\0\x01a\0octet\0");
        assert_eq!(transfer(BOTH, false).last, b"\0\x01a\0octet\0tsize\x000\0blksize\x001024\0");
    }

    #[test]
    fn a_file_comes_block_by_block() {
        let mut kept = Vec::new();
        let mut sink = |bytes: &[u8]| {
            kept.extend_from_slice(bytes);
            Ok(())
        };
        let mut it = transfer(BOTH, false);
        assert_eq!(it.take(b"\0\x06tsize\x001030\0blksize\x001024\0", &mut sink).unwrap(), Step::Answer);
        let first = [b"\0\x03\0\x01".as_slice(), &[1; 1024]].concat();
        assert_eq!(it.take(&first, &mut sink).unwrap(), Step::Answer);
        assert_eq!(it.take(&first, &mut sink).unwrap(), Step::Ignore);
        let loaded = Outcome::Loaded { bytes: 1030, announced: Some(1030) };
        assert_eq!(it.take(b"\0\x03\0\x02sixsix", &mut sink).unwrap(), Step::AnswerAndEnd(loaded));
        assert_eq!(it.last, b"\0\x04\0\x02");
        assert_eq!(kept.len(), 1030);
    }

    #[test]
    fn servers_that_break_the_option_rules_lose_the_file() {
        let check = |options, packet: &[u8]| {
            let step = transfer(options, false).take(packet, &mut |_| Ok(())).unwrap();
            assert_eq!(step, Step::End(Outcome::WrongOptions), "{packet:?}");
        };
        check(BOTH, b"\0\x03\0\x01data");
        check(BOTH, b"\0\x06blksize\x001024\0");
        check(BOTH, b"\0\x06tsize\x001\0blksize\x002048\0");
        check(BOTH, b"\0\x06tsize\x001\0windowsize\x004\0");
        check(None, b"\0\x06tsize\x001\0");
    }

    #[test]
    fn probes_leave_early() {
        let mut it = transfer(Some(TransferOptions::Size), true);
        let step = it.take(b"\0\x06tsize\x0077\0", &mut |_| Ok(())).unwrap();
        assert_eq!(step, Step::AnswerAndEnd(Outcome::Found { announced: Some(77) }));
        assert_eq!(it.last.get(..4), Some(&[0, 5, 0, 0][..]));
    }

    #[test]
    fn block_numbers_roll_over() {
        let mut it = transfer(None, false);
        it.expected = u16::MAX;
        let block = |number: u16| [&[0, 3], &number.to_be_bytes()[..], &[7; 512]].concat();
        assert_eq!(it.take(&block(u16::MAX), &mut |_| Ok(())).unwrap(), Step::Answer);
        assert_eq!(it.take(&block(0), &mut |_| Ok(())).unwrap(), Step::Answer);
        let mut old = with(Tftp { roll_over: RollOver::GivesUp, ..STRICT }, false);
        old.expected = u16::MAX;
        assert_eq!(old.take(&block(u16::MAX), &mut |_| Ok(())).unwrap(), Step::End(Outcome::TooLong));
    }

    #[test]
    fn old_firmware_hangs_at_what_comes_twice() {
        let facts = Tftp {
            options: BOTH,
            duplicate_block: Duplicate::Hangs,
            duplicate_oack: Duplicate::Hangs,
            ..STRICT
        };
        let oack = b"\0\x06tsize\x001030\0blksize\x001024\0";
        let mut it = with(facts, false);
        assert_eq!(it.take(oack, &mut |_| Ok(())).unwrap(), Step::Answer);
        assert_eq!(it.take(oack, &mut |_| Ok(())).unwrap(), Step::End(Outcome::Hung));
        let block = [b"\0\x03\0\x01".as_slice(), &[1; 1024]].concat();
        let mut it = with(facts, false);
        it.take(oack, &mut |_| Ok(())).unwrap();
        assert_eq!(it.take(&block, &mut |_| Ok(())).unwrap(), Step::Answer);
        assert_eq!(it.take(&block, &mut |_| Ok(())).unwrap(), Step::End(Outcome::Hung));
    }

    #[test]
    fn a_pi_4_passes_over_its_configuration_without_acknowledged_options() {
        let facts = Tftp { options: BOTH, without_oack: WithoutOack::PassesOverConfig, ..STRICT };
        let step = with(facts, false).take(b"\0\x03\0\x01text", &mut |_| Ok(())).unwrap();
        assert_eq!(step, Step::AnswerAndEnd(Outcome::PassedOver));
    }
}
