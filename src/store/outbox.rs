//! Queries on mails that wait to be sent. Whoever has a mail to send writes its row in the transaction of what it
//! speaks of; `mail` sends it.

use super::convert::{time, unsigned, word};
use super::error::Result;
use super::site;
use crate::model::clock::{SignedDuration, Timestamp, to_millis};
use crate::model::mail::{DueLetter, LetterState, ListedLetter, MailSettings, NewLetter};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};

/// So many may wait: a server that is away for a day is no reason to fill the disk.
const MOST_WAITING: i64 = 1000;
/// So many are kept when they are sent or given up.
const KEPT: i64 = 200;
/// So many an hour to one address that anybody can ask for: nobody's mailbox is filled through the pages.
const MOST_PER_RECIPIENT: i64 = 6;
/// So many an hour to one address about its owner's reservations.
const MOST_OWN_PER_RECIPIENT: i64 = 60;
/// The longest error that is kept, in characters.
const LONGEST_ERROR: usize = 500;

/// What became of a mail that somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It will be sent.
    Waiting,
    /// Too many went to this address within the hour, or too many wait: it is dropped.
    Dropped,
}

/// Whether mails are sent.
pub fn is_enabled(conn: &Connection) -> Result<bool> {
    Ok(site::get::<MailSettings>(conn, MailSettings::NAME)?.is_enabled)
}

/// Puts a mail in the outbox that anybody could have asked for.
pub fn insert(tx: &Transaction<'_>, letter: &NewLetter, now: Timestamp) -> Result<Queued> {
    let written = write(tx, letter, false, now)?;
    Ok(if written.is_some() { Queued::Waiting } else { Queued::Dropped })
}

/// Puts a mail in the outbox that pimaster writes by itself; gives its row unless it is dropped.
pub fn insert_own(tx: &Transaction<'_>, letter: &NewLetter, now: Timestamp) -> Result<Option<i64>> {
    write(tx, letter, true, now)
}

fn write(tx: &Transaction<'_>, letter: &NewLetter, own: bool, now: Timestamp) -> Result<Option<i64>> {
    let hour_ago = to_millis(now - SignedDuration::from_hours(1));
    let most = if own { MOST_OWN_PER_RECIPIENT } else { MOST_PER_RECIPIENT };
    let is_full =
        "SELECT (SELECT count(*) FROM outbox WHERE recipient = ?1 AND created_at > ?2 AND own = ?5) >= ?3
                       OR (SELECT count(*) FROM outbox WHERE state = 'waiting') >= ?4";
    if tx.query_row(is_full, (&letter.to, hour_ago, most, MOST_WAITING, own), |row| row.get(0))? {
        return Ok(None);
    }
    tx.execute(
        "INSERT INTO outbox (recipient, subject, sealed_body, created_at, state, next_try_at, own)
         VALUES (:to, :subject, :body, :now, 'waiting', :now, :own)",
        named_params! {
            ":to": letter.to, ":subject": letter.subject, ":body": letter.sealed_body, ":now": to_millis(now),
            ":own": own,
        },
    )?;
    let id = tx.last_insert_rowid();
    tx.execute(
        "DELETE FROM outbox WHERE state <> 'waiting' AND id NOT IN
             (SELECT id FROM outbox WHERE state <> 'waiting' ORDER BY id DESC LIMIT ?1)",
        [KEPT],
    )?;
    Ok(Some(id))
}

/// Takes the mail that has waited longest for its turn and counts the try. Until `hold` nobody takes it again: then
/// its sender was ended in between.
pub fn take(tx: &Transaction<'_>, now: Timestamp, hold: Timestamp) -> Result<Option<DueLetter>> {
    let sql = "UPDATE outbox SET tries = tries + 1, next_try_at = ?2 WHERE id =
                   (SELECT id FROM outbox WHERE state = 'waiting' AND next_try_at <= ?1 ORDER BY next_try_at, id LIMIT 1)
               RETURNING id, recipient, subject, sealed_body, created_at, tries";
    let taken = tx.query_row(sql, (to_millis(now), to_millis(hold)), |row| {
        let letter = NewLetter {
            to: row.get("recipient")?,
            subject: row.get("subject")?,
            sealed_body: row.get("sealed_body")?,
        };
        Ok(DueLetter {
            id: row.get("id")?,
            letter,
            created_at: time(row, "created_at")?,
            tries: unsigned(row, "tries")?,
        })
    });
    Ok(taken.optional()?)
}

/// When the next one is due; none if none waits.
pub fn next_at(conn: &Connection) -> Result<Option<Timestamp>> {
    let sql = "SELECT next_try_at FROM outbox WHERE state = 'waiting' ORDER BY next_try_at LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| time(row, "next_try_at")).optional()?)
}

