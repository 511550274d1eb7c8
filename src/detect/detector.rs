//! Carries detections out: save, then act. *IO: SNMP through `power`, the store.* A task of the daemon.
//!
//! Each step is a row before it is an act; after a restart the ports that were not settled are begun anew. A switch
//! that fails costs its ports their outcome, never the task.

use super::locator::{locate, read_tables};
use super::machine::{Decision, GIVING_BACK_TRIES, Heard, Limits, decide, giving_back_is_due, resumed};
use super::start::spared;
use super::tables::Place;
use crate::model::clock::{Clock, Timestamp};
use crate::model::detection::{DetectedPort, Detection, DetectionState, Outcome, Step};
use crate::model::ids::DetectionId;
use crate::model::net::MacAddr;
use crate::model::power::PowerState;
use crate::model::rack::{PortRef, Switch};
use crate::power::{self, Power};
use crate::store::{self, Store, Transaction, boot_events, detections, nodes, sightings, switches};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a waiting step is looked at.
const TICK: Duration = Duration::from_millis(250);

/// How often somebody else's rows are looked for.
const IDLE: Duration = Duration::from_secs(2);

/// Carries detections out.
#[derive(Debug)]
pub struct Detector {
    store: Store,
    power: Power,
    limits: Limits,
    clock: Clock,
}

/// Whether a port was switched.
enum Switched {
    Yes,
    /// It was left alone.
    Spared {
        why: String,
    },
    /// The switch did not do it.
    Failed {
        why: String,
    },
}

impl Detector {
    /// A detector with these patiences: for a board to ask, and for one elsewhere to ask again.
    pub fn new(store: Store, power: Power, listen: Duration, quiet: Duration) -> Self {
        let span = |span: Duration| span.try_into().unwrap_or(crate::model::clock::SignedDuration::MAX);
        let limits = Limits { listen: span(listen), quiet: span(quiet) };
        Self { store, power, limits, clock: Clock::system() }
    }

