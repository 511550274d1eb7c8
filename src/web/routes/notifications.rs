//! What a person is told: which mails, and the feed for calendar programs. *IO: the database.*

use super::pages::leave;
use super::settings;
use crate::model::audit::Action;
use crate::model::booking::BookingRules;
use crate::model::clock::{self, SignedDuration};
use crate::model::icalendar::{Calendar, Event};
use crate::model::ids::UserId;
use crate::store::feeds::Entry;
use crate::store::{self, Connection, Transaction, audit, feeds, notices, outbox, site};
use crate::web::extract::SignedForm;
use crate::web::forms::notifications;
use crate::web::notices::Notice;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::notifications::Told;
use crate::web::{paths, secret};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

/// How far back a feed goes.
const FEED_GOES_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How often programs are asked to look.
const FEED_REFRESH: SignedDuration = SignedDuration::from_mins(15);

/// What stands in the settings of a person.
pub(super) fn told(conn: &Connection, user: UserId) -> store::Result<Told> {
    Ok(Told {
        wants: notices::wants(conn, user)?,
        site_minutes: site::get::<BookingRules>(conn, BookingRules::NAME)?.notice_minutes,
        has_mail: outbox::is_enabled(conn)?,
        has_feed: feeds::exists(conn, user)?,
    })
}

/// Stores what a person wants to be told, in the language of the page.
pub(super) async fn store(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let wants = match notifications::notifications(&fields, signed.reader.language.tag()) {
        Ok(wants) => wants,
        Err(errors) => return settings::refuse(&app, &signed, settings::Typed::default(), errors).await,
    };
    let user = signed.user.id;
    app.store.write(move |tx| notices::set_wants(tx, user, &wants)).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("notifications-saved")));
    Ok(Redirect::to(paths::SETTINGS).into_response())
}

/// Makes a feed, or gives it another address, which is shown once.
pub(super) async fn make_feed(
    State(app): State<App>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let secret = secret::generate()?;
    let (user, actor, now, hash) =
        (signed.user.id, signed.actor(), signed.reader.now, secret::digest(&secret));
    let make = move |tx: &Transaction<'_>| {
        audit::record(tx, &actor, Action::FeedMade, "", now)?;
        feeds::set(tx, user, Some(&hash))
    };
    app.store.write(make).await?;
    let url = format!("{}{}", app.public_url.trim_end_matches('/'), paths::feed(&secret));
    let notice = Notice::good(signed.reader.say("feed-made")).with_secret("iCalendar", url);
    leave(&app, signed.session, notice);
    Ok(Redirect::to(paths::SETTINGS).into_response())
}

/// Ends a feed: its address no longer works.
pub(super) async fn revoke_feed(
    State(app): State<App>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let (user, actor, now) = (signed.user.id, signed.actor(), signed.reader.now);
    let revoke = move |tx: &Transaction<'_>| {
        audit::record(tx, &actor, Action::FeedRevoked, "", now)?;
        feeds::set(tx, user, None)
    };
    app.store.write(revoke).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("feed-revoked")));
    Ok(Redirect::to(paths::SETTINGS).into_response())
}

/// A feed. Calendar programs do not sign in: who knows the address reads it.
pub(super) async fn feed(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let secret = name.strip_suffix(".ics").ok_or(Refusal::NotFound)?;
    let (hash, since) = (secret::digest(secret), clock::now() - FEED_GOES_BACK);
    let look = move |conn: &Connection| -> store::Result<_> {
        let Some(user) = feeds::owner(conn, &hash)? else { return Ok(None) };
        feeds::entries(conn, user, since).map(Some)
    };
    let entries = app.store.read(look).await?.ok_or(Refusal::NotFound)?;
    let events = entries.into_iter().map(|entry| event(entry, &app.public_url)).collect();
    let calendar = Calendar { name: "pimaster".into(), events };
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, calendar.render(FEED_REFRESH)).into_response())
}

fn event(entry: Entry, public_url: &str) -> Event {
    let Entry { id, name, start, end, created, changed, sequence, nodes } = entry;
    Event {
        // Rows of another database have other times.
        uid: format!("reservation-{id}-{}@pimaster", created.as_millisecond()),
        created,
        changed,
        sequence,
        start,
        end,
        summary: name,
        description: nodes.join(", "),
        url: format!("{}{}", public_url.trim_end_matches('/'), paths::reservation(id)),
    }
}
