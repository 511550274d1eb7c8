//! The receiver: datagrams that wait together are one transaction. *IO: UDP port 6666, the store.*

use super::Config;
use super::lines::lines;
use super::share::Shares;
use crate::model::boot_event::BootEvent;
use crate::model::clock;
use crate::store::boot_events::{self, NewEvent};
use crate::store::{self, Store, nodes};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// Datagrams of one transaction at most.
const MOST_AT_ONCE: usize = 256;
/// The kernel sends no longer ones.
const LONGEST_DATAGRAM: usize = 1500;
/// How long to wait when the socket fails, as it does while the interface is down.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Why the receiver cannot start.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen for netconsole on {address}; stop other receivers on this machine or change netconsole.port"
)]
pub struct Error {
    address: SocketAddrV4,
    #[source]
    source: io::Error,
}

/// The receiver.
#[derive(Debug)]
pub struct Server {
    socket: Option<UdpSocket>,
    store: Store,
}

impl Server {
    /// Binds the port, if the receiver is on. Call it inside the runtime that will run it.
    pub async fn bind(config: Config, store: Store) -> Result<Self, Error> {
        let socket = match config.listen {
            Some(address) => {
                Some(UdpSocket::bind(address).await.map_err(|source| Error { address, source })?)
            }
            None => None,
        };
        Ok(Self { socket, store })
    }

    /// Where it listens; none if it is off.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.socket.as_ref().and_then(|socket| socket.local_addr().ok())
    }

    /// Receives until `shutdown`; does nothing if it is off.
    pub async fn run(self, shutdown: CancellationToken) {
        let Some(socket) = &self.socket else { return shutdown.cancelled().await };
        let mut shares = Shares::default();
        while let Some(datagrams) = shutdown.run_until_cancelled(receive(socket)).await {
            if let Err(error) = self.keep(datagrams, &mut shares).await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "console lines cannot be recorded");
            }
        }
    }

    /// Stores the lines of nodes, as many as each may have.
    async fn keep(&self, datagrams: Vec<(Ipv4Addr, Vec<u8>)>, shares: &mut Shares) -> store::Result<()> {
        let senders: Vec<Ipv4Addr> = datagrams.iter().map(|(sender, _)| *sender).collect();
        let known = self.store.read(move |conn| {
            let mut known = HashMap::new();
            for sender in senders {
                if let Some(node) = nodes::by_address(conn, sender)? {
                    known.insert(sender, node.id);
                }
            }
            Ok(known)
        });
        let (known, at) = (known.await?, clock::now());
        let mut events = Vec::new();
        for (sender, datagram) in datagrams {
            let Some(node) = known.get(&sender).copied() else { continue };
            let lines = lines(&datagram);
            let granted = shares.take(node, lines.len(), at);
            let event = |line| NewEvent { node, at, event: BootEvent::Console { line } };
            events.extend(lines.into_iter().take(granted).map(event));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.store.write(move |tx| boot_events::add(tx, &events)).await
    }
}

/// Waits for a datagram and takes those behind it.
async fn receive(socket: &UdpSocket) -> Vec<(Ipv4Addr, Vec<u8>)> {
    let mut buffer = [0; LONGEST_DATAGRAM];
    let mut received = socket.recv_from(&mut buffer).await;
    let mut datagrams = Vec::new();
    loop {
        match received {
            Ok((length, SocketAddr::V4(sender))) => {
                datagrams.push((*sender.ip(), buffer.get(..length).unwrap_or_default().to_vec()));
            }
            Ok((_, SocketAddr::V6(_))) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return datagrams,
            Err(error) => {
                tracing::warn!(%error, "cannot receive console lines; is the interface up?");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                return datagrams;
            }
        }
        if datagrams.len() >= MOST_AT_ONCE {
            return datagrams;
        }
        received = socket.try_recv_from(&mut buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::clock::from_millis;
    use crate::model::net::MacAddr;

    #[tokio::test]
    async fn lines_of_nodes_are_kept_and_those_of_strangers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let (pi, stranger) = (Ipv4Addr::new(127, 20, 0, 7), Ipv4Addr::new(127, 20, 0, 8));
        let new = nodes::NewNode {
            name: "pi-07".parse().unwrap(),
            mac: MacAddr([2, 0, 0, 0, 0, 7]),
            address: pi,
            model: BoardModel::Pi4b,
            serial: None,
            port: None,
        };
        let node = store.write(move |tx| nodes::insert(tx, &new, from_millis(0))).await.unwrap();
        let listen = Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(Config { listen }, store.clone()).await.unwrap();
        let (address, shutdown) = (server.local_addr().unwrap(), CancellationToken::new());
        let running = tokio::spawn(server.run(shutdown.clone()));
        let mut changes = store.changes();
        for (from, text) in
            [(stranger, "lies\n"), (pi, "[    0.5] Linux version 6.12\n"), (pi, "\x1b[0mup\n")]
        {
            let socket = UdpSocket::bind((from, 0)).await.unwrap();
            socket.send_to(text.as_bytes(), address).await.unwrap();
        }
        let kept = loop {
            let kept = store.read(move |conn| boot_events::by_node(conn, node)).await.unwrap();
            if kept.len() >= 2 {
                break kept;
            }
            changes.changed().await.unwrap();
        };
        let texts: Vec<String> = kept.iter().map(|record| record.event.to_string()).collect();
        assert_eq!(texts, ["[    0.5] Linux version 6.12", "[0mup"]);
        shutdown.cancel();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_receiver_that_is_off_waits_for_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let server = Server::bind(Config { listen: None }, store).await.unwrap();
        assert_eq!(server.local_addr(), None);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.run(shutdown.clone()));
        tokio::task::yield_now().await;
        assert!(!running.is_finished());
        shutdown.cancel();
        running.await.unwrap();
    }
}