    /// Carries out what is there and what comes, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), store::Error> {
        self.resume().await?;
        let mut changes = self.store.changes();
        loop {
            let running = self.store.read(detections::running).await?;
            let idle = running.is_empty();
            for job in running {
                self.advance(job).await?;
            }
            let pause = async {
                if idle {
                    // What the command line commits wakes nobody in this process.
                    let _ = tokio::time::timeout(IDLE, changes.changed()).await;
                } else {
                    tokio::time::sleep(TICK).await;
                }
            };
            if shutdown.run_until_cancelled(pause).await.is_none() {
                return Ok(());
            }
        }
    }

    async fn resume(&self) -> Result<(), store::Error> {
        let now = self.clock.now();
        let resume = move |tx: &Transaction<'_>| {
            for mut job in detections::running(tx)? {
                job.step = resumed(&job.step);
                detections::save(tx, &job)?;
                detections::note(
                    tx,
                    job.id,
                    now,
                    "pimaster was started again: the open ports are begun anew",
                )?;
            }
            Ok(())
        };
        self.store.write(resume).await
    }

    async fn advance(&self, job: Detection) -> Result<(), store::Error> {
        let id = job.switch;
        let Some(switch) = self.store.read(move |conn| switches::by_id(conn, id)).await? else {
            return Ok(());
        };
        match &job.step {
            Step::Tables if !job.cancel => self.tables(job, &switch).await,
            Step::Clear if !job.cancel => self.clear(job, &switch).await,
            Step::Restore { tries } => self.restore(&job, *tries, &switch).await,
            Step::Tables | Step::Clear | Step::Quiet | Step::Listen { .. } | Step::Confirm { .. } => {
                self.wait(job, &switch).await
            }
        }
    }

    /// Takes what the switch's own tables say.
    async fn tables(&self, mut job: Detection, switch: &Switch) -> Result<(), store::Error> {
        let now = self.clock.now();
        let machines = self.store.read(|conn| {
            let unknown = sightings::list(conn)?.into_iter().map(|seen| seen.mac);
            Ok(unknown.chain(nodes::list(conn)?.into_iter().map(|node| node.mac)).collect::<Vec<MacAddr>>())
        });
        let machines = machines.await?;
        let mut notes = Vec::new();
        match read_tables(&self.power, switch).await {
            Ok(tables) => {
                for (mac, place) in tables.places(&machines) {
                    let Place::Port(port) = place else { continue };
                    if let Some(it) = job.ports.iter_mut().find(|it| it.port == port) {
                        it.outcome = Some(Outcome::Listed { mac });
                        notes.push(format!("port {port}: {mac} stands there, says the switch"));
                    }
                }
                if notes.is_empty() {
                    notes.push("the switch's tables show none of the machines at these ports".to_owned());
                }
            }
            Err(error) => notes.push(format!("{error}")),
        }
        let open = job.ports.iter().filter(|it| it.outcome.is_none()).count();
        job.step = if open == 0 { Step::RESTORE } else { Step::Clear };
        if open > 0 {
            notes.push(format!("{open} ports are switched off and on, one after the other"));
        }
        job.step_since = now;
        self.store
            .write(move |tx| {
                for it in &job.ports {
                    if let Some(mac) = it.outcome.as_ref().and_then(Outcome::mac) {
                        locate(tx, mac, PortRef { switch: job.switch, port: it.port })?;
                    }
                }
                notes.iter().try_for_each(|text| detections::note(tx, job.id, now, text))?;
                detections::save(tx, &job)
            })
            .await
    }

    /// Switches every open port off.
    async fn clear(&self, job: Detection, switch: &Switch) -> Result<(), store::Error> {
        for port in job.ports.iter().filter(|it| it.outcome.is_none()).map(|it| it.port) {
            self.switch(job.id, switch, port, PowerState::Off).await?;
        }
        self.enter(job.id, Step::Quiet, None, switch).await
    }

    /// Looks whether a step that waits has ended.
    async fn wait(&self, job: Detection, switch: &Switch) -> Result<(), store::Error> {
        let since = job.step_since;
        let heard = self.store.read(move |conn| heard(conn, since)).await?;
        match decide(&job, &heard, self.clock.now(), self.limits) {
            Decision::Wait => Ok(()),
            Decision::Go { step, outcome } => self.enter(job.id, step, outcome, switch).await,
        }
    }

    /// Commits a step, then does what it begins with; its time counts from then.
    async fn enter(
        &self,
        id: DetectionId,
        step: Step,
        outcome: Option<(u16, Outcome)>,
        switch: &Switch,
    ) -> Result<(), store::Error> {
        let (now, entered) = (self.clock.now(), step.clone());
        self.change(id, now, move |tx, job| {
            if let Some((port, outcome)) = outcome {
                settle(tx, job, port, outcome, now)?;
            }
            job.step = entered;
            Ok(())
        })
        .await?;
        let act = match step {
            Step::Listen { port, .. } => Some((port, PowerState::On)),
            Step::Confirm { port, .. } => Some((port, PowerState::Off)),
            Step::Tables | Step::Clear | Step::Quiet | Step::Restore { .. } => None,
        };
        if let Some((port, wanted)) = act {
            self.switch(id, switch, port, wanted).await?;
        }
        let since = self.clock.now();
        self.change(id, since, |_, _| Ok(())).await
    }

    /// Gives each touched port the power that it had, and ends: when all have it, or when that failed often enough.
    async fn restore(&self, job: &Detection, tries: u32, switch: &Switch) -> Result<(), store::Error> {
        if !giving_back_is_due(tries, job.step_since, self.clock.now()) {
            return Ok(());
        }
        for (port, was) in job.not_given_back() {
            let outcome = self.set_power(job.id, switch, port, was).await?;
            let now = self.clock.now();
            let given_back = matches!(outcome, Switched::Yes);
            let text = match outcome {
                Switched::Yes => Some(format!("port {port} is {} again", was.as_str())),
                // The same as before in other words at most: the end names the port once more.
                Switched::Spared { why } | Switched::Failed { why } => (tries == 0)
                    .then(|| format!("port {port} cannot be switched {} yet: {why}", was.as_str())),
            };
            self.change(job.id, now, move |tx, job| {
                if let Some(it) = job.ports.iter_mut().find(|it| it.port == port) {
                    it.given_back = given_back;
                }
                text.map_or(Ok(()), |text| detections::note(tx, job.id, now, &text))
            })
            .await?;
        }
        self.end_or_try_again(job.id, tries + 1, switch.name.clone()).await
    }

    async fn end_or_try_again(
        &self,
        id: DetectionId,
        tries: u32,
        switch: String,
    ) -> Result<(), store::Error> {
        let now = self.clock.now();
        self.change(id, now, move |tx, job| {
            let debt = job.debt(&switch);
            if debt.is_some() && tries < GIVING_BACK_TRIES {
                job.step = Step::Restore { tries };
                return Ok(());
            }
            let spared = |it: &DetectedPort| matches!(it.outcome, Some(Outcome::Spared { .. }));
            job.state = match (&debt, job.cancel, job.ports.iter().all(spared)) {
                (Some(_), ..) | (None, false, true) => DetectionState::Failed,
                (None, true, _) => DetectionState::Cancelled,
                (None, false, false) => DetectionState::Done,
            };
            job.ended_at = Some(now);
            if let Some(debt) = &debt {
                tracing::error!(detection = job.id.0, "{debt}");
            }
            let given = debt.unwrap_or_else(|| "each port has the power it had".to_owned());
            detections::note(tx, job.id, now, &format!("{}; {given}", job.state.as_str()))
        })
        .await
    }

    /// Switches a port and notes that, or settles the port with why it was not.
    async fn switch(
        &self,
        id: DetectionId,
        switch: &Switch,
        port: u16,
        wanted: PowerState,
    ) -> Result<(), store::Error> {
        let outcome = self.set_power(id, switch, port, wanted).await?;
        let now = self.clock.now();
        self.store
            .write(move |tx| match outcome {
                Switched::Yes => {
                    detections::note(tx, id, now, &format!("port {port} is {}", wanted.as_str()))
                }
                Switched::Spared { why } | Switched::Failed { why } => {
                    let Some(mut job) = detections::by_id(tx, id)? else { return Ok(()) };
                    settle(tx, &mut job, port, Outcome::Spared { why }, now)?;
                    detections::save(tx, &job)
                }
            })
            .await
    }

    /// Switches a port, if nobody has booked its node: that is judged in the transaction of the request.
    async fn set_power(
        &self,
        id: DetectionId,
        switch: &Switch,
        port: u16,
        wanted: PowerState,
    ) -> Result<Switched, store::Error> {
        let now = self.clock.now();
        let at = PortRef { switch: switch.id, port };
        let outcome = async {
            let was = self.power.read(at).await?;
            let (judged, refusal) = (switch.clone(), Arc::new(Mutex::new(None)));
            let refused = Arc::clone(&refusal);
            let allowed = move |tx: &Transaction<'_>| {
                let Some(mut job) = detections::by_id(tx, id)? else { return Ok(false) };
                if let Some(it) = job.ports.iter_mut().find(|it| it.port == port) {
                    it.was = it.was.or(Some(was));
                }
                detections::save(tx, &job)?;
                let why = spared(tx, &judged, port, now)?;
                let is_allowed = why.is_none();
                *refused.lock().unwrap_or_else(PoisonError::into_inner) = why;
                Ok(is_allowed)
            };
            let switched = self.power.set_if(at, wanted, allowed).await?;
            let why = refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
            Ok::<_, power::Error>(match switched {
                Some(_) => Switched::Yes,
                None => Switched::Spared { why: why.unwrap_or_else(|| "the detection is gone".to_owned()) },
            })
        };
        // What the switch or its row got wrong is data.
        Ok(outcome.await.unwrap_or_else(|error| Switched::Failed { why: error.to_string() }))
    }

    /// Changes a detection's row; its step counts from `now`.
    async fn change<F>(&self, id: DetectionId, now: Timestamp, change: F) -> Result<(), store::Error>
    where
        F: FnOnce(&Transaction<'_>, &mut Detection) -> store::Result<()> + Send + 'static,
    {
        self.store
            .write(move |tx| {
                let Some(mut job) = detections::by_id(tx, id)? else { return Ok(()) };
                change(tx, &mut job)?;
                job.step_since = now;
                detections::save(tx, &job)
            })
            .await
    }
}

