//! Reservations in the API. *IO: through the agent.*

use super::answers::{Configured, Event, Offer, Reservation};
use super::bearer::Bearer;
use super::created::Created;
use super::json::JsonBody;
use super::once::{self, IdempotencyKey};
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use super::wishes::{Configure, Extend, Reserve};
use crate::agent::Whose;
use crate::model::agent::Caller;
use crate::model::ids::ReservationId;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The caller's reservations that are not over; everybody's for an administrator.
#[utoipa::path(get, path = "/api/v1/reservations", tag = "reservations", operation_id = "list_reservations",
    params(PageQuery), responses(
    (status = 200, body = [Reservation]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Reservation>, Problem> {
    let found = app.agent.reservations(&caller, Whose::All).await?;
    Ok(paging.cut(found, |it| (it.start, it.id))?.map(Reservation::from))
}

/// Reserves all of some nodes, or none.
///
/// With an `Idempotency-Key` the first answer to it, a refusal too, is given again for 24 hours (of the last 100
/// keys of an account): send it again if the answer was lost, and take a new key to try again.
#[utoipa::path(post, path = "/api/v1/reservations", tag = "reservations", operation_id = "reserve",
    params(("Idempotency-Key" = Option<String>, Header, description = "A word for this request, such as a UUID")),
    request_body = Reserve, responses(
    (status = 201, body = Reservation),
    (status = 409, description = "A node is taken", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or the key came with another request", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn reserve(
    Bearer(caller): Bearer,
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(wish): JsonBody<Reserve>,
) -> Result<Response, Problem> {
    if let Some(key) = key {
        return once::reserve(&app, &caller, key, wish).await;
    }
    let id = app.agent.reserve(&caller, wish.judge()?).await?;
    let made = look(&app, &caller, id).await?;
    Ok(Created { at: format!("/api/v1/reservations/{id}"), made }.into_response())
}

/// One reservation with the state of each node.
#[utoipa::path(get, path = "/api/v1/reservations/{id}", tag = "reservations", operation_id = "get_reservation",
    params(("id" = i64, Path, description = "The reservation's id")), responses(
    (status = 200, body = Reservation),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
) -> Result<Json<Reservation>, Problem> {
    Ok(Json(look(&app, &caller, id).await?))
}

/// Says what shall be put on the nodes: the deployment starts when the reservation does.
#[utoipa::path(put, path = "/api/v1/reservations/{id}/configuration", tag = "reservations",
    operation_id = "configure", request_body = Configure,
    params(("id" = i64, Path, description = "The reservation's id")), responses(
    (status = 200, body = Configured),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is being deployed already", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn configure(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
    JsonBody(wish): JsonBody<Configure>,
) -> Result<Json<Configured>, Problem> {
    let configured = app.agent.configure(&caller, id, wish.judge()?).await?;
    let reservation = look(&app, &caller, id).await?;
    let generated_password = configured.generated_password.map(|made| made.expose().to_owned());
    Ok(Json(Configured { generated_password, reservation }))
}

/// The environments that boot on at least one of the nodes, and how long each takes.
#[utoipa::path(get, path = "/api/v1/reservations/{id}/environments", tag = "reservations",
    operation_id = "list_offers", params(("id" = i64, Path, description = "The reservation's id")), responses(
    (status = 200, body = [Offer]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn offers(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
) -> Result<Json<Vec<Offer>>, Problem> {
    Ok(Json(app.agent.offers(&caller, id).await?.into_iter().map(Offer::from).collect()))
}

/// Makes a reservation longer, never over somebody else's.
#[utoipa::path(post, path = "/api/v1/reservations/{id}/extend", tag = "reservations", operation_id = "extend",
    request_body = Extend,
    params(("id" = i64, Path, description = "The reservation's id")), responses(
    (status = 200, body = Reservation),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A node is taken afterwards, or it is over", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "Longer than the rules allow", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn extend(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
    JsonBody(wish): JsonBody<Extend>,
) -> Result<Json<Reservation>, Problem> {
    app.agent.extend(&caller, id, wish.hours).await?;
    Ok(Json(look(&app, &caller, id).await?))
}

/// Ends a reservation: at once if nothing was deployed, else its nodes are taken down.
#[utoipa::path(delete, path = "/api/v1/reservations/{id}", tag = "reservations", operation_id = "release",
    params(("id" = i64, Path, description = "The reservation's id")), responses(
    (status = 200, description = "Ended, or ending", body = Reservation),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn release(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
) -> Result<Json<Reservation>, Problem> {
    app.agent.release(&caller, id).await?;
    Ok(Json(look(&app, &caller, id).await?))
}

/// The histories of a reservation's nodes, by time.
#[utoipa::path(get, path = "/api/v1/reservations/{id}/events", tag = "reservations",
    operation_id = "list_events",
    params(("id" = i64, Path, description = "The reservation's id"), PageQuery), responses(
    (status = 200, body = [Event]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn events(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<ReservationId>,
    paging: Paging,
) -> Result<Paged<Event>, Problem> {
    // Nothing is ever put between old lines: the number of a line names it.
    let lines = Event::of_all(app.agent.reservation(&caller, id).await?).into_iter().zip(0u64..).collect();
    Ok(paging.cut(lines, |(_, number)| *number)?.map(|(line, _)| line))
}

pub(super) async fn look(app: &App, caller: &Caller, id: ReservationId) -> Result<Reservation, Problem> {
    Ok(app.agent.reservation(caller, id).await?.into())
}
