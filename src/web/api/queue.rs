//! Waiting for nodes, in the API. *IO: through the agent.*

use super::answers::time;
use super::bearer::Bearer;
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::agent::{QueueView, QueueWish};
use crate::model::board::{BoardModel, NotAModel};
use crate::model::ids::QueueId;
use crate::model::queue::QueueState;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A wish that waits, or waited.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queued {
    /// Names it.
    id: i64,
    /// The owner's e-mail address.
    owner: String,
    /// What the reservation will be called.
    name: String,
    /// For how many nodes.
    count: u32,
    /// Of which model; any if null.
    model: Option<String>,
    /// For how many hours.
    hours: u32,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    since: String,
    /// `waiting`, `served` or `left`.
    state: String,
    /// What it became, once served.
    reservation: Option<i64>,
    /// How many wishes are served before it at the latest, and it, while it waits.
    position: Option<u32>,
    /// When it begins at the latest, as far as is known, RFC 3339; null if that is not known.
    #[schema(format = DateTime)]
    estimate: Option<String>,
}

/// A wish for nodes as soon as there are enough.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQueued {
    /// For how many nodes.
    #[schema(minimum = 1)]
    count: u32,
    /// Of that model, such as `pi4b`; any if left out.
    model: Option<String>,
    /// For how many hours.
    #[schema(minimum = 1)]
    hours: u32,
    /// What the reservation will be called, at most 64 characters.
    name: String,
}

/// Everything that waits, the head first.
#[utoipa::path(get, path = "/api/v1/queue", tag = "booking", operation_id = "list_queue", responses(
    (status = 200, body = [Queued]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
) -> Result<Json<Vec<Queued>>, Problem> {
    Ok(Json(app.agent.queue(&caller).await?.into_iter().map(Queued::from).collect()))
}

/// Waits for nodes: `reservation` is set at once if they are free. At most five wishes of one account wait.
#[utoipa::path(post, path = "/api/v1/queue", tag = "booking", operation_id = "wait_for_nodes",
    request_body = NewQueued, responses(
    (status = 201, body = Queued),
    (status = 409, description = "Too many of yours wait", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong, or there are not so many nodes", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn wait(
    Bearer(caller): Bearer,
    State(app): State<App>,
    JsonBody(wish): JsonBody<NewQueued>,
) -> Result<Created<Queued>, Problem> {
    let NewQueued { count, model, hours, name } = wish;
    let model = model.map(|word| word.parse::<BoardModel>()).transpose();
    let model = model.map_err(|error: NotAModel| {
        Problem::field("model", error.to_string(), "Take the model of a node in the list of nodes.")
    })?;
    let id = app.agent.wait(&caller, QueueWish { count, model, hours, name }).await?;
    let made = app.agent.queued(&caller, id).await?.into();
    Ok(Created { at: format!("/api/v1/queue/{id}"), made })
}

/// One wish: look at it until `reservation` is set.
#[utoipa::path(get, path = "/api/v1/queue/{id}", tag = "booking", operation_id = "get_queued",
    params(("id" = i64, Path, description = "The wish's id")), responses(
    (status = 200, body = Queued),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<QueueId>,
) -> Result<Json<Queued>, Problem> {
    Ok(Json(app.agent.queued(&caller, id).await?.into()))
}

/// Leaves the queue; a wish that was served keeps its reservation.
#[utoipa::path(delete, path = "/api/v1/queue/{id}", tag = "booking", operation_id = "leave_queue",
    params(("id" = i64, Path, description = "The wish's id")), responses(
    (status = 204, description = "It does not wait"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn leave(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<QueueId>,
) -> Result<StatusCode, Problem> {
    app.agent.leave(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<QueueView> for Queued {
    fn from(view: QueueView) -> Self {
        Self {
            id: view.id.0,
            owner: view.owner,
            name: view.name,
            count: view.count,
            model: view.model.map(|model| model.as_str().to_owned()),
            hours: view.hours,
            since: time(view.since),
            state: view.state.as_str().to_owned(),
            reservation: match view.state {
                QueueState::Served(id) => Some(id.0),
                QueueState::Waiting | QueueState::Left => None,
            },
            position: view.position,
            estimate: view.estimate.map(time),
        }
    }
}
