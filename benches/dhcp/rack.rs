//! A rack whose boards all get power at the same moment, behind one relay.

use super::cable::{RELAY, SERVER};
use super::peers::board;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

/// The wait of a Pi 4's firmware before it asks again.
const RETRY: Duration = Duration::from_secs(4);
/// A server that is starting is asked again sooner.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const PORT: u16 = 67;
const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;

/// How it went.
pub(crate) struct Told {
    /// Until the last board had its ACK.
    pub(crate) bound_after: Duration,
    /// Packets that had to be sent again.
    pub(crate) asked_again: u32,
}

#[derive(Clone, Copy)]
struct Board {
    offered: Option<Ipv4Addr>,
    is_bound: bool,
    said: Instant,
}

/// Waits until the server answers one board, then gives all of them power.
pub(crate) fn switch_on(boards: u32) -> Told {
    let socket = UdpSocket::bind((RELAY, PORT)).unwrap();
    socket.connect((SERVER, PORT)).unwrap();
    // All answers of the rack may come before this thread runs again.
    socket2::SockRef::from(&socket).set_recv_buffer_size(16 << 20).unwrap();
    bind_all(&socket, 1, FIRST_RETRY);
    bind_all(&socket, boards, RETRY)
}

fn bind_all(socket: &UdpSocket, boards: u32, retry: Duration) -> Told {
    let began = Instant::now();
    let mut rack = vec![Board { offered: None, is_bound: false, said: began }; boards as usize];
    let (mut left, mut asked_again) = (boards, 0);
    for number in 0..boards {
        say(socket, number, None);
    }
    socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let mut packet = [0; 1500];
    let mut looked = began;
    while left > 0 {
        let received = socket.recv(&mut packet);
        let now = Instant::now();
        if let Some((number, kind, address)) = received.ok().and_then(|length| read(packet.get(..length)?)) {
            let Some(board) = rack.get_mut(number as usize) else { continue };
            match kind {
                2 if board.offered.is_none() => {
                    (board.offered, board.said) = (Some(address), now);
                    say(socket, number, Some(address));
                }
                5 if !board.is_bound => {
                    board.is_bound = true;
                    left -= 1;
                }
                _ => {}
            }
        }
        if now - looked > Duration::from_millis(10) {
            looked = now;
            for (number, board) in rack.iter_mut().enumerate().filter(|(_, board)| !board.is_bound) {
                if now - board.said > retry {
                    board.said = now;
                    asked_again += 1;
                    say(socket, number as u32, board.offered);
                }
            }
        }
    }
    Told { bound_after: began.elapsed(), asked_again }
}

/// DISCOVER, or REQUEST of what was offered; the transaction is the board's number. What cannot be sent is lost.
fn say(socket: &UdpSocket, number: u32, offered: Option<Ipv4Addr>) {
    let mut packet = vec![1, 1, 6, 1];
    packet.extend(number.to_be_bytes());
    packet.extend([0; 16]);
    packet.extend(RELAY.octets());
    packet.extend(board(number).0.0);
    packet.resize(236, 0);
    packet.extend([99, 130, 83, 99, 53, 1, if offered.is_some() { REQUEST } else { DISCOVER }]);
    packet.extend([55, 4, 1, 3, 6, 12]);
    if let Some(address) = offered {
        packet.extend([50, 4]);
        packet.extend(address.octets());
        packet.extend([54, 4]);
        packet.extend(SERVER.octets());
    }
    packet.push(255);
    packet.resize(300, 0);
    drop(socket.send(&packet));
}

/// The board, the kind and the address of an answer. Servers put the kind first.
fn read(packet: &[u8]) -> Option<(u32, u8, Ipv4Addr)> {
    let number = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
    let address: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    let kind = *packet.get(240..)?.windows(3).find(|it| it.starts_with(&[53, 1]))?.last()?;
    Some((number, kind, address.into()))
}
