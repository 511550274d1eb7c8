//! The other DHCP server of modes proxy and off, played for the simulated board: it gives the guest's address, and in
//! mode off it says what the real one must say. *IO: through the cable that it is put around.*
//!
//! ```text
//! board ─ DISCOVER ─┬─► here: OFFER with an address          board ─ REQUEST ─► here: ACK
//!                   └─► (proxy) pimaster: OFFER with "Raspberry Pi Boot"
//! ```
//!
//! What the real server says is the check `foreign-dhcp`'s.

use crate::dhcp::wire::{self, Reply, ReplyKind, ReplyOption, Request, RequestKind};
use crate::model::network::Mode;
use crate::sim::firmware::{Lease, TransferSocket, Wire};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;

/// Nobody's address (RFC 5737): the board takes it for the server's.
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const LEASE_SECONDS: u32 = 60;
/// As boot firmware of all models knows it.
const BOOT_NAME: &[u8] = b"Raspberry Pi Boot   ";

/// A cable on which another server answers as well.
pub(super) struct WithOtherServer {
    cable: Box<dyn Wire>,
    mode: Mode,
    /// The guest's.
    address: Ipv4Addr,
    /// pimaster's, from which files are fetched.
    own: Ipv4Addr,
    answers: VecDeque<Vec<u8>>,
}

impl WithOtherServer {
    /// Puts the server on a cable.
    pub(super) fn new(cable: Box<dyn Wire>, mode: Mode, address: Ipv4Addr, own: Ipv4Addr) -> Self {
        Self { cable, mode, address, own, answers: VecDeque::new() }
    }
}

/// What the other server answers.
fn reply(request: &Request, mode: Mode, address: Ipv4Addr, own: Ipv4Addr) -> Option<Reply> {
    let kind = match request.kind {
        RequestKind::Discover => ReplyKind::Offer,
        RequestKind::Request => ReplyKind::Ack,
        RequestKind::Decline | RequestKind::Release | RequestKind::Inform => return None,
    };
    let mut options = vec![ReplyOption::ServerIdentifier(SERVER), ReplyOption::LeaseTime(LEASE_SECONDS)];
    let names_pimaster = mode == Mode::Off;
    if names_pimaster {
        options.extend([ReplyOption::TftpServer(own), ReplyOption::VendorInformation(BOOT_NAME.to_vec())]);
    }
    let siaddr = if names_pimaster { own } else { Ipv4Addr::UNSPECIFIED };
    Some(Reply { yiaddr: address, siaddr, ..Reply::to(request, kind, options) })
}

#[async_trait]
impl Wire for WithOtherServer {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        let request = wire::decode(message).map_err(|why| io::Error::other(format!("{why:?}")))?;
        if let Some(reply) = reply(&request, self.mode, self.address, self.own) {
            self.answers.push_back(wire::encode(&reply).map_err(io::Error::other)?);
        }
        // The REQUEST names the other server: pimaster only learns from it which address is used, and the guest's is
        // nobody's.
        match (self.mode, request.kind) {
            (Mode::Proxy, RequestKind::Discover) => self.cable.send_dhcp(message).await,
            (Mode::Proxy | Mode::Off | Mode::Authoritative, _) => Ok(()),
        }
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        match self.answers.pop_front() {
            Some(answer) => Ok((answer, SERVER)),
            None => self.cable.receive_dhcp().await,
        }
    }

    async fn configure(&mut self, lease: &Lease) -> io::Result<()> {
        self.cable.configure(lease).await
    }

    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        self.cable.transfer_socket().await
    }

    fn tftp_port(&self) -> u16 {
        self.cable.tftp_port()
    }
}
