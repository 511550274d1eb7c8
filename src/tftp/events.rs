//! What transfers leave behind: a row for each, and serial numbers that boards told. *IO: the store.*
//!
//! `session` hands over, one task writes. A rack that boots asks for thousands of files in seconds, so what
//! waits together is one transaction.

use crate::model::board::BoardSerial;
use crate::model::boot_event::{BootEvent, FileTransfer};
use crate::model::clock::Timestamp;
use crate::model::ids::NodeId;
use crate::store::boot_events::{self, NewEvent};
use crate::store::{Store, Transaction, nodes};
use std::net::Ipv4Addr;
use tokio::sync::mpsc;

/// Records that wait at most; a full queue holds back the end of a transfer, never a packet.
const QUEUE: usize = 512;

/// Something to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// A request and how it ended.
    Transfer {
        node: NodeId,
        /// When it ended.
        at: Timestamp,
        transfer: FileTransfer,
    },
    /// A node uses an address that another DHCP server gave it.
    Address { node: NodeId, address: Ipv4Addr, at: Timestamp },
    /// A board told its serial number.
    Serial { node: NodeId, serial: BoardSerial },
}

/// A queue of records, and its writer, which ends when the queue is closed.
pub(super) fn recorder(store: Store) -> (mpsc::Sender<Record>, impl Future<Output = ()> + Send) {
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let writer = async move {
        loop {
            let mut records = Vec::new();
            if receiver.recv_many(&mut records, QUEUE).await == 0 {
                return;
            }
            if let Err(error) = write(&store, records).await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "transfers cannot be recorded");
            }
        }
    };
    (sender, writer)
}

async fn write(store: &Store, records: Vec<Record>) -> crate::store::Result<()> {
    store
        .write(move |tx| {
            let mut events = Vec::new();
            for record in records {
                match record {
                    Record::Address { node, address, at } => learn_address(tx, node, address, at)?,
                    Record::Serial { node, serial } => nodes::set_identity(tx, node, Some(serial), None)?,
                    Record::Transfer { node, at, transfer } => {
                        events.push(NewEvent { node, at, event: BootEvent::File(transfer) });
                    }
                }
            }
            boot_events::add(tx, &events)
        })
        .await
}

fn learn_address(
    tx: &Transaction<'_>,
    node: NodeId,
    address: Ipv4Addr,
    at: Timestamp,
) -> crate::store::Result<()> {
    let Some(known) = nodes::by_id(tx, node)? else { return Ok(()) };
    if nodes::set_address_in_use(tx, node, address, at)? {
        tracing::info!(node = %known.name, %address, "a node uses an address of another DHCP server");
    }
    Ok(())
}
