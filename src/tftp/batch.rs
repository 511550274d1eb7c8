//! Many datagrams in one call. *IO: UDP sockets.*
//!
//! Called by `port`. What a system call costs is shared by all packets that wait at the same moment, which is what
//! lets one thread feed a rack. Nothing here waits.

use nix::errno::Errno;
use nix::libc::{sock_extended_err, sockaddr_in};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, recvmsg, sendmmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddrV4;
use std::ops::Range;
use std::os::fd::RawFd;

/// Datagrams taken or given in one call at most.
pub(super) const MOST_AT_ONCE: usize = 64;

/// What is kept of a datagram: an acknowledgement has 4 bytes, of an ERROR the code alone counts.
const KEPT_BYTES: usize = 64;

/// Datagrams that came in together.
#[derive(Debug)]
pub(super) struct Inbox {
    buffers: Vec<[u8; KEPT_BYTES]>,
    received: Vec<(SocketAddrV4, usize)>,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { buffers: vec![[0; KEPT_BYTES]; MOST_AT_ONCE], received: Vec::with_capacity(MOST_AT_ONCE) }
    }

    /// Takes what waits in the socket, so many datagrams at most; whether that was all of it.
    pub(super) fn receive(&mut self, socket: RawFd, most: usize) -> bool {
        self.received.clear();
        let most = most.clamp(1, MOST_AT_ONCE);
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(most, None);
        let mut slices: Vec<_> = self.buffers.iter_mut().take(most).map(|it| [IoSliceMut::new(it)]).collect();
        match recvmmsg(socket, &mut headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
            Ok(messages) => {
                let sent_by = |address: SockaddrIn| SocketAddrV4::new(address.ip(), address.port());
                self.received.extend(messages.filter_map(|it| Some((sent_by(it.address?), it.bytes))));
                self.received.len() < most
            }
            // Anything but emptiness is the echo of something sent; it is told by `refusals`, and then gone.
            Err(errno) => errno == Errno::EAGAIN,
        }
    }

    /// What was taken last.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddrV4, &[u8])> {
        let datagrams = self.received.iter().zip(&self.buffers);
        datagrams.map(|((client, bytes), buffer)| (*client, buffer.get(..*bytes).unwrap_or_default()))
    }
}

/// Datagrams that leave together.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    parcels: Vec<(SocketAddrV4, Range<usize>)>,
}

impl Outbox {
    /// Adds a datagram of two parts.
    pub(super) fn add(&mut self, client: SocketAddrV4, head: &[u8], body: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(body);
        self.parcels.push((client, start..self.bytes.len()));
    }

    /// Whether it is time to send.
    pub(super) fn is_full(&self) -> bool {
        self.parcels.len() >= MOST_AT_ONCE || self.bytes.len() >= MOST_AT_ONCE * 2048
    }

    pub(super) fn len(&self) -> usize {
        self.parcels.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.parcels.clear();
    }

    /// Sends from the parcel of that number on, and returns how many left.
    pub(super) fn send(&self, socket: RawFd, from: usize) -> io::Result<usize> {
        let parcels = self.parcels.get(from..).unwrap_or_default();
        let slices: Vec<_> = parcels
            .iter()
            .map(|(_, range)| [IoSlice::new(self.bytes.get(range.clone()).unwrap_or_default())])
            .collect();
        let clients: Vec<_> = parcels.iter().map(|(client, _)| Some(SockaddrIn::from(*client))).collect();
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(parcels.len(), None);
        Ok(sendmmsg(socket, &mut headers, slices.iter(), clients, [], MsgFlags::MSG_DONTWAIT)?.count())
    }
}

/// Clients whose port is closed: they have gone on without a word. Takes all that is known of them.
pub(super) fn refusals(socket: RawFd) -> Vec<SocketAddrV4> {
    let mut clients = Vec::new();
    let mut control = nix::cmsg_space!(sock_extended_err, sockaddr_in);
    let mut buffer = [0; KEPT_BYTES];
    loop {
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let Ok(echo) = recvmsg::<SockaddrIn>(socket, &mut slices, Some(&mut control), flags) else {
            return clients;
        };
        let refused = |it: ControlMessageOwned| {
            let ControlMessageOwned::Ipv4RecvErr(error, _) = it else { return false };
            i32::try_from(error.ee_errno).is_ok_and(|errno| Errno::from_raw(errno) == Errno::ECONNREFUSED)
        };
        let is_refused = echo.cmsgs().is_ok_and(|mut all| all.any(refused));
        clients.extend(
            echo.address
                .filter(|_| is_refused)
                .map(|address| SocketAddrV4::new(address.ip(), address.port())),
        );
    }
}
