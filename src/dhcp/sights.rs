//! What passes by on the wire and is no request: answers of other DHCP servers, and who says to be at an address.
//! *Pure.* Called by `watch`.

use crate::model::net::MacAddr;
use crate::model::network::{Notice, NoticeKind};
use std::fmt;
use std::net::Ipv4Addr;

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
const ETHERNET_HEADER: usize = 14;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;
/// The port that DHCP servers send from.
const SERVER_PORT: [u8; 2] = [0, 67];
/// Where the options of a DHCP packet begin: behind the fixed part and the cookie (RFC 2131 section 3).
const OPTIONS: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const OFFER: u8 = 2;
/// What firmware looks for in option 43.
const BOOT_NAME: &[u8] = b"Raspberry Pi Boot";
const ACK: u8 = 5;

/// Something seen on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// A DHCP server's OFFER or ACK.
    Server(ServerSight),
    /// A machine says that an address is its own.
    Claim {
        /// The address.
        address: Ipv4Addr,
        /// Who says so.
        mac: MacAddr,
    },
}

/// A DHCP server's OFFER or ACK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSight {
    /// Who sent it: option 54, else the packet's source.
    pub server: Ipv4Addr,
    /// The hardware address it came from: the server's, or its relay's.
    pub mac: MacAddr,
    /// The client that it is for.
    pub client: MacAddr,
    /// The address given; none if it tells where to boot alone.
    pub given: Option<Ipv4Addr>,
    /// The TFTP server in the header.
    pub siaddr: Option<Ipv4Addr>,
    /// The TFTP server of option 66, if it is an address.
    pub tftp_server: Option<Ipv4Addr>,
    /// Whether option 43 has the name by which a Raspberry Pi knows a boot server.
    pub names_boot: bool,
    /// The netmask told.
    pub mask: Option<Ipv4Addr>,
    /// The router told.
    pub router: Option<Ipv4Addr>,
    /// Whether it tells anything of booting.
    pub boots: bool,
}

impl ServerSight {
    /// The sight of a server of which nothing is known but what it gives to whom.
    pub fn new(server: Ipv4Addr, mac: MacAddr, client: MacAddr, given: Option<Ipv4Addr>) -> Self {
        Self {
            server,
            mac,
            client,
            given,
            siaddr: None,
            tftp_server: None,
            names_boot: false,
            mask: None,
            router: None,
            boots: false,
        }
    }
}

impl fmt::Display for ServerSight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.given {
            Some(address) => write!(f, "offered {address}")?,
            None => f.write_str("offered no address")?,
        }
        if let Some(mask) = self.mask {
            write!(f, ", netmask {mask}")?;
        }
        if let Some(router) = self.router {
            write!(f, ", router {router}")?;
        }
        if self.boots {
            f.write_str(", boot settings")?;
        }
        write!(f, " to {}", self.client)
    }
}

/// Reads a frame; none if it is nothing of interest.
pub(super) fn read(frame: &[u8]) -> Option<Sight> {
    let mac = MacAddr(frame.get(6..12)?.try_into().ok()?);
    let ethertype: [u8; 2] = frame.get(12..14)?.try_into().ok()?;
    let payload = frame.get(ETHERNET_HEADER..)?;
    match ethertype {
        ETHERTYPE_ARP => claim(payload),
        ETHERTYPE_IPV4 => server(payload, mac).map(Sight::Server),
        _ => None,
    }
}

/// An ARP packet (RFC 826): whoever asks or answers says where it is. A probe for a free address comes from nobody.
fn claim(arp: &[u8]) -> Option<Sight> {
    const ETHERNET_AND_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
    if arp.get(..6)? != ETHERNET_AND_IPV4 {
        return None;
    }
    let mac = MacAddr(arp.get(8..14)?.try_into().ok()?);
    let address = Ipv4Addr::from(<[u8; 4]>::try_from(arp.get(14..18)?).ok()?);
    (!address.is_unspecified()).then_some(Sight::Claim { address, mac })
}

fn server(packet: &[u8], mac: MacAddr) -> Option<ServerSight> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let source = address(packet.get(12..16)?)?;
    let udp = packet.get(header..)?;
    if packet.get(9) != Some(&UDP) || udp.get(..2)? != SERVER_PORT {
        return None;
    }
    let message = udp.get(UDP_HEADER..)?;
    if message.first() != Some(&2) || message.get(OPTIONS - COOKIE.len()..OPTIONS)? != COOKIE {
        return None;
    }
    let given = address(message.get(16..20)?).filter(|address| !address.is_unspecified());
    let client = MacAddr(message.get(28..34)?.try_into().ok()?);
    let siaddr = address(message.get(20..24)?).filter(|address| !address.is_unspecified());
    let mut seen = ServerSight { siaddr, ..ServerSight::new(source, mac, client, given) };
    let mut kind = None;
    for (code, data) in options(message.get(OPTIONS..)?) {
        match code {
            1 => seen.mask = address(data),
            3 => seen.router = data.get(..4).and_then(address),
            43 => {
                seen.boots = true;
                seen.names_boot = data.windows(BOOT_NAME.len()).any(|window| window == BOOT_NAME);
            }
            66 => {
                seen.boots = true;
                let text = std::str::from_utf8(data).unwrap_or_default();
                seen.tftp_server = text.trim_matches(['\0', ' ']).parse().ok();
            }
            67 => seen.boots = true,
            53 => kind = data.first().copied(),
            54 => seen.server = address(data)?,
            _ => {}
        }
    }
    matches!(kind, Some(OFFER | ACK)).then_some(seen)
}

