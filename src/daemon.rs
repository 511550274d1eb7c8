//! The daemon: the only file that knows every subsystem. Builds them, starts them, drains them.
//!
//! *IO: everything.* Called by `commands` for `pimaster serve` and by [`crate::demo`]. Each server is bound in
//! [`Daemon::build`], so that a taken port or a missing right is said before anything runs; [`Daemon::run`]
//! gives each its task. If one ends by itself, the daemon stops: half a pimaster helps nobody.
//!
//! ```text
//! build: store ─► keys ─► power, exports, mounts ─► dhcp, dns, tftp, web, netconsole (bound) ─► supervisor ─► routing
//! run:   one task each on one JoinSet ─► the first to end, or the signal ─► all are cancelled and awaited
//! ```

use crate::agent;
use crate::config::Config;
use crate::deploy;
use crate::detect;
use crate::dhcp;
use crate::dns;
use crate::doctor;
use crate::image;
use crate::keys::{KeyFolder, Sealer};
use crate::mail;
use crate::model::clock::Clock;
use crate::model::folder::DataFolder;
use crate::model::problem::Problem;
use crate::netconsole;
use crate::nfs_prep::{self, ExportList, Mounts};
use crate::power::{self, Power};
use crate::routing;
use crate::store::{Store, switches};
use crate::tftp;
use crate::web;
use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long tasks may take to end once they are asked to; then they are dropped. Every state is in the database.
const DRAIN: Duration = Duration::from_secs(10);

/// How often the exports are compared with the database.
const EXPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Everything, bound and ready to run.
#[derive(Debug)]
pub struct Daemon {
    dhcp: dhcp::Service,
    dns: Option<dns::Server>,
    tftp: tftp::Server,
    web: web::Server,
    netconsole: netconsole::Server,
    exports: ExportList,
    mounts: Mounts,
    locator: detect::Locator,
    detector: detect::Detector,
    wishes: power::Wishes,
    inquiries: power::Inquiries,
    importer: image::Importer,
    supervisor: deploy::Supervisor,
    mail: mail::Worker,
    notifier: web::Notifier,
    queue: agent::QueueKeeper,
    routing: routing::Router,
}

/// Opens the database; the data folder is created for this user alone.
pub fn open_store(config: &Config) -> anyhow::Result<Store> {
    let folder = config.data.root();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    Ok(Store::open(&config.data.database())?)
}

/// Opens the data folder: database and keys.
pub fn open(config: &Config) -> anyhow::Result<(Store, KeyFolder)> {
    let folder = config.data.root();
    let store = open_store(config)?;
    let keys = KeyFolder::open(folder)?;
    keys.pimaster()?;
    Ok((store, keys))
}

/// Seals what older versions kept in the clear.
async fn seal(store: &Store, sealer: Sealer) -> anyhow::Result<()> {
    let sealed = store.write(move |tx| switches::seal(tx, |text| sealer.seal_community(text).ok()));
    match sealed.await.context("the communities of the switches cannot be sealed")? {
        0 => {}
        switches => tracing::info!(switches, "sealed the communities that stood in the clear"),
    }
    Ok(())
}

/// Removes what a run before this one left half done.
async fn tidy_up(store: &Store, data: &DataFolder) -> anyhow::Result<()> {
    for left in image::sweep(store, data).await.context("the images folder cannot be tidied")? {
        tracing::info!(folder = %left.display(), "removed what an interrupted import left");
    }
    let guests = doctor::sweep(store).await?;
    if guests > 0 {
        tracing::info!(guests, "removed the nodes that an interrupted doctor left");
    }
    Ok(())
}

/// Raises the limit of open files: two hundred boards and those who watch them have more connections than the usual 1024.
pub fn allow_many_files() -> anyhow::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = hard.min(65_536);
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
            .context("the limit of open files cannot be raised")?;
    }
    Ok(())
}

