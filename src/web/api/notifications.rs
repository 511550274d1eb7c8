//! What the owner of a token is told: mails, and the feed for calendar programs. *IO: the database.*

use super::bearer::Account;
use super::json::JsonBody;
use super::problem::Problem;
use crate::model::audit::Action;
use crate::model::clock;
use crate::model::notification::{LONGEST_NOTICE_MINUTES, Notifications};
use crate::store::{self, Transaction, audit, feeds, notices};
use crate::web::state::App;
use crate::web::words::Language;
use crate::web::{paths, secret};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody is told by mail.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    /// That a reservation ends soon.
    before_end: bool,
    /// How long before, in minutes, also on the pages; what the rules of booking say if null.
    #[schema(minimum = 1, maximum = 10080)]
    minutes: Option<u32>,
    /// What came of a deployment, once for each reservation.
    outcome: bool,
    /// That the nodes they waited for are theirs.
    turn: bool,
    /// The language of these mails, `en` or `fr`.
    language: String,
}

/// The address of a feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Feed {
    /// For calendar programs (iCalendar, RFC 5545): shown now and never again; who knows it reads the feed.
    url: String,
}

/// What the owner of this token is told by mail.
#[utoipa::path(get, path = "/api/v1/me/notifications", tag = "account", operation_id = "get_notifications", responses(
    (status = 200, body = Told),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    Account { caller, .. }: Account,
    State(app): State<App>,
) -> Result<Json<Told>, Problem> {
    let wants = app.store.read(move |conn| notices::wants(conn, caller.user)).await.map_err(failed)?;
    Ok(Json(wants.into()))
}

/// Sets what the owner of this token is told by mail.
#[utoipa::path(put, path = "/api/v1/me/notifications", tag = "account", operation_id = "set_notifications",
    request_body = Told, responses(
    (status = 200, body = Told),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set(
    Account { caller, .. }: Account,
    State(app): State<App>,
    JsonBody(told): JsonBody<Told>,
) -> Result<Json<Told>, Problem> {
    let wants = told.judge()?;
    let kept = wants.clone();
    app.store.write(move |tx| notices::set_wants(tx, caller.user, &kept)).await.map_err(failed)?;
    Ok(Json(wants.into()))
}

/// Makes the feed of one's reservations for calendar programs; an address that was made before no longer works.
#[utoipa::path(post, path = "/api/v1/me/feed", tag = "account", operation_id = "make_feed", responses(
    (status = 201, body = Feed),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make_feed(
    Account { caller, .. }: Account,
    State(app): State<App>,
) -> Result<(StatusCode, Json<Feed>), Problem> {
    let secret = secret::generate().map_err(|error| Problem::internal(&error))?;
    let (hash, now) = (secret::digest(&secret), clock::now());
    let make = move |tx: &Transaction<'_>| {
        audit::record(tx, &caller.actor, Action::FeedMade, "", now)?;
        feeds::set(tx, caller.user, Some(&hash))
    };
    app.store.write(make).await.map_err(failed)?;
    let url = format!("{}{}", app.public_url.trim_end_matches('/'), paths::feed(&secret));
    Ok((StatusCode::CREATED, Json(Feed { url })))
}

/// Ends the feed: its address no longer works.
#[utoipa::path(delete, path = "/api/v1/me/feed", tag = "account", operation_id = "revoke_feed", responses(
    (status = 204, description = "There is no feed"),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke_feed(
    Account { caller, .. }: Account,
    State(app): State<App>,
) -> Result<StatusCode, Problem> {
    let now = clock::now();
    let revoke = move |tx: &Transaction<'_>| {
        audit::record(tx, &caller.actor, Action::FeedRevoked, "", now)?;
        feeds::set(tx, caller.user, None)
    };
    app.store.write(revoke).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

impl Told {
    fn judge(self) -> Result<Notifications, Problem> {
        let Self { before_end, minutes, outcome, turn, language } = self;
        if let Some(seen) = minutes.filter(|minutes| !(1..=LONGEST_NOTICE_MINUTES).contains(minutes)) {
            let detail = format!("minutes is {seen}; expected 1 to {LONGEST_NOTICE_MINUTES}, or null");
            return Err(Problem::field("minutes", detail, "Choose a time before the end, or null."));
        }
        if Language::of_tag(&language).is_none() {
            let detail = "the language is not known; expected en or fr";
            return Err(Problem::field("language", detail, "Choose one of them."));
        }
        Ok(Notifications { before_end, minutes, outcome, turn, language })
    }
}

impl From<Notifications> for Told {
    fn from(wants: Notifications) -> Self {
        let language = Language::of_tag(&wants.language).unwrap_or_default().tag().to_owned();
        let Notifications { before_end, minutes, outcome, turn, language: _ } = wants;
        Self { before_end, minutes, outcome, turn, language }
    }
}

fn failed(error: store::Error) -> Problem {
    Problem::internal(&error)
}
