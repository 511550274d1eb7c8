//! One deployment on its way: runs the step of its state, listens, asks the machine, commits, goes on.
//!
//! *IO: the store; the rest through `steps`.* Spawned by the supervisor, one task per deployment that does not rest.
//! Invariants: nothing is done that the committed row does not say; a step is dropped, never waited for, when its
//! deadline passes, a person asks for something else, or pimaster stops.

use super::Error;
use super::machine::{Change, Event, LastSign, Machine, Plan, Reaction};
use super::states::Step;
use super::steps::{self, Hands, Job, Report, Session, Trouble, World};
use crate::explain::explain_latest;
use crate::model::board::{BoardSerial, RevisionCode};
use crate::model::boot_order::BootOrder;
use crate::model::deployment::{Deployment, DeploymentState as S, StepEvent};
use crate::model::ids::DeploymentId;
use crate::store::{self, boot_events, deployments, nodes};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Progress is written so often at most.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// Reports that wait for the driver; a step that talks faster waits.
const REPORTS: usize = 16;

/// Why a driver was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The deployment is new, was asked for something, or its driver broke.
    Ordinary,
    /// pimaster was started and finds it unfinished.
    TakenUp,
    /// The node it waited for is free.
    NodeFree,
}

/// Drives one deployment until it rests.
pub(super) struct Driver {
    world: Arc<World>,
    job: Arc<Job>,
    machine: Machine,
    row: Deployment,
    /// Wakes when a person may have asked for something.
    poke: Arc<Notify>,
    cancel: CancellationToken,
    session: Option<Session>,
    pending: Pending,
    written: Instant,
}

/// What goes into the database with the next commit.
#[derive(Default)]
struct Pending {
    events: Vec<StepEvent>,
    probed: Option<Probed>,
}

struct Probed {
    boot_id: String,
    serial: Option<BoardSerial>,
    revision: Option<RevisionCode>,
    boot_order: Option<BootOrder>,
}

/// How a step's turn ended.
enum Turn {
    /// Another row stands; its step starts after the pause.
    Entered(Duration),
    /// pimaster stops.
    Cancelled,
}

/// What woke the driver.
enum Wake {
    Cancelled,
    Poked,
    Heard(Report),
    Ended(Result<(), Trouble>),
    Overdue,
}

/// Runs one deployment from its row until it rests or pimaster stops.
pub(super) async fn drive(
    world: Arc<World>,
    id: DeploymentId,
    start: Start,
    poke: Arc<Notify>,
    cancel: CancellationToken,
) -> Result<(), Error> {
    let Some(row) = world.store.read(move |conn| deployments::by_id(conn, id)).await? else { return Ok(()) };
    let Some(job) = Job::read(&world, &row).await? else { return Ok(()) };
    let chosen = job.configuration.as_ref();
    let plan = Plan {
        system_update: chosen.is_some_and(|chosen| chosen.system_update),
        user_script: chosen.is_some_and(|chosen| chosen.user_script.is_some()),
    };
    let machine = Machine { patience: world.config.patience, plan };
    let (job, session, pending) = (Arc::new(job), None, Pending::default());
    let written = Instant::now();
    let mut driver = Driver { world, job, machine, row, poke, cancel, session, pending, written };
    driver.open(start).await?;
    driver.run().await
}

impl Driver {
    /// What a person asked meanwhile comes first, then why the driver was started.
    async fn open(&mut self, start: Start) -> Result<(), Error> {
        if let Some(event) = self.requested().await? {
            self.react(event).await?;
        }
        match start {
            Start::Ordinary => {}
            Start::TakenUp => drop(self.react(Event::TakenUp).await?),
            Start::NodeFree => drop(self.react(Event::NodeFree).await?),
        }
        Ok(())
    }

    async fn run(&mut self) -> Result<(), Error> {
        let mut pause = Duration::ZERO;
        while !matches!(Step::of(self.row.state), Step::Rest | Step::Wait) {
            match self.turn(pause).await? {
                Turn::Entered(next) => pause = next,
                Turn::Cancelled => return Ok(()),
            }
        }
        Ok(())
    }

