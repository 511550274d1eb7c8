//! The way to clients without an address: whole frames on the interface. *IO: packet and netlink sockets.*
//!
//! Called by `socket`. Needs the right CAP_NET_RAW; without it there is no [`Link`] and `socket` broadcasts.

use super::frame::{self, End};
use super::neighbour::Neighbours;
use crate::model::net::MacAddr;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

/// An interface to put frames on.
#[derive(Debug)]
pub(super) struct Link {
    socket: OwnedFd,
    neighbours: Neighbours,
    interface: LinkAddr,
    from: End,
}

impl Link {
    /// Opens the interface; frames come `from` there.
    pub(super) fn open(interface: &str, from: SocketAddrV4) -> io::Result<Self> {
        let interface = link_address(interface)?;
        let mac = MacAddr(interface.addr().unwrap_or_default());
        // No protocol: this socket sends and never receives.
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        let neighbours = Neighbours::open()?;
        Ok(Self { socket, neighbours, interface, from: End { mac, address: from } })
    }

    /// Tells the kernel where a board is that is about to fetch its files.
    pub(super) fn introduce(&self, mac: MacAddr, address: Ipv4Addr) -> io::Result<()> {
        let interface = u32::try_from(self.interface.ifindex()).map_err(io::Error::other)?;
        self.neighbours.introduce(interface, address, mac)
    }

    /// Asks who has an address. Whoever answers is seen by `watch`; nobody waits for it.
    pub(super) fn ask_who_has(&self, address: Ipv4Addr) -> io::Result<()> {
        let frame = frame::arp_request(self.from.mac, *self.from.address.ip(), address);
        sendto(self.socket.as_raw_fd(), &frame, &self.interface, MsgFlags::empty())?;
        Ok(())
    }

    /// Sends one datagram.
    pub(super) fn send(&self, mac: MacAddr, address: SocketAddrV4, payload: &[u8]) -> io::Result<()> {
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "the datagram is too long");
        let frame = frame::encode(self.from, End { mac, address }, payload).ok_or_else(too_long)?;
        sendto(self.socket.as_raw_fd(), &frame, &self.interface, MsgFlags::empty())?;
        Ok(())
    }
}

/// The interface of that name.
pub(super) fn link_address(interface: &str) -> io::Result<LinkAddr> {
    let missing =
        || io::Error::new(io::ErrorKind::NotFound, format!("there is no Ethernet interface {interface}"));
    getifaddrs()?
        .filter(|found| found.interface_name == interface)
        .find_map(|found| found.address.as_ref().and_then(|address| address.as_link_addr().copied()))
        .ok_or_else(missing)
}
