//! Sun RPC over TCP, as much as it takes to ask an NFS server whether it is there (RFC 5531, 1833, 1813).
//!
//! Encoding and decoding are *pure*; [`call`] does *IO: one TCP connection.*

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A procedure of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Procedure {
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) number: u32,
}

/// Procedure 0 of every program does nothing and answers.
const NULL: u32 = 0;
/// `PMAPPROC_GETPORT` of RFC 1833.
const GET_PORT: Procedure = Procedure { program: 100_000, version: 2, number: 3 };
const NFS: Procedure = Procedure { program: 100_003, version: 3, number: NULL };
const MOUNT: Procedure = Procedure { program: 100_005, version: 3, number: NULL };
const PORTMAPPER_PORT: u16 = 111;
const NFS_PORT: u16 = 2049;
const TCP: u32 = 6;

const PATIENCE: Duration = Duration::from_secs(3);
const LARGEST_ANSWER: u32 = 64 << 10;
/// The mark of a record's last fragment.
const LAST: u32 = 1 << 31;
const RPC_VERSION: u32 = 2;
/// The transaction number; each call has a connection of its own.
const XID: u32 = 0x7069_6d61;

/// Why a program did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("nobody listens on TCP port {0}")]
    Closed(u16),
    #[error("no answer on TCP port {port}: {source}")]
    Io { port: u16, source: io::Error },
    #[error("the program is not there, or not in version {0}")]
    NoProgram(u32),
    #[error("the answer is no answer of RPC")]
    Nonsense,
    #[error("the portmapper knows no such program")]
    NotRegistered,
}

/// Asks the NFS server for NFS version 3 over TCP, which the installer mounts.
pub(super) async fn nfs(server: Ipv4Addr) -> Result<(), Error> {
    call(server, NFS_PORT, NFS, &[]).await.map(drop)
}

/// Asks the portmapper for the mount service, and that whether it is there: nodes do the same.
pub(super) async fn mount(server: Ipv4Addr) -> Result<(), Error> {
    let asked = [MOUNT.program, MOUNT.version, TCP, 0];
    let answer = call(server, PORTMAPPER_PORT, GET_PORT, &asked).await?;
    let port = answer.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)).ok_or(Error::Nonsense)?;
    let port = u16::try_from(port).ok().filter(|port| *port != 0).ok_or(Error::NotRegistered)?;
    call(server, port, MOUNT, &[]).await.map(drop)
}

async fn call(server: Ipv4Addr, port: u16, what: Procedure, words: &[u32]) -> Result<Vec<u8>, Error> {
    let exchange = async {
        let mut stream = TcpStream::connect(SocketAddr::from((server, port))).await?;
        stream.write_all(&encode(what, words)).await?;
        let length = stream.read_u32().await? & !LAST;
        if length > LARGEST_ANSWER {
            return Ok::<_, io::Error>(Vec::new());
        }
        let mut answer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    let answer = match timeout(PATIENCE, exchange).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Err(Error::Closed(port));
        }
        Ok(Err(source)) => return Err(Error::Io { port, source }),
        Err(_) => return Err(Error::Io { port, source: io::ErrorKind::TimedOut.into() }),
    };
    decode(&answer, what)
}

/// A call without credentials, as one record.
fn encode(what: Procedure, words: &[u32]) -> Vec<u8> {
    const CALL: u32 = 0;
    let head = [XID, CALL, RPC_VERSION, what.program, what.version, what.number, 0, 0, 0, 0];
    let length = u32::try_from((head.len() + words.len()) * 4).unwrap_or_default();
    let all = std::iter::once(LAST | length).chain(head).chain(words.iter().copied());
    all.flat_map(u32::to_be_bytes).collect()
}

/// The results of an accepted call (RFC 5531 section 9).
fn decode(answer: &[u8], what: Procedure) -> Result<Vec<u8>, Error> {
    const REPLY: u32 = 1;
    const ACCEPTED: u32 = 0;
    let word = |number: usize| {
        let bytes = answer.get(number * 4..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    };
    let verifier = word(4).ok_or(Error::Nonsense)?.div_ceil(4);
    let status = 5 + usize::try_from(verifier).map_err(|_| Error::Nonsense)?;
    match (word(0), word(1), word(2), word(status)) {
        (Some(XID), Some(REPLY), Some(ACCEPTED), Some(0)) => {
            Ok(answer.get((status + 1) * 4..).unwrap_or_default().to_vec())
        }
        (Some(XID), Some(REPLY), Some(ACCEPTED), Some(1 | 2)) => Err(Error::NoProgram(what.version)),
        _ => Err(Error::Nonsense),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_null_call_is_that_of_rpcinfo() {
        let expected = "80000028 70696d61 00000000 00000002 000186a3 00000003 00000000 00000000 00000000 00000000 00000000";
        let seen: Vec<String> = encode(NFS, &[])
            .chunks(4)
            .map(|word| word.iter().map(|it| format!("{it:02x}")).collect())
            .collect();
        assert_eq!(seen.join(" "), expected);
    }

    fn answer(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(decode(&answer(&[XID, 1, 0, 0, 0, 0, 9]), NFS).unwrap(), [0, 0, 0, 9]);
        assert_eq!(decode(&answer(&[XID, 1, 0, 1, 4, 77, 0]), NFS).unwrap(), b"");
        let missing = decode(&answer(&[XID, 1, 0, 0, 0, 2, 4, 4]), NFS).unwrap_err();
        assert!(matches!(missing, Error::NoProgram(3)), "{missing}");
        for words in
            [&[][..], &[XID], &[1, 1, 0, 0, 0, 0], &[XID, 1, 1, 0, 0, 0], &[XID, 1, 0, 0, u32::MAX, 0]]
        {
            assert!(matches!(decode(&answer(words), NFS), Err(Error::Nonsense)), "{words:?}");
        }
    }

    #[tokio::test]
    async fn a_server_answers_and_a_closed_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 44];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(&answer(&[LAST | 24, XID, 1, 0, 0, 0, 0])).await.unwrap();
        });
        call(Ipv4Addr::LOCALHOST, port, NFS, &[]).await.unwrap();
        server.await.unwrap();
        let closed = call(Ipv4Addr::LOCALHOST, port, NFS, &[]).await.unwrap_err();
        assert!(closed.to_string().contains(&port.to_string()), "{closed}");
    }
}
