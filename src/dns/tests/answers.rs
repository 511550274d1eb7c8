//! What the rack's own names are answered.

use super::super::answer::{Hosts, answer};
use super::super::zone::{Place, Zone};
use super::name;
use hickory_proto::op::Query;
use hickory_proto::rr::RecordType;
use std::convert::Infallible;
use std::net::Ipv4Addr;

struct Rack;

const MACHINES: [(&str, Ipv4Addr); 2] =
    [("pi-07", Ipv4Addr::new(10, 20, 0, 7)), ("switch", Ipv4Addr::new(10, 20, 0, 2))];

impl Hosts for Rack {
    type Error = Infallible;
    fn address_of(&self, name: &str) -> Result<Option<Ipv4Addr>, Infallible> {
        Ok(MACHINES.iter().find(|(known, _)| *known == name).map(|(_, address)| *address))
    }
    fn name_at(&self, address: Ipv4Addr) -> Result<Option<String>, Infallible> {
        Ok(MACHINES.iter().find(|(_, known)| *known == address).map(|(name, _)| (*name).to_owned()))
    }
}

/// The answer as one line: `forward`, or code, records, and whose SOA record came along.
fn ask(zone: &Zone, asked: &str, kind: RecordType) -> String {
    let query = Query::query(name(asked), kind);
    let place = zone.place(query.name(), kind);
    if place == Place::Elsewhere {
        return "forward".to_owned();
    }
    let Ok(reply) = answer(&query, place, zone, &Rack);
    assert!(reply.authoritative);
    let answers = reply.answers.iter().map(|record| {
        assert_eq!((&record.name, record.ttl), (query.name(), 0));
        format!(" {} {}", record.record_type(), record.data)
    });
    let of = reply.authorities.iter().map(|record| {
        assert_eq!(record.record_type(), RecordType::SOA);
        format!(" of {}", record.name)
    });
    let code = format!("{:?}", reply.code);
    [code].into_iter().chain(answers).chain(of).collect()
}

fn zone(domain: Option<&str>, subnet: &str) -> Zone {
    Zone::new(domain, vec![subnet.parse().unwrap()], Ipv4Addr::new(10, 20, 0, 1)).unwrap()
}

#[test]
fn names_of_a_rack_with_a_domain() {
    let zone = zone(Some("Rack.Lab"), "10.20.0.0/24");
    let check = |asked, kind, expected| assert_eq!(ask(&zone, asked, kind), expected, "{asked} {kind}");
    check("pi-07.rack.lab.", RecordType::A, "NoError A 10.20.0.7");
    check("PI-07.RACK.lab.", RecordType::A, "NoError A 10.20.0.7");
    check("pi-07.", RecordType::A, "NoError A 10.20.0.7");
    check("switch.rack.lab.", RecordType::ANY, "NoError A 10.20.0.2");
    check("pimaster.rack.lab.", RecordType::A, "NoError A 10.20.0.1");
    check("pi-07.rack.lab.", RecordType::AAAA, "NoError of rack.lab.");
    check("pi-07.rack.lab.", RecordType::HTTPS, "NoError of rack.lab.");
    check("pi-07.", RecordType::AAAA, "NoError");
    check("pi-08.rack.lab.", RecordType::A, "NXDomain of rack.lab.");
    check("pi-08.rack.lab.", RecordType::AAAA, "NXDomain of rack.lab.");
    check("www.pi-07.rack.lab.", RecordType::A, "NXDomain of rack.lab.");
    check("*.rack.lab.", RecordType::A, "NXDomain of rack.lab.");
    check("pi-08.", RecordType::A, "NXDomain");
    check("rack.lab.", RecordType::A, "NoError of rack.lab.");
    check("rack.lab.", RecordType::NS, "NoError NS pimaster.rack.lab.");
    check(
        "rack.lab.",
        RecordType::SOA,
        "NoError SOA pimaster.rack.lab. hostmaster.rack.lab. 1 3600 600 86400 0",
    );
}

