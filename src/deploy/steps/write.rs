//! Writing and checking the image: one verb, states `env_copy` and `env_check`. *IO: through [`Hands`].*
//!
//! The node fetches the image with a token of this try: the database holds only its digest, which the machine's
//! next transition deletes.

use super::hands::Hands;
use super::{Trouble, verb};
use crate::model::deployment::DeploymentState as S;
use crate::model::image::FileSystem;
use crate::model::node::BootTarget;
use crate::model::verb::{Phase, Verb, WriteImageArgs, WriteImageReport};
use crate::store::deployments;

/// `env_copy`, `env_check`.
pub(super) async fn write(hands: &mut Hands) -> Result<(), Trouble> {
    let token = fresh_token()?;
    let (id, digest) = (hands.job.id, *blake3::hash(token.as_bytes()).as_bytes());
    hands.world.store.write(move |tx| deployments::set_image_token(tx, id, Some(&digest))).await?;
    let environment = &hands.job.environment;
    let url = format!("{}/images/{}", hands.world.config.image_url.trim_end_matches('/'), environment.id);
    let least_card_bytes = hands.configuration()?.partition_size.least_card_bytes(&environment.layout);
    let layout = &environment.layout;
    let is_rom = hands.deployed_target() == BootTarget::Environment;
    let boot = layout.partition(layout.boot).filter(|boot| is_rom && boot.file_system == FileSystem::Fat);
    let args = WriteImageArgs {
        url,
        token,
        digest: environment.digest,
        least_card_bytes,
        remove_bootcode: boot.copied(),
    };
    let report: WriteImageReport = verb::run(hands, Verb::WriteImage, &args, state_of).await?;
    if report.resumed_bytes > 0 {
        hands.note(format!("{} were on the card already", megabytes(report.resumed_bytes))).await;
    }
    hands
        .note(format!(
            "{} written in {:.1} s ({}), compared in {:.1} s",
            megabytes(report.written_bytes),
            seconds(report.write_millis),
            speed(report.written_bytes, report.write_millis),
            seconds(report.check_millis),
        ))
        .await;
    Ok(())
}

fn state_of(phase: Phase, _lines: u64) -> Option<S> {
    match phase {
        Phase::Check => Some(S::EnvCheck),
        Phase::WaitForCard
        | Phase::Discard
        | Phase::Write
        | Phase::Table
        | Phase::CheckFileSystem
        | Phase::Resize => None,
    }
}

fn fresh_token() -> Result<String, Trouble> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Trouble::Own(crate::deploy::Error::Random))?;
    Ok(blake3::Hash::from_bytes(bytes).to_hex().to_string())
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn speed(bytes: u64, millis: u64) -> String {
    let rate = bytes.saturating_mul(1000) / millis.max(1);
    format!("{}/s", megabytes(rate))
}
