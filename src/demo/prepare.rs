//! Makes what a rack needs and is not there yet: an environment, the installer root, the nodes. *IO: the
//! demonstration's folder, the database.* Each step is whole or not done, so that a start after a kill goes on.

use super::places::Places;
use crate::config::Config;
use crate::image;
use crate::keys::KeyFolder;
use crate::model::clock;
use crate::model::rack::{Community, PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use crate::nfs_prep;
use crate::sim::tree::{Bulk, write_boot, write_root};
use crate::sim::{Spec, disk_image};
use crate::store::nodes::NewNode;
use crate::store::{Store, environments, nodes, switches};
use anyhow::Context;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// The environment's name.
const ENVIRONMENT: &str = "raspios-demo";
const SWITCH: &str = "demo-switch";

/// Makes and imports the disk image.
pub(super) async fn environment(
    store: &Store,
    config: &Config,
    places: &Places,
    bulk: Bulk,
    cancel: &CancellationToken,
) -> anyhow::Result<()> {
    if store.read(|conn| environments::by_name(conn, ENVIRONMENT)).await?.is_some() {
        return Ok(());
    }
    let file = places.at("environment.img");
    let (image, scratch) = (file.clone(), places.at("scratch"));
    let make = move || {
        remove(&scratch)?;
        disk_image::make(&image, &scratch, bulk)?;
        remove(&scratch)
    };
    tokio::task::spawn_blocking(make).await?.context("the demonstration's disk image cannot be made")?;
    let request = image::Request {
        file: file.clone(),
        name: ENVIRONMENT.to_owned(),
        description: Some(
            "A small system of the Raspberry Pi OS kind, made for this demonstration".to_owned(),
        ),
        ssh_user: None,
        limit_bytes: image::USUAL_LIMIT_BYTES,
    };
    image::import(store, &config.data, request, |_| {}, cancel).await?;
    std::fs::remove_file(file).context("the imported image cannot be removed")
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Builds the installer root as `pimaster nfs prepare` does, from a small system made here.
pub(super) async fn installer(
    config: &Config,
    keys: &KeyFolder,
    places: &Places,
    node_binary: PathBuf,
) -> anyhow::Result<()> {
    let source = places.at("installer-source");
    let draft = places.at("installer-source.draft");
    let (config, keys) = (config.nfs.clone(), keys.clone());
    let build = move || -> anyhow::Result<()> {
        if !source.exists() {
            remove(&draft)?;
            write_root(&draft, Bulk::NONE)?;
            write_boot(&draft.join("boot/firmware"), Bulk::NONE)?;
            std::fs::rename(&draft, &source)?;
        }
        let plan = nfs_prep::plan(&config, &nfs_prep::Request { from: source, node_binary })?;
        nfs_prep::apply(&plan, &keys, &|_| {})?;
        Ok(())
    };
    tokio::task::spawn_blocking(build).await?.context("the installer root cannot be prepared")
}

/// Enrols the switch, whose port may be another at each start, and the nodes that are not there yet but for the
/// last `undiscovered` ones; gives back the ports of those.
pub(super) async fn enrol(
    store: &Store,
    boards: Vec<Spec>,
    undiscovered: u16,
    address: SocketAddr,
    community: Community,
) -> anyhow::Result<Vec<u16>> {
    let ports = u16::try_from(boards.len()).unwrap_or(u16::MAX);
    let base_oid = PETH_PSE_PORT_ADMIN_ENABLE.to_owned();
    let driver = PowerDriver::Snmp { address, community, base_oid, index_offset: 0 };
    let enrolled = store.write(move |tx| {
        let switch = switches::upsert(tx, SWITCH, &driver, ports, None)?;
        switches::set_first_address(tx, switch, boards.first().map(|board| board.address))?;
        let mut left = Vec::new();
        for board in boards {
            // A person may have enrolled it since, under another name.
            if nodes::by_name(tx, board.name.as_str())?.is_some()
                || nodes::by_mac(tx, board.identity.mac)?.is_some()
            {
                continue;
            }
            if board.port > ports.saturating_sub(undiscovered) {
                left.push(board.port);
                continue;
            }
            let new = NewNode {
                name: board.name,
                mac: board.identity.mac,
                address: board.address,
                model: board.identity.model,
                serial: Some(board.identity.serial),
                port: Some(PortRef { switch, port: board.port }),
            };
            nodes::insert(tx, &new, clock::now())?;
        }
        Ok(left)
    });
    enrolled.await.context("the simulated boards cannot be enrolled")
}