    /// Runs the step of the row as it stands.
    async fn turn(&mut self, pause: Duration) -> Result<Turn, Error> {
        let (reports, mut heard) = mpsc::channel(REPORTS);
        let (world, job, row) = (Arc::clone(&self.world), Arc::clone(&self.job), self.row.clone());
        let mut hands = Hands { world, job, session: self.session.take(), reports, shown: None };
        let mut obstacle = None;
        let turn = {
            let mut step = pin!(async {
                sleep(pause).await;
                steps::run(&mut hands, &row).await
            });
            loop {
                let event = match self.wake(&mut heard, step.as_mut()).await {
                    Wake::Cancelled => return Ok(Turn::Cancelled),
                    Wake::Poked => self.requested().await?,
                    Wake::Heard(report) => self.hear(report, &mut obstacle),
                    Wake::Overdue => Some(Event::Overdue(self.last_seen(obstacle.take()).await?)),
                    Wake::Ended(outcome) => {
                        while let Ok(report) = heard.try_recv() {
                            if let Some(event) = self.hear(report, &mut obstacle) {
                                self.react(event).await?;
                            }
                        }
                        let pause = self.react(ended(outcome)?).await?;
                        break Turn::Entered(pause.unwrap_or_default());
                    }
                };
                if let Some(event) = event
                    && let Some(pause) = self.react(event).await?
                {
                    break Turn::Entered(pause);
                }
            }
        };
        self.session = hands.session;
        Ok(turn)
    }

