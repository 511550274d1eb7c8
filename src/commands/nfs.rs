//! `pimaster nfs prepare`. *IO: the source, the installer root, the data folder, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::keys::KeyFolder;
use crate::nfs_prep::{self, Event, Plan, Request};
use anyhow::Context;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use std::time::Duration;

/// `pimaster nfs`.
pub(super) async fn run(config: Config, command: cli::Nfs, out: Output) -> anyhow::Result<()> {
    let cli::Nfs::Prepare { from, dry_run, node_binary } = command;
    let node_binary = match node_binary {
        Some(file) => file,
        None => std::env::current_exe().context("cannot find this program's own file; give --node-binary")?,
    };
    let plan = nfs_prep::plan(&config.nfs, &Request { from, node_binary })?;
    if dry_run {
        return out.line(format_args!("{}", plan.to_string().trim_end()));
    }
    std::fs::create_dir_all(config.data.root())
        .with_context(|| format!("cannot create the data folder {}", config.data.root().display()))?;
    let keys = KeyFolder::open(config.data.root())?;
    let report = tokio::task::spawn_blocking(move || prepare(&plan, &keys))
        .await
        .context("the preparation broke off; run it again, it goes on where it stopped")??;
    let (system, boot) = (&report.system, &report.boot);
    out.line(format_args!(
        "{} files copied ({}), {} unchanged, {} removed; {} boot files",
        HumanCount(system.files),
        HumanBytes(system.bytes),
        HumanCount(system.unchanged),
        HumanCount(system.removed),
        HumanCount(boot.files + boot.unchanged),
    ))?;
    out.line(format_args!("host key of the installer: {}", report.host_key))?;
    for key in &system.keys_left_out {
        out.line(format_args!("left out, a private key: {}", key.display()))?;
    }
    report.notes.iter().try_for_each(|note| out.line(format_args!("note: {note}")))
}

fn prepare(plan: &Plan, keys: &KeyFolder) -> anyhow::Result<nfs_prep::Report> {
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {prefix}  {msg}").context("the progress template")?,
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    let show = |event: Event| match event {
        Event::Step(index) => {
            let step = plan.steps.get(index).map(|step| plan.describe(*step).0);
            bar.set_prefix(format!("{}/{} {}", index + 1, plan.steps.len(), step.unwrap_or_default()));
            bar.set_message("");
        }
        Event::Unpacked { bytes } => bar.set_message(HumanBytes(bytes).to_string()),
        Event::Copied { files, bytes } => {
            bar.set_message(format!("{} files, {}", HumanCount(files), HumanBytes(bytes)));
        }
    };
    let report = nfs_prep::apply(plan, keys, &show);
    bar.finish_and_clear();
    Ok(report?)
}
