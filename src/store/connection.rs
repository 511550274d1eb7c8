//! The connections: one writer thread, two reader threads. *IO: the database file; named threads.*
//!
//! Called by every subsystem through [`Store::read`] and [`Store::write`].

use super::changes::Changes;
use super::error::{Error, Result};
use super::migrate::migrate;
use rusqlite::{Connection, OpenFlags, Transaction};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;
/// Runs inside the open transaction; what it gives back tells the asker once the commit has gone through.
type WriteJob = Box<dyn FnOnce(&Transaction<'_>) -> Answer + Send>;

/// What one write of a batch has to say afterwards.
struct Answer {
    wrote: bool,
    tell: Box<dyn FnOnce(bool) + Send>,
}

/// Writes that wait together share one commit: a rack of 200 nodes changes state faster than a disk flushes.
const LARGEST_BATCH: usize = 256;

/// Readers beside the writer: pages are short, two keep one slow query from holding up the rest.
const READERS: usize = 2;

/// Pages that each reader keeps, in negative KiB as SQLite wants it: the system's own cache holds the file anyway.
const READER_CACHE: i64 = -512;

/// Prepared statements that each connection keeps: all that come often, of every subsystem.
const STATEMENTS_KEPT: usize = 256;

/// The open database; clones share it.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<WriteJob>,
    readers: mpsc::Sender<ReadJob>,
    changes: Arc<watch::Sender<u64>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the file, creates it if missing, and migrates it.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        keep_private(path)?;
        let mut conn = Connection::open(path).map_err(failed)?;
        conn.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        prepare(&conn).map_err(failed)?;
        migrate(&mut conn)?;
        let (readers, jobs) = mpsc::channel::<ReadJob>();
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..READERS {
            let reader =
                Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
            prepare(&reader).map_err(failed)?;
            reader.pragma_update(None, "cache_size", READER_CACHE).map_err(failed)?;
            let jobs = Arc::clone(&jobs);
            spawn(&format!("store-read-{number}"), move || serve_reads(&reader, &jobs))?;
        }
        let (writer, write_jobs) = mpsc::channel::<WriteJob>();
        let changes = Arc::new(watch::channel(0).0);
        let wake = Arc::clone(&changes);
        spawn("store-write", move || serve_writes(&mut conn, &write_jobs, &wake))?;
        Ok(Self { writer, readers, changes })
    }

    /// Runs a query on a consistent snapshot.
    pub async fn read<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: ReadJob = Box::new(move |conn| drop(answer.send(query(conn))));
        self.readers.send(job).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Runs `query` as one unit: all of it is committed when this returns `Ok`, nothing of it on `Err`.
    pub async fn write<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: WriteJob = Box::new(move |tx| {
            let outcome = in_savepoint(tx, query);
            let wrote = outcome.is_ok();
            let tell = move |committed| {
                drop(answer.send(if committed { outcome } else { outcome.and(Err(Error::Commit)) }));
            };
            Answer { wrote, tell: Box::new(tell) }
        });
        self.writer.send(job).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Wakes after commits. A hint: read the database to know what changed.
    pub fn changes(&self) -> Changes {
        Changes::of(self.changes.subscribe())
    }
}

/// One write inside the shared transaction: undone alone if it fails.
fn in_savepoint<T>(tx: &Transaction<'_>, query: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
    tx.execute_batch("SAVEPOINT job")?;
    let outcome = query(tx);
    let end = if outcome.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    tx.execute_batch(end)?;
    outcome
}

/// Takes all writes that wait, runs them in one transaction, commits, and only then answers.
fn serve_writes(conn: &mut Connection, jobs: &mpsc::Receiver<WriteJob>, changes: &watch::Sender<u64>) {
    while let Ok(first) = jobs.recv() {
        let batch = std::iter::once(first).chain(jobs.try_iter()).take(LARGEST_BATCH);
        let mut answers = Vec::new();
        let committed = commit(conn, batch, &mut answers).is_ok();
        if committed && answers.iter().any(|answer| answer.wrote) {
            changes.send_modify(|count| *count += 1);
        }
        answers.into_iter().for_each(|answer| (answer.tell)(committed));
    }
}

fn commit(
    conn: &mut Connection,
    batch: impl Iterator<Item = WriteJob>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    answers.extend(batch.map(|job| job(&tx)));
    tx.commit()
}

fn serve_reads(conn: &Connection, jobs: &Mutex<mpsc::Receiver<ReadJob>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(conn),
            Err(_) => return,
        }
    }
}

/// It holds hashes of passwords and people's scripts: for this user alone. SQLite's other files take its mode.
fn keep_private(path: &Path) -> Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    let private = opened.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)));
    private.map_err(|source| Error::Private { path: path.to_owned(), source })
}

fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(10))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.pragma_update(None, "foreign_keys", true)?;
    // With WAL, NORMAL loses no transaction when the program is killed; FULL also survives a mains cut.
    conn.pragma_update(None, "synchronous", "FULL")
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map(drop).map_err(|_| Error::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_write_leaves_nothing_and_wakes_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let changes = store.changes();
        let insert = "INSERT INTO users (email, role, created_at) VALUES ('a@b', 'user', 0)";
        let failed: Result<()> = store
            .write(move |tx| {
                tx.execute(insert, [])?;
                Err(Error::Closed)
            })
            .await;
        assert!(failed.is_err());
        assert!(!changes.has_changed().unwrap());
        let count = |conn: &Connection| -> Result<i64> {
            Ok(conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
        };
        assert_eq!(store.read(count).await.unwrap(), 0i64);
        store.write(move |tx| Ok(tx.execute(insert, [])?)).await.unwrap();
        assert!(changes.has_changed().unwrap());
        assert_eq!(store.read(count).await.unwrap(), 1i64);
    }

    #[tokio::test]
    async fn writes_that_share_a_commit_fail_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let writes = (0..40).map(|number: i64| {
            store.write(move |tx| {
                let sql = "INSERT INTO users (email, role, created_at) VALUES (?1, 'user', 0)";
                tx.execute(sql, [format!("{}@b", number / 2)])?;
                Ok(())
            })
        });
        let outcomes = futures_util::future::join_all(writes).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 20);
        let count = |conn: &Connection| -> Result<i64> {
            Ok(conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
        };
        assert_eq!(store.read(count).await.unwrap(), 20);
    }
}
