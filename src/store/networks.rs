//! Queries on what is noticed in the networks: DHCP servers that are not this pimaster, and what is wrong.
//!
//! Written by `dhcp`, read by the page *Network*. Bounded: who floods the network fills no disk.

use super::convert::{parsed, time, unsigned, word};
use super::error::Result;
use crate::model::clock::{Timestamp, to_millis};
use crate::model::net::MacAddr;
use crate::model::network::{ForeignServer, Notice, NoticeKind, StoredNotice};
use rusqlite::{Connection, Row, Transaction, named_params};
use std::net::Ipv4Addr;

/// Servers and notices kept of each.
const KEPT: u32 = 200;

fn foreign_server(row: &Row<'_>) -> rusqlite::Result<ForeignServer> {
    let mac: Option<String> = row.get("mac")?;
    Ok(ForeignServer {
        address: parsed(row, "address")?,
        mac: mac.and_then(|text| text.parse().ok()),
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
        offered: row.get("offered")?,
    })
}

/// Remembers a foreign DHCP server; says whether it is new. One that only a client spoke of changes no more than
/// the time.
pub fn record_server(
    tx: &Transaction<'_>,
    address: Ipv4Addr,
    mac: Option<MacAddr>,
    offered: &str,
    now: Timestamp,
) -> Result<bool> {
    let mut find = tx.prepare_cached("SELECT 1 FROM foreign_servers WHERE address = ?1")?;
    let is_known = find.exists([address.to_string()])?;
    let mut write = tx.prepare_cached(
        "INSERT INTO foreign_servers (address, mac, first_at, last_at, offered)
         VALUES (:address, :mac, :now, :now, :offered)
         ON CONFLICT (address) DO UPDATE SET last_at = excluded.last_at,
             offered = iif(excluded.mac IS NULL, offered, excluded.offered), mac = coalesce(excluded.mac, mac)",
    )?;
    write.execute(named_params! {
        ":address": address.to_string(), ":mac": mac.map(|mac| mac.to_string()),
        ":now": to_millis(now), ":offered": offered,
    })?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM foreign_servers WHERE address IN
         (SELECT address FROM foreign_servers ORDER BY last_at DESC LIMIT -1 OFFSET ?1)",
    )?;
    prune.execute([KEPT])?;
    Ok(!is_known)
}

/// The foreign DHCP servers, the last seen first.
pub fn servers(conn: &Connection) -> Result<Vec<ForeignServer>> {
    let mut statement = conn.prepare_cached(
        "SELECT address, mac, first_at, last_at, offered FROM foreign_servers ORDER BY last_at DESC, address",
    )?;
    let servers = statement.query_map([], foreign_server)?.collect::<rusqlite::Result<_>>()?;
    Ok(servers)
}

/// Forgets a foreign DHCP server; says whether it was known.
pub fn forget_server(tx: &Transaction<'_>, address: Ipv4Addr) -> Result<bool> {
    Ok(tx.execute("DELETE FROM foreign_servers WHERE address = ?1", [address.to_string()])? > 0)
}

fn stored_notice(row: &Row<'_>) -> rusqlite::Result<StoredNotice> {
    Ok(StoredNotice {
        notice: Notice {
            kind: word(row, "kind", NoticeKind::from_word)?,
            subject: row.get("subject")?,
            seen: row.get("seen")?,
            advice: row.get("advice")?,
        },
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
        times: unsigned(row, "times")?,
    })
}

