//! The cable of the doctor's simulated board: pimaster's own sockets, reached from this machine. *IO: UDP, a packet
//! socket on loopback.*
//!
//! What leaves `eth0` does not come back in by it, so that no process can be a board on the cable of its own machine.
//! The board is a relay at pimaster's own address instead: its requests reach the server's socket as packets to that
//! address do, the kernel counting them as arrived on the interface that has it. The answer goes to the relay, at the
//! server's own port, where the server itself listens: it is read off the loopback interface, which takes CAP_NET_RAW.

use super::datagram::{self, LARGEST_FRAME};
use crate::sim::firmware::{Lease, TransferSocket, Wire, relay};
use async_trait::async_trait;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use tokio::net::UdpSocket;

const LOOPBACK: &str = "lo";

/// A relay at the server's own address.
#[derive(Debug)]
pub(super) struct Overheard {
    server: SocketAddrV4,
    tftp_port: u16,
    mouth: UdpSocket,
    ear: UdpSocket,
}

impl Overheard {
    /// Opens both ends; `server` is pimaster's DHCP server.
    pub(super) async fn open(server: SocketAddrV4, tftp_port: u16) -> io::Result<Self> {
        let ear = datagram::hear(LOOPBACK)?;
        let mouth = UdpSocket::bind((*server.ip(), 0)).await?;
        Ok(Self { server, tftp_port, mouth, ear })
    }
}

#[async_trait]
impl Wire for Overheard {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        match self.mouth.send_to(&relay(message, *self.server.ip()), self.server).await {
            // The server's port is closed: to a board on a cable that is silence.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            sent => sent.map(drop),
        }
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        let mut frame = vec![0; LARGEST_FRAME];
        loop {
            let length = self.ear.recv(&mut frame).await?;
            let heard = datagram::read(frame.get(..length).unwrap_or_default());
            // Answers come from the server's port; the board's own requests, from another, are heard as well.
            if let Some(answer) = heard.filter(|it| it.from == self.server && it.to == self.server) {
                return Ok((answer.payload.to_vec(), *self.server.ip()));
            }
        }
    }

    async fn configure(&mut self, _lease: &Lease) -> io::Result<()> {
        Ok(())
    }

    /// The board's address is on no interface: TFTP knows the board by its serial number.
    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        Ok(Box::new(UdpSocket::bind((*self.server.ip(), 0)).await?))
    }

    fn tftp_port(&self) -> u16 {
        self.tftp_port
    }
}
