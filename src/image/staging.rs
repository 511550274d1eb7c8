//! The folder in which an image is made before it is one. *IO: folders below the data folder.*
//!
//! ```text
//! images/.import-XXXXXX/disk         the unpacked disk, or a link to the file that is one
//! images/.import-XXXXXX/image/...    becomes images/<id>/ by one rename, inside the transaction of its row
//! images/.lock                       held shared by imports, alone by the sweep
//! ```
//!
//! Invariant: whatever stops an import, the folder goes away: at once if the program lives, else by the next sweep.

use super::boot_files::sync_folder;
use super::error::{Error, Result};
use crate::model::folder::DataFolder;
use crate::model::ids::EnvironmentId;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PREFIX: &str = ".import-";

/// The folder; dropping it removes it.
#[derive(Debug)]
pub(super) struct Staging {
    folder: TempDir,
    // Held until the folder is gone or renamed.
    _lock: Flock<File>,
}

impl Staging {
    /// A new folder below the data folder.
    pub(super) fn create(data: &DataFolder) -> Result<Self> {
        let images = data.images();
        let failed = |source| Error::Write { path: images.clone(), source };
        fs::create_dir_all(&images).map_err(failed)?;
        let lock = lock(&images, FlockArg::LockShared).map_err(failed)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&images).map_err(failed)?;
        fs::create_dir(folder.path().join("image")).map_err(failed)?;
        Ok(Self { folder, _lock: lock })
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The disk in it.
    pub(super) fn disk(&self) -> PathBuf {
        self.folder().join(DISK)
    }

    /// What becomes the image.
    pub(super) fn image(&self) -> PathBuf {
        self.folder().join("image")
    }

    /// Moves the image to its place, which belongs to a row that nobody else sees yet.
    pub(super) fn publish(&self, data: &DataFolder, id: EnvironmentId) -> io::Result<()> {
        let place = data.image(id);
        // A row that was never committed may have left a folder, and its number is given out again.
        remove_folder(&place)?;
        fs::rename(self.image(), &place)?;
        File::open(data.images())?.sync_all()
    }
}

/// The disk's name in the folder.
pub(super) const DISK: &str = "disk";

/// Writes a file and makes sure that it is on the disk.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let mut file = File::create_new(path).map_err(failed)?;
    io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// Removes the remains of imports that were killed, and folders whose row is not among `kept`; `kept` is asked
/// once no import can run. Does nothing while one runs.
pub(super) fn sweep(
    data: &DataFolder,
    kept: impl FnOnce() -> Result<Vec<EnvironmentId>>,
) -> Result<Vec<PathBuf>> {
    let images = data.images();
    let failed = |source| Error::Write { path: images.clone(), source };
    let _lock = match lock(&images, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::WouldBlock) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(failed(source)),
    };
    let kept = kept()?;
    let mut removed = Vec::new();
    for entry in fs::read_dir(&images).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_orphan = name.parse::<EnvironmentId>().is_ok_and(|id| !kept.contains(&id));
        if is_orphan || name.starts_with(PREFIX) {
            remove_folder(&entry.path()).map_err(failed)?;
            removed.push(entry.path());
        }
    }
    if !removed.is_empty() {
        sync_folder(&images)?;
    }
    Ok(removed)
}

/// Removes a folder, if it is there.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

fn lock(images: &Path, how: FlockArg) -> io::Result<Flock<File>> {
    let file = File::options().create(true).append(true).open(images.join(".lock"))?;
    Flock::lock(file, how).map_err(|(_, error): (File, Errno)| error.into())
}
