//! Packets that nobody should send: no panic, no answer to answers, no answer larger than the client takes.

use super::super::wire::{self, Reply, Said, Transport};
use super::{address, key, positive};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};
use proptest::prelude::*;

/// What becomes of a packet: dropped, refused with a code, or a question.
fn outcome(packet: &[u8]) -> String {
    match wire::read(packet) {
        Ok(asking) => format!("asks {}", asking.query),
        Err(wire::Refusal(None)) => "dropped".to_owned(),
        Err(wire::Refusal(Some(answer))) => {
            let answer = Message::from_vec(&answer).unwrap();
            assert_eq!(answer.metadata.message_type, MessageType::Response);
            format!("{:?} to {}", answer.metadata.response_code, answer.metadata.id)
        }
    }
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(super::name(name), kind));
    message
}

fn with_edns(payload: u16) -> Message {
    let mut message = question("www.example.", RecordType::A);
    message.set_edns(Edns::new()).edns.as_mut().unwrap().set_max_payload(payload);
    message
}

#[test]
fn each_wrong_packet_gets_its_answer() {
    let check = |change: &dyn Fn(&mut Message), expected: &str| {
        let mut message = question("www.example.", RecordType::A);
        change(&mut message);
        assert_eq!(outcome(&message.to_vec().unwrap()), expected);
    };
    check(&|_| {}, "asks www.example. IN A");
    check(&|it| it.metadata.message_type = MessageType::Response, "dropped");
    check(&|it| it.metadata.op_code = OpCode::Notify, "NotImp to 7");
    check(&|it| it.metadata.op_code = OpCode::Status, "NotImp to 7");
    check(&|it| it.queries.clear(), "FormErr to 7");
    check(&|it| it.queries.push(it.queries[0].clone()), "FormErr to 7");
    check(&|it| it.queries[0].query_class = DNSClass::CH, "Refused to 7");
    check(&|it| it.queries[0].query_type = RecordType::AXFR, "Refused to 7");
    let newer = |it: &mut Message| {
        let mut edns = Edns::new();
        edns.set_version(1);
        it.edns = Some(edns);
    };
    // Code 16 has two names: in answers about EDNS it is BADVERS.
    check(&newer, "BADSIG to 7");

    let whole = question("www.example.", RecordType::A).to_vec().unwrap();
    assert_eq!(outcome(&whole[..11]), "dropped");
    assert_eq!(outcome(&whole[..14]), "FormErr to 7");
    // The decoder reserves room for each announced question: 65,535 of them are refused unread.
    let announced = [&whole[..4], &[0xff, 0xff], &whole[6..]].concat();
    assert_eq!(outcome(&announced), "FormErr to 7");
    // A name that points at itself.
    let looped = [&whole[..12], &[0xc0, 12, 0, 1, 0, 1]].concat();
    assert_eq!(outcome(&looped), "FormErr to 7");
}

#[test]
fn who_is_turned_away_hears_so_in_as_few_bytes() {
    let packet = with_edns(4096).to_vec().unwrap();
    let answer = wire::turn_away(&packet).unwrap();
    assert_eq!(Message::from_vec(&answer).unwrap().metadata.response_code, ResponseCode::Refused);
    assert!(answer.len() <= packet.len(), "a forged sender must not gain from it");
    assert_eq!(wire::turn_away(&answer), None);
}

#[test]
fn answers_fit_what_the_client_takes() {
    let records = |count: u8| (0..count).map(|last| address("www.example.", 60, [192, 0, 2, last])).collect();
    let shown = |message: &Message, reply: &Reply, transport| {
        let asking = wire::read(&message.to_vec().unwrap()).unwrap();
        let bytes = wire::render(&asking, reply, transport).unwrap();
        let answer = Message::from_vec(&bytes).unwrap();
        assert_eq!(answer.queries, message.queries);
        assert_eq!(answer.edns.as_ref().map(Edns::max_payload), message.edns.as_ref().map(|_| 1232));
        // Over TCP the encoder stops looking for repeated names at some point: the size says nothing.
        let size = if transport == Transport::Udp { bytes.len() } else { 0 };
        ((answer.answers.len(), answer.additionals.len()), answer.metadata.truncation, size)
    };
    let plain = question("www.example.", RecordType::A);
    let udp = Transport::Udp;
    // A header of 12, a question of 17, 16 for each record, 11 for EDNS.
    assert_eq!(shown(&plain, &positive(records(30)), udp), ((30, 0), false, 509));
    assert_eq!(shown(&plain, &positive(records(31)), udp), ((0, 0), true, 29));
    assert_eq!(shown(&plain, &positive(records(200)), Transport::Tcp), ((200, 0), false, 0));
    assert_eq!(shown(&with_edns(4096), &positive(records(74)), udp), ((74, 0), false, 1224));
    assert_eq!(shown(&with_edns(4096), &positive(records(75)), udp), ((0, 0), true, 40));
    assert_eq!(shown(&with_edns(100), &positive(records(29)), udp), ((29, 0), false, 504));
    let helped = |answers, more| Reply { additionals: records(more), ..positive(records(answers)) };
    assert_eq!(shown(&plain, &helped(10, 20), udp), ((10, 20), false, 509));
    assert_eq!(shown(&plain, &helped(10, 21), udp), ((10, 0), false, 189));
}