fn address(data: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(data).ok().map(Ipv4Addr::from)
}

/// The options of a packet, up to END or to where they are cut.
fn options(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        while let [0, tail @ ..] = rest {
            rest = tail;
        }
        match rest {
            [255, ..] | [] | [_] => None,
            [code, length, tail @ ..] => {
                let (data, after) = tail.split_at_checked(usize::from(*length))?;
                rest = after;
                Some((*code, data))
            }
        }
    })
}

/// Who an address belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Its name.
    pub(super) name: String,
    /// Its hardware address.
    pub(super) mac: MacAddr,
}

/// What a claim to an owner's address means: nothing if it is the owner's own.
pub(super) fn duplicate(address: Ipv4Addr, owner: &Owner, claimant: MacAddr) -> Option<Notice> {
    if claimant == owner.mac {
        return None;
    }
    let Owner { name, mac } = owner;
    Some(Notice {
        kind: NoticeKind::DuplicateAddress,
        subject: address.to_string(),
        seen: format!("{address} belongs to {name} ({mac}), but {claimant} uses it, too"),
        advice: format!(
            "Find the machine {claimant}: the switch's table of hardware addresses shows its port. Give it another \
             address, or give {name} another one."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::{self, End};
    use super::super::packets::{ADDRESS, OTHER_SERVER, answer, config, eeprom_4, node, respond};
    use super::super::{Config, wire};
    use super::*;
    use crate::model::board::BoardModel;
    use std::net::SocketAddrV4;

    const FOREIGN: MacAddr = MacAddr([0, 0x16, 0x3e, 0, 0, 2]);
    const BOARD: MacAddr = MacAddr([0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89]);

    fn offer_of_another_server() -> Vec<u8> {
        let other = Config { server_address: OTHER_SERVER, ..config() };
        let reply = answer(respond(other, &eeprom_4(), Some(node(BOARD.0, BoardModel::Pi4b)), &[])).reply;
        let end = |mac, address, port| End { mac, address: SocketAddrV4::new(address, port) };
        let (from, to) = (end(FOREIGN, OTHER_SERVER, 67), end(BOARD, ADDRESS, 68));
        frame::encode(from, to, &wire::encode(&reply).unwrap()).unwrap()
    }

    #[test]
    fn an_offer_of_another_server_is_read() {
        let frame = offer_of_another_server();
        let Some(Sight::Server(seen)) = read(&frame) else { panic!("no server") };
        assert_eq!((seen.server, seen.mac, seen.client), (OTHER_SERVER, FOREIGN, BOARD));
        let files = (seen.siaddr, seen.tftp_server, seen.names_boot);
        assert_eq!(files, (Some(OTHER_SERVER), Some(OTHER_SERVER), true));
        assert_eq!(
            seen.to_string(),
            "offered 10.20.0.7, netmask 255.255.255.0, router 10.20.0.254, boot settings to dc:a6:32:a7:ed:89"
        );
        for length in 0..frame.len() {
            let cut = read(&frame[..length]);
            assert!(cut.is_none() || length > 280, "{length}: {cut:?}");
        }
    }

    #[test]
    fn what_is_no_servers_is_passed_over() {
        let mut request = offer_of_another_server();
        request[42] = 1;
        assert_eq!(read(&request), None, "a request");
        let mut from_elsewhere = offer_of_another_server();
        from_elsewhere[35] = 69;
        assert_eq!(read(&from_elsewhere), None, "another port");
    }

    #[test]
    fn claims_are_read_and_judged() {
        let arp = frame::arp_request(FOREIGN, ADDRESS, OTHER_SERVER);
        assert_eq!(read(&arp), Some(Sight::Claim { address: ADDRESS, mac: FOREIGN }));
        let probe = frame::arp_request(FOREIGN, Ipv4Addr::UNSPECIFIED, ADDRESS);
        assert_eq!(read(&probe), None, "a probe claims nothing");
        let owner = Owner { name: "pi-07".to_owned(), mac: BOARD };
        assert_eq!(duplicate(ADDRESS, &owner, BOARD), None);
        let notice = duplicate(ADDRESS, &owner, FOREIGN).unwrap();
        assert_eq!(
            notice.seen,
            "10.20.0.7 belongs to pi-07 (dc:a6:32:a7:ed:89), but 00:16:3e:00:00:02 uses it, too"
        );
    }
}