/// Notes that the server took it.
pub fn set_sent(tx: &Transaction<'_>, id: i64) -> Result<()> {
    tx.execute("UPDATE outbox SET state = 'sent', sealed_body = '', last_error = '' WHERE id = ?1", [id])?;
    Ok(())
}

/// Notes why it was not taken and when it is tried again.
pub fn set_again(tx: &Transaction<'_>, id: i64, error: &str, at: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET last_error = ?2, next_try_at = ?3 WHERE id = ?1 AND state = 'waiting'";
    tx.execute(sql, (id, short(error), to_millis(at)))?;
    Ok(())
}

/// Notes why it will not be sent.
pub fn set_given_up(tx: &Transaction<'_>, id: i64, error: &str) -> Result<()> {
    let sql = "UPDATE outbox SET state = 'given_up', sealed_body = '', last_error = ?2 WHERE id = ?1";
    tx.execute(sql, (id, short(error)))?;
    Ok(())
}

/// After a change of the settings: what waits is tried at once if mails are sent, else given up.
pub fn follow(tx: &Transaction<'_>, settings: &MailSettings, now: Timestamp) -> Result<()> {
    if settings.is_enabled {
        tx.execute("UPDATE outbox SET next_try_at = ?1 WHERE state = 'waiting'", [to_millis(now)])?;
    } else {
        tx.execute(
            "UPDATE outbox SET state = 'given_up', sealed_body = '', last_error = 'e-mail was switched off'
             WHERE state = 'waiting'",
            [],
        )?;
    }
    Ok(())
}

/// The newest mails, newest first.
pub fn list(conn: &Connection, before: Option<i64>, count: u32) -> Result<Vec<ListedLetter>> {
    let sql = "SELECT id, recipient, subject, created_at, state, tries, next_try_at, last_error
               FROM outbox WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((before.unwrap_or(i64::MAX), count), |row| {
        Ok(ListedLetter {
            id: row.get("id")?,
            to: row.get("recipient")?,
            subject: row.get("subject")?,
            created_at: time(row, "created_at")?,
            state: word(row, "state", LetterState::from_word)?,
            tries: unsigned(row, "tries")?,
            next_try_at: time(row, "next_try_at")?,
            last_error: row.get("last_error")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn short(error: &str) -> String {
    error.chars().take(LONGEST_ERROR).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::store::Store;

    fn letter(to: &str) -> NewLetter {
        NewLetter { to: to.into(), subject: "subject".into(), sealed_body: "sealed".into() }
    }

    #[tokio::test]
    async fn what_is_kept_and_what_goes_to_one_address_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        store
            .write(|tx| {
                let now = from_millis(1_000_000_000);
                let send = |to: &str| insert(tx, &letter(to), now);
                for _ in 0..MOST_PER_RECIPIENT {
                    assert_eq!(send("a@b")?, Queued::Waiting);
                }
                assert_eq!(send("a@b")?, Queued::Dropped);
                let later = now + SignedDuration::from_hours(1);
                assert_eq!(insert(tx, &letter("a@b"), later)?, Queued::Waiting);
                for number in MOST_PER_RECIPIENT + 1..MOST_WAITING {
                    assert_eq!(insert(tx, &letter(&format!("{number}@b")), now)?, Queued::Waiting);
                }
                assert_eq!(insert(tx, &letter("c@b"), now)?, Queued::Dropped);
                follow(tx, &MailSettings::default(), now)?;
                assert_eq!(insert(tx, &letter("c@b"), now)?, Queued::Waiting);
                let left = list(tx, None, 5000)?;
                assert_eq!(left.len(), usize::try_from(KEPT).unwrap() + 1);
                assert!(left[1..].iter().all(|old| old.state == LetterState::GivenUp));
                Ok(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn one_that_is_taken_is_left_alone_until_its_hold_ends() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        store
            .write(|tx| {
                let (now, hold) = (from_millis(1000), from_millis(5000));
                insert(tx, &letter("a@b"), now)?;
                let first = take(tx, now, hold)?.unwrap();
                assert_eq!((first.tries, first.letter), (1, letter("a@b")));
                assert_eq!(take(tx, from_millis(4999), hold)?, None);
                assert_eq!(next_at(tx)?, Some(hold));
                assert_eq!(take(tx, hold, from_millis(9000))?.unwrap().tries, 2);
                set_sent(tx, first.id)?;
                assert_eq!(next_at(tx)?, None);
                Ok(())
            })
            .await
            .unwrap();
    }
}
