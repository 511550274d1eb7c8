//! A file that is sent for an import, on its way to the disk. *IO: the uploads folder, the database.*
//!
//! Invariants: no more is written than the limit and the free space allow; whatever ends the sending before its end, the
//! file goes away and the import says so.

use super::error::{Error, Result};
use crate::model::clock;
use crate::model::folder::DataFolder;
use crate::model::ids::ImportId;
use crate::model::image_import::{ImportState, LARGEST_UPLOAD_BYTES};
use crate::model::sharing::BadEnvironment;
use crate::store::{Store, imports};
use async_trait::async_trait;
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Space that stays free for the database and everything else, as imports leave it.
const RESERVE_BYTES: u64 = 256 * 1024 * 1024;
/// How often the row, the free space and a wish to stop are looked at.
const LOOK_EACH_BYTES: u64 = 16 * 1024 * 1024;

/// A file that is being sent.
#[async_trait]
pub trait Upload: Send {
    /// Writes the next bytes.
    async fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// The file is whole: its import goes on.
    async fn finish(self: Box<Self>) -> Result<()>;
}

/// A file that is written here.
#[derive(Debug)]
pub(super) struct LocalUpload {
    store: Store,
    id: ImportId,
    path: PathBuf,
    file: File,
    received: u64,
    looked_at: u64,
    total: u64,
    /// Taken when there is nothing left to say.
    broken: Option<String>,
}

impl LocalUpload {
    /// Opens the file; `total` is its size as announced, or 0.
    pub(super) async fn open(store: Store, data: &DataFolder, id: ImportId, total: u64) -> Result<Self> {
        let (folder, path) = (data.uploads(), data.upload(id));
        let failed = |error: std::io::Error| BadEnvironment::Broken { why: error.to_string() };
        tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
        judge_room(data, total)?;
        let file = File::create(&path).await.map_err(failed)?;
        let broken = Some("the sending broke off; nothing was kept".to_owned());
        Ok(Self { store, id, path, file, received: 0, looked_at: 0, total, broken })
    }

    async fn look(&mut self) -> Result<()> {
        self.looked_at = self.received;
        let free = free_bytes(&self.path)?;
        if free < LOOK_EACH_BYTES {
            return Err(BadEnvironment::NoRoom { wanted: self.received, free }.into());
        }
        let (id, done, total) = (self.id, self.received, self.total);
        let told = self.store.write(move |tx| {
            imports::progress(tx, id, ImportState::Receiving, done, total)?;
            imports::is_cancelled(tx, id)
        });
        if told.await? { Err(BadEnvironment::NotReceiving { id }.into()) } else { Ok(()) }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.received += bytes.len() as u64;
        if self.received > LARGEST_UPLOAD_BYTES {
            return Err(BadEnvironment::TooLarge { most: LARGEST_UPLOAD_BYTES }.into());
        }
        if self.received - self.looked_at >= LOOK_EACH_BYTES {
            self.look().await?;
        }
        let failed = |error: std::io::Error| BadEnvironment::Broken { why: error.to_string() };
        Ok(self.file.write_all(bytes).await.map_err(failed)?)
    }
}

#[async_trait]
impl Upload for LocalUpload {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let outcome = self.take(bytes).await;
        if let Err(error) = &outcome {
            self.broken = Some(error.to_string());
        }
        outcome
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        let failed = |error: std::io::Error| BadEnvironment::Broken { why: error.to_string() };
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        let (id, size) = (self.id, self.received);
        let waits = self.store.write(move |tx| {
            if imports::is_cancelled(tx, id)? {
                return Ok(false);
            }
            imports::progress(tx, id, ImportState::Waiting, 0, size)?;
            Ok(true)
        });
        if waits.await? {
            self.broken = None;
            return Ok(());
        }
        Err(BadEnvironment::NotReceiving { id }.into())
    }
}

impl Drop for LocalUpload {
    fn drop(&mut self) {
        let Some(why) = self.broken.take() else { return };
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "a file that was not sent whole is left over");
        }
        let (store, id, now) = (self.store.clone(), self.id, clock::now());
        let end = async move {
            let ended = store.write(move |tx| {
                let state =
                    if imports::is_cancelled(tx, id)? { ImportState::Cancelled } else { ImportState::Failed };
                imports::finish(tx, id, state, &why, now)
            });
            if let Err(error) = ended.await {
                tracing::warn!(import = id.0, %error, "an import that broke off is not marked so");
            }
        };
        // The sender may be gone, and the future that waited for it with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end);
        }
    }
}

/// Refuses a file for which there is no room from the beginning.
fn judge_room(data: &DataFolder, wanted: u64) -> Result<()> {
    if wanted > LARGEST_UPLOAD_BYTES {
        return Err(BadEnvironment::TooLarge { most: LARGEST_UPLOAD_BYTES }.into());
    }
    let free = free_bytes(&data.uploads())?;
    if wanted > free || free < LOOK_EACH_BYTES {
        return Err(BadEnvironment::NoRoom { wanted, free }.into());
    }
    Ok(())
}

/// What may be written beside the reserve.
fn free_bytes(at: &std::path::Path) -> Result<u64> {
    let space = nix::sys::statvfs::statvfs(at)
        .map_err(|error| Error::from(BadEnvironment::Broken { why: error.to_string() }))?;
    #[expect(clippy::useless_conversion, reason = "u32 on some targets")]
    let free = u64::from(space.blocks_available()).saturating_mul(u64::from(space.fragment_size()));
    Ok(free.saturating_sub(RESERVE_BYTES))
}
