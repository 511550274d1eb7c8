//! From a file to an environment. *IO: files, threads, the database.*
//!
//! ```text
//! judge the name ─► unpack ─► inspect ─► find what is used ─► pack ─► copy boot files      (thread image-import)
//!                ─► one transaction: insert the row, rename the folder ─► commit            (store)
//! ```
//!
//! Called by the command line, the importer and the demonstration rack. Invariant: a row exists if and only if its files are in
//! place. A kill between the rename and the commit leaves a folder without a row, which [`super::sweep`] removes.

use super::boot_files::{BootFiles, sync_folder};
use super::catalogue;
use super::error::{Error, Result};
use super::inspect::{self, Disk};
use super::pack::{self, Watch};
use super::sparse::Bounds;
use super::staging::{self, Staging};
use super::unpack::{Unpacked, Unpacking};
use super::used;
use crate::model::clock;
use crate::model::environment::Environment;
use crate::model::folder::DataFolder;
use crate::model::ids::EnvironmentId;
use crate::model::image::Manifest;
use crate::model::image_import::Provenance;
use crate::model::problem::Problem;
use crate::model::sharing::{judge_name, judge_user};
use crate::store::{self, Store, environments, imports};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio_util::sync::CancellationToken;

/// The largest disk that is unpacked unless another limit is given: larger than most cards.
pub const USUAL_LIMIT_BYTES: u64 = 128 * 1024 * 1024 * 1024;

/// What shall be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The file: a disk image, plain or in `.xz`, `.gz`, `.zst`, `.zip`, `.tar.gz`.
    pub file: PathBuf,
    /// The environment's name.
    pub name: String,
    /// One line for people; the system's own name if none is given.
    pub description: Option<String>,
    /// The account people sign in with; the family's usual one if none is given.
    pub ssh_user: Option<String>,
    /// The largest disk that is unpacked, in bytes; see [`USUAL_LIMIT_BYTES`].
    pub limit_bytes: u64,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The file is decoded; bytes of the file.
    Unpacking {
        /// Bytes read.
        done_bytes: u64,
        /// The file's size.
        total_bytes: u64,
    },
    /// Used blocks are compressed and stored; bytes of the disk.
    Storing {
        /// Bytes stored.
        done_bytes: u64,
        /// Bytes that are used.
        total_bytes: u64,
    },
}

/// An environment as it was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The environment.
    pub environment: Environment,
    /// The system's name for itself, such as `Debian GNU/Linux 12 (bookworm)`.
    pub system: Option<String>,
    /// What there is to say about it, one line each.
    pub notes: Vec<String>,
}

type OnProgress = dyn Fn(Progress) + Send + Sync;

/// Imports an image as a new environment of the site. Dropping the future stops the work as `cancel` does.
pub async fn import(
    store: &Store,
    data: &DataFolder,
    request: Request,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    cancel: &CancellationToken,
) -> Result<Imported> {
    import_as(store, data, request, Provenance::default(), progress, cancel).await
}

/// The same, of which `provenance` says whose it becomes.
pub async fn import_as(
    store: &Store,
    data: &DataFolder,
    request: Request,
    provenance: Provenance,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    cancel: &CancellationToken,
) -> Result<Imported> {
    judge_name(&request.name).map_err(Error::Name)?;
    request.ssh_user.as_deref().map_or(Ok(()), judge_user).map_err(Error::Name)?;
    let name = request.name.clone();
    if store.read(move |conn| environments::by_name(conn, &name)).await?.is_some() {
        return Err(Error::NameTaken { name: request.name });
    }
    catalogue::sweep(store, data).await?;
    let cancel = cancel.child_token();
    let _stop_when_dropped = cancel.clone().drop_guard();
    let (folder, wanted) = (data.clone(), request.clone());
    let built =
        catalogue::on_thread("image-import", move || build(&folder, &wanted, &progress, &cancel)).await?;
    place(store, data, request, provenance, built).await
}

/// An image that is whole and waits for its row.
struct Built {
    staging: Staging,
    manifest: Manifest,
    inspection: inspect::Inspection,
    notes: Vec<String>,
}

