//! The server's socket. *IO: UDP port 67 on the configured interface.*
//!
//! Called by `server`. Invariant: whatever leaves, leaves from the server's address, since boot ROMs fetch their
//! files from whoever sent the OFFER.

use super::destination::Destination;
use super::link::Link;
use super::{Config, Error};
use crate::model::net::MacAddr;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg, setsockopt, sockopt::RcvBufForce};
use socket2::{Domain, Protocol, Type};
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Room for the first packets of a thousand boards that are switched on at once; the kernel counts about 1 KiB
/// for each.
const RECEIVE_BUFFER_BYTES: usize = 8 << 20;

/// The server's socket.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    link: Option<Link>,
    server_address: Ipv4Addr,
    client_port: u16,
    relay_port: u16,
}

impl Socket {
    /// Binds; on an interface to all addresses, to hear broadcasts, without one to the server's address alone.
    pub(super) fn bind(config: &Config) -> Result<Self, Error> {
        let address = match &config.interface {
            Some(_) => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, config.port),
            None => SocketAddrV4::new(config.server_address, config.port),
        };
        let interface = config.interface.clone();
        let failed =
            |source| Error::Bind { address, interface: interface.clone().unwrap_or_default(), source };
        let udp = open(address, config.interface.as_deref()).map_err(failed)?;
        let relay_port = udp.local_addr().map_err(failed)?.port();
        let from = SocketAddrV4::new(config.server_address, relay_port);
        let link = config.interface.as_deref().and_then(|interface| match Link::open(interface, from) {
            Ok(link) => Some(link),
            Err(cause) => {
                tracing::warn!(
                    interface,
                    %cause,
                    "answers to boards without an address are broadcast; for frames to one board alone give pimaster CAP_NET_RAW"
                );
                None
            }
        });
        let (server_address, client_port) = (config.server_address, config.client_port);
        Ok(Self { udp, link, server_address, client_port, relay_port })
    }

    /// The address bound to.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Waits for a packet.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.udp.recv(buffer).await
    }

    /// Takes a packet that is there already.
    pub(super) fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.udp.try_recv(buffer)
    }

    /// Sends a reply. Where frames cannot be sent the reply is broadcast: all boards take that, too.
    pub(super) async fn send(&self, destination: Destination, reply: &[u8]) -> io::Result<()> {
        let (mac, address) = match destination {
            Destination::Relay(relay) => {
                return self.send_datagram(SocketAddrV4::new(relay, self.relay_port), reply).await;
            }
            Destination::Client(client) => {
                return self.send_datagram(SocketAddrV4::new(client, self.client_port), reply).await;
            }
            Destination::Frame { address, mac } => (mac, address),
            Destination::Broadcast => (MacAddr([0xff; 6]), Ipv4Addr::BROADCAST),
        };
        if let Some(link) = &self.link {
            match link.send(mac, SocketAddrV4::new(address, self.client_port), reply) {
                Ok(()) => return Ok(()),
                Err(cause) => {
                    tracing::warn!(%destination, %cause, "cannot send a frame, broadcasting instead")
                }
            }
        }
        self.send_datagram(SocketAddrV4::new(Ipv4Addr::BROADCAST, self.client_port), reply).await
    }

    /// Tells the kernel where a board's firmware is, so that its files reach it even if it answers no ARP.
    pub(super) fn introduce(&self, destination: Destination) {
        let (Some(link), Destination::Frame { address, mac }) = (&self.link, destination) else { return };
        if let Err(cause) = link.introduce(mac, address) {
            tracing::debug!(%mac, %cause, "no neighbour entry, which only boot ROMs of the 3B need; is CAP_NET_ADMIN missing?");
        }
    }

    /// Asks whether somebody else has an address that was just offered. An ordinary request, no probe of RFC 5227: the
    /// board's own system would take that for another machine about to use the address.
    pub(super) fn ask_who_has(&self, address: Ipv4Addr) {
        if let Some(Err(cause)) = self.link.as_ref().map(|link| link.ask_who_has(address)) {
            tracing::debug!(%address, %cause, "cannot ask who has the address");
        }
    }

    async fn send_datagram(&self, to: SocketAddrV4, reply: &[u8]) -> io::Result<()> {
        let source = in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(self.server_address.octets()) },
            ipi_addr: in_addr { s_addr: 0 },
        };
        let (to, content) = (SockaddrIn::from(to), [IoSlice::new(reply)]);
        let control = [ControlMessage::Ipv4PacketInfo(&source)];
        let send = || {
            let sent = sendmsg(self.udp.as_raw_fd(), &content, &control, MsgFlags::empty(), Some(&to));
            sent.map(drop).map_err(io::Error::from)
        };
        self.udp.async_io(Interest::WRITABLE, send).await
    }
}

/// A UDP socket on that interface, or on any.
pub(super) fn open(address: SocketAddrV4, interface: Option<&str>) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind_device(interface.map(str::as_bytes))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    // Beyond the system's limit if we may, up to it if not.
    if setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER_BYTES).is_err() {
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    }
    socket.bind(&SocketAddr::V4(address).into())?;
    UdpSocket::from_std(socket.into())
}
