//! Other DHCP servers on the nodes' network: asks as a machine that nobody knows, and hears who offers something.
//! *IO: frames on the interface; `judge` and the messages are pure.*
//!
//! pimaster itself does not hear the question, since frames do not come back in: whoever answers is another.

use super::datagram::{self, LARGEST_FRAME};
use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::dhcp::frame::{self, End};
use crate::model::check::Check;
use crate::model::net::MacAddr;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often the question is asked, and how long answers are waited for: servers look whether an address is free
/// before they offer it, dnsmasq for 3 s.
const QUESTIONS: u32 = 2;
const PATIENCE: Duration = Duration::from_millis(3_500);
const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
const EVERYBODY: MacAddr = MacAddr([0xff; 6]);

/// A server that offered an address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    /// Its hardware address, or that of the relay in between.
    mac: MacAddr,
    address: Ipv4Addr,
}

/// The finding.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let dhcp = &scene.config.dhcp;
    let Some(interface) = dhcp.interface.as_deref() else {
        let verdict = Verdict::Good("no interface is set, so that no other server can be met".to_owned());
        return vec![verdict.of(Check::ForeignDhcp, "network")];
    };
    let verdicts = match ask(interface).await {
        Ok(offers) => judge(&offers, dhcp.server_address),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            vec![Verdict::not_checked("asking takes CAP_NET_RAW", "Run the doctor as root.")]
        }
        Err(error) => vec![Verdict::not_checked(
            format!("cannot ask on {interface}: {error}"),
            "See the finding `interface`.",
        )],
    };
    verdicts.into_iter().map(|verdict| verdict.of(Check::ForeignDhcp, interface)).collect()
}

async fn ask(interface: &str) -> io::Result<BTreeMap<Ipv4Addr, Offer>> {
    let socket = datagram::hear(interface)?;
    let number = getrandom::u32().map_err(|_| io::Error::other("the system's random source failed"))?;
    let [a, b, c, d] = number.to_be_bytes();
    let mac = MacAddr([0x02, 0x64, a, b, c, d]);
    let mut offers = BTreeMap::new();
    let mut buffer = vec![0; LARGEST_FRAME];
    for _ in 0..QUESTIONS {
        socket.send(&question(mac, number)).await?;
        let end = Instant::now() + PATIENCE;
        while let Ok(received) = timeout_at(end, socket.recv(&mut buffer)).await {
            let frame = buffer.get(..received?).unwrap_or_default();
            let heard = datagram::read(frame).filter(|it| it.to.port() == CLIENT_PORT);
            let Some((heard, (server, address))) =
                heard.and_then(|heard| Some((heard, offer(heard.payload, mac, number)?)))
            else {
                continue;
            };
            let server = server.unwrap_or(*heard.from.ip());
            offers.insert(server, Offer { mac: heard.mac, address });
        }
    }
    Ok(offers)
}

/// A DISCOVER of a machine that takes broadcast answers only, since its hardware address is nobody's.
fn question(mac: MacAddr, xid: u32) -> Vec<u8> {
    const BROADCAST_FLAG: [u8; 2] = [0x80, 0];
    const FIXED: [u8; 4] = [1, 1, 6, 0];
    const OPTIONS: [u8; 13] = [99, 130, 83, 99, 53, 1, 1, 55, 3, 1, 3, 6, 255];
    let head = [FIXED.as_slice(), &xid.to_be_bytes(), &[0, 0], &BROADCAST_FLAG, &[0; 16], &mac.0].concat();
    let mut message = head;
    message.resize(236, 0);
    message.extend(OPTIONS);
    // BOOTP servers drop shorter ones (RFC 1542 section 2.1).
    message.resize(300, 0);
    let end = |mac, address, port| End { mac, address: SocketAddrV4::new(address, port) };
    let from = end(mac, Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
    let to = end(EVERYBODY, Ipv4Addr::BROADCAST, SERVER_PORT);
    frame::encode(from, to, &message).unwrap_or_default()
}

/// The server (option 54) and the address of an OFFER to this question.
fn offer(message: &[u8], mac: MacAddr, xid: u32) -> Option<(Option<Ipv4Addr>, Ipv4Addr)> {
    const MESSAGE_TYPE: u8 = 53;
    const SERVER: u8 = 54;
    const OFFER: [u8; 1] = [2];
    let is_ours = message.first()? == &2
        && message.get(4..8)? == xid.to_be_bytes()
        && message.get(28..34)? == mac.0
        && message.get(236..240)? == [99, 130, 83, 99];
    let address = Ipv4Addr::from(*message.get(16..)?.first_chunk::<4>()?);
    let (mut is_offer, mut server) = (false, None);
    let mut options = message.get(240..)?;
    while let [code, length, rest @ ..] = options
        && *code != 255
    {
        let Some((content, rest)) = rest.split_at_checked(usize::from(*length)) else { break };
        match *code {
            MESSAGE_TYPE => is_offer = content == OFFER,
            SERVER => server = content.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets)),
            _ => {}
        }
        options = rest;
    }
    (is_ours && is_offer).then_some((server, address))
}

