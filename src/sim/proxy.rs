//! The cable between a board and the image server: as slow as a card writes, and, if told so, with one byte of each
//! answer turned. *IO: TCP on loopback.*

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Requests for this spoil the answer; the manifest comes through.
const SPOILT_PATH: &[u8] = b"/chunks";
/// Which byte of an answer is turned: behind any header.
const SPOILT_BYTE: usize = 3000;

/// Answers are passed on in pieces of this size.
const PIECE: usize = 64 * 1024;

/// What a cable does to what passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cable {
    /// Turns a byte of each answer.
    pub(super) spoils: bool,
    /// Lets through so much, if it is limited.
    pub(super) bytes_per_second: Option<f64>,
}

/// A running proxy; it ends when dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    _running: DropGuard,
}

impl Proxy {
    /// Starts in front of the server of that URL; gives the URL that leads through it.
    pub(super) async fn start(cable: Cable, address: Ipv4Addr, url: &str) -> io::Result<(Self, String)> {
        let wrong = || io::Error::other(format!("`{url}` is no http://HOST:PORT/ address"));
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
        let server: SocketAddr = host.parse().map_err(|_| wrong())?;
        let listener = TcpListener::bind((address, 0)).await?;
        let through = format!("http://{}/{path}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let running = stop.clone().drop_guard();
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((client, _)) = accepted else { continue };
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        // Either end may leave; the other sees it.
                        _ = cable.pass(client, server) => {}
                    }
                });
            }
        });
        Ok((Self { _running: running }, through))
    }
}

impl Cable {
    /// Does nothing.
    pub(super) const PERFECT: Self = Self { spoils: false, bytes_per_second: None };

    async fn pass(self, mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let mut server = TcpStream::connect(server).await?;
        let (mut asked, mut answered) = ([0; 8192], vec![0; PIECE]);
        let mut until_spoilt = None;
        loop {
            tokio::select! {
                length = client.read(&mut asked) => {
                    let request = asked.get(..length?).unwrap_or_default();
                    if request.is_empty() {
                        return Ok(());
                    }
                    if self.spoils && request.windows(SPOILT_PATH.len()).any(|window| window == SPOILT_PATH) {
                        until_spoilt = Some(SPOILT_BYTE);
                    }
                    server.write_all(request).await?;
                }
                length = server.read(&mut answered) => {
                    let answer = answered.get_mut(..length?).unwrap_or_default();
                    if answer.is_empty() {
                        return Ok(());
                    }
                    until_spoilt = spoil(answer, until_spoilt);
                    client.write_all(answer).await?;
                    tokio::time::sleep(self.takes(answer.len())).await;
                }
            }
        }
    }

    fn takes(self, bytes: usize) -> Duration {
        let bytes = u32::try_from(bytes).map_or(f64::from(u32::MAX), f64::from);
        self.bytes_per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(bytes / rate.max(1.0)))
    }
}

/// Turns the byte that is due; gives how far off it still is.
fn spoil(bytes: &mut [u8], until: Option<usize>) -> Option<usize> {
    let at = until?;
    match bytes.get_mut(at) {
        Some(byte) => {
            *byte = !*byte;
            None
        }
        None => Some(at - bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_cable_takes_its_time() {
        let cable = |bytes_per_second| Cable { spoils: false, bytes_per_second };
        assert_eq!(cable(Some(1000.0)).takes(500), Duration::from_millis(500));
        assert_eq!(cable(None).takes(500), Duration::ZERO);
    }

    #[test]
    fn one_byte_is_turned() {
        let mut bytes = [7; 10];
        assert_eq!(spoil(&mut bytes, None), None);
        assert_eq!(spoil(&mut bytes, Some(15)), Some(5));
        assert_eq!(bytes, [7; 10]);
        assert_eq!(spoil(&mut bytes, Some(5)), None);
        assert_eq!(bytes, [7, 7, 7, 7, 7, 248, 7, 7, 7, 7]);
    }
}
