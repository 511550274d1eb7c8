//! The boot server's port of proxy mode: firmware that has its address asks there for its boot file. *IO: UDP port
//! 4011.* Run by `service`. UEFI asks; Raspberry Pis never do.

use super::proxy::{Who, boot_reply};
use super::socket::open;
use super::{Config, Error, observe, wire};
use crate::model::quirk::Quirks;
use crate::store::{self, Store, devices, nodes};
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// More than any client sends.
const LONGEST_PACKET: usize = 1500;
/// How long to wait when the socket fails, as it does while the interface is down.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The boot server, bound.
#[derive(Debug)]
pub(super) struct BootServer {
    socket: UdpSocket,
    config: Arc<Config>,
    store: Store,
}

impl BootServer {
    /// Binds the port at the server's own address, since clients ask the sender of the OFFER.
    pub(super) fn bind(config: Config, store: Store) -> Result<Self, Error> {
        let address = SocketAddrV4::new(config.server_address, config.boot_port);
        let interface = config.interface.clone().unwrap_or_default();
        let failed = |source| Error::Bind { address, interface, source };
        let socket = open(address, config.interface.as_deref()).map_err(failed)?;
        Ok(Self { socket, config: Arc::new(config), store })
    }

    /// Answers until `shutdown`.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut buffer = [0; LONGEST_PACKET];
        loop {
            let received = tokio::select! {
                () = shutdown.cancelled() => return,
                received = self.socket.recv_from(&mut buffer) => received,
            };
            match received {
                Ok((length, from)) => self.received(buffer.get(..length).unwrap_or_default(), from).await,
                Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(cause) => {
                    tracing::warn!(%cause, "cannot receive boot requests; is the interface up?");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }

    async fn received(&self, packet: &[u8], from: SocketAddr) {
        let Ok(request) = wire::decode(packet) else { return };
        let mac = request.mac;
        let reply = match self.answer(request).await {
            Ok(Some(reply)) => reply,
            Ok(None) => return tracing::debug!(%mac, "a boot request of nobody who boots from here"),
            Err(cause) => return tracing::error!(%cause, "a boot request cannot be answered"),
        };
        let sent = match wire::encode(&reply) {
            Ok(bytes) => self.socket.send_to(&bytes, from).await.map(drop),
            Err(cause) => Err(io::Error::new(io::ErrorKind::InvalidData, cause)),
        };
        match sent {
            Ok(()) => tracing::info!(%mac, "told at the boot server's port what to boot"),
            Err(cause) => tracing::warn!(%mac, %cause, "cannot send an answer; the client will ask again"),
        }
    }

    async fn answer(&self, request: wire::Request) -> store::Result<Option<wire::Reply>> {
        let config = Arc::clone(&self.config);
        let decide = move |conn: &store::Connection| {
            let seen = observe::observe(&request, Quirks::ALL);
            if let Some(node) = nodes::by_mac(conn, request.mac)? {
                return Ok(boot_reply(&config, &request, &seen, Who::Node(&node)));
            }
            let device = devices::by_mac(conn, request.mac)?;
            Ok(device.and_then(|device| boot_reply(&config, &request, &seen, Who::Device(&device))))
        };
        self.store.read(decide).await
    }
}
