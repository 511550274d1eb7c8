//! `pimaster device add|list|remove`: fixed addresses of machines that are no nodes. *IO: the database, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon::open_store;
use crate::model::clock;
use crate::model::device::{Device, DeviceBoot, NewDevice, parse_architecture_file};
use crate::model::node::NodeName;
use crate::store::devices;
use anyhow::{Context, bail};

/// `pimaster device`.
pub(super) async fn run(config: Config, command: cli::Device, out: Output) -> anyhow::Result<()> {
    match command {
        cli::Device::Add(device) => add(&config, device, &out).await,
        cli::Device::List => list(&config, &out).await,
        cli::Device::Remove { name } => remove(&config, &name, &out).await,
    }
}

async fn add(config: &Config, new: cli::NewDevice, out: &Output) -> anyhow::Result<()> {
    let device = NewDevice {
        name: new.name.parse().context("--name")?,
        mac: new.mac.parse().context("--mac")?,
        address: new.address,
        boot: boot(new.boot_file, &new.boot_file_for, new.boot_server)?,
    };
    device.judge(&config.networks())?;
    let (name, address) = (device.name.clone(), device.address);
    open_store(config)?.write(move |tx| devices::insert(tx, &device, clock::now())).await??;
    out.line(format_args!("{name} added with address {address}"))
}

fn boot(
    file: Option<String>,
    by_architecture: &[String],
    server: Option<std::net::Ipv4Addr>,
) -> anyhow::Result<Option<DeviceBoot>> {
    let by_architecture = by_architecture.iter().map(|text| parse_architecture_file(text));
    let by_architecture = by_architecture.collect::<Result<_, _>>().context("--boot-file-for")?;
    let boot = DeviceBoot { server, file, by_architecture };
    if boot.file.is_none() && boot.by_architecture.is_empty() {
        if server.is_some() {
            bail!("--boot-server is given without a file; expected --boot-file or --boot-file-for beside it");
        }
        return Ok(None);
    }
    Ok(Some(boot))
}

async fn list(config: &Config, out: &Output) -> anyhow::Result<()> {
    for device in open_store(config)?.read(devices::list).await? {
        let Device { name, mac, address, boot, seen_at } = device;
        let seen = seen_at.map_or_else(|| "never asked".to_owned(), |at| format!("last asked {at}"));
        let boot = boot.map_or_else(String::new, |boot| format!("\tboots {boot}"));
        out.line(format_args!("{name}\t{address}\t{mac}\t{seen}{boot}"))?;
    }
    Ok(())
}

async fn remove(config: &Config, name: &str, out: &Output) -> anyhow::Result<()> {
    let name: NodeName = name.parse()?;
    let removed = name.clone();
    if !open_store(config)?.write(move |tx| devices::delete(tx, &removed)).await? {
        bail!("no device is called {name}; expected one that `pimaster device list` shows");
    }
    out.line(format_args!("{name} removed"))
}
