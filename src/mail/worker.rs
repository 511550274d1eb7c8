//! Sends what waits in the outbox, one mail after the other. *IO: the database; TCP.* Run by `daemon`.

use super::schedule::{self, Failure, Lasts, Verdict};
use super::smtp;
use crate::keys::{Sealed, Sealer};
use crate::model::clock::{Clock, SignedDuration, Timestamp, seconds_between};
use crate::model::mail::{DueLetter, MailSettings};
use crate::store::{self, Store, outbox, site};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The outbox is read so often at most: nodes commit all the time.
const LOOK_EACH: Duration = Duration::from_millis(500);
/// It is read at least so often, should a clock be set.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A mail that was taken and neither sent nor refused is free again after this: its sender was ended. Longer than
/// the longest exchange.
const HOLD: SignedDuration = SignedDuration::from_mins(5);

/// Sends what waits in the outbox.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    sealer: Sealer,
    clock: Clock,
}

impl Worker {
    /// A worker on the outbox of `store`.
    pub fn new(store: Store, sealer: Sealer, clock: Clock) -> Self {
        Self { store, sealer, clock }
    }

    /// Sends until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> store::Result<()> {
        let work = async {
            let mut changes = self.store.changes();
            loop {
                changes.mark_unchanged();
                let wait = match self.send_due().await? {
                    Some(at) => Duration::from_secs(seconds_between(self.clock.now(), at)).min(LONGEST_WAIT),
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

    /// Sends everything that is due; says when the next one is.
    pub async fn send_due(&self) -> store::Result<Option<Timestamp>> {
        while let Some((settings, due)) = self.take().await? {
            let outcome = self.send(&settings, &due).await;
            self.settle(&due, outcome).await?;
        }
        self.store.read(|conn| if outbox::is_enabled(conn)? { outbox::next_at(conn) } else { Ok(None) }).await
    }

    async fn take(&self) -> store::Result<Option<(MailSettings, DueLetter)>> {
        let now = self.clock.now();
        // Asked first without writing: a commit would wake everybody, and this again.
        let due = self.store.read(move |conn| Ok(outbox::next_at(conn)?.is_some_and(|at| at <= now))).await?;
        if !due {
            return Ok(None);
        }
        self.store
            .write(move |tx| {
                let settings: MailSettings = site::get(tx, MailSettings::NAME)?;
                if !settings.is_enabled {
                    return Ok(None);
                }
                Ok(outbox::take(tx, now, now + HOLD)?.map(|due| (settings, due)))
            })
            .await
    }

    async fn send(&self, settings: &MailSettings, due: &DueLetter) -> Result<(), Failure> {
        let unreadable = |lasts, what: &str| Failure {
            lasts,
            text: format!(
                "{what} cannot be opened: it was sealed with another key than the one in keys/seal_secret"
            ),
        };
        let password = if settings.user.is_empty() {
            None
        } else {
            let opened = self.sealer.open(Sealed::MailPassword, &settings.sealed_password);
            Some(opened.ok_or_else(|| unreadable(Lasts::Perhaps, "the password for the mail server"))?)
        };
        let body = self
            .sealer
            .open(Sealed::MailBody, &due.letter.sealed_body)
            .ok_or_else(|| unreadable(Lasts::ForGood, "the text of this mail"))?;
        smtp::send(settings, password, due, body).await
    }

    async fn settle(&self, due: &DueLetter, outcome: Result<(), Failure>) -> store::Result<()> {
        let (id, to, tries) = (due.id, due.letter.to.as_str(), due.tries);
        let Err(Failure { lasts, text }) = outcome else {
            tracing::info!(to, tries, "mail sent");
            return self.store.write(move |tx| outbox::set_sent(tx, id)).await;
        };
        match schedule::judge(lasts, tries, self.clock.now()) {
            Verdict::Again(at) => {
                tracing::info!(to, tries, error = text, "mail not sent; it is tried again");
                self.store.write(move |tx| outbox::set_again(tx, id, &text, at)).await
            }
            Verdict::GiveUp => {
                tracing::warn!(to, tries, error = text, "mail given up; see the page Mail");
                self.store.write(move |tx| outbox::set_given_up(tx, id, &text)).await
            }
        }
    }
}
