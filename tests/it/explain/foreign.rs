//! A DHCP server that is not pimaster: it answers whatever it hears from a relay.

use std::net::{Ipv4Addr, SocketAddrV4};
use tokio::net::UdpSocket;

/// Whether it knows what a Raspberry Pi boots from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A router at home, which gives addresses and no more.
    Router,
    /// A second network-boot server.
    BootServer,
}

const SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// What it gives to everybody.
const GIVEN: Ipv4Addr = Ipv4Addr::new(127, 42, 9, 9);
const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;

/// Starts it; its address.
pub(super) async fn serve(kind: Kind) -> SocketAddrV4 {
    let socket = UdpSocket::bind((SERVER, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((length, relay)) = socket.recv_from(&mut buffer).await {
            if let Some(reply) = answer(&buffer[..length], kind) {
                socket.send_to(&reply, relay).await.unwrap();
            }
        }
    });
    SocketAddrV4::new(SERVER, port)
}

/// OFFER and ACK of its one address; silence to who chose another server (RFC 2131 section 4.3.2).
fn answer(request: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let (asked, chosen) = (option(request, 53)?[0], option(request, 54));
    let says = match asked {
        DISCOVER => 2,
        REQUEST if chosen == Some(&SERVER.octets()) => 5,
        _ => return None,
    };
    let mut reply = request[..240].to_vec();
    reply[0] = 2;
    reply[16..20].copy_from_slice(&GIVEN.octets());
    reply.extend([53, 1, says, 54, 4]);
    reply.extend(SERVER.octets());
    reply.extend([51, 4, 0, 0, 14, 16, 1, 4, 255, 0, 0, 0]);
    if kind == Kind::BootServer {
        let name = b"Raspberry Pi Boot   ";
        reply.extend([43, u8::try_from(name.len()).unwrap()]);
        reply.extend(name);
    }
    reply.push(255);
    Some(reply)
}

fn option(message: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = message.get(240..)?;
    while let [code, length, tail @ ..] = rest {
        let (content, after) = tail.split_at_checked(usize::from(*length))?;
        if *code == wanted {
            return Some(content);
        }
        rest = after;
    }
    None
}
