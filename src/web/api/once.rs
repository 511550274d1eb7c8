//! `Idempotency-Key`: a request that comes again, because its answer was lost, is not done again. *IO: the database,
//! the agent.*
//!
//! The booking and the word that this key brought it are one transaction of the agent; the answer is kept after it.
//! If pimaster ends between the two, the answer is made from the reservation as it then is.

use super::problem::Problem;
use super::reservations::look;
use super::wishes::Reserve;
use crate::agent::{Error, Kind};
use crate::model::agent::{Caller, Once};
use crate::model::clock;
use crate::model::ids::ReservationId;
use crate::store::first_answers::{self, First};
use crate::web::secret;
use crate::web::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const LONGEST_KEY: usize = 255;

/// The key of a request, if it carries one: 1 to 255 visible ASCII characters.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.as_bytes();
        if (1..=LONGEST_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
            return Ok(Self(Some(String::from_utf8_lossy(key).into_owned())));
        }
        let detail = format!(
            "the Idempotency-Key has {} bytes, or others than visible ASCII; expected 1 to {LONGEST_KEY}",
            key.len()
        );
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
        Err(problem.fix("Take a random word, such as a UUID, for each new request."))
    }
}

/// Reserves, unless a request with that key did: then its answer is given again.
pub(super) async fn reserve(
    app: &App,
    caller: &Caller,
    key: String,
    wish: Reserve,
) -> Result<Response, Problem> {
    let asked = serde_json::to_string(&wish).map_err(|error| Problem::internal(&error))?;
    let once = Once { key, request: secret::digest(&asked) };
    let booked = match first(app, caller, &once).await? {
        Some(First { request, .. }) if request != once.request => return Err(Error::KeyReused.into()),
        Some(First { reservation, answer: Some((status, body)), .. }) => {
            return Ok(answer(status, body, reservation));
        }
        Some(First { reservation: Some(id), .. }) => Ok(id),
        Some(First { reservation: None, answer: None, .. }) | None => {
            app.agent.reserve_once(caller, wish.judge()?, once.clone()).await
        }
    };
    let (status, body, reservation) = match booked {
        Ok(id) => {
            (StatusCode::CREATED.as_u16(), serde_json::to_string(&look(app, caller, id).await?), Some(id))
        }
        Err(error) if matches!(error, Error::KeyReused) || error.kind() == Kind::Internal => {
            return Err(error.into());
        }
        Err(error) => {
            let problem = Problem::from(error);
            (problem.status(), serde_json::to_string(&problem), None)
        }
    };
    let body = body.map_err(|error| Problem::internal(&error))?;
    let (user, kept, now) = (caller.user, body.clone(), clock::now());
    let keep = app
        .store
        .write(move |tx| first_answers::keep_answer(tx, user, &once, reservation, (status, &kept), now));
    keep.await.map_err(|error| Problem::internal(&error))?;
    Ok(answer(status, body, reservation))
}

async fn first(app: &App, caller: &Caller, once: &Once) -> Result<Option<First>, Problem> {
    let (user, key, now) = (caller.user, once.key.clone(), clock::now());
    let found = app.store.read(move |conn| first_answers::by_key(conn, user, &key, now)).await;
    found.map_err(|error| Problem::internal(&error))
}

fn answer(status: u16, body: String, reservation: Option<ReservationId>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let at = reservation.and_then(|id| HeaderValue::try_from(format!("/api/v1/reservations/{id}")).ok());
    headers.extend(at.map(|at| (header::LOCATION, at)));
    (status, headers, body).into_response()
}
