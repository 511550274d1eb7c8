//! Between packets and questions, replies. *Pure.*
//!
//! Called by `server` for clients and by `exchange` for upstream servers. Invariants: a reply is never answered, so
//! that two servers cannot talk to each other for ever; nothing is reserved that a packet only announces.

use super::cache::Key;
use hickory_proto::op::{Edns, Header, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// Longest UDP payload sent or asked for: it crosses every usual network in one piece (DNS flag day 2020).
pub(super) const UDP_PAYLOAD: u16 = 1232;
/// Longest UDP payload for a client that does not say what it takes (RFC 1035 section 4.2.1).
const PLAIN_UDP_PAYLOAD: u16 = 512;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    /// The question.
    pub(super) query: Query,
    header: Metadata,
    edns: Option<Edns>,
}

impl Asking {
    /// Whether the client wants us to ask others.
    pub(super) fn wants_recursion(&self) -> bool {
        self.header.recursion_desired
    }

    /// The question as it is looked up: who asks does not matter, how does.
    pub(super) fn key(&self) -> Key {
        Key {
            name: self.query.name().to_lowercase(),
            kind: self.query.query_type(),
            dnssec_ok: self.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok),
            checking_disabled: self.header.checking_disabled,
        }
    }
}

/// What is answered: the sections of a message, whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whether all is well, or what is not.
    pub code: ResponseCode,
    /// Whether pimaster answers by itself.
    pub authoritative: bool,
    /// Records that answer.
    pub answers: Vec<Record>,
    /// Who is responsible; with a negative answer, how long it holds.
    pub authorities: Vec<Record>,
    /// Records that may help.
    pub additionals: Vec<Record>,
}

impl Reply {
    /// A reply of a code alone.
    pub fn code(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        }
    }
}

/// A packet that asks nothing that could be looked up, and the answer to it, if it gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) Option<Vec<u8>>);

/// How the client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Datagrams: what does not fit is cut.
    Udp,
    /// A stream: what is cut over UDP comes whole.
    Tcp,
}

/// Reads a packet from a client.
pub(super) fn read(packet: &[u8]) -> Result<Asking, Refusal> {
    let header = Header::read(&mut BinDecoder::new(packet)).map_err(|_| Refusal(None))?;
    let metadata = header.metadata;
    if metadata.message_type == MessageType::Response {
        return Err(Refusal(None));
    }
    if metadata.op_code != OpCode::Query {
        return Err(refuse(&metadata, ResponseCode::NotImp));
    }
    // The decoder reserves room for as many questions as are announced.
    if header.counts.queries != 1 {
        return Err(refuse(&metadata, ResponseCode::FormErr));
    }
    let malformed = |_| refuse(&metadata, ResponseCode::FormErr);
    let Message { mut queries, edns, .. } = Message::from_vec(packet).map_err(malformed)?;
    let query = queries.pop().ok_or_else(|| refuse(&metadata, ResponseCode::FormErr))?;
    let asking = Asking { query, header: metadata, edns };
    match judge(&asking) {
        Some(code) => Err(Refusal(render(&asking, &Reply::code(code), Transport::Udp))),
        None => Ok(asking),
    }
}

/// Why a well-formed question is not looked up.
fn judge(asking: &Asking) -> Option<ResponseCode> {
    if asking.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
        return Some(ResponseCode::BADVERS);
    }
    let is_transfer = matches!(asking.query.query_type(), RecordType::AXFR | RecordType::IXFR);
    (is_transfer || asking.query.query_class() != DNSClass::IN).then_some(ResponseCode::Refused)
}

/// The answer to somebody who is not served.
pub(super) fn turn_away(packet: &[u8]) -> Option<Vec<u8>> {
    match read(packet) {
        Ok(asking) => render(&asking, &Reply::code(ResponseCode::Refused), Transport::Udp),
        Err(Refusal(answer)) => answer,
    }
}

fn refuse(asked: &Metadata, code: ResponseCode) -> Refusal {
    let mut message = Message::error_msg(asked.id, asked.op_code, code);
    message.metadata.recursion_desired = asked.recursion_desired;
    Refusal(message.to_vec().ok())
}

/// A reply as the client can take it: what does not fit loses its additional records first, and is cut down to the
/// question then, so that the client asks again over TCP (RFC 2181 section 9).
pub(super) fn render(asking: &Asking, reply: &Reply, transport: Transport) -> Option<Vec<u8>> {
    let limit = match (transport, &asking.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => PLAIN_UDP_PAYLOAD,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(PLAIN_UDP_PAYLOAD, UDP_PAYLOAD),
    };
    let mut message = Message::new(asking.header.id, MessageType::Response, OpCode::Query);
    message.metadata = Metadata::response_from_request(&asking.header);
    message.metadata.recursion_available = true;
    message.metadata.authoritative = reply.authoritative;
    message.metadata.response_code = reply.code;
    message.add_query(asking.query.clone());
    if let Some(edns) = &asking.edns {
        let mut own = Edns::new();
        own.set_max_payload(UDP_PAYLOAD).set_dnssec_ok(edns.flags().dnssec_ok);
        message.set_edns(own);
    }
    let bare = message.clone();
    message.answers.clone_from(&reply.answers);
    message.authorities.clone_from(&reply.authorities);
    let short = message.clone();
    message.additionals.clone_from(&reply.additionals);
    let fitting = |message: &Message| message.to_vec().ok().filter(|bytes| bytes.len() <= usize::from(limit));
    fitting(&message).or_else(|| fitting(&short)).or_else(|| {
        let mut cut = bare;
        cut.metadata.truncation = true;
        fitting(&cut)
    })
}

/// The packet that asks an upstream server.
pub(super) fn ask(key: &Key, id: u16, with_edns: bool) -> Option<Vec<u8>> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.metadata.checking_disabled = key.checking_disabled;
    message.add_query(Query::query(key.name.clone(), key.kind));
    if with_edns {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD).set_dnssec_ok(key.dnssec_ok);
        message.set_edns(edns);
    }
    message.to_vec().ok()
}

/// What an upstream server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// This.
    Whole(Reply),
    /// More than fits a datagram.
    Cut,
}

/// Reads an upstream server's answer to [`ask`]; nothing if the packet is not the answer to that question.
pub(super) fn hear(packet: &[u8], key: &Key, id: u16) -> Option<Said> {
    let header = Header::read(&mut BinDecoder::new(packet)).ok()?;
    let is_answer = header.metadata.id == id
        && header.metadata.message_type == MessageType::Response
        && header.metadata.op_code == OpCode::Query;
    // Some servers leave the question out when they refuse it.
    let refuses = header.counts.queries == 0 && header.metadata.response_code != ResponseCode::NoError;
    if !is_answer || !(header.counts.queries == 1 || refuses) {
        return None;
    }
    if header.metadata.truncation {
        return Some(Said::Cut);
    }
    let message = Message::from_vec(packet).ok()?;
    let is_ours = |query: &Query| {
        *query.name() == key.name && query.query_type() == key.kind && query.query_class() == DNSClass::IN
    };
    message.queries.iter().all(is_ours).then_some(Said::Whole(Reply {
        code: message.metadata.response_code,
        authoritative: false,
        answers: message.answers,
        authorities: message.authorities,
        additionals: message.additionals,
    }))
}
