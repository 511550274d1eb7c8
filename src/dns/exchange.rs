//! One question to one upstream server: over UDP, and over TCP if the answer is cut. *IO: a socket per question.*
//!
//! Called by `forward`, which limits the time. Each question has a number and a port that nobody can foresee (RFC
//! 5452 section 9.2), and is heard on a connected socket: only the server asked can answer.

use super::cache::Key;
use super::wire::{self, Reply, Said, UDP_PAYLOAD};
use hickory_proto::op::ResponseCode;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// Asks.
pub(super) async fn ask(server: SocketAddr, key: &Key) -> io::Result<Reply> {
    let reply = ask_either_way(server, key, true).await?;
    // Servers from before EDNS refuse what they cannot read (RFC 6891 section 6.2.2).
    if matches!(reply.code, ResponseCode::FormErr | ResponseCode::NotImp) {
        return ask_either_way(server, key, false).await;
    }
    Ok(reply)
}

async fn ask_either_way(server: SocketAddr, key: &Key, with_edns: bool) -> io::Result<Reply> {
    let id = random_id()?;
    let question = wire::ask(key, id, with_edns).ok_or(io::ErrorKind::InvalidInput)?;
    match over_udp(server, &question, key, id).await? {
        Said::Whole(reply) => Ok(reply),
        Said::Cut => over_tcp(server, &question, key, id).await,
    }
}

fn random_id() -> io::Result<u16> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u16::from_be_bytes(bytes))
}

async fn over_udp(server: SocketAddr, question: &[u8], key: &Key, id: u16) -> io::Result<Said> {
    // Port 0: the kernel picks one at random.
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = [0; UDP_PAYLOAD as usize];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(said) = wire::hear(buffer.get(..length).unwrap_or_default(), key, id) {
            return Ok(said);
        }
        tracing::debug!(%server, length, "not the answer to what was asked");
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8], key: &Key, id: u16) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server).await?;
    write_message(&mut stream, question).await?;
    let answer = read_message(&mut stream).await?;
    match wire::hear(&answer, key, id) {
        Some(Said::Whole(reply)) => Ok(reply),
        Some(Said::Cut) | None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Reads a message with its length before it (RFC 1035 section 4.2.2).
pub(super) async fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// Writes a message with its length before it, in one piece.
pub(super) async fn write_message(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await
}
