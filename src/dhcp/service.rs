//! What of DHCP runs in each mode. *IO: through the parts.* Built and run by `daemon`.
//!
//! | mode | runs |
//! |---|---|
//! | authoritative | the server; it refuses to start beside another one |
//! | proxy | the server, which gives no addresses, and the boot server's port |
//! | off | neither |
//!
//! In all of them the nodes' network is watched for other servers and for addresses used twice.

use super::boot_server::BootServer;
use super::server::Server;
use super::watch::{Watch, note_server};
use super::{Config, Error};
use crate::model::network::Mode;
use crate::store::{Store, nodes};
use tokio_util::sync::CancellationToken;

/// DHCP as the settings want it, bound.
#[derive(Debug)]
pub struct Service {
    server: Option<Server>,
    boot_server: Option<BootServer>,
    watch: Option<Watch>,
}

impl Service {
    /// Binds what the mode needs. In authoritative mode it first asks for four seconds whether another server gives
    /// addresses; meanwhile boards' requests wait in the socket.
    pub async fn start(config: Config, store: Store) -> Result<Self, Error> {
        if config.mode == Mode::Authoritative {
            // Addresses are pimaster's to give again: what others gave no longer counts.
            store.write(nodes::forget_addresses_in_use).await?;
        }
        let bind = |config: &Config| Server::bind(config.clone(), store.clone());
        let (server, boot_server) = match config.mode {
            Mode::Authoritative => (Some(bind(&config)?), None),
            Mode::Proxy => (Some(bind(&config)?), Some(BootServer::bind(config.clone(), store.clone())?)),
            Mode::Off => (None, None),
        };
        let watch = watch(&config, &store);
        if let (Some(watch), Mode::Authoritative, false) = (&watch, config.mode, config.beside_others) {
            look_for_others(watch, &config, &store).await?;
        }
        Ok(Self { server, boot_server, watch })
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { server, boot_server, watch } = self;
        let serve = async {
            if let Some(server) = server {
                server.run(shutdown.clone()).await;
            }
        };
        let tell = async {
            if let Some(boot_server) = boot_server {
                boot_server.run(shutdown.clone()).await;
            }
        };
        let look = async {
            if let Some(watch) = watch {
                watch.run(shutdown.clone()).await;
            }
        };
        tokio::join!(serve, tell, look, shutdown.cancelled());
    }
}

fn watch(config: &Config, store: &Store) -> Option<Watch> {
    let interface = config.interface.as_deref()?;
    let opened = Watch::open(interface, config.clone(), store.clone());
    opened
        .inspect_err(|cause| {
            tracing::warn!(
                interface,
                %cause,
                "other DHCP servers and addresses used twice are not noticed; give pimaster CAP_NET_RAW"
            );
        })
        .ok()
}

/// Refuses to start beside another server.
async fn look_for_others(watch: &Watch, config: &Config, store: &Store) -> Result<(), Error> {
    match watch.probe().await {
        Ok(None) => Ok(()),
        Ok(Some(seen)) => {
            let (server, mac, offered) = (seen.server, seen.mac, seen.to_string());
            note_server(store, config.mode, seen).await?;
            let interface = config.interface.clone().unwrap_or_default();
            Err(Error::OtherServer { server, mac, interface, offered })
        }
        Err(cause) => {
            tracing::warn!(%cause, "cannot ask for other DHCP servers; is the interface up?");
            Ok(())
        }
    }
}