#[test]
fn addresses_of_the_nodes_network_have_names() {
    let zone = zone(Some("rack.lab"), "10.20.0.0/24");
    let check = |asked, kind, expected| assert_eq!(ask(&zone, asked, kind), expected, "{asked} {kind}");
    check("7.0.20.10.in-addr.arpa.", RecordType::PTR, "NoError PTR pi-07.rack.lab.");
    check("7.0.20.10.IN-ADDR.ARPA.", RecordType::PTR, "NoError PTR pi-07.rack.lab.");
    check("1.0.20.10.in-addr.arpa.", RecordType::PTR, "NoError PTR pimaster.rack.lab.");
    check("7.0.20.10.in-addr.arpa.", RecordType::TXT, "NoError of 0.20.10.in-addr.arpa.");
    check("8.0.20.10.in-addr.arpa.", RecordType::PTR, "NXDomain of 0.20.10.in-addr.arpa.");
    check("007.0.20.10.in-addr.arpa.", RecordType::PTR, "NXDomain of 0.20.10.in-addr.arpa.");
    check("x.7.0.20.10.in-addr.arpa.", RecordType::PTR, "NXDomain of 0.20.10.in-addr.arpa.");
    check("x.0.20.10.in-addr.arpa.", RecordType::PTR, "NXDomain of 0.20.10.in-addr.arpa.");
    check("0.20.10.in-addr.arpa.", RecordType::NS, "NoError NS pimaster.rack.lab.");
    check("7.1.20.10.in-addr.arpa.", RecordType::PTR, "forward");
    check("20.10.in-addr.arpa.", RecordType::PTR, "forward");
    check("in-addr.arpa.", RecordType::NS, "forward");
    check("256.0.20.10.in-addr.arpa.", RecordType::PTR, "NXDomain of 0.20.10.in-addr.arpa.");
}

#[test]
fn networks_of_other_sizes() {
    let wide = zone(Some("rack.lab"), "10.20.0.0/15");
    let check = |asked, expected| assert_eq!(ask(&wide, asked, RecordType::PTR), expected, "{asked}");
    check("7.0.20.10.in-addr.arpa.", "NoError PTR pi-07.rack.lab.");
    check("9.9.21.10.in-addr.arpa.", "NXDomain of 21.10.in-addr.arpa.");
    check("9.9.22.10.in-addr.arpa.", "forward");
    check("9.21.10.in-addr.arpa.", "NoError of 21.10.in-addr.arpa.");
    check("21.10.in-addr.arpa.", "NoError of 21.10.in-addr.arpa.");
    check("10.in-addr.arpa.", "forward");

    let small = zone(Some("rack.lab"), "10.20.0.0/26");
    let check = |asked, expected| assert_eq!(ask(&small, asked, RecordType::PTR), expected, "{asked}");
    check("7.0.20.10.in-addr.arpa.", "NoError PTR pi-07.rack.lab.");
    check("9.0.20.10.in-addr.arpa.", "NXDomain");
    check("x.9.0.20.10.in-addr.arpa.", "NXDomain");
    check("64.0.20.10.in-addr.arpa.", "forward");
    check("0.20.10.in-addr.arpa.", "forward");
}

#[test]
fn a_rack_without_a_domain_has_single_words() {
    let zone = zone(None, "10.20.0.0/24");
    let check = |asked, kind, expected| assert_eq!(ask(&zone, asked, kind), expected, "{asked} {kind}");
    check("pi-07.", RecordType::A, "NoError A 10.20.0.7");
    check("pi-07.rack.lab.", RecordType::A, "forward");
    check("7.0.20.10.in-addr.arpa.", RecordType::PTR, "NoError PTR pi-07.");
    check("0.20.10.in-addr.arpa.", RecordType::NS, "NoError NS pimaster.");
}

#[test]
fn what_is_nobodys_and_what_is_others() {
    let zone = zone(Some("rack.lab"), "10.20.0.0/24");
    let check = |asked, kind, expected| assert_eq!(ask(&zone, asked, kind), expected, "{asked} {kind}");
    check("localhost.", RecordType::A, "NoError A 127.0.0.1");
    check("LocalHost.", RecordType::AAAA, "NoError AAAA ::1");
    check("a.localhost.", RecordType::TXT, "NoError");
    check("x.invalid.", RecordType::A, "NXDomain");
    check("x.onion.", RecordType::A, "NXDomain");
    check("com.", RecordType::A, "NXDomain");
    check("com.", RecordType::DS, "forward");
    check(".", RecordType::NS, "forward");
    check("lab.", RecordType::SOA, "forward");
    check("deb.debian.org.", RecordType::A, "forward");
    check("crack.lab.", RecordType::A, "forward");
    check("rack.lab.org.", RecordType::A, "forward");
    check("_ldap._tcp.example.org.", RecordType::SRV, "forward");
}