fn build(
    data: &DataFolder,
    request: &Request,
    progress: &OnProgress,
    cancel: &CancellationToken,
) -> Result<Built> {
    let source = &request.file;
    let read_failed = |error| Error::Read { path: source.clone(), source: error };
    let file = File::open(source).map_err(read_failed)?;
    let about = file.metadata().map_err(read_failed)?;
    if !about.is_file() {
        return Err(Error::NotAnImage(Problem::new(
            format!("{} is no ordinary file", source.display()),
            "a file with a disk image",
            "Copy a card to a file first: `dd if=/dev/mmcblk0 of=card.img bs=4M`",
        )));
    }
    let staging = Staging::create(data)?;
    unpack(&staging, request, file, about.len(), progress, cancel)?;
    let read_failed = |error| Error::Read { path: staging.disk(), source: error };
    let disk = File::open(staging.disk()).map_err(read_failed)?;
    let disk_bytes = disk.metadata().map_err(read_failed)?.len();
    let looked = Disk { bytes: &disk, size: disk_bytes, folder: staging.folder(), name: staging::DISK };
    let inspection = inspect::inspect(&looked)?;
    let used = used::find(&disk, disk_bytes, &inspection)?;
    let report = |done_bytes, total_bytes| progress(Progress::Storing { done_bytes, total_bytes });
    let bounds = Bounds::of(staging.folder(), request.limit_bytes)?;
    let watch = Watch { bounds, progress: &report, cancel };
    let image = staging.image();
    let manifest = pack::pack(&disk, disk_bytes, &used.extents, &image.join("chunks.zst"), &watch)?;
    store_rest(&disk, &image, &manifest, &inspection)?;
    Ok(Built { staging, manifest, inspection, notes: used.notes })
}

/// Brings the disk into the staging folder, as a file or as a link to where it is.
fn unpack(
    staging: &Staging,
    request: &Request,
    file: File,
    file_bytes: u64,
    progress: &OnProgress,
    cancel: &CancellationToken,
) -> Result<()> {
    let read = AtomicU64::new(0);
    let report = |done_bytes| progress(Progress::Unpacking { done_bytes, total_bytes: file_bytes });
    let unpacking = Unpacking {
        source: &request.file,
        target: staging.disk(),
        bounds: Bounds::of(staging.folder(), request.limit_bytes)?,
        progress: &report,
        cancel,
        read: &read,
    };
    match unpacking.run(file)? {
        Unpacked::AtTarget => Ok(()),
        Unpacked::InPlace => {
            let read_failed = |source| Error::Read { path: request.file.clone(), source };
            let original = fs::canonicalize(&request.file).map_err(read_failed)?;
            std::os::unix::fs::symlink(original, staging.disk())
                .map_err(|source| Error::Write { path: staging.disk(), source })
        }
    }
}

/// The manifest and the boot partition's files, beside the chunks.
fn store_rest(
    disk: &File,
    image: &Path,
    manifest: &Manifest,
    inspection: &inspect::Inspection,
) -> Result<()> {
    let json = serde_json::to_vec(manifest).map_err(|_| Error::Broken)?;
    staging::write_file(&image.join("manifest.json"), &json)?;
    let boot = inspection.layout.partition(inspection.layout.boot).ok_or(Error::Broken)?;
    BootFiles::open(disk, boot)?.copy_to(&image.join("boot"))?;
    sync_folder(image)
}

/// Inserts the row and moves the files, both or neither.
async fn place(
    store: &Store,
    data: &DataFolder,
    request: Request,
    provenance: Provenance,
    built: Built,
) -> Result<Imported> {
    let Built { staging, manifest, inspection, notes } = built;
    let family = inspection.family;
    let new = environments::NewEnvironment {
        name: request.name.clone(),
        description: request.description.or_else(|| inspection.system.clone()).unwrap_or_default(),
        family,
        ssh_user: request.ssh_user.unwrap_or_else(|| family.usual_user().to_owned()),
        layout: inspection.layout,
        disk_bytes: manifest.disk_bytes,
        used_bytes: manifest.used_bytes,
        stored_bytes: manifest.stored_bytes,
        digest: manifest.digest,
        boots_on: inspection.boots_on,
    };
    let now = clock::now();
    let staging = Arc::new(staging);
    let (folder, files) = (data.clone(), Arc::clone(&staging));
    let inserted = store.write(move |tx| {
        let id = environments::insert(tx, &new, now)?;
        environments::set_provenance(tx, id, &provenance)?;
        if let Some(import) = provenance.import {
            imports::done(tx, import, id, now)?;
        }
        files.publish(&folder, id).map_err(store::Error::Files)?;
        Ok(id)
    });
    let id = match inserted.await {
        Ok(id) => id,
        Err(error) if error.is_constraint() => return Err(Error::NameTaken { name: request.name }),
        Err(error) => {
            // The rename may have gone through before the commit failed.
            drop(staging);
            catalogue::sweep(store, data).await?;
            return Err(error.into());
        }
    };
    let environment = store.read(move |conn| environments::by_id(conn, id)).await?;
    Ok(Imported { environment: environment.ok_or(Error::Broken)?, system: inspection.system, notes })
}

/// The manifest of an environment.
pub fn read_manifest(data: &DataFolder, id: EnvironmentId) -> Result<Manifest> {
    let path = data.image_manifest(id);
    let failed = |source| Error::Read { path: path.clone(), source };
    let bytes = fs::read(&path).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|cause| failed(cause.into()))
}
