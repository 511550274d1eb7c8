//! What requests told, saved behind their answers. *IO: the store.*
//!
//! `server` hands over what is answered, one task writes it: boot events, notices, sightings. Invariants: nothing that
//! an answer promises is written here; no answer waits for it; memory is bounded, what finds no room is counted.

use super::notes::{self, Note};
use crate::store::{self, Store, boot_events};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Notes that wait at most: two messages of each of 2000 boards, about 3 kB each.
const QUEUE: usize = 4096;
/// Notes in one transaction at most: leases that come meanwhile wait for it.
const AT_ONCE: usize = 64;
/// Between two transactions. Notes of a rack that is switched on are written when its boards have their addresses:
/// at most 3200 a second, which leaves the writer to the leases.
const PAUSE: Duration = Duration::from_millis(20);

/// The server's side of the queue.
#[derive(Debug)]
pub(super) struct Journal {
    queue: Sender<Note>,
    missed: u64,
}

impl Journal {
    /// An empty queue, and its writer, which ends when the queue is dropped and written.
    pub(super) fn open(store: Store) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, notes) = mpsc::channel(QUEUE);
        (Self { queue, missed: 0 }, write_all(store, notes))
    }

    /// Takes up a note, unless the queue is full.
    pub(super) fn add(&mut self, note: Note) {
        match (self.queue.try_send(note), self.missed) {
            (Ok(()), 0) => {}
            (Ok(()), missed) => {
                tracing::warn!(
                    missed,
                    "DHCP requests that were answered are missing in the boot events: too many came at once"
                );
                self.missed = 0;
            }
            (Err(_), _) => self.missed += 1,
        }
    }
}

async fn write_all(store: Store, mut queue: Receiver<Note>) {
    loop {
        let mut notes = Vec::new();
        let count = queue.recv_many(&mut notes, AT_ONCE).await;
        if count == 0 {
            return;
        }
        let notes = Arc::new(notes);
        let written = write(&store, Arc::clone(&notes), 0..count).await;
        if written.is_ok() {
            pause(&queue).await;
            continue;
        }
        // One by one, so that a node whose rows are damaged does not silence the others.
        for index in 0..count {
            if let Err(cause) = write(&store, Arc::clone(&notes), index..index + 1).await {
                let cause: &dyn std::error::Error = &cause;
                tracing::error!(cause, "a DHCP request cannot be recorded");
            }
        }
    }
}

/// Waits a moment, but not when the server has ended: then what is left is written.
async fn pause(queue: &Receiver<Note>) {
    if !queue.is_closed() {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn write(store: &Store, notes: Arc<Vec<Note>>, range: Range<usize>) -> store::Result<()> {
    let written = store.write(move |tx| {
        let mut events = Vec::new();
        for note in notes.get(range).unwrap_or_default() {
            notes::save(tx, note, &mut events)?;
        }
        boot_events::add(tx, &events)
    });
    written.await
}
