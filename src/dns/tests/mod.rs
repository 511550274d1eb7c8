//! Tests of the DNS server, from the pure core to real sockets.

mod answers;
mod hostile;
mod keeping;
mod loopback;

use super::cache::Key;
use super::wire::Reply;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::Ipv4Addr;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn key(text: &str, kind: RecordType) -> Key {
    Key { name: name(text).to_lowercase(), kind, dnssec_ok: false, checking_disabled: false }
}

fn address(owner: &str, seconds: u32, address: [u8; 4]) -> Record {
    Record::from_rdata(name(owner), seconds, RData::A(A(Ipv4Addr::from(address))))
}

/// An SOA record that lives for `seconds` and lets negative answers live for `minimum`.
fn soa(owner: &str, seconds: u32, minimum: u32) -> Record {
    let data = SOA::new(name("ns.example."), name("admin.example."), 7, 1, 1, 1, minimum);
    Record::from_rdata(name(owner), seconds, RData::SOA(data))
}

fn positive(answers: Vec<Record>) -> Reply {
    Reply { answers, ..Reply::code(ResponseCode::NoError) }
}

fn negative(code: ResponseCode, authorities: Vec<Record>) -> Reply {
    Reply { authorities, ..Reply::code(code) }
}