/// One verdict for each other server.
fn judge(offers: &BTreeMap<Ipv4Addr, Offer>, own: Ipv4Addr) -> Vec<Verdict> {
    let foreign = |(server, Offer { mac, address }): (&Ipv4Addr, &Offer)| {
        Verdict::failure(
            format!("the DHCP server {server} (hardware address {mac}) offered {address} to a stranger"),
            format!("no other DHCP server than {own} on the nodes' network"),
            "Stop it or take its cable out of this network: boards take whichever offer comes first.",
        )
    };
    let found: Vec<Verdict> = offers.iter().filter(|(server, _)| **server != own).map(foreign).collect();
    if found.is_empty() {
        let seconds = (PATIENCE * QUESTIONS).as_secs();
        return vec![Verdict::Good(format!("no other DHCP server offered anything within {seconds} s"))];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::dhcp::wire::{self, Alignment, Reply, ReplyKind, ReplyOption, RequestKind};

    const MAC: MacAddr = MacAddr([2, 0x64, 0, 0, 0, 7]);
    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 66);

    #[test]
    fn the_question_is_one_that_servers_read() {
        let frame = question(MAC, 7);
        let heard = datagram::read(&frame).unwrap();
        assert_eq!((heard.from.port(), heard.to), (68, "255.255.255.255:67".parse().unwrap()));
        let request = wire::decode(heard.payload).unwrap();
        assert_eq!((request.kind, request.mac, request.xid), (RequestKind::Discover, MAC, 7));
        assert!(request.wants_broadcast());
    }

    #[test]
    fn offers_to_the_question_are_read_and_no_others() {
        let reply = |kind| Reply {
            kind,
            xid: 7,
            flags: 0x8000,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: [10, 20, 0, 200].into(),
            siaddr: Ipv4Addr::UNSPECIFIED,
            hops: 0,
            alignment: Alignment::Any,
            giaddr: Ipv4Addr::UNSPECIFIED,
            mac: MAC,
            options: vec![ReplyOption::LeaseTime(60), ReplyOption::ServerIdentifier(SERVER)],
        };
        let bytes = wire::encode(&reply(ReplyKind::Offer)).unwrap();
        assert_eq!(offer(&bytes, MAC, 7), Some((Some(SERVER), [10, 20, 0, 200].into())));
        assert_eq!(offer(&bytes, MAC, 8), None);
        assert_eq!(offer(&bytes, MacAddr([2; 6]), 7), None);
        assert_eq!(offer(&wire::encode(&reply(ReplyKind::Nak)).unwrap(), MAC, 7), None);
        for length in 0..240 {
            assert_eq!(offer(&bytes[..length], MAC, 7), None, "{length}");
        }
    }

    #[test]
    fn each_foreign_server_is_named_and_our_own_is_not() {
        let own = Ipv4Addr::new(10, 20, 0, 1);
        let offered = Offer { mac: MacAddr([9; 6]), address: [10, 20, 0, 200].into() };
        assert_eq!(judge(&BTreeMap::new(), own)[0].outcome(), Outcome::Ok);
        assert_eq!(judge(&BTreeMap::from([(own, offered.clone())]), own)[0].outcome(), Outcome::Ok);
        let both = BTreeMap::from([(own, offered.clone()), (SERVER, offered)]);
        let found = judge(&both, own);
        assert_eq!((found.len(), found[0].outcome()), (1, Outcome::Failure));
        assert!(format!("{found:?}").contains("10.20.0.66 (hardware address 09:"), "{found:?}");
    }
}
