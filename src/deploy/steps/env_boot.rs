//! From the installer to the deployed system: states `boot_files` and `env_boot`. *IO: through [`Hands`].*
//!
//! The installer's export goes only when the deployed system answers: an installer that loses its root on the way
//! down hangs instead of restarting.

use super::boot::finish;
use super::hands::Hands;
use super::{Report, Trouble};
use crate::deploy::remote::DialError;
use crate::model::boot_event::System;
use crate::model::verb::After;
use crate::store::nodes;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// An installer that still answers after so long has not taken the restart to heart.
const SHUTDOWN: Duration = Duration::from_secs(20);

/// `boot_files`.
pub(super) async fn boot_files(hands: &mut Hands) -> Result<(), Trouble> {
    let (node, target) = (hands.job.node.id, hands.deployed_target());
    hands.world.store.write(move |tx| nodes::set_boot_target(tx, node, target)).await?;
    if hands.has(System::Installer) { finish(hands, After::Reboot).await } else { Ok(()) }
}

/// `env_boot`. After a restart of pimaster the installer may still be up and unaware: it is told again.
pub(super) async fn env_boot(hands: &mut Hands) -> Result<(), Trouble> {
    let installer = hands.host_key(System::Installer).await?;
    let mut told: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        match hands.connect(System::Deployed).await? {
            Ok(()) => break,
            Err(DialError::SomebodyElse { seen: Some(key), .. }) if key.blob() == installer.blob() => {
                hands.tell(Report::Seen("the installer still answers".to_owned())).await;
                if told.is_none_or(|told| told.elapsed() >= SHUTDOWN)
                    && hands.connect(System::Installer).await?.is_ok()
                {
                    told = Some(Instant::now());
                    finish(hands, After::Reboot).await?;
                }
            }
            Err(error) => hands.tell(Report::Seen(error.to_string())).await,
        }
        sleep_until(begun + hands.world.config.probe_interval).await;
    }
    hands.note("the deployed system answers").await;
    // Nobody gets a system that may still mount the installer root.
    hands.world.exports.sync().await.map_err(Trouble::again)
}
