//! Sees to it that every deployment that does not rest has a driver, and that reservations start and end in time.
//!
//! *IO: the store; spawns tasks.* Run by `daemon`. It reads rows, never messages: [`Store::changes`] and the clock only
//! say when to look again. A driver that ends with an error or a panic is started again a second later, from its row;
//! deadlines go on meanwhile, so a deployment that always breaks ends up lost. On shutdown all drivers stop where they
//! are: the next start goes on from the rows.

use super::bookings::{self, Verdict};
use super::driver::{Start, drive};
use super::exports::{Exports, Gate};
use super::remote::Dial;
use super::ssh::Ssh;
use super::steps::World;
use super::{Config, Error};
use crate::keys::KeyFolder;
use crate::model::booking::BookingRules;
use crate::model::clock::{Clock, Timestamp};
use crate::model::deployment::{DeploymentState as S, StepEvent};
use crate::model::ids::DeploymentId;
use crate::model::reservation::{Reservation, ReservationState};
use crate::power::Power;
use crate::store::deployments::Waiting;
use crate::store::{Store, deployments, reservations, site};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Rows are read so often at most: two hundred nodes commit all the time.
const SURVEY_INTERVAL: Duration = Duration::from_millis(20);
/// After such a pause a broken driver is started again, and a failed survey is repeated.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// Rows are read at least so often, should a clock be set.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A TCP connection within a rack takes milliseconds; a lost first packet is sent again after a second.
const SHORTEST_CONNECT: Duration = Duration::from_millis(1500);

/// Starts and watches the drivers.
pub struct Supervisor {
    world: Arc<World>,
    drivers: HashMap<DeploymentId, Arc<Notify>>,
    broken: HashMap<DeploymentId, Instant>,
    ids: HashMap<Id, DeploymentId>,
    tasks: JoinSet<Result<(), Error>>,
    cancel: CancellationToken,
    is_first: bool,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supervisor")
    }
}

/// What the rows say.
struct Survey {
    reservations: Vec<(Reservation, deployments::Standing)>,
    waiting: Vec<Waiting>,
    active: Vec<DeploymentId>,
    rules: BookingRules,
}

impl Supervisor {
    /// A supervisor over the rack that `store` describes; reads or makes pimaster's key.
    pub fn new(
        config: Config,
        store: Store,
        keys: KeyFolder,
        power: Power,
        exports: Arc<dyn Exports>,
    ) -> Result<Self, Error> {
        let connect = config.probe_interval.max(SHORTEST_CONNECT);
        let dial = Arc::new(Ssh::new(&keys.pimaster()?, connect)?);
        Ok(Self::reaching(config, store, keys, power, exports, dial, Clock::system()))
    }

    /// The same through another way to the nodes and on another clock.
    pub fn reaching(
        config: Config,
        store: Store,
        keys: KeyFolder,
        power: Power,
        exports: Arc<dyn Exports>,
        dial: Arc<dyn Dial>,
        clock: Clock,
    ) -> Self {
        let exports = Gate::new(exports);
        Self {
            world: Arc::new(World { config, store, keys, power, exports, dial, clock }),
            drivers: HashMap::new(),
            broken: HashMap::new(),
            ids: HashMap::new(),
            tasks: JoinSet::new(),
            cancel: CancellationToken::new(),
            is_first: true,
        }
    }