/// Notes what came out at a port, and where the machine stands.
fn settle(
    tx: &Transaction<'_>,
    job: &mut Detection,
    port: u16,
    outcome: Outcome,
    now: Timestamp,
) -> store::Result<()> {
    let Some(it) = job.ports.iter_mut().find(|it| it.port == port) else { return Ok(()) };
    // While a port is given back, what was found there stays.
    if it.outcome.is_some() {
        return detections::note(tx, job.id, now, &format!("port {port}: {}", outcome.text()));
    }
    let mut text = format!("port {port}: {}", outcome.text());
    if let Some(mac) = outcome.mac() {
        if let Some(node) = nodes::by_mac(tx, mac)? {
            text = format!("{text}; it is {}", node.name);
        }
        locate(tx, mac, PortRef { switch: job.switch, port })?;
    }
    it.outcome = Some(outcome);
    detections::note(tx, job.id, now, &text)
}

/// Who asked since then: unknown machines, and nodes.
fn heard(conn: &store::Connection, since: Timestamp) -> store::Result<Vec<Heard>> {
    let unknown =
        sightings::list(conn)?.into_iter().map(|seen| Heard { mac: seen.mac, last_at: seen.last_at });
    let known =
        boot_events::dhcp_since(conn, since)?.into_iter().map(|(mac, last_at)| Heard { mac, last_at });
    Ok(unknown.chain(known).collect())
}