impl Daemon {
    /// Binds every port.
    pub async fn build(config: Config, store: Store, keys: KeyFolder) -> anyhow::Result<Self> {
        let networks = config.networks();
        let sealer = keys.sealer()?;
        seal(&store, sealer.clone()).await?;
        let power = Power::new(config.power, store.clone()).with_sealer(sealer);
        let mounts = Mounts::new(nfs_prep::Tables::default(), config.nfs.root.clone(), store.clone());
        let exports = ExportList::new(config.nfs, store.clone());
        let agent = agent::Local::new(
            store.clone(),
            keys.clone(),
            config.data.clone(),
            config.deploy.ssh_port,
            config.detect.rules.clone(),
            networks,
        )
        .in_zone(config.web.time_zone.clone());
        tidy_up(&store, &config.data).await?;
        let images = image::router(store.clone(), config.data.clone());
        Ok(Self {
            dhcp: dhcp::Service::start(config.dhcp, store.clone()).await.context("DHCP cannot start")?,
            dns: (config.dns.map(|dns| dns::Server::bind(dns, store.clone())))
                .transpose()
                .context("DNS cannot start")?,
            tftp: tftp::Server::bind(config.tftp, store.clone()).await.context("TFTP cannot start")?,
            queue: agent::QueueKeeper::new(store.clone(), config.web.time_zone.clone(), Clock::system()),
            notifier: web::Notifier::new(
                store.clone(),
                keys.sealer()?,
                config.web.public_url.clone(),
                config.web.time_zone.clone(),
                Clock::system(),
            ),
            web: web::Server::bind(config.web, store.clone(), Arc::new(agent), keys.clone(), images)
                .await
                .context("the web server cannot start")?,
            netconsole: netconsole::Server::bind(config.netconsole, store.clone()).await?,
            mounts,
            locator: detect::Locator::new(store.clone(), power.clone(), config.detect.look_interval),
            detector: detect::Detector::new(
                store.clone(),
                power.clone(),
                config.detect.listen,
                config.detect.quiet,
            ),
            wishes: power::Wishes::new(store.clone(), power.clone()),
            importer: image::Importer::new(store.clone(), config.data.clone(), Clock::system()),
            inquiries: power::Inquiries::new(store.clone(), power.clone(), Clock::system()),
            mail: mail::Worker::new(store.clone(), keys.sealer()?, Clock::system()),
            supervisor: deploy::Supervisor::new(
                config.deploy,
                store.clone(),
                keys,
                power,
                Arc::new(Exported(exports.clone())),
            )?,
            exports,
            // The last: what is bound is let go by itself when something after it fails, this is not.
            routing: routing::Router::start(
                config.routing,
                store,
                routing::Kernel::default(),
                routing::Nft::default(),
            )
            .await
            .context("routing for the nodes cannot start")?,
        })
    }

