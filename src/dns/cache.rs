//! Answers of upstream servers, kept for as long as they say. *Pure:* `now` is an argument.
//!
//! Called by `forward`. An answer is kept whole and given to the same question alone: what a server says beside it
//! cannot become the answer to another one. Invariant: bounded in number and in bytes.

use super::wire::Reply;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::BinEncodable;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// Answers kept at most: a rack of 200 boards knows a few hundred names.
const MOST_ANSWERS: usize = 4096;
/// What they take at most, in bytes of memory.
const MOST_BYTES: usize = 8 << 20;
/// What a record takes beside its data, in bytes of memory.
const RECORD_BYTES: usize = 256;
/// Longest time that a positive answer is kept (RFC 8767 section 4 suggests days; boards live on hours).
const LONGEST: Duration = Duration::from_secs(86_400);
/// Longest time that a negative answer is kept: what is missing now may come soon.
const LONGEST_NEGATIVE: Duration = Duration::from_secs(900);

/// A question as far as its answer depends on it; the class is IN.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The name, in lower case.
    pub(super) name: Name,
    /// The type.
    pub(super) kind: RecordType,
    /// Whether signatures are wanted.
    pub(super) dnssec_ok: bool,
    /// Whether answers that fail the upstream server's checks are wanted.
    pub(super) checking_disabled: bool,
}

/// The answers.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: HashMap<Key, Kept>,
    /// Which ends first; the number keeps those of one instant apart.
    ends: BTreeMap<(Instant, u64), Key>,
    bytes: usize,
    number: u64,
}

#[derive(Debug)]
struct Kept {
    reply: Reply,
    bytes: usize,
    since: Instant,
    end: (Instant, u64),
}

impl Cache {
    /// The answer to that question, with the times that are left of it.
    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<Reply> {
        let kept = self.kept.get(key).filter(|kept| now < kept.end.0)?;
        let age = u32::try_from(now.saturating_duration_since(kept.since).as_secs()).unwrap_or(u32::MAX);
        let mut reply = kept.reply.clone();
        for record in sections(&mut reply) {
            record.ttl = record.ttl.saturating_sub(age);
        }
        Some(reply)
    }

    /// Keeps an answer, if it says for how long; what ends first makes room.
    pub(super) fn put(&mut self, key: Key, mut reply: Reply, now: Instant) {
        let Some(lifetime) = lifetime(key.kind, &reply) else { return };
        let most = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
        for record in sections(&mut reply) {
            record.ttl = record.ttl.min(most);
        }
        self.forget(&key);
        self.number += 1;
        let end = (now + lifetime, self.number);
        let bytes = weight(&reply);
        self.bytes += bytes;
        self.ends.insert(end, key.clone());
        self.kept.insert(key, Kept { reply, bytes, since: now, end });
        while self.kept.len() > MOST_ANSWERS || self.bytes > MOST_BYTES {
            let Some((_, first)) = self.ends.pop_first() else { return };
            self.forget(&first);
        }
    }

    fn forget(&mut self, key: &Key) {
        let Some(old) = self.kept.remove(key) else { return };
        self.ends.remove(&old.end);
        self.bytes -= old.bytes;
    }
}

fn sections(reply: &mut Reply) -> impl Iterator<Item = &mut Record> {
    reply.answers.iter_mut().chain(&mut reply.authorities).chain(&mut reply.additionals)
}

fn weight(reply: &Reply) -> usize {
    let records = reply.answers.iter().chain(&reply.authorities).chain(&reply.additionals);
    let sizes = records.map(|record| RECORD_BYTES + record.to_bytes().map_or(0, |bytes| bytes.len()));
    RECORD_BYTES + sizes.sum::<usize>()
}

/// How long an answer may be kept: as its shortest record says. A negative one says so in its SOA record (RFC 2308
/// section 5); without one it is kept not at all. An alias that leads nowhere is a negative answer, too.
fn lifetime(kind: RecordType, reply: &Reply) -> Option<Duration> {
    let is_asked = |record: &Record| kind.is_any() || record.record_type() == kind;
    let is_positive = reply.code == ResponseCode::NoError && reply.answers.iter().any(is_asked);
    let is_negative = !is_positive && matches!(reply.code, ResponseCode::NoError | ResponseCode::NXDomain);
    let records = reply.answers.iter().chain(&reply.authorities).chain(&reply.additionals);
    let shortest = records.map(|record| record.ttl).min()?;
    let (seconds, most) = if is_positive {
        (shortest, LONGEST)
    } else if is_negative {
        (shortest.min(reply.authorities.iter().find_map(minimum)?), LONGEST_NEGATIVE)
    } else {
        return None;
    };
    let lifetime = Duration::from_secs(seconds.into()).min(most);
    (!lifetime.is_zero()).then_some(lifetime)
}

fn minimum(record: &Record) -> Option<u32> {
    if let RData::SOA(soa) = &record.data { Some(soa.minimum) } else { None }
}
