//! What a step reaches: the node's power, its boot target, an SSH session with it. *IO: through `power`, the store,
//! the exports and `remote`.*
//!
//! One session is kept from step to step as long as the node runs the same system.

use super::{Report, Trouble};
use crate::deploy::Config;
use crate::deploy::exports::Gate;
use crate::deploy::remote::{Dial, DialError, Remote, Target};
use crate::keys::{self, KeyFolder, KeyPair};
use crate::model::boot_event::{BootEvent, SshSeen, System};
use crate::model::clock::{Clock, SignedDuration, Timestamp};
use crate::model::deployment::Deployment;
use crate::model::environment::{Environment, OsFamily};
use crate::model::ids::DeploymentId;
use crate::model::node::{BootTarget, Node};
use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::reservation::Configuration;
use crate::model::ssh_key::PublicKey;
use crate::power::{Power, Since};
use crate::store::boot_events::{self, NewEvent};
use crate::store::{Store, environments, nodes, reservations};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

/// What all deployments share.
pub(in crate::deploy) struct World {
    pub(in crate::deploy) config: Config,
    pub(in crate::deploy) store: Store,
    pub(in crate::deploy) keys: KeyFolder,
    pub(in crate::deploy) power: Power,
    pub(in crate::deploy) exports: Gate,
    pub(in crate::deploy) dial: Arc<dyn Dial>,
    pub(in crate::deploy) clock: Clock,
}

/// What one deployment is about; does not change while it runs.
pub(in crate::deploy) struct Job {
    pub(in crate::deploy) id: DeploymentId,
    pub(in crate::deploy) node: Node,
    pub(in crate::deploy) environment: Environment,
    pub(in crate::deploy) configuration: Option<Configuration>,
    installer_key: OnceCell<KeyPair>,
    node_key: OnceCell<KeyPair>,
}

impl Job {
    /// Reads what a deployment is about; none if a row it refers to is gone.
    pub(in crate::deploy) async fn read(
        world: &World,
        row: &Deployment,
    ) -> Result<Option<Self>, crate::deploy::Error> {
        let (id, node, environment, reservation) = (row.id, row.node, row.environment, row.reservation);
        let read = world.store.read(move |conn| {
            let chosen = reservations::by_id(conn, reservation)?.and_then(|found| found.configuration);
            let configuration = chosen.map(|chosen| chosen.for_node(node));
            let node = nodes::by_id(conn, node)?;
            let environment = environments::by_id(conn, environment)?;
            Ok(node.zip(environment).map(|(node, environment)| (node, environment, configuration)))
        });
        let Some((node, environment, configuration)) = read.await? else { return Ok(None) };
        // Keys are read by the steps that use them: a damaged one must not keep a node from being taken down.
        let (installer_key, node_key) = (OnceCell::new(), OnceCell::new());
        Ok(Some(Self { id, node, environment, configuration, installer_key, node_key }))
    }
}

/// An open SSH session.
pub(in crate::deploy) struct Session {
    system: System,
    pub(super) remote: Box<dyn Remote>,
}

/// What a step works with.
pub(in crate::deploy) struct Hands {
    pub(in crate::deploy) world: Arc<World>,
    pub(in crate::deploy) job: Arc<Job>,
    pub(in crate::deploy) session: Option<Session>,
    pub(in crate::deploy) reports: mpsc::Sender<Report>,
    /// What the node's SSH server showed last; none while it is silent.
    pub(in crate::deploy) shown: Option<(System, SshSeen)>,
}

impl Hands {
    /// Tells the driver. It listens for as long as the step runs.
    pub(super) async fn tell(&self, report: Report) {
        let _ = self.reports.send(report).await;
    }

    /// Adds a line to the history.
    pub(super) async fn note(&self, text: impl Into<String>) {
        self.tell(Report::Noted(text.into())).await;
    }

    /// What the person chose.
    pub(super) fn configuration(&self) -> Result<&Configuration, Trouble> {
        self.job.configuration.as_ref().ok_or_else(|| {
            Trouble::pointless(Problem::new(
                "the reservation holds no configuration",
                "an environment and a password chosen for it",
                "Configure the reservation again.",
            ))
        })
    }

    /// Commits where the node boots the next time, and makes the exports follow.
    pub(super) async fn boot_from(&self, target: BootTarget) -> Result<(), Trouble> {
        self.set_boot_target(target).await?;
        self.world.exports.sync().await.map_err(Trouble::again)
    }

    /// Commits where the node boots the next time.
    pub(super) async fn set_boot_target(&self, target: BootTarget) -> Result<(), Trouble> {
        let node = self.job.node.id;
        Ok(self.world.store.write(move |tx| nodes::set_boot_target(tx, node, target)).await?)
    }

    /// The node's boot target for what is deployed on it: boot ROMs that cannot be sent on to the card get its
    /// boot files from pimaster.
    pub(super) fn deployed_target(&self) -> BootTarget {
        if self.job.node.firmware().falls_through_to_card() {
            BootTarget::Local
        } else {
            BootTarget::Environment
        }
    }

    /// Whether somebody switches the node's power.
    pub(super) async fn is_switched(&self) -> Result<bool, Trouble> {
        let Some(port) = self.job.node.port else { return Ok(false) };
        self.world.power.is_switched(port).await.map_err(|error| Trouble::of_power(error, PowerState::Off))
    }

