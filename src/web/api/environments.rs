//! Environments in the API. *IO: through the agent.*

use super::answers::Environment;
use super::bearer::Bearer;
use super::page::{PageQuery, Paged, Paging};
use super::problem::Problem;
use crate::web::state::App;
use axum::extract::State;

/// Every environment that the caller can deploy, those that are offered first before the others.
#[utoipa::path(get, path = "/api/v1/environments", tag = "environments", operation_id = "list_environments",
    params(PageQuery), responses(
    (status = 200, body = [Environment]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Environment>, Problem> {
    Ok(paging.cut(app.agent.environments(&caller).await?, |it| it.name.clone())?.map(Environment::from))
}
