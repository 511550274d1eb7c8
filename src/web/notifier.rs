//! Tells people of their reservations by mail: that one ends soon, what came of a deployment.
//!
//! *IO: the database.* Run by `daemon`. It reads rows and writes mails to the outbox, which `mail` sends. A row says
//! what was told, in the transaction of the mail: nobody is told twice, whenever pimaster was ended. Who wants no
//! mail, or cannot be sent one, counts as told: nobody gets old news when that changes.

use super::error::Error;
use super::letters::{self, Desk};
use super::reader::Reader;
use super::words::Language;
use crate::keys::Sealer;
use crate::model::clock::{Clock, TimeZone, Timestamp, seconds_between};
use crate::model::mail::NewLetter;
use crate::model::notification::NoticeKind;
use crate::store::notices::Due;
use crate::store::{self, Connection, Store, Transaction, notices, outbox};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Rows are read so often at most: nodes commit all the time.
const LOOK_EACH: Duration = Duration::from_secs(2);
/// They are read at least so often, should a clock be set.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Tells people of their reservations.
#[derive(Debug)]
pub struct Notifier {
    store: Store,
    sealer: Sealer,
    public_url: String,
    zone: TimeZone,
    clock: Clock,
}

/// What one look finds.
struct Survey {
    before_end: Vec<Due>,
    outcomes: Vec<(Due, Vec<(String, bool)>)>,
    /// What others asked to be told.
    asked: Vec<(Due, NoticeKind)>,
    stale: Vec<i64>,
    next: Option<Timestamp>,
    has_mail: bool,
}

impl Notifier {
    /// Over the reservations of `store`. Mails name links under `public_url` and times in `zone`.
    pub fn new(store: Store, sealer: Sealer, public_url: String, zone: TimeZone, clock: Clock) -> Self {
        Self { store, sealer, public_url, zone, clock }
    }

    /// Tells until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let work = async {
            let mut changes = self.store.changes();
            loop {
                changes.mark_unchanged();
                let wait = match self.tell_due().await? {
                    Some(at) => {
                        Duration::from_secs(seconds_between(self.clock.now(), at) + 1).min(LONGEST_WAIT)
                    }
                    None => LONGEST_WAIT,
                };
                // The store tells of changes as long as it lives, and it lives as long as this.
                drop(tokio::time::timeout(wait, changes.changed()).await);
                tokio::time::sleep(LOOK_EACH).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            ended = work => ended,
        }
    }

    /// Tells everything that is due; says when the next end is to be told.
    pub async fn tell_due(&self) -> Result<Option<Timestamp>, Error> {
        let now = self.clock.now();
        let seen = self.store.read(move |conn| survey(conn, now)).await?;
        for due in &seen.before_end {
            let letter = letters::before_end(&self.desk(), &self.reader(due, now), due)?;
            self.tell(due, NoticeKind::BeforeEnd, seen.has_mail, letter, now).await?;
        }
        for (due, nodes) in &seen.outcomes {
            let letter = letters::outcome(&self.desk(), &self.reader(due, now), due, nodes)?;
            self.tell(due, NoticeKind::Outcome, seen.has_mail, letter, now).await?;
        }
        for (due, kind) in &seen.asked {
            let letter = letters::asked(&self.desk(), &self.reader(due, now), due, *kind)?;
            self.tell(due, *kind, seen.has_mail, letter, now).await?;
        }
        if !seen.stale.is_empty() {
            self.store
                .write(move |tx| {
                    // Judged again: a try may have begun since, or the end have moved once more.
                    let why = "no longer true: the reservation was extended, given back, or is over";
                    notices::stale(tx, now)?.into_iter().try_for_each(|id| outbox::set_given_up(tx, id, why))
                })
                .await?;
        }
        Ok(seen.next)
    }

    async fn tell(
        &self,
        due: &Due,
        kind: NoticeKind,
        has_mail: bool,
        letter: NewLetter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (id, wants_it) = (due.reservation, due.wants.wants(kind) && has_mail);
        let of = (kind == NoticeKind::BeforeEnd).then_some(due.end);
        let write = move |tx: &Transaction<'_>| -> store::Result<bool> {
            if !notices::note(tx, id, kind, of, now)? || !wants_it {
                return Ok(false);
            }
            let Some(mail) = outbox::insert_own(tx, &letter, now)? else { return Ok(false) };
            notices::set_mail(tx, id, kind, of, mail)?;
            Ok(true)
        };
        if self.store.write(write).await? {
            tracing::info!(reservation = id.0, kind = kind.as_str(), "told by mail");
        }
        Ok(())
    }

    fn desk(&self) -> Desk<'_> {
        Desk { sealer: &self.sealer, public_url: &self.public_url }
    }

    fn reader(&self, due: &Due, now: Timestamp) -> Reader {
        let language = Language::of_tag(&due.wants.language).unwrap_or_default();
        Reader { language, zone: self.zone.clone(), now }
    }
}

fn survey(conn: &Connection, now: Timestamp) -> store::Result<Survey> {
    let (before_end, next) = notices::before_end(conn, now)?;
    let outcomes = notices::outcomes(conn)?.into_iter().map(|due| {
        let nodes = notices::deployed(conn, due.reservation)?;
        Ok((due, nodes))
    });
    Ok(Survey {
        before_end,
        outcomes: outcomes.collect::<store::Result<_>>()?,
        asked: notices::asked(conn)?,
        stale: notices::stale(conn, now)?,
        next,
        has_mail: outbox::is_enabled(conn)?,
    })
}
