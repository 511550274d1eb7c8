//! How mails are sent, for the page and the API alike. *IO: the database.*

use super::error::Error;
use super::forms::mail::Password;
use super::letters;
use super::reader::Reader;
use super::state::App;
use crate::keys::Sealed;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::mail::MailSettings;
use crate::model::version::{Seen, Stale};
use crate::store::outbox::Queued;
use crate::store::{self, Transaction, audit, outbox, site};

/// What is stored.
pub(super) async fn stored(app: &App) -> Result<MailSettings, Error> {
    Ok(app.store.read(|conn| site::get(conn, MailSettings::NAME)).await?)
}

/// New settings with their password, sealed.
pub(super) fn with_password(
    app: &App,
    new: MailSettings,
    password: Password,
    stored: &MailSettings,
) -> Result<MailSettings, Error> {
    let sealed_password = match password {
        Password::Kept => stored.sealed_password.clone(),
        Password::Dropped => String::new(),
        Password::Typed(password) => app.sealer.seal(Sealed::MailPassword, &password)?,
    };
    Ok(MailSettings { sealed_password, ..new })
}

/// Stores settings, if they still are what the editor saw; what waits is tried at once.
pub(super) async fn store(
    app: &App,
    by: &Actor,
    new: MailSettings,
    seen: Seen,
) -> Result<Result<(), Stale>, Error> {
    let (actor, now) = (by.clone(), clock::now());
    let store = move |tx: &Transaction<'_>| -> store::Result<Result<(), Stale>> {
        if let Err(stale) = site::replace(tx, MailSettings::NAME, &new, &seen)? {
            return Ok(Err(stale));
        }
        outbox::follow(tx, &new, now)?;
        audit::record(tx, &actor, Action::SettingChanged, "how mails are sent", now).map(Ok)
    };
    Ok(app.store.write(store).await?)
}

/// Writes a mail to an administrator; none if mails are not sent.
pub(super) async fn test(app: &App, reader: &Reader, to: &str) -> Result<Option<Queued>, Error> {
    let (letter, now) = (letters::test(app, reader, to)?, clock::now());
    let write = move |tx: &Transaction<'_>| -> store::Result<Option<Queued>> {
        if !outbox::is_enabled(tx)? {
            return Ok(None);
        }
        outbox::insert(tx, &letter, now).map(Some)
    };
    Ok(app.store.write(write).await?)
}
