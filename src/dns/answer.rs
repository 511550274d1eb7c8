//! The heart: a question and what the database knows make a reply. *Pure.*
//!
//! Called by `server` inside a read of the database, so that a node has its name the moment it is stored.

use super::wire::Reply;
use super::zone::{OWN_LABEL, Place, Zone};
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, NS, PTR, SOA};
use hickory_proto::rr::{Name, RData, Record};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Nobody keeps the rack's names: asking again costs nothing here, and a change counts at once.
const TTL_SECONDS: u32 = 0;

/// The machines of the rack, as far as a question needs them.
pub trait Hosts {
    /// Why they cannot be looked up.
    type Error;
    /// The address of the machine of that name.
    fn address_of(&self, name: &str) -> Result<Option<Ipv4Addr>, Self::Error>;
    /// The name of the machine with that address.
    fn name_at(&self, address: Ipv4Addr) -> Result<Option<String>, Self::Error>;
}

/// Decides about a question whose name lies at `place`.
pub fn answer<H: Hosts>(query: &Query, place: Place, zone: &Zone, hosts: &H) -> Result<Reply, H::Error> {
    let asked = Asked { query, zone };
    Ok(match place {
        // The caller asks others; that this server does not know is the truth.
        Place::Elsewhere => Reply::code(ResponseCode::Refused),
        Place::Localhost => asked.localhost(),
        Place::Nothing(apex) => asked.negative(ResponseCode::NXDomain, apex.as_ref()),
        Place::Inner(apex) => asked.negative(ResponseCode::NoError, Some(&apex)),
        Place::Apex(apex) => asked.apex(&apex),
        Place::Host { label, apex } => {
            let found = hosts.address_of(&label)?;
            let own = || (label == OWN_LABEL).then_some(zone.address());
            asked.host(found.or_else(own), apex.as_ref())
        }
        Place::Address { address, apex } => {
            let found = hosts.name_at(address)?;
            let own = || (address == zone.address()).then(|| OWN_LABEL.to_owned());
            asked.reverse(found.or_else(own).as_deref(), apex.as_ref())
        }
    })
}

/// A question about the rack.
struct Asked<'a> {
    query: &'a Query,
    zone: &'a Zone,
}

impl Asked<'_> {
    fn host(&self, address: Option<Ipv4Addr>, apex: Option<&Name>) -> Reply {
        match address {
            Some(address) => self.held([RData::A(A(address))], apex),
            None => self.negative(ResponseCode::NXDomain, apex),
        }
    }

    fn reverse(&self, label: Option<&str>, apex: Option<&Name>) -> Reply {
        match label.and_then(|label| self.zone.name_of(label)) {
            Some(name) => self.held([RData::PTR(PTR(name))], apex),
            None => self.negative(ResponseCode::NXDomain, apex),
        }
    }

    fn localhost(&self) -> Reply {
        let records = [RData::A(A(Ipv4Addr::LOCALHOST)), RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))];
        self.held(records, None)
    }

    fn apex(&self, apex: &Name) -> Reply {
        let Some(server) = self.zone.name_of(OWN_LABEL) else {
            return self.negative(ResponseCode::NoError, None);
        };
        self.held([RData::NS(NS(server.clone())), RData::SOA(authority(server))], Some(apex))
    }

    /// The name holds these records: those of the asked type, or no data.
    fn held<const N: usize>(&self, records: [RData; N], apex: Option<&Name>) -> Reply {
        let kind = self.query.query_type();
        let answers: Vec<Record> = records
            .into_iter()
            .filter(|record| kind.is_any() || record.record_type() == kind)
            .map(|record| Record::from_rdata(self.query.name().clone(), TTL_SECONDS, record))
            .collect();
        if answers.is_empty() {
            return self.negative(ResponseCode::NoError, apex);
        }
        Reply { answers, authoritative: true, ..Reply::code(ResponseCode::NoError) }
    }

    /// Nothing, with the zone's SOA record: it says that the answer is whole and how long it may be kept (RFC 2308).
    fn negative(&self, code: ResponseCode, apex: Option<&Name>) -> Reply {
        let soa = apex.zip(self.zone.name_of(OWN_LABEL));
        let soa = soa.map(|(apex, server)| {
            Record::from_rdata(apex.clone(), TTL_SECONDS, RData::SOA(authority(server)))
        });
        Reply { authorities: soa.into_iter().collect(), authoritative: true, ..Reply::code(code) }
    }
}

/// The zone's SOA record. Nobody transfers it, so its serial number and times say nothing.
fn authority(server: Name) -> SOA {
    let person = Name::from_ascii("hostmaster").ok().and_then(|it| it.append_name(&server.base_name()).ok());
    SOA::new(server, person.unwrap_or_default(), 1, 3600, 600, 86_400, TTL_SECONDS)
}