    /// Runs until `shutdown`, then stops all drivers where they are.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        self.cancel = shutdown.child_token();
        let mut changes = self.world.store.changes();
        while !shutdown.is_cancelled() {
            changes.mark_unchanged();
            let wait = match self.look().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "deployments cannot be looked after"
                    );
                    RESTART_PAUSE
                }
            };
            let soonest = Instant::now() + SURVEY_INTERVAL;
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = changes.changed() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.bury(ended),
                () = sleep(wait) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep_until(soonest) => {}
            }
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.bury(ended);
        }
        Ok(())
    }

    /// Does what the rows ask for; gives the time until something is due.
    async fn look(&mut self) -> Result<Duration, Error> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.bury(ended);
        }
        let mut survey = self.survey().await?;
        let mut next = None;
        let mut has_acted = false;
        for (reservation, standing) in std::mem::take(&mut survey.reservations) {
            match bookings::judge(&reservation, standing, &survey.rules, self.world.clock.now()) {
                Verdict::Wait(until) => next = earliest(next, until),
                Verdict::Rest => {}
                verdict @ (Verdict::Start | Verdict::TakeDown | Verdict::Over) => {
                    self.act(reservation, verdict).await?;
                    has_acted = true;
                }
            }
        }
        if has_acted {
            survey = self.survey().await?;
        }
        self.appoint(&survey.active, &survey.waiting);
        self.is_first = false;
        let now = Instant::now();
        let restart = self.broken.values().min().map(|at| at.duration_since(now));
        let due = next.map(|at| at.duration_since(self.world.clock.now()));
        let due = due.map(|left| Duration::try_from(left).unwrap_or(Duration::ZERO));
        Ok([restart, due].into_iter().flatten().fold(LONGEST_WAIT, Duration::min))
    }

    async fn survey(&self) -> Result<Survey, Error> {
        let read = self.world.store.read(|conn| {
            let mut standings = Vec::new();
            for reservation in reservations::unfinished(conn, None)? {
                let standing = deployments::standing(conn, reservation.id)?;
                standings.push((reservation, standing));
            }
            let (waiting, active) = (deployments::waiting(conn)?, deployments::active(conn)?);
            let rules = site::get(conn, BookingRules::NAME)?;
            Ok(Survey { reservations: standings, waiting, active, rules })
        });
        Ok(read.await?)
    }

    /// Moves a reservation on, with its deployments, in one transaction.
    async fn act(&self, reservation: Reservation, verdict: Verdict) -> Result<(), Error> {
        let now = self.world.clock.now();
        let (id, state) = (reservation.id, reservation.state);
        tracing::info!(reservation = %id, ?verdict, "reservation");
        let write = self.world.store.write(move |tx| {
            // A person may have moved it since it was read; then the next look judges anew.
            if reservations::by_id(tx, id)?.map(|found| found.state) != Some(state) {
                return Ok(());
            }
            match verdict {
                Verdict::Start => {
                    let Some(configuration) = &reservation.configuration else { return Ok(()) };
                    for node in &reservation.nodes {
                        let first = S::Initialized;
                        let environment = configuration.for_node(*node).environment;
                        let new = deployments::insert(tx, id, *node, environment, first, now)?;
                        let text = "reserved and configured".to_owned();
                        deployments::add_event(tx, new, &StepEvent { at: now, state: first, text })?;
                    }
                    reservations::set_state(tx, id, ReservationState::Active, now)
                }
                Verdict::TakeDown => {
                    deployments::request_destroy(tx, id)?;
                    reservations::set_state(tx, id, ReservationState::Ending, now)
                }
                Verdict::Over => reservations::set_state(tx, id, ReservationState::Ended, now),
                Verdict::Wait(_) | Verdict::Rest => Ok(()),
            }
        });
        Ok(write.await?)
    }

    /// Every deployment that needs a driver gets one; those that have one are poked.
    fn appoint(&mut self, active: &[DeploymentId], waiting: &[Waiting]) {
        let start = if self.is_first { Start::TakenUp } else { Start::Ordinary };
        for waits in waiting.iter().filter(|waits| waits.is_asked || waits.has_node) {
            match self.drivers.get(&waits.id) {
                Some(poke) => poke.notify_one(),
                None if waits.has_node => self.spawn(waits.id, Start::NodeFree),
                None => self.spawn(waits.id, start),
            }
        }
        for id in active {
            if !self.drivers.contains_key(id) {
                self.spawn(*id, start);
            }
        }
    }

    fn spawn(&mut self, id: DeploymentId, start: Start) {
        if self.broken.get(&id).is_some_and(|at| *at > Instant::now()) {
            return;
        }
        self.broken.remove(&id);
        let poke = Arc::new(Notify::new());
        let driver = drive(Arc::clone(&self.world), id, start, Arc::clone(&poke), self.cancel.clone());
        let task = self.tasks.spawn(driver);
        self.ids.insert(task.id(), id);
        self.drivers.insert(id, poke);
    }

    /// A driver is done; one that broke starts again later.
    fn bury(&mut self, ended: Result<(Id, Result<(), Error>), JoinError>) {
        let (task, failure) = match &ended {
            Ok((task, Ok(()))) => (*task, None),
            Ok((task, Err(error))) => (*task, Some(error as &dyn std::error::Error)),
            Err(error) => (error.id(), Some(error as &dyn std::error::Error)),
        };
        let Some(id) = self.ids.remove(&task) else { return };
        self.drivers.remove(&id);
        if let Some(error) = failure {
            tracing::error!(deployment = %id, error, "the work on a deployment broke off; it starts again");
            self.broken.insert(id, Instant::now() + RESTART_PAUSE);
        }
    }
}

fn earliest(known: Option<Timestamp>, other: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(other, |known| known.min(other)))
}
