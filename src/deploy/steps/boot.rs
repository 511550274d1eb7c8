//! Booting the installer: boot target, power off, power on, until the right system answers.
//!
//! *IO: through [`Hands`].* States `nfs_boot_conf`, `nfs_boot_off`, `nfs_boot_on`; the take-down boots the same way.

use super::hands::Hands;
use super::{Report, Trouble, verb};
use crate::deploy::remote::DialError;
use crate::model::board::RevisionCode;
use crate::model::boot_event::System;
use crate::model::node::BootTarget;
use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::verb::{After, FinishArgs, ProbeReport, Retry, Verb};
use crate::power::Since;
use crate::store::deployments;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a node may take to obey a restart over SSH; its silence afterwards is the answer.
const FAREWELL: Duration = Duration::from_secs(30);
/// Restarts a deployed system; `tc` of piCore is no root.
const REBOOT: &str = "sudo -n reboot || reboot";

/// `nfs_boot_conf`.
pub(super) async fn conf(hands: &mut Hands) -> Result<(), Trouble> {
    // The tenant's system still runs: the installer root is exported in `nfs_boot_on`, once the power is off.
    hands.set_boot_target(BootTarget::Installer).await
}

/// `nfs_boot_off`.
pub(super) async fn off(hands: &mut Hands) -> Result<(), Trouble> {
    let since = cut_power(hands).await?;
    hands.wait_off(since).await;
    Ok(())
}

/// Power off; a node that nobody switches is asked to restart instead.
pub(super) async fn cut_power(hands: &mut Hands) -> Result<Since, Trouble> {
    hands.session = None;
    let since = hands.switch(PowerState::Off).await?;
    if !hands.is_switched().await? {
        hands
            .note("nobody switches this node's power: it is asked to restart; if it does not, pull its plug")
            .await;
        ask_to_restart(hands).await;
    }
    Ok(since)
}

/// Asks whatever system of ours runs on the node to restart, once.
pub(super) async fn ask_to_restart(hands: &mut Hands) {
    let is_installer = match hands.connect(System::Installer).await {
        Ok(Ok(())) => true,
        Ok(Err(DialError::SomebodyElse { .. })) => false,
        Ok(Err(DialError::NoAnswer { .. } | DialError::Refused { .. })) | Err(_) => return,
    };
    if is_installer {
        finish(hands, After::Reboot).await.ok();
    } else if matches!(hands.connect(System::Deployed).await, Ok(Ok(())))
        && let Some(session) = hands.session.as_mut()
        && let Ok(mut running) = session.remote.exec(REBOOT, Vec::new()).await
    {
        timeout(FAREWELL, async { while running.next().await.is_ok_and(|output| !output.is_end()) {} })
            .await
            .ok();
    }
    hands.session = None;
}

/// Flushes the card and restarts the installer's node. A connection that breaks is what is expected.
pub(super) async fn finish(hands: &mut Hands, then: After) -> Result<(), Trouble> {
    let args = FinishArgs { then };
    let done = verb::run::<_, serde_json::Value>(hands, Verb::Finish, &args, |_, _| None);
    let outcome = timeout(FAREWELL, done).await;
    hands.session = None;
    match outcome {
        Ok(Err(Trouble::Own(error))) => Err(Trouble::Own(error)),
        Ok(Err(Trouble::Node(problem, Retry::Pointless))) => Err(Trouble::pointless(problem)),
        // Broken connection, no exit status, silence: the node goes down. If it does not, the next step sees it.
        Ok(Ok(_) | Err(Trouble::Node(_, Retry::Worthwhile))) | Err(_) => Ok(()),
    }
}

/// `nfs_boot_on`.
pub(super) async fn on(hands: &mut Hands) -> Result<(), Trouble> {
    let report = boot_installer(hands).await?;
    judge_card(&report, hands.job.environment.disk_bytes)
}

/// Power on, then waits for an installer that booted after the power went off.
pub(super) async fn boot_installer(hands: &mut Hands) -> Result<ProbeReport, Trouble> {
    hands.world.exports.sync().await.map_err(Trouble::again)?;
    hands.switch(PowerState::On).await?;
    let node = hands.job.node.id;
    let before = hands.world.store.read(move |conn| deployments::last_boot_id(conn, node)).await?;
    loop {
        hands.await_system(System::Installer).await?;
        let probed: Result<ProbeReport, Trouble> =
            verb::run(hands, Verb::Probe, &serde_json::json!({}), |_, _| None).await;
        let seen = match probed {
            Ok(report) if before.as_ref() != Some(&report.boot_id) => {
                welcome(hands, &report).await?;
                return Ok(report);
            }
            Ok(_) => "the installer that answers has not restarted since the last deployment".to_owned(),
            // It may be on its way down, or not all the way up.
            Err(Trouble::Node(problem, Retry::Worthwhile)) => problem.seen,
            Err(trouble @ (Trouble::Node(_, Retry::Pointless) | Trouble::Own(_))) => return Err(trouble),
        };
        hands.session = None;
        hands.tell(Report::Seen(seen)).await;
        sleep(hands.world.config.probe_interval).await;
    }
}

async fn welcome(hands: &Hands, report: &ProbeReport) -> Result<(), Trouble> {
    let own = env!("CARGO_PKG_VERSION");
    if report.version != own {
        return Err(Trouble::pointless(Problem::new(
            format!("the installer runs pimaster {}", report.version),
            format!("version {own}, the same as here"),
            "Run `pimaster nfs prepare` again, then choose hard reboot.",
        )));
    }
    let serial = report.serial.as_deref().and_then(|serial| serial.parse().ok());
    let hex = report.revision.as_deref().map(|text| text.trim().trim_start_matches("0x"));
    let revision = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).map(RevisionCode);
    let (boot_id, boot_order) = (report.boot_id.clone(), report.boot_order);
    hands.tell(Report::Probed { boot_id, serial, revision, boot_order }).await;
    let model = report.model.as_deref().unwrap_or("a board that does not say its model");
    let card = match &report.card {
        Some(card) => {
            let identity =
                card.identity.as_deref().map(|identity| format!(" ({identity})")).unwrap_or_default();
            format!("card {} of {} MB{identity}", card.path, card.size_bytes / 1_000_000)
        }
        None => "no card".to_owned(),
    };
    hands.note(format!("the installer answers: {model}, {} MiB of memory, {card}", report.memory_mib)).await;
    if let Some(order) = boot_order.filter(|order| !order.is_network_first()) {
        let name = &hands.job.node.name;
        tracing::warn!(node = %name, %order, "the board's EEPROM does not boot from the network first");
        hands.note(format!("warning: {}", order.warning())).await;
    }
    Ok(())
}

/// Whether the image can be written at all.
fn judge_card(report: &ProbeReport, image_bytes: u64) -> Result<(), Trouble> {
    let (seen, expected, advice) = match &report.card {
        None => (
            "no card was found".to_owned(),
            "an SD card".to_owned(),
            "Put a card in, then choose hard reboot.",
        ),
        Some(card) if card.read_only => (
            format!("the card {} refuses writes", card.path),
            "a card that can be written".to_owned(),
            "Replace the card: worn-out cards lock themselves. Then choose hard reboot.",
        ),
        Some(card) if card.size_bytes < image_bytes => (
            format!("the card {} has {} bytes", card.path, card.size_bytes),
            format!("at least {image_bytes} bytes, the size of the image"),
            "Put a larger card in or choose a smaller environment.",
        ),
        Some(_) => return Ok(()),
    };
    Err(Trouble::pointless(Problem::new(seen, expected, advice)))
}