#[test]
fn only_the_answer_to_the_question_is_heard() {
    let asked = key("www.example.", RecordType::A);
    let heard = |change: &dyn Fn(&mut Message)| {
        let mut answer = question("WWW.example.", RecordType::A).into_response();
        answer.answers.push(address("www.example.", 60, [192, 0, 2, 1]));
        change(&mut answer);
        wire::hear(&answer.to_vec().unwrap(), &asked, 7)
    };
    assert!(matches!(heard(&|_| {}), Some(Said::Whole(reply)) if reply.answers.len() == 1));
    assert_eq!(heard(&|it| it.metadata.truncation = true), Some(Said::Cut));
    assert_eq!(heard(&|it| it.metadata.id = 8), None);
    assert_eq!(heard(&|it| it.metadata.message_type = MessageType::Query), None);
    assert_eq!(heard(&|it| it.metadata.op_code = OpCode::Notify), None);
    assert_eq!(heard(&|it| it.queries.clear()), None);
    assert_eq!(heard(&|it| it.queries[0].name = super::name("evil.example.")), None);
    assert_eq!(heard(&|it| it.queries[0].query_type = RecordType::MX), None);
    assert_eq!(heard(&|it| it.queries[0].query_class = DNSClass::CH), None);
    let refused = heard(&|it| {
        it.queries.clear();
        it.metadata.response_code = ResponseCode::Refused;
    });
    assert!(matches!(refused, Some(Said::Whole(reply)) if reply.code == ResponseCode::Refused));
}

/// A sound packet with some bytes changed, cut off or appended: deeper than noise alone gets.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let mut message = with_edns(1232);
    message.answers.push(address("www.example.", 60, [192, 0, 2, 1]));
    message.additionals.push(super::soa("example.", 60, 60));
    let whole = message.to_vec().unwrap();
    let length = whole.len();
    let changes = proptest::collection::vec((0..length, any::<u8>()), 0..12);
    let tail = proptest::collection::vec(any::<u8>(), 0..40);
    (changes, 0..=length, tail).prop_map(move |(changes, cut, tail)| {
        let mut packet = whole.clone();
        for (at, byte) in changes {
            packet[at] = byte;
        }
        packet.truncate(cut);
        packet.extend(tail);
        packet
    })
}

fn survives(packet: &[u8]) -> Result<(), TestCaseError> {
    let read = wire::read(packet);
    let is_response = packet.get(2).is_some_and(|flags| flags & 0x80 != 0);
    if packet.len() < 12 || is_response {
        prop_assert_eq!(&read, &Err(wire::Refusal(None)), "no answer to answers or fragments");
    }
    if let Ok(asking) = &read {
        let bytes = wire::render(asking, &positive(Vec::new()), Transport::Udp);
        prop_assert!(bytes.is_some_and(|bytes| bytes.len() <= 1232));
    }
    if let Some(answer) = wire::turn_away(packet) {
        prop_assert_eq!(wire::read(&answer), Err(wire::Refusal(None)), "two servers do not talk for ever");
    }
    // As an upstream answer: what is understood can be handed on.
    let id = u16::from_be_bytes([packet.first().copied().unwrap_or(0), packet.get(1).copied().unwrap_or(0)]);
    if let Some(Said::Whole(reply)) = wire::hear(packet, &key("www.example.", RecordType::A), id) {
        let asking = wire::read(&with_edns(1232).to_vec().unwrap()).unwrap();
        let bytes = wire::render(&asking, &reply, Transport::Udp);
        prop_assert!(bytes.is_some_and(|bytes| bytes.len() <= 1232));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn noise_is_survived(packet in proptest::collection::vec(any::<u8>(), 0..300)) {
        survives(&packet)?;
    }

    #[test]
    fn damage_is_survived(packet in damaged()) {
        survives(&packet)?;
    }

    #[test]
    fn damaged_answers_are_survived(mut packet in damaged()) {
        if let Some(flags) = packet.get_mut(2) {
            *flags |= 0x80;
        }
        survives(&packet)?;
    }
}