    /// Where the pages are served.
    pub fn web_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.web.local_addr()?)
    }

    /// Runs until `shutdown` is cancelled or a subsystem ends by itself, then drains.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut tasks: JoinSet<(&'static str, anyhow::Result<()>)> = JoinSet::new();
        // The same token for all, not children of it: children are cancelled before their parent says so.
        let token = || shutdown.clone();
        let (dhcp, tftp, web, supervisor, exports) = (token(), token(), token(), token(), token());
        let (netconsole, mounts, routing) = (token(), token(), token());
        if let Some(server) = self.dns {
            let stop = token();
            tasks.spawn(async move {
                server.run(stop).await;
                ("dns", Ok(()))
            });
        }
        let (locator, detector, wishes) = (token(), token(), token());
        tasks.spawn(async move {
            self.dhcp.run(dhcp).await;
            ("dhcp", Ok(()))
        });
        tasks.spawn(async move {
            let served = on_a_thread("tftp", self.tftp.run(tftp)).await;
            ("tftp", served.and_then(|served| served.map_err(Into::into)))
        });
        tasks.spawn(async move { ("web", self.web.run(web).await.map_err(Into::into)) });
        tasks.spawn(async move { ("locate", self.locator.run(locator).await.map_err(Into::into)) });
        tasks.spawn(async move { ("detect", self.detector.run(detector).await.map_err(Into::into)) });
        tasks.spawn(async move { ("power", self.wishes.run(wishes).await.map_err(Into::into)) });
        let (mail, notifier, inquiries, importer) = (token(), token(), token(), token());
        let queue = token();
        tasks.spawn(async move { ("queue", self.queue.run(queue).await.map_err(Into::into)) });
        tasks.spawn(async move { ("notices", self.notifier.run(notifier).await.map_err(Into::into)) });
        tasks.spawn(async move { ("import", self.importer.run(importer).await.map_err(Into::into)) });
        tasks.spawn(async move { ("inquire", self.inquiries.run(inquiries).await.map_err(Into::into)) });
        tasks.spawn(async move { ("mail", self.mail.run(mail).await.map_err(Into::into)) });
        tasks.spawn(async move { ("deploy", self.supervisor.run(supervisor).await.map_err(Into::into)) });

        tasks.spawn(async move {
            keep_exports(self.exports, exports).await;
            ("exports", Ok(()))
        });
        tasks.spawn(async move {
            self.netconsole.run(netconsole).await;
            ("netconsole", Ok(()))
        });
        tasks.spawn(async move {
            self.mounts.run(mounts).await;
            ("mounts", Ok(()))
        });
        tasks.spawn(async move {
            self.routing.run(routing).await;
            ("routing", Ok(()))
        });

        let mut outcome = Ok(());
        tokio::select! {
            // Told to stop, tasks end at once: that they have is no failure.
            biased;
            () = shutdown.cancelled() => {}
            ended = tasks.join_next() => outcome = judge_end(ended),
        }
        shutdown.cancel();
        let drained = tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(
                seconds = DRAIN.as_secs(),
                "tasks did not end in time and are dropped; they resume at the next start"
            );
        }
        outcome
    }
}

/// Runs what answers packets by the thousand on a thread and a runtime of its own: no other task comes between, and
/// no other thread is woken to share the work.
async fn on_a_thread<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (answer, answered) = tokio::sync::oneshot::channel();
    let run = move || drop(answer.send(runtime.block_on(work)));
    std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    answered.await.with_context(|| format!("the {name} thread panicked; this is a fault of pimaster"))
}

/// Brings the exports in line at the start, each minute, since a restart of the NFS server forgets them, and when a
/// node got another address. A failure is said once; the nodes that wait for their export say it themselves.
async fn keep_exports(exports: ExportList, shutdown: CancellationToken) {
    let mut was_good = true;
    loop {
        let outcome = exports.sync().await.map_err(anyhow::Error::new);
        if let (Err(error), true) = (&outcome, was_good) {
            let error = format!("{error:#}");
            tracing::warn!(%error, "the installer root cannot be exported, so no node can install");
        }
        was_good = outcome.is_ok();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EXPORT_INTERVAL) => {}
            () = exports.outdated() => {}
        }
    }
}

fn judge_end(
    ended: Option<Result<(&'static str, anyhow::Result<()>), tokio::task::JoinError>>,
) -> anyhow::Result<()> {
    match ended {
        Some(Ok((name, Ok(())))) => {
            Err(anyhow::anyhow!("the {name} task ended by itself; see the log before this line"))
        }
        Some(Ok((name, Err(error)))) => Err(error.context(format!("the {name} task failed"))),
        Some(Err(error)) => {
            Err(anyhow::Error::new(error).context("a task panicked; this is a fault of pimaster"))
        }
        None => Ok(()),
    }
}

/// The exports as the deployment workers know them: a failure is shown at the node that waits for it.
struct Exported(ExportList);

#[async_trait::async_trait]
impl deploy::Exports for Exported {
    async fn sync(&self) -> Result<(), Problem> {
        let Err(error) = self.0.sync().await else { return Ok(()) };
        if let nfs_prep::Error::Refused(problem) = error {
            return Err(problem);
        }
        Err(Problem::new(
            format!("{:#}", anyhow::Error::new(error)),
            "the installer root exported to this node",
            "check nfs.exports in the settings and the NFS server's log, then deploy again",
        ))
    }
}

/// Cancelled by SIGTERM or SIGINT.
pub fn shutdown_on_signals() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let token = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        cancelled.cancel();
    });
    Ok(token)
}
