//! Deployments in the API. *IO: through the agent.*

use super::answers::{Deployment, Reservation};
use super::bearer::Bearer;
use super::page::{PageQuery, Paged, Paging};
use super::problem::Problem;
use crate::agent::Whose;
use crate::web::state::App;
use axum::extract::State;

/// What is deployed on each node of the caller's reservations that are not over; of everybody's for an
/// administrator.
#[utoipa::path(get, path = "/api/v1/deployments", tag = "deployments", operation_id = "list_deployments",
    params(PageQuery), responses(
    (status = 200, body = [Deployment]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Deployment>, Problem> {
    let found = app.agent.reservations(&caller, Whose::All).await?.into_iter().map(Reservation::from);
    paging.cut(found.flat_map(Reservation::into_deployments).collect(), Deployment::key)
}
