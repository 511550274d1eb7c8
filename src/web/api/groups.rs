//! Groups of people in the API, for administrators. *IO: through the agent.*

use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::agent::GroupWish;
use crate::model::group::{self, Limits};
use crate::model::ids::GroupId;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A group of people, and what its members may book.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    /// Names it.
    id: i64,
    /// The group itself.
    #[serde(flatten)]
    group: GroupBody,
}

/// What a group is. A limit that is null is as for all; of several groups the most generous limit counts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupBody {
    /// What it is called, at most 64 characters.
    name: String,
    /// The e-mail addresses of its members.
    #[serde(default)]
    members: Vec<String>,
    /// The longest reservation when it is made, in hours.
    #[schema(minimum = 1)]
    longest_hours: Option<u32>,
    /// The longest a reservation may become by being extended, in hours from its start.
    #[schema(minimum = 1)]
    longest_extended_hours: Option<u32>,
    /// What a member's unfinished reservations may add up to, in nodes times hours.
    #[schema(minimum = 1)]
    node_hours: Option<u32>,
    /// How many nodes a member may have at the same time.
    #[schema(minimum = 1)]
    nodes_at_once: Option<u32>,
}

/// Every group, by name.
#[utoipa::path(get, path = "/api/v1/groups", tag = "booking", operation_id = "list_groups", responses(
    (status = 200, body = [Group]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Administrator(caller): Administrator,
    State(app): State<App>,
) -> Result<Json<Vec<Group>>, Problem> {
    Ok(Json(app.agent.groups(&caller).await?.into_iter().map(Group::from).collect()))
}

/// Makes a group.
#[utoipa::path(post, path = "/api/v1/groups", tag = "booking", operation_id = "make_group", request_body = GroupBody,
    responses(
    (status = 201, body = Group),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "One is called so", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(group): JsonBody<GroupBody>,
) -> Result<Created<Group>, Problem> {
    let id = app.agent.make_group(&caller, group.clone().judge()?).await?;
    Ok(Created { at: "/api/v1/groups".into(), made: Group { id: id.0, group } })
}

/// Changes name, limits and members of a group.
#[utoipa::path(put, path = "/api/v1/groups/{id}", tag = "booking", operation_id = "change_group",
    request_body = GroupBody, params(("id" = i64, Path, description = "The group's id")), responses(
    (status = 200, body = Group),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Another is called so", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn change(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<GroupId>,
    JsonBody(group): JsonBody<GroupBody>,
) -> Result<Json<Group>, Problem> {
    app.agent.change_group(&caller, id, group.clone().judge()?).await?;
    Ok(Json(Group { id: id.0, group }))
}

/// Removes a group: its members are as all again, its blocks are for nobody.
#[utoipa::path(delete, path = "/api/v1/groups/{id}", tag = "booking", operation_id = "remove_group",
    params(("id" = i64, Path, description = "The group's id")), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<GroupId>,
) -> Result<StatusCode, Problem> {
    app.agent.remove_group(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl GroupBody {
    fn judge(self) -> Result<GroupWish, Problem> {
        let Self { name, members, longest_hours, longest_extended_hours, node_hours, nodes_at_once } = self;
        for (field, limit) in [
            ("longest_hours", longest_hours),
            ("longest_extended_hours", longest_extended_hours),
            ("node_hours", node_hours),
            ("nodes_at_once", nodes_at_once),
        ] {
            if limit == Some(0) {
                return Err(Problem::field(
                    field,
                    format!("{field} is 0; expected 1 or more, or null"),
                    "Change it.",
                ));
            }
        }
        let limits = Limits { longest_hours, longest_extended_hours, node_hours, nodes_at_once };
        Ok(GroupWish { name, limits, members })
    }
}

impl From<group::Group> for Group {
    fn from(group: group::Group) -> Self {
        let group::Group { id, name, limits, members } = group;
        let Limits { longest_hours, longest_extended_hours, node_hours, nodes_at_once } = limits;
        let members = members.into_iter().map(|(_, email)| email).collect();
        let group =
            GroupBody { name, members, longest_hours, longest_extended_hours, node_hours, nodes_at_once };
        Self { id: id.0, group }
    }
}
