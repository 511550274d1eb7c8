//! `pimaster image import|list|remove`. *IO: the image file, the data folder, the database, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon;
use crate::daemon::open_store;
use crate::image::{self, Progress, Request};
use anyhow::Context;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// `pimaster image`.
pub(super) async fn run(config: Config, command: cli::Image, out: Output) -> anyhow::Result<()> {
    match command {
        cli::Image::Import { file, name, description, ssh_user } => {
            let name = name.unwrap_or_else(|| name_of(&file));
            let description = Some(description).filter(|text| !text.is_empty());
            let limit_bytes = image::USUAL_LIMIT_BYTES;
            import(&config, Request { file, name, description, ssh_user, limit_bytes }, &out).await
        }
        cli::Image::List => list(&config, &out).await,
        cli::Image::Remove { name } => {
            image::remove(&open_store(&config)?, &config.data, &name).await?;
            out.line(format_args!("{name} removed"))
        }
    }
}

/// The file's name without its folder and extensions.
fn name_of(file: &Path) -> String {
    let name = file.file_name().map(PathBuf::from).unwrap_or_default().to_string_lossy().to_lowercase();
    let endings = [".xz", ".gz", ".zst", ".zip", ".tar", ".img"];
    endings.iter().fold(name, |name, ending| name.strip_suffix(ending).map_or(name.clone(), str::to_owned))
}

async fn import(config: &Config, request: Request, out: &Output) -> anyhow::Result<()> {
    let store = open_store(config)?;
    let cancel = daemon::shutdown_on_signals()?;
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{msg:10} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .context("the progress bar's template")?,
    );
    let shown = bar.clone();
    let progress = move |progress: Progress| {
        let (what, done_bytes, total_bytes) = match progress {
            Progress::Unpacking { done_bytes, total_bytes } => ("unpacking", done_bytes, total_bytes),
            Progress::Storing { done_bytes, total_bytes } => ("storing", done_bytes, total_bytes),
        };
        if shown.message() != what {
            shown.reset();
            shown.set_message(what);
        }
        shown.set_length(total_bytes);
        shown.set_position(done_bytes);
    };
    let imported = image::import(&store, &config.data, request, progress, &cancel).await;
    bar.finish_and_clear();
    out.line(format_args!("{}", image::describe(&imported?).trim_end()))
}

async fn list(config: &Config, out: &Output) -> anyhow::Result<()> {
    for environment in image::list(&open_store(config)?).await? {
        let (disk, stored) = (HumanBytes(environment.disk_bytes), HumanBytes(environment.stored_bytes));
        let digest: String = environment.digest.to_string().chars().take(16).collect();
        let (name, family) = (&environment.name, environment.family.shown());
        out.line(format_args!("{name}\t{family}\t{disk}, {stored} stored\t{digest}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_file_names() {
        let check = |file: &str, name| assert_eq!(name_of(Path::new(file)), name);
        check("/tmp/2026-Raspios-lite.img.xz", "2026-raspios-lite");
        check("piCore.tar.gz", "picore");
        check("a.zip", "a");
    }
}
