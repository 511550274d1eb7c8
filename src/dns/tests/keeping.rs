//! What is kept of upstream answers, and for how long.

use super::super::cache::{Cache, Key};
use super::super::wire::Reply;
use super::{address, key, name, negative, positive, soa};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{CNAME, TXT};
use hickory_proto::rr::{RData, Record, RecordType};
use std::time::Duration;
use tokio::time::Instant;

fn asked() -> Key {
    key("www.example.", RecordType::A)
}

/// Whole seconds that this reply is kept.
fn kept_seconds(reply: &Reply) -> u64 {
    let mut cache = Cache::default();
    let now = Instant::now();
    cache.put(asked(), reply.clone(), now);
    let kept = |seconds: &u64| cache.get(&asked(), now + Duration::from_secs(*seconds)).is_some();
    // The last second that still finds it, from days down to none.
    let days = 3 * 86_400;
    let mut low = 0;
    let mut high = days;
    while low < high {
        let middle = (low + high) / 2;
        if kept(&middle) { low = middle + 1 } else { high = middle }
    }
    low
}

#[test]
fn answers_are_kept_as_long_as_they_say() {
    let a = |seconds| address("www.example.", seconds, [192, 0, 2, 1]);
    let check = |reply: Reply, seconds| assert_eq!(kept_seconds(&reply), seconds, "{reply:?}");
    check(positive(vec![a(300)]), 300);
    check(positive(vec![a(300), a(20)]), 20);
    check(positive(vec![a(300), a(0)]), 0);
    check(positive(vec![a(u32::MAX)]), 86_400);
    check(negative(ResponseCode::NXDomain, vec![soa("example.", 3600, 60)]), 60);
    check(negative(ResponseCode::NXDomain, vec![soa("example.", 30, 60)]), 30);
    check(negative(ResponseCode::NoError, vec![soa("example.", 86_400, 86_400)]), 900);
    check(negative(ResponseCode::NXDomain, Vec::new()), 0);
    check(negative(ResponseCode::NoError, vec![a(300)]), 0);
    check(negative(ResponseCode::ServFail, vec![soa("example.", 60, 60)]), 0);
    let alias = Record::from_rdata(name("www.example."), 300, RData::CNAME(CNAME(name("web.example."))));
    check(positive(vec![alias.clone(), address("web.example.", 50, [192, 0, 2, 1])]), 50);
    check(positive(vec![alias.clone()]), 0);
    check(Reply { authorities: vec![soa("example.", 70, 70)], ..positive(vec![alias]) }, 70);
}

#[test]
fn times_run_down() {
    let mut cache = Cache::default();
    let now = Instant::now();
    cache.put(asked(), positive(vec![address("www.example.", 300, [192, 0, 2, 1])]), now);
    let left =
        |seconds| cache.get(&asked(), now + Duration::from_secs(seconds)).map(|reply| reply.answers[0].ttl);
    assert_eq!([left(0), left(1), left(299), left(300)], [Some(300), Some(299), Some(1), None]);
    assert_eq!(cache.get(&key("www.example.", RecordType::AAAA), now), None);
    assert_eq!(cache.get(&Key { dnssec_ok: true, ..asked() }, now), None);
    assert_eq!(cache.get(&Key { checking_disabled: true, ..asked() }, now), None);
}

#[test]
fn a_new_answer_takes_the_place_of_the_old() {
    let mut cache = Cache::default();
    let now = Instant::now();
    for (seconds, last) in [(300, 1), (20, 2)] {
        cache.put(asked(), positive(vec![address("www.example.", seconds, [192, 0, 2, last])]), now);
    }
    assert_eq!(cache.get(&asked(), now).unwrap().answers[0].data.to_string(), "192.0.2.2");
    assert_eq!(cache.get(&asked(), now + Duration::from_secs(20)), None);
}

#[test]
fn the_cache_is_bounded_and_what_ends_first_goes() {
    let mut cache = Cache::default();
    let now = Instant::now();
    let numbered = |number: u32| key(&format!("host-{number}.example."), RecordType::A);
    for number in 0..10_000 {
        cache.put(numbered(number), positive(vec![address("x.example.", 60 + number, [192, 0, 2, 1])]), now);
    }
    let count = (0..10_000).filter(|number| cache.get(&numbered(*number), now).is_some()).count();
    assert_eq!(count, 4096);
    assert!(cache.get(&numbered(9_999), now).is_some() && cache.get(&numbered(0), now).is_none());

    // Answers of 60 KiB each: their size counts, not their number.
    let large = TXT::new(vec!["x".repeat(250); 240]);
    let large = Record::from_rdata(name("large.example."), 86_400, RData::TXT(large));
    let numbered = |number: u32| Key { kind: RecordType::TXT, ..numbered(number) };
    for number in 0..400 {
        cache.put(numbered(number), positive(vec![large.clone()]), now);
    }
    let count = (0..400).filter(|number| cache.get(&numbered(*number), now).is_some()).count();
    assert!((100..150).contains(&count), "{count}");
}
