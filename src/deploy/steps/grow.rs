//! Growing the root partition: one verb, states `delete_partition` to `wait_resizing`. *IO: through [`Hands`].*

use super::hands::Hands;
use super::{Trouble, verb};
use crate::model::deployment::DeploymentState as S;
use crate::model::verb::{GrowArgs, GrowReport, Phase, Verb};

/// `delete_partition`, `create_partition`, `mount_partition`, `resize_partition`, `wait_resizing`.
pub(super) async fn grow(hands: &mut Hands) -> Result<(), Trouble> {
    let size = hands.configuration()?.partition_size;
    let args = GrowArgs { layout: hands.job.environment.layout.clone(), size };
    let report: GrowReport = verb::run(hands, Verb::Grow, &args, state_of).await?;
    hands
        .note(format!(
            "the root partition has {} MB, its file system {} MB",
            report.partition_bytes / 1_000_000,
            report.file_system_bytes / 1_000_000
        ))
        .await;
    Ok(())
}

/// The table is edited at one stroke; growing shows itself by its second line.
fn state_of(phase: Phase, lines: u64) -> Option<S> {
    match phase {
        Phase::Table => Some(S::CreatePartition),
        Phase::CheckFileSystem => Some(S::MountPartition),
        Phase::Resize if lines == 0 => Some(S::ResizePartition),
        Phase::Resize => Some(S::WaitResizing),
        Phase::WaitForCard | Phase::Discard | Phase::Write | Phase::Check => None,
    }
}
