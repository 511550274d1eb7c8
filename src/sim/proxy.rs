//! A bad cable between a board and the image server: turns one byte of each answer. *IO: TCP on loopback.*

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Requests for this spoil the answer; the manifest comes through.
const SPOILT_PATH: &[u8] = b"/chunks";
/// Which byte of an answer is turned: behind any header.
const SPOILT_BYTE: usize = 3000;

/// A running proxy; it ends when dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    _running: DropGuard,
}

impl Proxy {
    /// Starts in front of the server of that URL; gives the URL that leads through it.
    pub(super) async fn start(address: Ipv4Addr, url: &str) -> io::Result<(Self, String)> {
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
                        _ = pass(client, server) => {}
                    }
                });
            }
        });
        Ok((Self { _running: running }, through))
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut answered) = ([0; 8192], vec![0; 64 * 1024]);
    let mut until_spoilt = None;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let request = asked.get(..length?).unwrap_or_default();
                if request.is_empty() {
                    return Ok(());
                }
                if request.windows(SPOILT_PATH.len()).any(|window| window == SPOILT_PATH) {
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
            }
        }
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
    fn one_byte_is_turned() {
        let mut bytes = [7; 10];
        assert_eq!(spoil(&mut bytes, None), None);
        assert_eq!(spoil(&mut bytes, Some(15)), Some(5));
        assert_eq!(bytes, [7; 10]);
        assert_eq!(spoil(&mut bytes, Some(5)), None);
        assert_eq!(bytes, [7, 7, 7, 7, 7, 248, 7, 7, 7, 7]);
    }
}
