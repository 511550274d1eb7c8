//! `pimaster import dnsmasq|piseduce`. *IO: the other program's files, the database, images, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon::open_store;
use crate::image;
use crate::import::{self, Choices, Environment, Found, Kind, Known, Plan, Verdict, dnsmasq, piseduce};
use crate::keys::KeyFolder;
use crate::model::clock;
use crate::store::{Connection, Store, environments, foreign, switches};
use anyhow::{Context, bail};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// `pimaster import`.
pub(super) async fn run(config: Config, command: cli::Import, out: Output) -> anyhow::Result<()> {
    let (found, options, images) = match command {
        cli::Import::Dnsmasq { file, options } => {
            (dnsmasq::find(&import::read_dnsmasq(&file)?), options, None)
        }
        cli::Import::Piseduce { source, dnsmasq: beside, images, options } => {
            let dhcp = match beside {
                Some(file) => dnsmasq::find(&import::read_dnsmasq(&file)?),
                None => Found::default(),
            };
            (piseduce::find(&records(&source)?, dhcp), options, images)
        }
    };
    let choices = Choices {
        kind: options.kind.map(|kind| match kind {
            cli::HostKind::Node => Kind::Node,
            cli::HostKind::Device => Kind::Device,
        }),
        model: options.model.as_deref().map(str::parse).transpose().context("--model")?,
        networks: config.networks(),
        free: config
            .detect
            .rules
            .networks
            .iter()
            .take(1)
            .flat_map(|home| home.node_ranges.iter().flat_map(|range| range.addresses()))
            .collect(),
    };
    let store = open_store(&config)?;
    let (hosts, sealer) = (found.clone(), KeyFolder::open(config.data.root())?.sealer()?);
    let opener = sealer.clone();
    let planned = move |conn: &Connection| {
        let known = Known::read(conn)?.opened(|community| opener.open_community(community));
        Ok(import::plan(&hosts, &known, &choices))
    };
    let plan = if options.dry_run {
        store.read(planned).await?
    } else {
        let applied = store.write(move |tx| {
            let plan = planned(tx)?;
            plan.apply(tx, clock::now())?;
            switches::seal(tx, |community| sealer.seal_community(community).ok())?;
            Ok(plan)
        });
        applied.await.context("nothing is imported")?
    };
    tell(&found, &plan, &out)?;
    let more =
        environments_of(&config, &store, &found.environments, images.as_deref(), options.dry_run, &out)
            .await?;
    match (plan.is_empty() && !more, options.dry_run) {
        (true, _) => out.line(format_args!("nothing to change")),
        (false, true) => out.line(format_args!("nothing is changed: this was a dry run")),
        (false, false) => Ok(()),
    }
}

/// What PiSeduce left: the agent's database or seduce_pp's folder.
fn records(source: &Path) -> anyhow::Result<piseduce::Records> {
    if source.is_dir() {
        return Ok(import::read_cluster_desc(source)?);
    }
    let tables = foreign::read_piseduce(source)?;
    let rows = |table: &str, rows: Vec<foreign::TextRow>| {
        let record = |fields: foreign::TextRow| {
            let name = fields.get("name").map(String::as_str).unwrap_or_default();
            piseduce::Record { origin: format!("{table} {name}"), fields }
        };
        rows.into_iter().map(record).collect()
    };
    Ok(piseduce::Records {
        nodes: rows("rasp_node", tables.nodes),
        switches: rows("rasp_switch", tables.switches),
        environments: rows("rasp_environment", tables.environments),
    })
}

fn tell(found: &Found, plan: &Plan, out: &Output) -> anyhow::Result<()> {
    for entry in &plan.entries {
        let word = match entry.verdict {
            Verdict::Add => "add",
            Verdict::Change => "change",
            Verdict::Same => "unchanged",
            Verdict::Refused => "skipped",
        };
        line(word, &entry.about, out)?;
    }
    for remark in &found.remarks {
        line("left", remark, out)?;
    }
    let settings = format!("{}{}", found.settings, plan.options);
    if !settings.is_empty() {
        out.line(format_args!(
            "\nFor pimaster.toml, if it does not say so already:\n{}",
            settings.trim_end()
        ))?;
    }
    Ok(())
}

fn line(word: &str, about: &import::Remark, out: &Output) -> anyhow::Result<()> {
    let import::Remark { origin, text, why } = about;
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    out.line(format_args!("{word:<10}{origin}\t{text}{why}"))
}

/// Imports the environments whose images are found; says how to import the others. Whether there was anything to do.
async fn environments_of(
    config: &Config,
    store: &Store,
    wanted: &[Environment],
    images: Option<&Path>,
    dry_run: bool,
    out: &Output,
) -> anyhow::Result<bool> {
    let (mut changed, mut failed) = (false, Vec::new());
    for Environment { origin, name, file, ssh_user, description } in wanted {
        let told = |word, why: String| {
            let about = import::Remark { origin: origin.clone(), text: format!("environment {name}"), why };
            line(word, &about, out)
        };
        let stored = name.clone();
        if store.read(move |conn| environments::by_name(conn, &stored)).await?.is_some() {
            told("unchanged", String::new())?;
            continue;
        }
        let Some(path) = images.map(|folder| folder.join(file)).filter(|path| path.is_file()) else {
            let user = ssh_user.as_ref().map(|user| format!(" --ssh-user '{user}'")).unwrap_or_default();
            let command = format!("pimaster image import '{file}' --name '{name}'{user}");
            told(
                "left",
                format!("its image is not found; give --images DIR, or import it by hand: {command}"),
            )?;
            continue;
        };
        changed = true;
        told("add", format!("from {}", path.display()))?;
        if dry_run {
            continue;
        }
        let request = image::Request {
            file: path,
            name: name.clone(),
            description: description.clone(),
            ssh_user: ssh_user.clone(),
            limit_bytes: image::USUAL_LIMIT_BYTES,
        };
        let cancel = CancellationToken::new();
        if let Err(error) = image::import(store, &config.data, request, |_| {}, &cancel).await {
            told("skipped", format!("{:#}", anyhow::Error::new(error)))?;
            failed.push(name.clone());
        }
    }
    if !failed.is_empty() {
        bail!("these environments could not be imported: {}; the reasons stand above", failed.join(", "));
    }
    Ok(changed)
}