    /// Switches the node's port, if it has one.
    pub(super) async fn switch(&self, wanted: PowerState) -> Result<Since, Trouble> {
        match self.job.node.port {
            Some(port) => {
                self.world.power.set(port, wanted).await.map_err(|error| Trouble::of_power(error, wanted))
            }
            None => Ok(Since(self.world.clock.now())),
        }
    }

    /// Waits until the port has been off for the minimum time, as the committed row counts it.
    pub(super) async fn wait_off(&self, since: Since) {
        let min_off = SignedDuration::try_from(self.world.power.min_off()).unwrap_or(SignedDuration::ZERO);
        let until: Timestamp = since.0.checked_add(min_off).unwrap_or(since.0);
        let left = until.duration_since(self.world.clock.now());
        // A clock that was set back must not hold the node for longer than the minimum itself.
        sleep(Duration::try_from(left.min(min_off)).unwrap_or(Duration::ZERO)).await;
    }

    /// pimaster's own key.
    pub(super) async fn pimaster_key(&self) -> Result<PublicKey, Trouble> {
        Ok(self.read_key(KeyFolder::pimaster).await?.public)
    }

    /// The host key of what is deployed on the node; its first deployment makes it.
    pub(super) async fn node_key(&self) -> Result<&KeyPair, Trouble> {
        let name = self.job.node.name.clone();
        self.job.node_key.get_or_try_init(|| self.read_key(move |keys| keys.node_host(&name))).await
    }

    /// The host key that a system shows.
    pub(super) async fn host_key(&self, system: System) -> Result<PublicKey, Trouble> {
        let key = match system {
            System::Deployed => self.node_key().await?,
            System::Installer => {
                let read = || self.read_key(KeyFolder::installer_host);
                self.job.installer_key.get_or_try_init(read).await?
            }
        };
        Ok(key.public.clone())
    }

    async fn read_key<F>(&self, read: F) -> Result<KeyPair, Trouble>
    where
        F: FnOnce(&KeyFolder) -> Result<KeyPair, keys::Error> + Send + 'static,
    {
        let keys = self.world.keys.clone();
        let read = tokio::task::spawn_blocking(move || read(&keys)).await;
        Ok(read.map_err(|_| Trouble::Own(crate::deploy::Error::Stopped))??)
    }

    async fn target(&self, system: System) -> Result<Target, Trouble> {
        let job = &self.job;
        let address = SocketAddr::from((job.node.address, self.world.config.ssh_port));
        let user = match (system, job.environment.family) {
            (System::Deployed, OsFamily::PiCore) => "tc",
            (System::Installer, _)
            | (System::Deployed, OsFamily::RaspberryPiOs | OsFamily::Ubuntu | OsFamily::Debian) => "root",
        };
        Ok(Target { address, user: user.to_owned(), host_key: self.host_key(system).await? })
    }

    /// Tries once to get a session with that system. Trouble is pimaster's: a key that cannot be read.
    pub(super) async fn connect(&mut self, system: System) -> Result<Result<(), DialError>, Trouble> {
        self.session = None;
        let target = self.target(system).await?;
        let dialled = self.world.dial.connect(&target).await;
        let seen = match &dialled {
            Ok(_) => Some(SshSeen::Expected),
            Err(DialError::SomebodyElse { seen, .. }) => {
                let key = seen.as_ref().map_or("a host certificate".to_owned(), PublicKey::fingerprint);
                Some(SshSeen::OtherKey { key })
            }
            Err(DialError::Refused { .. }) => Some(SshSeen::KeyRefused),
            Err(DialError::NoAnswer { .. }) => None,
        };
        self.remember(seen.map(|seen| (system, seen))).await?;
        Ok(dialled.map(|remote| self.session = Some(Session { system, remote })))
    }

    /// Notes among the node's boot events what its SSH server shows, when it changes.
    async fn remember(&mut self, shown: Option<(System, SshSeen)>) -> Result<(), Trouble> {
        if self.shown == shown {
            return Ok(());
        }
        self.shown = shown;
        let Some((expected, seen)) = self.shown.clone() else { return Ok(()) };
        let (node, at, event) = (self.job.node.id, self.world.clock.now(), BootEvent::Ssh { expected, seen });
        Ok(self.world.store.write(move |tx| boot_events::add(tx, &[NewEvent { node, at, event }])).await?)
    }

    /// Waits until that system answers; whatever answers before is "not yet". The deadline is the driver's.
    pub(super) async fn await_system(&mut self, system: System) -> Result<(), Trouble> {
        loop {
            let begun = Instant::now();
            match self.connect(system).await? {
                Ok(()) => return Ok(()),
                Err(error) => self.tell(Report::Seen(error.to_string())).await,
            }
            sleep_until(begun + self.world.config.probe_interval).await;
        }
    }

    /// The session with that system: the open one, or a new one as soon as the node answers.
    pub(super) async fn session(&mut self, system: System) -> Result<&mut Session, Trouble> {
        if self.session.as_ref().is_none_or(|session| session.system != system) {
            match self.connect(system).await? {
                Ok(()) => {}
                Err(error @ DialError::NoAnswer { .. }) => {
                    self.tell(Report::Seen(error.to_string())).await;
                    self.await_system(system).await?;
                }
                Err(error @ (DialError::SomebodyElse { .. } | DialError::Refused { .. })) => {
                    return Err(error.into());
                }
            }
        }
        self.session.as_mut().ok_or(Trouble::Own(crate::deploy::Error::Stopped))
    }

    /// Whether the open session, if any, is with that system.
    pub(super) fn has(&self, system: System) -> bool {
        self.session.as_ref().is_some_and(|session| session.system == system)
    }
}