/// Remembers a notice; says whether it is new or says something new.
pub fn record_notice(tx: &Transaction<'_>, notice: &Notice, now: Timestamp) -> Result<bool> {
    let Notice { kind, subject, seen, advice } = notice;
    let mut find =
        tx.prepare_cached("SELECT 1 FROM network_notices WHERE kind = ?1 AND subject = ?2 AND seen = ?3")?;
    let is_known = find.exists((kind.as_str(), subject, seen))?;
    let mut write = tx.prepare_cached(
        "INSERT INTO network_notices (kind, subject, seen, advice, first_at, last_at, times)
         VALUES (:kind, :subject, :seen, :advice, :now, :now, 1)
         ON CONFLICT (kind, subject) DO UPDATE SET seen = excluded.seen, advice = excluded.advice,
             last_at = excluded.last_at, times = times + 1",
    )?;
    write.execute(named_params! {
        ":kind": kind.as_str(), ":subject": subject, ":seen": seen, ":advice": advice, ":now": to_millis(now),
    })?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM network_notices WHERE (kind, subject) IN
         (SELECT kind, subject FROM network_notices ORDER BY last_at DESC LIMIT -1 OFFSET ?1)",
    )?;
    prune.execute([KEPT])?;
    Ok(!is_known)
}

/// The notices, the last given first.
pub fn notices(conn: &Connection) -> Result<Vec<StoredNotice>> {
    let mut statement = conn.prepare_cached(
        "SELECT kind, subject, seen, advice, first_at, last_at, times FROM network_notices
         ORDER BY last_at DESC, kind, subject",
    )?;
    let notices = statement.query_map([], stored_notice)?.collect::<rusqlite::Result<_>>()?;
    Ok(notices)
}

/// Forgets a notice; says whether it was known. It comes again if it is still true.
pub fn forget_notice(tx: &Transaction<'_>, kind: NoticeKind, subject: &str) -> Result<bool> {
    let sql = "DELETE FROM network_notices WHERE kind = ?1 AND subject = ?2";
    Ok(tx.execute(sql, (kind.as_str(), subject))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::Store;

    #[tokio::test]
    async fn what_is_noticed_again_is_one_row() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let address = Ipv4Addr::new(10, 20, 0, 200);
        let mac = Some(MacAddr([2, 0, 0, 0, 0, 1]));
        for (mac, offered, at, is_new) in
            [(None, "heard of", 1, true), (mac, "10.20.0.100", 2, false), (None, "heard of", 3, false)]
        {
            let recorded = store.write(move |tx| record_server(tx, address, mac, offered, from_millis(at)));
            assert_eq!(recorded.await.unwrap(), is_new, "{at}");
        }
        let [server] = store.read(servers).await.unwrap().try_into().unwrap();
        assert_eq!((server.mac, server.offered.as_str()), (mac, "10.20.0.100"));
        assert_eq!((server.first_at, server.last_at), (from_millis(1), from_millis(3)));

        let notice = |seen: &str| Notice {
            kind: NoticeKind::DuplicateAddress,
            subject: "10.20.0.7".to_owned(),
            seen: seen.to_owned(),
            advice: "find it".to_owned(),
        };
        for (text, is_new) in [("a", true), ("a", false), ("b", true)] {
            let notice = notice(text);
            let recorded = store.write(move |tx| record_notice(tx, &notice, from_millis(4)));
            assert_eq!(recorded.await.unwrap(), is_new, "{text}");
        }
        let [stored] = store.read(notices).await.unwrap().try_into().unwrap();
        assert_eq!((stored.notice, stored.times), (notice("b"), 3));
        assert!(store.write(move |tx| forget_server(tx, address)).await.unwrap());
        let kind = NoticeKind::DuplicateAddress;
        assert!(store.write(move |tx| forget_notice(tx, kind, "10.20.0.7")).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_of_servers_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let flood = store.write(|tx| {
            (0..300u32).try_for_each(|number| {
                let address = Ipv4Addr::from_bits(0x0a14_0000 + number);
                record_server(tx, address, None, "heard of", from_millis(number.into())).map(drop)
            })
        });
        flood.await.unwrap();
        let kept = store.read(servers).await.unwrap();
        assert_eq!((kept.len(), kept[0].address), (200, Ipv4Addr::from_bits(0x0a14_0000 + 299)));
    }
}
