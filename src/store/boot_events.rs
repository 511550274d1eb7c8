//! Queries on boot events: what nodes did on the wire, bounded per node.
//!
//! Written by `dhcp` and `tftp`, read by the pages that show how a node boots.

use super::convert::{time, to_integer, word};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::ids::NodeId;
use rusqlite::{Connection, Row, Transaction, named_params};

/// Events kept for each node: a Pi 3 asks for about 40 files each time it boots.
const KEPT: u32 = 500;

/// What kind of thing a node did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootEventKind {
    /// It asked for an address.
    Dhcp,
    /// It asked for a file.
    Tftp,
    /// Its port was switched.
    Power,
    /// It was reached, or not, over SSH.
    Ssh,
}

impl BootEventKind {
    const ALL: [Self; 4] = [Self::Dhcp, Self::Tftp, Self::Power, Self::Ssh];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Tftp => "tftp",
            Self::Power => "power",
            Self::Ssh => "ssh",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing a node did on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootEvent {
    /// Grows with time; what to pass to read on.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: BootEventKind,
    /// What happened, or the file's name.
    pub text: String,
    /// Bytes moved.
    pub bytes: Option<u64>,
    /// How long it took, in milliseconds.
    pub millis: Option<u64>,
    /// How it ended, in a word or two.
    pub outcome: Option<String>,
}

fn event(row: &Row<'_>) -> rusqlite::Result<BootEvent> {
    let count = |column| row.get(column).map(|it: Option<i64>| it.and_then(|it| u64::try_from(it).ok()));
    Ok(BootEvent {
        id: row.get("id")?,
        at: time(row, "at")?,
        kind: word(row, "kind", BootEventKind::from_word)?,
        text: row.get("text")?,
        bytes: count("bytes")?,
        millis: count("millis")?,
        outcome: row.get("outcome")?,
    })
}

/// Adds an event; the node's oldest go.
#[expect(clippy::too_many_arguments, reason = "one argument for each column of a plain row")]
pub fn add(
    tx: &Transaction<'_>,
    node: NodeId,
    now: Timestamp,
    kind: BootEventKind,
    text: &str,
    bytes: Option<u64>,
    millis: Option<u64>,
    outcome: Option<&str>,
) -> Result<()> {
    let mut write = tx.prepare_cached(
        "INSERT INTO boot_events (node_id, at, kind, text, bytes, millis, outcome)
         VALUES (:node, :at, :kind, :text, :bytes, :millis, :outcome)",
    )?;
    write.execute(named_params! {
        ":node": node.0, ":at": to_millis(now), ":kind": kind.as_str(), ":text": text,
        ":bytes": bytes.map(to_integer), ":millis": millis.map(to_integer), ":outcome": outcome,
    })?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM boot_events WHERE node_id = :node AND id <=
         (SELECT id FROM boot_events WHERE node_id = :node ORDER BY id DESC LIMIT 1 OFFSET :kept)",
    )?;
    prune.execute(named_params! { ":node": node.0, ":kept": KEPT })?;
    Ok(())
}

/// Whether the node has an event of that text.
pub fn has(conn: &Connection, node: NodeId, text: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM boot_events WHERE node_id = ?1 AND text = ?2)";
    Ok(conn.prepare_cached(sql)?.query_row((node.0, text), |row| row.get(0))?)
}

/// The node's latest events, the newest first.
pub fn latest(conn: &Connection, node: NodeId, limit: u32) -> Result<Vec<BootEvent>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, at, kind, text, bytes, millis, outcome FROM boot_events
         WHERE node_id = ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let events = statement.query_map((node.0, limit), event)?.collect::<rusqlite::Result<_>>()?;
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::{Store, nodes};

    #[tokio::test]
    async fn each_node_keeps_its_latest_events() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let insert = |tx: &Transaction<'_>, number: u8| {
            let new = nodes::NewNode {
                name: format!("pi-{number}").parse().unwrap(),
                mac: crate::model::net::MacAddr([2, 0, 0, 0, 0, number]),
                address: [10, 20, 0, number].into(),
                model: crate::model::board::BoardModel::Pi4b,
                serial: None,
                port: None,
            };
            nodes::insert(tx, &new, from_millis(0))
        };
        let (busy, calm) = store.write(move |tx| Ok((insert(tx, 1)?, insert(tx, 2)?))).await.unwrap();
        let fill = move |tx: &Transaction<'_>| -> Result<()> {
            add(tx, calm, from_millis(0), BootEventKind::Dhcp, "offer", None, None, None)?;
            for number in 0..i64::from(KEPT) + 20 {
                let text = format!("file-{number}");
                let kind = BootEventKind::Tftp;
                add(tx, busy, from_millis(number), kind, &text, Some(7), Some(3), Some("done"))?;
            }
            Ok(())
        };
        store.write(fill).await.unwrap();
        let kept = store.read(move |conn| latest(conn, busy, 10_000)).await.unwrap();
        assert_eq!(kept.len(), usize::try_from(KEPT).unwrap());
        assert_eq!(
            kept.first().map(|it| (it.text.as_str(), it.bytes, it.millis)),
            Some(("file-519", Some(7), Some(3)))
        );
        assert_eq!(kept.last().map(|it| it.text.as_str()), Some("file-20"));
        assert_eq!(store.read(move |conn| latest(conn, calm, 10)).await.unwrap().len(), 1);
    }
}
