//! The cable of a simulated board. *IO: UDP.*

use super::facts::Arp;
use super::packet::Lease;
use async_trait::async_trait;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;
use tokio::net::UdpSocket;

/// How a board reaches its network: frames on a bridge, or a relay on loopback.
#[async_trait]
pub trait Wire: Send {
    /// Sends a BOOTP message as the board broadcasts it.
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()>;

    /// The next BOOTP message for the board, and the address of the server that sent it.
    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)>;

    /// The board takes an address.
    async fn configure(&mut self, lease: &Lease) -> io::Result<()>;

    /// A socket at the board's address on a fresh port, for TFTP transfers.
    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>>;

    /// The TFTP port of servers, 69 outside demonstrations.
    fn tftp_port(&self) -> u16;

    /// A program of the board starts that answers ARP so; most wires have a network stack that answers by itself.
    fn begin_program(&mut self, _arp: Arp) {}
}

/// A socket of TFTP transfers.
#[async_trait]
pub trait TransferSocket: Send + Sync {
    /// Sends one packet.
    async fn send_to(&self, packet: &[u8], to: SocketAddrV4) -> io::Result<()>;

    /// The next packet, its length and its sender.
    async fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV4)>;
}

#[async_trait]
impl TransferSocket for UdpSocket {
    async fn send_to(&self, packet: &[u8], to: SocketAddrV4) -> io::Result<()> {
        Self::send_to(self, packet, to).await.map(drop)
    }

    async fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV4)> {
        loop {
            if let (length, SocketAddr::V4(from)) = self.recv_from(buffer).await? {
                return Ok((length, from));
            }
        }
    }
}

/// How fast a simulated board lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    speed: f64,
}

impl Pace {
    /// As fast as hardware.
    pub const REAL: Self = Self { speed: 1.0 };
    /// What an ordinary card writes.
    const CARD_RATE: f64 = 10e6;
    const FASTEST_RATE: f64 = 100e6;
    /// Shorter than this, an answer has no chance on a busy machine.
    const SHORTEST_TIMEOUT: Duration = Duration::from_millis(500);

    /// `speed` times as fast as hardware; nonsense is taken for 1.
    pub fn new(speed: f64) -> Self {
        if speed.is_finite() && speed > 0.0 { Self { speed } } else { Self::REAL }
    }

    /// How long a board is busy with work that takes hardware `real`.
    pub fn work(self, real: Duration) -> Duration {
        real.div_f64(self.speed)
    }

    /// What a card takes of a download, in bytes per second; none when it is faster than this machine.
    pub fn card_rate(self) -> Option<f64> {
        let rate = Self::CARD_RATE * self.speed;
        (rate < Self::FASTEST_RATE).then_some(rate)
    }

    /// How long a board waits for an answer that hardware awaits for `real`.
    pub fn timeout(self, real: Duration) -> Duration {
        self.work(real).max(Self::SHORTEST_TIMEOUT.min(real))
    }
}

/// A board on loopback, behind a DHCP relay of its own: requests arrive with the relay's address as `giaddr`,
/// answers come back to that address at the servers' port.
#[derive(Debug)]
pub struct Relayed {
    address: Ipv4Addr,
    /// The board's own address, once it has one.
    own: Ipv4Addr,
    server: SocketAddrV4,
    tftp_port: u16,
    socket: UdpSocket,
}

impl Relayed {
    /// A relay at `address`, towards the DHCP server.
    pub fn bind(address: Ipv4Addr, server: SocketAddrV4, tftp_port: u16) -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        // A board that restarts binds again before the old socket is quite gone.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((address, server.port())).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { address, own: address, server, tftp_port, socket })
    }

    /// Passes a board's message on to that server.
    pub async fn send_to(&self, message: &[u8], server: SocketAddrV4) -> io::Result<()> {
        match self.socket.send_to(&relay(message, self.address), server).await {
            // The server's port is closed: to a board on a cable that is silence.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            sent => sent.map(drop),
        }
    }
}

/// Offsets in a BOOTP message (RFC 951).
const HOPS: usize = 3;
const GIADDR: std::ops::Range<usize> = 24..28;

/// A board's message as a relay at that address passes it on (RFC 1542 section 4.1.1).
pub fn relay(message: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut relayed = message.to_vec();
    if let Some(hops) = relayed.get_mut(HOPS) {
        *hops += 1;
    }
    if let Some(giaddr) = relayed.get_mut(GIADDR) {
        giaddr.copy_from_slice(&address.octets());
    }
    relayed
}

#[async_trait]
impl Wire for Relayed {
    async fn send_dhcp(&mut self, message: &[u8]) -> io::Result<()> {
        self.send_to(message, self.server).await
    }

    async fn receive_dhcp(&mut self) -> io::Result<(Vec<u8>, Ipv4Addr)> {
        let mut buffer = vec![0; 1500];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, SocketAddr::V4(server))) => {
                    buffer.truncate(length);
                    return Ok((buffer, *server.ip()));
                }
                Ok((_, SocketAddr::V6(_))) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn configure(&mut self, lease: &Lease) -> io::Result<()> {
        self.own = lease.address;
        Ok(())
    }

    async fn transfer_socket(&mut self) -> io::Result<Box<dyn TransferSocket>> {
        Ok(Box::new(UdpSocket::bind((self.own, 0)).await?))
    }

    fn tftp_port(&self) -> u16 {
        self.tftp_port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_board_still_awaits_answers() {
        let pace = Pace::new(100.0);
        assert_eq!(pace.work(Duration::from_secs(10)), Duration::from_millis(100));
        assert_eq!(pace.timeout(Duration::from_secs(4)), Duration::from_millis(500));
        assert_eq!(Pace::new(f64::NAN), Pace::REAL);
        assert_eq!([Pace::REAL.card_rate(), pace.card_rate()], [Some(10e6), None]);
        assert_eq!(Pace::REAL.timeout(Duration::from_secs(4)), Duration::from_secs(4));
    }
}
