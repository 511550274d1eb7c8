//! Environments as the administrator sees them: list, describe, remove, clean up. *IO: the database, files.*
//!
//! Called by the command line, and the sweep by the daemon at its start.

use super::error::{Error, Result, shown_bytes};
use super::import::Imported;
use super::staging;
use crate::model::clock;
use crate::model::environment::Environment;
use crate::model::folder::DataFolder;
use crate::model::image::{FileSystem, TableKind};
use crate::store::{Store, environments};
use std::path::PathBuf;

/// Every environment, by name.
pub async fn list(store: &Store) -> Result<Vec<Environment>> {
    Ok(store.read(environments::list).await?)
}

/// Removes an environment that nobody uses, and its files.
pub async fn remove(store: &Store, data: &DataFolder, name: &str) -> Result<Environment> {
    let now = clock::now();
    let wanted = name.to_owned();
    let outcome = store.write(move |tx| {
        let Some(environment) = environments::by_name(tx, &wanted)? else { return Ok(None) };
        let uses = environments::uses(tx, environment.id)?;
        let is_free = uses.deployments == 0 && uses.reservations == 0;
        if is_free {
            environments::remove(tx, environment.id, now)?;
        }
        Ok(Some((environment, uses, is_free)))
    });
    match outcome.await? {
        None => Err(Error::NotFound { name: name.to_owned() }),
        Some((_, uses, false)) => Err(Error::InUse {
            name: name.to_owned(),
            deployments: uses.deployments,
            reservations: uses.reservations,
        }),
        Some((environment, _, true)) => {
            let folder = data.image(environment.id);
            let gone = folder.clone();
            let removed = on_thread("image-remove", move || Ok(staging::remove_folder(&gone))).await?;
            removed.map_err(|source| Error::Write { path: folder, source })?;
            Ok(environment)
        }
    }
}

/// Removes what killed imports and removals left; gives what it removed. Does nothing while an import runs.
pub async fn sweep(store: &Store, data: &DataFolder) -> Result<Vec<PathBuf>> {
    let data = data.clone();
    let (store, handle) = (store.clone(), tokio::runtime::Handle::current());
    on_thread("image-sweep", move || {
        staging::sweep(&data, || Ok(handle.block_on(store.read(environments::stored))?))
    })
    .await
}

/// What was imported, for a person to read.
pub fn describe(imported: &Imported) -> String {
    let environment = &imported.environment;
    let mut lines = vec![
        ("name".to_owned(), environment.name.clone()),
        ("system".to_owned(), imported.system.clone().unwrap_or_else(|| "-".to_owned())),
        ("family".to_owned(), environment.family.shown().to_owned()),
        ("sign in as".to_owned(), environment.ssh_user.clone()),
        ("table".to_owned(), shown_table(environment.layout.table).to_owned()),
    ];
    for partition in &environment.layout.partitions {
        let role = match partition.number {
            number if number == environment.layout.boot => ", boot",
            number if number == environment.layout.root => ", root",
            _ => "",
        };
        let file_system = shown_file_system(partition.file_system);
        let value = format!("{file_system}, {}{role}", shown_bytes(partition.size_bytes));
        lines.push((format!("partition {}", partition.number), value));
    }
    lines.extend([
        ("card".to_owned(), format!("at least {}", shown_bytes(environment.disk_bytes))),
        ("written".to_owned(), format!("{} of used blocks", shown_bytes(environment.used_bytes))),
        ("sent".to_owned(), format!("{} compressed", shown_bytes(environment.stored_bytes))),
        ("digest".to_owned(), environment.digest.to_string()),
    ]);
    lines.extend(imported.notes.iter().map(|note| ("note".to_owned(), note.clone())));
    lines.into_iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect()
}

fn shown_table(table: TableKind) -> &'static str {
    match table {
        TableKind::Mbr => "MBR",
        TableKind::Gpt => "GPT",
    }
}

/// A file system's name for people.
pub(super) fn shown_file_system(file_system: FileSystem) -> &'static str {
    match file_system {
        FileSystem::Fat => "FAT",
        FileSystem::Ext4 => "ext4",
        FileSystem::Other => "something else",
    }
}

/// Runs blocking work on a thread of its own.
pub(super) async fn on_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let run = move || drop(answer.send(work()));
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|_| Error::Broken)?;
    answered.await.map_err(|_| Error::Broken)?
}
