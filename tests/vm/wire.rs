//! The cable of a virtual board: DHCP in raw Ethernet frames from an interface that has no address yet, then
//! UDP for TFTP. *IO: a packet socket, `ip`.*
//!
//! As on hardware, the answers must reach the board by its MAC address or by broadcast: it answers no ARP
//! before it has a lease.

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use nix::sys::socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, bind, socket};
use pimaster::model::net::MacAddr;
use pimaster::sim::firmware::{Lease, TransferSocket, Wire};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd as _;
use tokio::net::UdpSocket;
use tokio::process::Command;

const INTERFACE: &str = "eth0";
const TFTP_PORT: u16 = 69;
const HEADERS_BYTES: usize = 14 + 20 + 8;
const LARGEST_FRAME: usize = 2048;

/// The board's end of the cable.
pub(crate) struct Frames {
    socket: UdpSocket,
    mac: MacAddr,
    address: Ipv4Addr,
}

impl Frames {
    /// Opens the interface of the namespace this thread is in.
    pub(crate) fn open(mac: MacAddr) -> Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll)?;
        let link: LinkAddr = nix::ifaddrs::getifaddrs()?
            .filter(|entry| entry.interface_name == INTERFACE)
            .find_map(|entry| entry.address?.as_link_addr().copied())
            .with_context(|| format!("no interface {INTERFACE}"))?;
        bind(socket.as_raw_fd(), &link)?;
        // A packet socket sends and receives datagrams; tokio's type for those carries it.
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { socket, mac, address: Ipv4Addr::UNSPECIFIED })
    }

    /// Ethernet, IPv4 and UDP around a BOOTP message, from nobody to everybody.
    fn frame(&self, message: &[u8]) -> Vec<u8> {
        let length = |headers: usize| u16::try_from(headers + message.len()).unwrap_or(u16::MAX);
        let mut ip = [0x4500, length(28), 0, 0, 0x4011, 0, 0, 0, 0xffff, 0xffff];
        let sum: u32 = ip.iter().copied().map(u32::from).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        if let Some(checksum) = ip.get_mut(5) {
            *checksum = !u16::try_from(folded & 0xffff).unwrap_or_default();
        }
        // UDP over IPv4 may leave out its checksum.
        let udp = [68, 67, length(8), 0];
        let words: Vec<u8> = ip.into_iter().chain(udp).flat_map(u16::to_be_bytes).collect();
        [&[0xff; 6], self.mac.0.as_slice(), &[8, 0], &words, message].concat()
    }

    /// The BOOTP message of a frame for this board, and who sent it.
    fn message(&self, frame: &[u8]) -> Option<(Vec<u8>, Ipv4Addr)> {
        let to = frame.get(..6)?;
        let for_us = to == self.mac.0 || to == [0xff; 6];
        let is_udp = frame.get(12..15)? == [8, 0, 0x45] && frame.get(23)? == &17;
        let to_client = frame.get(36..38)? == [0, 68];
        let from: [u8; 4] = frame.get(26..30)?.try_into().ok()?;
        let message = frame.get(HEADERS_BYTES..)?.to_vec();
        (for_us && is_udp && to_client).then_some((message, from.into()))
    }
}

#[async_trait]
impl Wire for Frames {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        self.socket.send(&self.frame(message)).await.map(drop)
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        let mut frame = vec![0; LARGEST_FRAME];
        loop {
            let length = self.socket.recv(&mut frame).await?;
            if let Some(received) = self.message(frame.get(..length).unwrap_or_default()) {
                return Ok(received);
            }
        }
    }

    async fn configure(&mut self, lease: &Lease) -> io::Result<()> {
        let prefix = lease.mask.map_or(24, |mask| mask.to_bits().leading_ones());
        self.address = lease.address;
        let address = format!("{}/{prefix}", lease.address);
        ip(&["address", "replace", &address, "dev", INTERFACE]).await.map_err(io::Error::other)
    }

    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        Ok(Box::new(UdpSocket::bind((self.address, 0)).await?))
    }

    fn tftp_port(&self) -> u16 {
        TFTP_PORT
    }
}

/// Power on: no address, link up.
pub(crate) async fn link_up() -> Result<()> {
    ip(&["address", "flush", "dev", INTERFACE]).await?;
    ip(&["link", "set", INTERFACE, "up"]).await
}

/// The kernel takes over.
pub(crate) async fn link_down() -> Result<()> {
    ip(&["address", "flush", "dev", INTERFACE]).await?;
    ip(&["link", "set", INTERFACE, "down"]).await
}

async fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().await.context("cannot run ip")?;
    if !output.status.success() {
        bail!("ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
