//! Sets routing up, keeps it, undoes it. *IO: through [`Kernel`], [`Nft`] and the store.*

use super::{Config, Error, Kernel, Nft, plan};
use crate::model::routing::{Before, Forwarding, InterfaceName};
use crate::store::{Store, routing};
use std::error::Error as Cause;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked after: a restart of Debian's nftables service empties the whole packet filter, and an
/// interface that was unplugged comes back without forwarding.
const INTERVAL: Duration = Duration::from_secs(30);

/// Routing as the settings want it.
#[derive(Debug)]
pub struct Router {
    config: Option<Config>,
    store: Store,
    kernel: Kernel,
    nft: Nft,
}

impl Router {
    /// Removes what a killed daemon left, then sets routing up if the settings want it.
    pub async fn start(
        config: Option<Config>,
        store: Store,
        kernel: Kernel,
        nft: Nft,
    ) -> Result<Self, Error> {
        let router = Self { config, store, kernel, nft };
        let undone = router.undo().await;
        match &router.config {
            Some(config) => {
                undone?;
                router.set_up(config).await?;
            }
            None => say(undone),
        }
        Ok(router)
    }

    /// Looks after it until `shutdown`, then undoes it.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut was_good = true;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            let mended = self.mend().await;
            let is_good = mended.is_ok();
            match mended {
                Ok(false) => {}
                Ok(true) => tracing::warn!("somebody took the nodes' routing away; it is set up again"),
                Err(error) if was_good => {
                    tracing::warn!(error = &error as &dyn Cause, "the nodes' routing is broken");
                }
                Err(_) => {}
            }
            was_good = is_good;
        }
        say(self.undo().await);
    }

    async fn set_up(&self, config: &Config) -> Result<(), Error> {
        // Whether nft works is found out before anything must be undone.
        self.nft.look().await?;
        let before = self.look(config).await?;
        let row = before.clone();
        self.store.write(move |tx| routing::remember(tx, &row)).await?;
        if let Err(error) = self.open(config, &before).await {
            say(self.undo().await);
            return Err(error);
        }
        tracing::info!(uplink = %config.routing.uplink, "the nodes reach the outside through this machine");
        Ok(())
    }

    async fn look(&self, config: &Config) -> Result<Before, Error> {
        let (nodes, uplink) = (config.nodes.clone(), config.routing.uplink.clone());
        let forwarding = Forwarding {
            nodes: self.forwards(&nodes, "network.interface").await?,
            uplink: self.forwards(&uplink, "routing.uplink").await?,
            machine: self.kernel.machine_forwards().await?,
        };
        Ok(Before { boot: self.kernel.boot().await?, nodes, uplink, forwarding })
    }

    async fn forwards(&self, name: &InterfaceName, key: &'static str) -> Result<bool, Error> {
        let seen = self.kernel.forwards(name).await?;
        seen.ok_or_else(|| Error::NoInterface { name: name.clone(), key })
    }

    /// The rules first: nothing is forwarded without them.
    async fn open(&self, config: &Config, before: &Before) -> Result<(), Error> {
        self.nft.apply(&plan::rules(config, before)).await?;
        for interface in plan::opened(before) {
            self.kernel.set(interface, true).await?;
        }
        Ok(())
    }

    /// Sets up again what is no longer there; says whether anything was missing.
    pub(super) async fn mend(&self) -> Result<bool, Error> {
        let Some(config) = &self.config else { return Ok(false) };
        let Some(before) = self.store.read(routing::before).await? else { return Ok(false) };
        let on = self.forwards(&config.nodes, "network.interface").await?
            && self.forwards(&config.routing.uplink, "routing.uplink").await?;
        if on && self.nft.look().await?.has_table {
            return Ok(false);
        }
        self.open(config, &before).await?;
        Ok(true)
    }

    /// Brings the kernel back to what it was. What is no longer there has been undone already.
    pub(super) async fn undo(&self) -> Result<(), Error> {
        let Some(before) = self.store.read(routing::before).await? else { return Ok(()) };
        if before.boot == self.kernel.boot().await? {
            let machine = self.kernel.machine_forwards().await?;
            for interface in plan::to_close(&before, machine) {
                self.kernel.set(interface, false).await?;
            }
            self.nft.apply(plan::REMOVAL).await?;
        }
        self.store.write(routing::forget).await?;
        tracing::info!(uplink = %before.uplink, "the nodes' routing is undone");
        Ok(())
    }
}

fn say(undone: Result<(), Error>) {
    if let Err(error) = undone {
        tracing::warn!(
            error = &error as &dyn Cause,
            "the nodes' routing cannot be undone; each start of pimaster tries it again"
        );
    }
}
