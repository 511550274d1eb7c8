//! Carries detections out: save, then act. *IO: SNMP through `power`, the store.* A task of the daemon.
//!
//! Each step is a row before it is an act; after a restart the ports that were not settled are begun anew. A switch
//! that fails costs its ports their outcome, never the task.

use super::locator::{locate, read_tables};
use super::machine::{Decision, Heard, Limits, decide, resumed};
use super::start::spared;
use super::tables::Place;
use crate::model::clock::{Clock, Timestamp};
use crate::model::detection::{Detection, DetectionState, Outcome, Step};
use crate::model::ids::DetectionId;
use crate::model::net::MacAddr;
use crate::model::power::PowerState;
use crate::model::rack::{PortRef, Switch};
use crate::power::Power;
use crate::store::{self, Store, Transaction, boot_events, detections, nodes, sightings, switches};
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
            Step::Restore => self.restore(job, &switch).await,
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
        job.step = if open == 0 { Step::Restore } else { Step::Clear };
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
            Step::Tables | Step::Clear | Step::Quiet | Step::Restore => None,
        };
        if let Some((port, wanted)) = act {
            self.switch(id, switch, port, wanted).await?;
        }
        let since = self.clock.now();
        self.change(id, since, |_, _| Ok(())).await
    }

    /// Gives each touched port the power that it had, and ends.
    async fn restore(&self, job: Detection, switch: &Switch) -> Result<(), store::Error> {
        let mut left = Vec::new();
        for (port, was) in job.ports.iter().filter_map(|it| Some((it.port, it.was?))) {
            if !self.switch(job.id, switch, port, was).await? {
                left.push(port.to_string());
            }
        }
        let given = match left.as_slice() {
            [] => "each port has the power it had".to_owned(),
            [..] => format!("not given back the power it had: port {}", left.join(", ")),
        };
        let now = self.clock.now();
        self.change(job.id, now, move |tx, job| {
            let spared = |it: &crate::model::detection::DetectedPort| {
                matches!(it.outcome, Some(Outcome::Spared { .. }))
            };
            job.state = match (job.cancel, job.ports.iter().all(spared)) {
                (true, _) => DetectionState::Cancelled,
                (false, true) => DetectionState::Failed,
                (false, false) => DetectionState::Done,
            };
            job.ended_at = Some(now);
            detections::note(tx, job.id, now, &format!("{}; {given}", job.state.as_str()))
        })
        .await
    }

    /// Switches a port, if nobody has booked its node: that is judged in the transaction of the request. Whether it
    /// was switched; why not is in the log.
    async fn switch(
        &self,
        id: DetectionId,
        switch: &Switch,
        port: u16,
        wanted: PowerState,
    ) -> Result<bool, store::Error> {
        let now = self.clock.now();
        let at = PortRef { switch: switch.id, port };
        let outcome = async {
            let was = self.power.read(at).await?;
            let judged = switch.clone();
            let allowed = move |tx: &Transaction<'_>| {
                let Some(mut job) = detections::by_id(tx, id)? else { return Ok(false) };
                let why = spared(tx, &judged, port, now)?;
                if let Some(it) = job.ports.iter_mut().find(|it| it.port == port) {
                    it.was = it.was.or(Some(was));
                }
                if let Some(why) = &why {
                    settle(tx, &mut job, port, Outcome::Spared { why: why.clone() }, now)?;
                }
                detections::save(tx, &job)?;
                Ok(why.is_none())
            };
            self.power.set_if(at, wanted, allowed).await
        };
        match outcome.await {
            Ok(Some(_)) => {
                let text = format!("port {port} is {}", wanted.as_str());
                self.store.write(move |tx| detections::note(tx, id, now, &text)).await?;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                let why = error.to_string();
                self.change(id, now, move |tx, job| settle(tx, job, port, Outcome::Spared { why }, now))
                    .await?;
                Ok(false)
            }
        }
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
