//! Works off the imports that people began on pages and through the API, one after the other.
//!
//! *IO: files, the database.* A task of the daemon. The row is there first; it says how far the import is, and an
//! import that ran when pimaster ended is said to be broken when it starts again: nothing of it was kept. Files that were
//! sent go when their import is over.

use super::error::Error;
use super::import::{Progress, Request, USUAL_LIMIT_BYTES, import_as};
use crate::model::clock::Clock;
use crate::model::folder::DataFolder;
use crate::model::ids::ImportId;
use crate::model::image_import::{Import, ImportState, Source};
use crate::store::{self, Store, imports};
use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often a row says how far its import is, and looks whether somebody asked it to stop.
const TELL_EACH: Duration = Duration::from_secs(1);

/// Works off imports.
#[derive(Debug)]
pub struct Importer {
    store: Store,
    data: DataFolder,
    clock: Clock,
}

/// How far an import is: state, bytes done, bytes to do.
type Far = (ImportState, u64, u64);

impl Importer {
    /// The imports in `store`, made below `data`.
    pub fn new(store: Store, data: DataFolder, clock: Clock) -> Self {
        Self { store, data, clock }
    }

    /// Works off what waits and what comes, until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), store::Error> {
        self.tidy().await?;
        let mut changes = self.store.changes();
        while !shutdown.is_cancelled() {
            if let Some(import) = self.store.read(imports::next).await? {
                self.settle(import, &shutdown).await?;
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
        }
        Ok(())
    }

    /// Says of what ran before that it is broken, and removes files that nobody waits for.
    async fn tidy(&self) -> Result<(), store::Error> {
        let now = self.clock.now();
        let broken = self.store.write(move |tx| imports::interrupted(tx, now)).await?;
        if broken > 0 {
            tracing::warn!(broken, "imports were interrupted by the last end of pimaster");
        }
        let Ok(files) = fs::read_dir(self.data.uploads()) else { return Ok(()) };
        for file in files.filter_map(Result::ok) {
            let id = file.file_name().to_string_lossy().parse::<ImportId>().ok();
            let waits = match id {
                Some(id) => self.store.read(move |conn| imports::by_id(conn, id)).await?,
                None => None,
            };
            if waits.is_none_or(|import| import.state.is_over()) {
                self.remove(&file.path());
            }
        }
        Ok(())
    }

    async fn settle(&self, import: Import, shutdown: &CancellationToken) -> Result<(), store::Error> {
        let (id, file) = (import.id, self.file(&import));
        let far = (ImportState::Unpacking, 0, 0);
        self.tell(id, far).await?;
        let outcome = self.import(import, file.clone(), far, shutdown).await?;
        if shutdown.is_cancelled() && outcome.is_err() {
            return Ok(());
        }
        let (state, problem) = match &outcome {
            Ok(()) => (ImportState::Done, String::new()),
            Err(Error::Cancelled) => (ImportState::Cancelled, String::new()),
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                (ImportState::Failed, format!("{error}{cause}"))
            }
        };
        tracing::info!(import = id.0, state = state.as_str(), problem, "an import is over");
        let now = self.clock.now();
        self.store.write(move |tx| imports::finish(tx, id, state, &problem, now)).await?;
        if file == self.data.upload(id) {
            self.remove(&file);
        }
        Ok(())
    }

    /// Imports, and keeps the row up to date meanwhile.
    async fn import(
        &self,
        import: Import,
        file: PathBuf,
        mut told: Far,
        shutdown: &CancellationToken,
    ) -> Result<Result<(), Error>, store::Error> {
        let (id, provenance) = (import.id, import.provenance());
        let request = Request {
            file,
            name: import.wish.name,
            description: Some(import.wish.description).filter(|text| !text.is_empty()),
            ssh_user: import.wish.ssh_user,
            limit_bytes: USUAL_LIMIT_BYTES,
        };
        let (tell, far) = watch::channel(told);
        let cancel = shutdown.child_token();
        let note = move |progress| {
            tell.send_replace(so_far(progress));
        };
        let work = import_as(&self.store, &self.data, request, provenance, note, &cancel);
        let mut work = std::pin::pin!(work);
        let mut ticks = interval(TELL_EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                outcome = &mut work => return Ok(outcome.map(drop)),
                _ = ticks.tick() => {
                    let now = *far.borrow();
                    if now != told {
                        told = now;
                        self.tell(id, now).await?;
                    }
                    if self.store.read(move |conn| imports::is_cancelled(conn, id)).await? {
                        cancel.cancel();
                    }
                }
            }
        }
    }

    async fn tell(&self, id: ImportId, (state, done, total): Far) -> Result<(), store::Error> {
        self.store.write(move |tx| imports::progress(tx, id, state, done, total)).await
    }

    fn file(&self, import: &Import) -> PathBuf {
        match &import.wish.source {
            Source::Upload => self.data.upload(import.id),
            Source::Folder(name) => self.data.incoming().join(name),
        }
    }

    fn remove(&self, file: &std::path::Path) {
        if let Err(error) = fs::remove_file(file) {
            tracing::warn!(file = %file.display(), %error, "a file that was sent is left over; remove it by hand");
        }
    }
}

fn so_far(progress: Progress) -> Far {
    match progress {
        Progress::Unpacking { done_bytes, total_bytes } => (ImportState::Unpacking, done_bytes, total_bytes),
        Progress::Storing { done_bytes, total_bytes } => (ImportState::Storing, done_bytes, total_bytes),
    }
}
