//! The cable of a board of the rack, and what can be wrong with it or the network behind it. *IO: UDP, through a
//! [`Relayed`].*
//!
//! A board asks its [`Status`](super::status::Status) for the fault each time a packet passes, so that a fault that is
//! set or mended while it runs counts at once.

use super::firmware::{Arp, Lease, Relayed, TransferSocket, Wire};
use super::status::{Fault, Faults, Status};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How much earlier a nearer server may answer.
const HEAD_START: Duration = Duration::from_millis(300);
/// On a bad cable one packet of so many is lost.
const ONE_LOST_OF: u32 = 10;
/// Packets of a file that arrive on a cable that breaks off.
const ARRIVING: u32 = 8;

/// A cable.
pub(super) struct Cable {
    wire: Relayed,
    status: Arc<Status>,
    /// Replies of a nearer server.
    waiting: VecDeque<(Vec<u8>, Ipv4Addr)>,
}

impl Cable {
    pub(super) fn new(wire: Relayed, status: Arc<Status>) -> Self {
        Self { wire, status, waiting: VecDeque::new() }
    }
}

#[async_trait]
impl Wire for Cable {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        let Faults { fault, nearer_dhcp, .. } = self.status.faults();
        if fault == Some(Fault::Unplugged) {
            return Ok(());
        }
        if let Some(nearer) = nearer_dhcp {
            self.wire.send_to(message, nearer).await?;
            if let Ok(reply) = timeout(HEAD_START, self.wire.receive_dhcp()).await {
                self.waiting.push_back(reply?);
            }
        }
        self.wire.send_dhcp(message).await?;
        if fault == Some(Fault::DiesAfterRequest) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        loop {
            let reply = match self.waiting.pop_front() {
                Some(reply) => reply,
                None => self.wire.receive_dhcp().await?,
            };
            if self.status.faults().fault != Some(Fault::NoReplies) {
                return Ok(reply);
            }
        }
    }

    async fn configure(&mut self, lease: &Lease) -> io::Result<()> {
        self.wire.configure(lease).await
    }

    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        let socket = self.wire.transfer_socket().await?;
        Ok(Box::new(Socket { socket, status: Arc::clone(&self.status), received: AtomicU32::new(0) }))
    }

    fn tftp_port(&self) -> u16 {
        self.wire.tftp_port()
    }

    fn begin_program(&mut self, arp: Arp) {
        self.wire.begin_program(arp);
    }
}

/// A transfer over the cable.
struct Socket {
    socket: Box<dyn TransferSocket>,
    status: Arc<Status>,
    received: AtomicU32,
}

impl Socket {
    fn loses(&self, number: u32) -> bool {
        match self.status.faults().fault {
            Some(Fault::LossyCable) => number.is_multiple_of(ONE_LOST_OF),
            Some(Fault::BreaksOff) => number > ARRIVING,
            Some(_) | None => false,
        }
    }
}

#[async_trait]
impl TransferSocket for Socket {
    async fn send_to(&self, packet: &[u8], to: SocketAddrV4) -> io::Result<()> {
        if self.status.faults().fault == Some(Fault::NoFileRequests) {
            return Ok(());
        }
        self.socket.send_to(packet, to).await
    }

    async fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV4)> {
        loop {
            let received = self.socket.receive_from(buffer).await?;
            let number = self.received.fetch_add(1, Ordering::Relaxed) + 1;
            if !self.loses(number) {
                return Ok(received);
            }
        }
    }
}
