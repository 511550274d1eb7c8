//! Tells the kernel a board's hardware address before the board fetches its files. *IO: a netlink socket.*
//!
//! Called by `link`. The 3B's boot ROM answers no ARP request once a transfer runs: without this entry its files
//! would stop there. Needs the right CAP_NET_ADMIN. Format: rtnetlink(7), RTM_NEWNEIGH.

use crate::model::net::MacAddr;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

/// Known for now, then asked for by ARP like any other: an entry for ever would outlive the board.
const REACHABLE: u16 = libc::NUD_REACHABLE;
const HEADER: usize = 16;

/// The kernel's table of neighbours.
#[derive(Debug)]
pub(super) struct Neighbours {
    socket: OwnedFd,
}

impl Neighbours {
    /// Opens the table.
    pub(super) fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let protocol = SockProtocol::NetlinkRoute;
        Ok(Self { socket: socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)? })
    }

    /// Writes that `address` is at `mac` behind the interface of that index.
    pub(super) fn introduce(&self, interface: u32, address: Ipv4Addr, mac: MacAddr) -> io::Result<()> {
        let kernel = NetlinkAddr::new(0, 0);
        sendto(self.socket.as_raw_fd(), &message(interface, address, mac), &kernel, MsgFlags::empty())?;
        // The kernel has answered by the time sendto returns: an error number, zero for none.
        let mut answer = [0; 256];
        let length = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        let code = answer.get(..length).and_then(|answer| answer.get(HEADER..)?.first_chunk());
        match code.map(|code| i32::from_ne_bytes(*code)) {
            Some(0) => Ok(()),
            Some(code) => Err(Errno::from_raw(code.saturating_neg()).into()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The message; numbers are in the machine's own byte order, attributes fill whole words.
fn message(interface: u32, address: Ipv4Addr, mac: MacAddr) -> Vec<u8> {
    let family = u8::try_from(libc::AF_INET).unwrap_or_default();
    let entry = [
        [family, 0, 0, 0].as_slice(),
        &interface.to_ne_bytes(),
        &REACHABLE.to_ne_bytes(),
        &[0, 0],
        &attribute(libc::NDA_DST, &address.octets()),
        &attribute(libc::NDA_LLADDR, &mac.0),
    ]
    .concat();
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    let flags = u16::try_from(flags).unwrap_or_default();
    let length = u32::try_from(HEADER + entry.len()).unwrap_or_default();
    let kind_and_flags = [libc::RTM_NEWNEIGH.to_ne_bytes(), flags.to_ne_bytes()].concat();
    [length.to_ne_bytes().as_slice(), &kind_and_flags, &[0; 8], &entry].concat()
}

fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 4).unwrap_or_default();
    let mut bytes = [length.to_ne_bytes().as_slice(), &kind.to_ne_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
