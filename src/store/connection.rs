//! The connections: one writer thread, two reader threads. *IO: the database file; named threads.*
//!
//! Called by every subsystem through [`Store::read`] and [`Store::write`].

use super::error::{Error, Result};
use super::migrate::migrate;
use rusqlite::{Connection, OpenFlags, Transaction};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;
type WriteJob = Box<dyn FnOnce(&mut Connection) + Send>;

/// Readers beside the writer: pages are short, two keep one slow query from holding up the rest.
const READERS: usize = 2;

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
            let jobs = Arc::clone(&jobs);
            spawn(&format!("store-read-{number}"), move || serve_reads(&reader, &jobs))?;
        }
        let (writer, write_jobs) = mpsc::channel::<WriteJob>();
        spawn("store-write", move || write_jobs.into_iter().for_each(|job| job(&mut conn)))?;
        Ok(Self { writer, readers, changes: Arc::new(watch::channel(0).0) })
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

    /// Runs one transaction; it is committed when this returns `Ok`, and rolled back on `Err`.
    pub async fn write<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let changes = Arc::clone(&self.changes);
        let job: WriteJob = Box::new(move |conn| {
            let outcome = transact(conn, query);
            if outcome.is_ok() {
                changes.send_modify(|count| *count += 1);
            }
            drop(answer.send(outcome));
        });
        self.writer.send(job).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Wakes after each commit. A hint: read the database to know what changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn transact<T>(conn: &mut Connection, query: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let value = query(&tx)?;
    tx.commit()?;
    Ok(value)
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

fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(10))?;
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
}