    /// Waits for what comes first. Reports come before the step's end, so that none is lost.
    async fn wake(
        &self,
        heard: &mut mpsc::Receiver<Report>,
        step: Pin<&mut impl Future<Output = Result<(), Trouble>>>,
    ) -> Wake {
        let left = self.machine.due(&self.row).map(|due| due.duration_since(self.world.clock.now()));
        let left = left.map_or(Duration::MAX, |left| Duration::try_from(left).unwrap_or(Duration::ZERO));
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Wake::Cancelled,
            () = self.poke.notified() => Wake::Poked,
            Some(report) = heard.recv() => Wake::Heard(report),
            outcome = step => Wake::Ended(outcome),
            () = sleep(left) => Wake::Overdue,
        }
    }

    fn hear(&mut self, report: Report, obstacle: &mut Option<String>) -> Option<Event> {
        match report {
            Report::Reached(state) => return Some(Event::Reached(state)),
            Report::Progressed(progress) => return Some(Event::Progressed(progress)),
            Report::Noted(text) => {
                self.pending.events.push(StepEvent {
                    at: self.world.clock.now(),
                    state: self.row.state,
                    text,
                });
            }
            Report::Seen(text) => *obstacle = Some(text),
            Report::Probed { boot_id, serial, revision, boot_order } => {
                self.pending.probed = Some(Probed { boot_id, serial, revision, boot_order });
            }
        }
        None
    }

    /// What was seen of a node last: of one that boots, what its boot events mean. The obstacle alone does not say
    /// whether its firmware ever asked.
    async fn last_seen(&self, obstacle: Option<String>) -> Result<Option<LastSign>, Error> {
        if !matches!(Step::of(self.row.state), Step::On | Step::EnvBoot | Step::TakeDown) {
            return Ok(obstacle.map(|seen| LastSign { seen, advice: None }));
        }
        let (node, since, now) = (self.row.node, self.row.state_since, self.world.clock.now());
        let explained = self.world.store.read(move |conn| {
            let Some(node) = nodes::by_id(conn, node)? else { return Ok(None) };
            let (records, facts) = (boot_events::by_node(conn, node.id)?, boot_events::facts(conn, &node)?);
            // An earlier boot tells nothing of this state.
            let is_news = records.last().is_some_and(|record| record.at >= since);
            Ok(is_news.then(|| explain_latest(&records, &facts, now)))
        });
        let (sentence, advice) = match explained.await? {
            Some(explained) => (explained.sentence, explained.fix),
            None => ("the node asked for neither address nor file".to_owned(), None),
        };
        let seen = obstacle.map_or_else(|| sentence.clone(), |obstacle| format!("{obstacle}. {sentence}"));
        Ok(Some(LastSign { seen: seen.trim_end_matches('.').to_owned(), advice }))
    }

    async fn requested(&self) -> Result<Option<Event>, Error> {
        let id = self.row.id;
        let asked = self.world.store.read(move |conn| deployments::request(conn, id)).await?;
        Ok(asked.map(Event::Requested))
    }

    /// Asks the machine and commits. Gives the pause before the next step if the running one is over.
    async fn react(&mut self, event: Event) -> Result<Option<Duration>, Error> {
        let is_progress = matches!(event, Event::Progressed(_));
        match self.machine.react(&self.row, event, self.world.clock.now()) {
            Reaction::Enter(change) => {
                let (pause, before) = (change.pause, self.row.state);
                self.commit(*change).await?;
                if before != self.row.state {
                    tracing::info!(node = %self.job.node.name, deployment = %self.row.id, state = %self.row.state, "state");
                    self.withdraw().await?;
                }
                Ok(Some(pause))
            }
            Reaction::Keep(change) if is_progress && self.written.elapsed() < PROGRESS_INTERVAL => {
                // Deadlines count from here at once; the row follows with the next commit.
                self.row = change.deployment;
                Ok(None)
            }
            Reaction::Keep(change) => {
                self.commit(*change).await?;
                Ok(None)
            }
            Reaction::Ignored(why) => {
                tracing::debug!(node = %self.job.node.name, state = %self.row.state, why, "event ignored");
                Ok(None)
            }
        }
    }

    /// A node that is given up may run anything: its export ends with the transition.
    async fn withdraw(&self) -> Result<(), store::Error> {
        if !matches!(self.row.state, S::Lost | S::Failed | S::Destroyed) {
            return Ok(());
        }
        let Err(problem) = self.world.exports.sync().await else { return Ok(()) };
        tracing::warn!(node = %self.job.node.name, %problem, "the installer root may still be exported");
        let text = format!("the installer root may still be exported to the node: {problem}");
        let (id, event) =
            (self.row.id, StepEvent { at: self.world.clock.now(), state: self.row.state, text });
        self.world.store.write(move |tx| deployments::add_event(tx, id, &event)).await
    }

    /// One transaction for all that a change says.
    async fn commit(&mut self, change: Change) -> Result<(), store::Error> {
        let Change { deployment, events, closes_image, takes, .. } = change;
        let mut pending = std::mem::take(&mut self.pending);
        pending.events.extend(events);
        let row = deployment.clone();
        let write = self.world.store.write(move |tx| {
            deployments::save(tx, &row)?;
            for event in &pending.events {
                deployments::add_event(tx, row.id, event)?;
            }
            if closes_image {
                deployments::set_image_token(tx, row.id, None)?;
            }
            if let Some(taken) = takes {
                deployments::take_request(tx, row.id, taken)?;
            }
            if let Some(Probed { boot_id, serial, revision, boot_order }) = &pending.probed {
                deployments::set_boot_id(tx, row.id, boot_id)?;
                nodes::set_identity(tx, row.node, *serial, *revision)?;
                nodes::set_boot_order(tx, row.node, *boot_order)?;
            }
            Ok(())
        });
        write.await?;
        self.row = deployment;
        self.written = Instant::now();
        Ok(())
    }
}

fn ended(outcome: Result<(), Trouble>) -> Result<Event, Error> {
    match outcome {
        Ok(()) => Ok(Event::Done),
        Err(Trouble::Node(problem, retry)) => Ok(Event::Setback(problem, retry)),
        Err(Trouble::Own(error)) => Err(error),
    }
}
