//! The end of a deployment: state `destroying`. *IO: through [`Hands`].*
//!
//! Access ends with the power, before anything else. Then the installer wipes the card, so that nobody gets what the
//! last user left; a node that cannot do so stays off, with the installer as its only way to boot.

use super::boot::{ask_to_restart, boot_installer, cut_power};
use super::hands::Hands;
use super::{Trouble, verb};
use crate::deploy::states::{self, TakeDown};
use crate::model::deployment::Deployment;
use crate::model::node::BootTarget;
use crate::model::power::PowerState;
use crate::model::verb::{Verb, WipeMethod, WipeReport};
use crate::store::{deployments, nodes};

/// `destroying`.
pub(super) async fn take_down(hands: &mut Hands, row: &Deployment) -> Result<(), Trouble> {
    let (id, node) = (hands.job.id, hands.job.node.id);
    let forget = hands.world.store.write(move |tx| {
        deployments::set_image_token(tx, id, None)?;
        nodes::set_installed(tx, node, None)
    });
    forget.await?;
    if !hands.is_switched().await? {
        // What is asked to restart must find the installer.
        hands.boot_from(BootTarget::Installer).await?;
    }
    let since = match cut_power(hands).await {
        Ok(since) => since,
        Err(trouble) => {
            // The switch fails: the tenant's system must go all the same, into the installer if it obeys.
            hands.boot_from(BootTarget::Installer).await.ok();
            ask_to_restart(hands).await;
            return Err(trouble);
        }
    };
    match states::take_down(row) {
        // Not exported: with `destroyed`, which follows, nobody looks after the node any more.
        TakeDown::PowerOnly => return hands.set_boot_target(BootTarget::Installer).await,
        TakeDown::Wipe => {}
    }
    hands.boot_from(BootTarget::Installer).await?;
    hands.wait_off(since).await;
    boot_installer(hands).await?;
    let report: WipeReport = verb::run(hands, Verb::Wipe, &serde_json::json!({}), |_, _| None).await?;
    let how = match report.method {
        WipeMethod::Discard => "discarded",
        WipeMethod::Overwrite => "overwritten",
    };
    hands.note(format!("{} MB of the card were {how}", report.wiped_bytes / 1_000_000)).await;
    hands.session = None;
    hands.switch(PowerState::Off).await?;
    hands.boot_from(BootTarget::Local).await
}
