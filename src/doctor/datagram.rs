//! Reads UDP datagrams out of Ethernet frames, and opens the sockets that hear frames. *`read` is pure; `hear` does
//! IO: a packet socket, which takes CAP_NET_RAW.*

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, bind, socket};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use tokio::net::UdpSocket;

/// The largest frame that is read.
pub(super) const LARGEST_FRAME: usize = 2048;
const ETHERNET_HEADER: usize = 14;
const ETHERTYPE_IPV4: [u8; 2] = [8, 0];
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;

/// One datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) from: SocketAddrV4,
    pub(super) to: SocketAddrV4,
    pub(super) payload: &'a [u8],
}

/// The datagram in a frame, if there is one in one piece.
pub(super) fn read(frame: &[u8]) -> Option<Datagram<'_>> {
    let ip = frame.get(ETHERNET_HEADER..)?;
    let header = usize::from(ip.first()? & 0x0f) * 4;
    let is_ipv4 = frame.get(12..14)? == ETHERTYPE_IPV4 && ip.first()? >> 4 == 4;
    let udp = ip.get(header..)?;
    let number = |at: usize| Some(u16::from_be_bytes(*udp.get(at..)?.first_chunk()?));
    let address = |at: usize| Some(Ipv4Addr::from(*ip.get(at..)?.first_chunk::<4>()?));
    let from = SocketAddrV4::new(address(12)?, number(0)?);
    let to = SocketAddrV4::new(address(16)?, number(2)?);
    let payload = udp.get(UDP_HEADER..usize::from(number(4)?))?;
    (is_ipv4 && *ip.get(9)? == UDP).then_some(Datagram { from, to, payload })
}

/// A socket that hears the frames of an interface.
pub(super) fn hear(interface: &str) -> io::Result<UdpSocket> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let ear = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll)?;
    bind(ear.as_raw_fd(), &link_address(interface)?)?;
    // A packet socket sends and receives datagrams; tokio's type for those carries it.
    UdpSocket::from_std(ear.into())
}

fn link_address(interface: &str) -> io::Result<LinkAddr> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no interface {interface}"));
    let mut entries = getifaddrs()?.filter(|entry| entry.interface_name == interface);
    entries.find_map(|entry| entry.address?.as_link_addr().copied()).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(protocol: u8) -> Vec<u8> {
        let mut frame = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 0];
        frame.extend([0x45, 0, 0, 30, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 20, 0, 1, 10, 20, 0, 2]);
        frame.extend([0, 67, 0, 68, 0, 10, 0, 0, b'o', b'k', 0]);
        frame
    }

    #[test]
    fn a_datagram_has_two_ends_and_a_payload() {
        let (from, to) = ("10.20.0.1:67".parse().unwrap(), "10.20.0.2:68".parse().unwrap());
        assert_eq!(read(&frame(17)), Some(Datagram { from, to, payload: b"ok" }));
        assert_eq!(read(&frame(6)), None);
        let whole = frame(17);
        for length in 0..whole.len() - 1 {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        let mut lies = whole;
        lies[ETHERNET_HEADER + 20 + 5] = 3;
        assert_eq!(read(&lies), None);
    }
}
