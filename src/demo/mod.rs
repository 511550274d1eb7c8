//! The demonstration rack: the daemon and a simulated rack in one process, on loopback, without root.
//!
//! *IO: everything the daemon does, and one folder.* Called by `commands` for `pimaster demo`. Everything lies in
//! that folder, is made once, and is found again by the next start, also after a kill: the settings are an
//! ordinary `pimaster.toml`, so every other command works on the folder too.
//!
//! ```text
//! places: folder, lock, ports ─► settings: pimaster.toml ─► prepare: environment, installer root, nodes
//!                                                      └──► sim::Rack + Daemon ─► announce ─► until a signal
//! ```

mod announce;
mod places;
mod prepare;
mod settings;

pub use announce::Ready;
pub use places::{Places, Ports};
pub use settings::Scale;

use crate::cli;
use crate::config::Config;
use crate::daemon::{self, Daemon};
use crate::keys::KeyFolder;
use crate::sim::tree::Bulk;
use crate::sim::{self, Rack, rack};
use crate::store::Store;
use anyhow::Context;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Runs until SIGTERM or SIGINT.
pub async fn run(options: cli::Demo) -> anyhow::Result<()> {
    let shutdown = daemon::shutdown_on_signals()?;
    let scale = Scale {
        boards: options.boards,
        undiscovered: options.undiscovered,
        speed: options.speed,
        bulk: Bulk::SOME,
    };
    let places = Places::open(options.data.as_deref())?;
    let ports = places.ports(options.port)?;
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let prepared = Prepared::new(&places, &ports, scale, program, &shutdown).await?;
    let control = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.control)).await;
    let control = control.context("the simulator's own page cannot be served")?;
    let ready = prepared.ready(control.local_addr()?).await?;
    let Prepared { config, store, keys, rack } = prepared;
    let daemon = Daemon::build(config, store, keys).await?;
    let page = sim::control::serve(control, rack.handle(), shutdown.clone());
    announce::announce(&ready, &places, options.ready_file.as_deref())?;
    let stop = |outcome: anyhow::Result<()>| {
        shutdown.cancel();
        outcome
    };
    let (daemon, rack, page) = tokio::join!(
        async { stop(daemon.run(shutdown.clone()).await) },
        async { stop(rack.run(shutdown.clone()).await.context("the simulated rack failed")) },
        async { stop(page.await.context("the simulator's own page failed")) },
    );
    daemon.and(rack).and(page)
}

/// A rack with everything that its daemon needs, ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// The daemon's settings.
    pub config: Config,
    /// The daemon's database.
    pub store: Store,
    /// The daemon's keys.
    pub keys: KeyFolder,
    /// Boards and switch.
    pub rack: Rack,
}

impl Prepared {
    /// Makes what is missing: settings, environment, installer root with that copy of pimaster, cards, nodes.
    pub async fn new(
        places: &Places,
        ports: &Ports,
        scale: Scale,
        program: PathBuf,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Self> {
        crate::daemon::allow_many_files()?;
        let config = settings::write(places, ports, scale)?;
        let (store, keys) = daemon::open(&config)?;
        prepare::environment(&store, &config, places, scale.bulk, shutdown).await?;
        prepare::installer(&config, &keys, places, program).await?;
        let boards = rack::specs(scale.boards);
        let sim = settings::simulator(places, ports, scale);
        let switch = settings::switch(places, ports, scale);
        let community = keys.sealer()?.seal_community(switch.community.clone().into())?;
        let rack =
            Rack::bind(boards.clone(), sim, switch).await.context("the simulated rack cannot start")?;
        let address = rack.switch_address()?;
        for port in prepare::enrol(&store, boards, scale.undiscovered, address, community).await? {
            rack.handle().switch().feed_at_once(port);
        }
        Ok(Self { config, store, keys, rack })
    }

    /// A way in for the administrator, fresh at each start.
    pub async fn ready(&self, simulator: SocketAddr) -> anyhow::Result<Ready> {
        let (email, url) = (&self.config.admin_email, &self.config.web.public_url);
        let boards = self.rack.handle().boards();
        announce::way_in(&self.store, email, url, simulator, boards.into_iter().map(|board| board.name)).await
    }
}
