//! Making the system on the card the user's own: state `system_conf`. *IO: through [`Hands`].*

use super::hands::Hands;
use super::{Trouble, verb};
use crate::model::node::BootTarget;
use crate::model::verb::{CustomiseArgs, CustomiseReport, Verb};
use crate::store::nodes;

/// `system_conf`. What the card boots is remembered here, while the node says it: boot ROMs that get their files
/// from pimaster need the command line later.
pub(super) async fn customise(hands: &mut Hands) -> Result<(), Trouble> {
    let chosen = hands.configuration()?.clone();
    let job = hands.job.clone();
    let key = hands.node_key().await?.clone();
    let args = CustomiseArgs {
        layout: job.environment.layout.clone(),
        family: job.environment.family,
        host_name: job.node.name.to_string(),
        ssh_user: job.environment.ssh_user.clone(),
        password_hash: chosen.password_hash,
        user_keys: chosen.ssh_keys,
        pimaster_key: hands.pimaster_key().await?,
        host_key: key.private,
        host_public_key: key.public,
        user_script: chosen.user_script,
        remove_bootcode: hands.deployed_target() == BootTarget::Environment,
    };
    let report: CustomiseReport = verb::run(hands, Verb::Customise, &args, |_, _| None).await?;
    let (node, environment) = (job.node.id, job.environment.id);
    let cmdline = report.cmdline;
    let write =
        hands.world.store.write(move |tx| nodes::set_installed(tx, node, Some((environment, &cmdline))));
    write.await?;
    for line in report.notes {
        hands.note(line).await;
    }
    Ok(())
}
