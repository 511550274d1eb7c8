//! Off and on: state `hard_reboot`. *IO: through [`Hands`].*

use super::Trouble;
use super::boot::cut_power;
use super::hands::Hands;
use crate::deploy::states::resume;
use crate::model::deployment::{Deployment, DeploymentState as S};
use crate::model::node::BootTarget;
use crate::model::power::PowerState;

/// `hard_reboot`: the boot target becomes that of the state to come back to, while the node is off.
pub(super) async fn power_cycle(hands: &mut Hands, row: &Deployment) -> Result<(), Trouble> {
    let boots_card = resume(row.saved_state.unwrap_or(S::NfsBootConf)) == S::EnvBoot;
    let target = if boots_card { hands.deployed_target() } else { BootTarget::Installer };
    let since = cut_power(hands).await?;
    hands.boot_from(target).await?;
    hands.wait_off(since).await;
    hands.switch(PowerState::On).await.map(drop)
}
