//! Runs the checks at once, each within its time. *IO: through the checks.*

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use super::{
    boot, clock, data, disk, environments, export, foreign, installer, interface, ports, rights, routing,
    switches,
};
use crate::config::Config;
use crate::model::check::Check;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Examines a set-up: `hear` is told each finding as it comes. Ends within a minute.
pub async fn examine(config: Config, checks: &[Check], mut hear: impl FnMut(&Finding)) -> Vec<Finding> {
    let scene = Arc::new(Scene::look(config).await);
    let mut running = JoinSet::new();
    for check in checks.iter().copied() {
        let scene = Arc::clone(&scene);
        running.spawn(async move {
            let limit = limit(check);
            timeout(limit, look(check, &scene)).await.unwrap_or_else(|_| vec![overdue(check, limit)])
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        let found = ended.unwrap_or_else(|error| vec![broken(&error)]);
        found.iter().for_each(&mut hear);
        all.extend(found);
    }
    all
}

/// The longest that a check takes; the look around before all of them takes some seconds more.
const LONGEST: Duration = Duration::from_secs(45);

/// How long a check may take. The boot counts files, the switches answer slowly, all else is a glance.
fn limit(check: Check) -> Duration {
    match check {
        Check::Boot | Check::Switches => LONGEST,
        Check::Settings
        | Check::Data
        | Check::Database
        | Check::Disk
        | Check::Clock
        | Check::Interface
        | Check::Ports
        | Check::Rights
        | Check::Daemon
        | Check::Installer
        | Check::Export
        | Check::Environments
        | Check::Routing
        | Check::ForeignDhcp => Duration::from_secs(20),
    }
}

async fn look(check: Check, scene: &Scene) -> Vec<Finding> {
    match check {
        Check::Settings => vec![Verdict::Good("is good".to_owned()).of(check, "settings file")],
        Check::Data => data::folder(&scene.config.data),
        Check::Database => vec![data::database(scene)],
        Check::Disk => disk::check(scene),
        Check::Clock => vec![clock::check(scene)],
        Check::Interface => interface::check(scene),
        Check::Ports => ports::check(scene),
        Check::Rights => vec![rights::check(scene)],
        Check::Daemon => vec![scene.daemon_finding()],
        Check::Installer => installer::check(scene).await,
        Check::Export => export::check(scene).await,
        Check::Switches => switches::check(scene).await,
        Check::Environments => environments::check(scene).await,
        Check::Routing => routing::check(scene).await,
        Check::ForeignDhcp => foreign::check(scene).await,
        Check::Boot => vec![boot::check(scene).await],
    }
}

fn overdue(check: Check, limit: Duration) -> Finding {
    let seen = format!("no end within {} s", limit.as_secs());
    let advice = "Look at the other findings first; then run this check alone with --only.";
    Verdict::failure(seen, "an answer in that time", advice).of(check, check.as_str())
}

fn broken(error: &tokio::task::JoinError) -> Finding {
    let advice = "This is a fault of pimaster: report it.";
    Verdict::failure(format!("a check broke off: {error}"), "a finding", advice).of(Check::Daemon, "doctor")
}
