//! An Ethernet frame that carries one UDP datagram over IPv4. *Pure.*
//!
//! Called by `link` for clients that have no address yet: the kernel would ask ARP for them, and they cannot answer;
//! and by `doctor`, which asks as such a client.
//! Formats: RFC 894, RFC 791, RFC 768; checksum: RFC 1071.

use crate::model::net::MacAddr;
use std::net::{Ipv4Addr, SocketAddrV4};

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
const IPV4_HEADER: u16 = 20;
const UDP_HEADER: u16 = 8;
const UDP: u8 = 17;
const TIME_TO_LIVE: u8 = 64;
/// Version 4, header of five words.
const VERSION_AND_LENGTH: u8 = 0x45;
const DO_NOT_FRAGMENT: [u8; 2] = [0x40, 0x00];

/// One end of the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The hardware address.
    pub mac: MacAddr,
    /// Address and port.
    pub address: SocketAddrV4,
}

/// The frame; none if the payload does not fit into a datagram.
pub fn encode(from: End, to: End, payload: &[u8]) -> Option<Vec<u8>> {
    let udp_length = u16::try_from(payload.len()).ok()?.checked_add(UDP_HEADER)?;
    let ip_length = udp_length.checked_add(IPV4_HEADER)?;
    let addresses = [from.address.ip().octets(), to.address.ip().octets()].concat();

    let ip_head = [
        [VERSION_AND_LENGTH, 0].as_slice(),
        &ip_length.to_be_bytes(),
        &[0, 0],
        &DO_NOT_FRAGMENT,
        &[TIME_TO_LIVE, UDP],
    ]
    .concat();
    let ip_checksum = checksum(&[&ip_head, &addresses]);

    let udp_head =
        [from.address.port().to_be_bytes(), to.address.port().to_be_bytes(), udp_length.to_be_bytes()]
            .concat();
    let pseudo_tail = [[0, UDP], udp_length.to_be_bytes()].concat();
    // A checksum of zero would mean that there is none.
    let udp_checksum = match checksum(&[&addresses, &pseudo_tail, &udp_head, payload]) {
        0 => u16::MAX,
        sum => sum,
    };
    Some(
        [
            to.mac.0.as_slice(),
            &from.mac.0,
            &ETHERTYPE_IPV4,
            &ip_head,
            &ip_checksum.to_be_bytes(),
            &addresses,
            &udp_head,
            &udp_checksum.to_be_bytes(),
            payload,
        ]
        .concat(),
    )
}

/// An ARP request (RFC 826): who has `wanted`? says the machine at `mac` and `address`.
pub(super) fn arp_request(mac: MacAddr, address: Ipv4Addr, wanted: Ipv4Addr) -> Vec<u8> {
    const ETHERNET_IPV4_REQUEST: [u8; 8] = [0, 1, 8, 0, 6, 4, 0, 1];
    [
        [0xff; 6].as_slice(),
        &mac.0,
        &ETHERTYPE_ARP,
        &ETHERNET_IPV4_REQUEST,
        &mac.0,
        &address.octets(),
        &[0; 6],
        &wanted.octets(),
    ]
    .concat()
}

/// The complement of the one's complement sum of all words; only the last part may have an odd length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        let (words, rest) = part.as_chunks::<2>();
        sum += words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>();
        sum += rest.first().map_or(0, |last| u64::from(*last) << 8);
    }
    while sum > u64::from(u16::MAX) {
        sum = (sum >> 16) + (sum & u64::from(u16::MAX));
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_a_known_header() {
        // The example of the IPv4 header on Wikipedia, "IPv4 header checksum", checksum field left out.
        let header = [
            0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8,
            0x00, 0xc7,
        ];
        assert_eq!(checksum(&[&header]), 0xb861);
    }

    #[test]
    fn a_frame_sums_to_zero_at_the_receiver() {
        let end = |last, port| End {
            mac: MacAddr([2, 0, 0, 0, 0, last]),
            address: SocketAddrV4::new([10, 20, 0, last].into(), port),
        };
        for payload in [b"odd".as_slice(), b"even", b"", &[0xff; 300]] {
            let frame = encode(end(1, 67), end(7, 68), payload).unwrap();
            let (ethernet, ip) = frame.split_at(14);
            assert_eq!(ethernet, [2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 8, 0]);
            let (header, udp) = ip.split_at(20);
            assert_eq!(checksum(&[header]), 0);
            assert_eq!(usize::from(u16::from_be_bytes([header[2], header[3]])), ip.len());
            let length = u16::try_from(udp.len()).unwrap().to_be_bytes();
            assert_eq!(udp[..6], [[0, 67], [0, 68], length].concat());
            assert_eq!(checksum(&[&header[12..], &[0, 17], &length, udp]), 0);
            assert_eq!(&udp[8..], payload);
        }
        assert_eq!(encode(end(1, 67), end(7, 68), &[0; 65_536]), None);
    }
}
