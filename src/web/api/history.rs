//! Past deployments in the API. *IO: through the agent.*

use super::answers::{Failure, time};
use super::bearer::Bearer;
use super::path::Named;
use super::problem::Problem;
use crate::model::clock;
use crate::model::history::{DeploymentView, LARGEST_PAGE, PastDeployment, PastWish};
use crate::model::ids::DeploymentId;
use crate::model::track::{Leg, Standing, legs};
use crate::web::state::App;
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A deployment that was, or is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Past {
    /// Names it in paths; later ones are larger.
    id: i64,
    /// The reservation.
    reservation: i64,
    /// What its owner called the reservation.
    name: String,
    /// The owner's e-mail address.
    owner: String,
    /// The node's name.
    node: String,
    /// The environment's name.
    environment: String,
    /// Where it stands, such as `deployed` or `destroyed`.
    state: String,
    /// `running`, `deployed`, `lost`, `failed`, or `given_up`: ended before it was handed over.
    outcome: String,
    /// When it was due, RFC 3339.
    #[schema(format = DateTime)]
    created: String,
    /// When work on it began, RFC 3339.
    #[schema(format = DateTime)]
    began: Option<String>,
    /// When it was handed over first, RFC 3339.
    #[schema(format = DateTime)]
    handed_over: Option<String>,
    /// When it was over, RFC 3339.
    #[schema(format = DateTime)]
    ended: Option<String>,
    /// Seconds from the beginning of the work until it was handed over.
    seconds_to_deploy: Option<u64>,
}

/// A page of past deployments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PastDeployments {
    /// The newest first.
    deployments: Vec<Past>,
    /// Give this as `before` for older ones; null if there are none.
    next: Option<i64>,
}

/// One deployment with the time spent in each state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PastWithTrack {
    /// The deployment.
    #[serde(flatten)]
    past: Past,
    /// The states that a deployment goes through, in order.
    track: Vec<TrackLeg>,
    /// The last failure.
    problem: Option<Failure>,
    /// What happened, the oldest first.
    events: Vec<Line>,
}

/// A state of the track.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrackLeg {
    /// Such as `env_copy`.
    state: String,
    /// `passed`, `here`, `stopped`, `left_out` (it was not asked for) or `ahead`.
    standing: String,
    /// Seconds in it since the deployment began last; null if it was never there.
    seconds: Option<f64>,
}

/// A line of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Line {
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// In which state.
    state: String,
    /// What happened.
    text: String,
}

/// Which past deployments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// On that node alone.
    node: Option<String>,
    /// Only those before that one: the `next` of the page before.
    before: Option<i64>,
    /// At most so many, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// How many deployments a page has if nothing is said.
const USUAL_PAGE: u32 = 50;

/// Past and present deployments, the newest first: the caller's own, everybody's for an administrator.
#[utoipa::path(get, path = "/api/v1/deployments/past", tag = "deployments", operation_id = "list_past_deployments",
    params(Which), responses(
    (status = 200, body = PastDeployments),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such node", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Bearer(caller): Bearer,
    State(app): State<App>,
    query: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<PastDeployments>, Problem> {
    let wrong = |field: &str, detail: String, fix| Problem::field(field, detail, fix);
    let Query(which) = query.map_err(|error| {
        let problem =
            Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.body_text());
        problem.fix("See /api/v1/openapi.json for the parameters and their types.")
    })?;
    let node = which.node.map(|name| name.parse()).transpose();
    let node = node.map_err(|error: crate::model::node::NotANodeName| {
        wrong("node", error.to_string(), "Take a name from the list of nodes.")
    })?;
    let count = which.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&count) {
        let detail = format!("limit is {count}; expected 1 to {LARGEST_PAGE}");
        return Err(wrong("limit", detail, "Ask for fewer at a time, then go on with `before`."));
    }
    let wish = PastWish { node, is_of_all: true, before: which.before.map(DeploymentId), count };
    let found = app.agent.past(&caller, wish).await?;
    let deployments = found.deployments.into_iter().map(Past::from).collect();
    Ok(Json(PastDeployments { deployments, next: found.next.map(|id| id.0) }))
}

/// One deployment, running or over, with the time spent in each state. For its owner and administrators.
#[utoipa::path(get, path = "/api/v1/deployments/{id}", tag = "deployments", operation_id = "get_deployment",
    params(("id" = i64, Path, description = "The deployment's id")), responses(
    (status = 200, body = PastWithTrack),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Bearer(caller): Bearer,
    State(app): State<App>,
    Named(id): Named<DeploymentId>,
) -> Result<Json<PastWithTrack>, Problem> {
    let DeploymentView { past, saved_state, problem, events } = app.agent.deployment(&caller, id).await?;
    // What is over has no present.
    let now = past.ended.unwrap_or_else(clock::now);
    let track = legs(&events, past.state, saved_state, now).into_iter().map(TrackLeg::from).collect();
    let line = |event: crate::model::deployment::StepEvent| Line {
        at: time(event.at),
        state: event.state.as_str().to_owned(),
        text: event.text,
    };
    Ok(Json(PastWithTrack {
        past: past.into(),
        track,
        problem: problem.map(Failure::from),
        events: events.into_iter().map(line).collect(),
    }))
}

impl From<PastDeployment> for Past {
    fn from(past: PastDeployment) -> Self {
        let (outcome, seconds_to_deploy) = (past.outcome().as_str().to_owned(), past.seconds_to_deploy());
        Self {
            id: past.id.0,
            reservation: past.reservation.0,
            name: past.bin,
            owner: past.owner,
            node: past.node.to_string(),
            environment: past.environment,
            state: past.state.as_str().to_owned(),
            outcome,
            created: time(past.created),
            began: past.began.map(time),
            handed_over: past.handed_over.map(time),
            ended: past.ended.map(time),
            seconds_to_deploy,
        }
    }
}

impl From<Leg> for TrackLeg {
    fn from(leg: Leg) -> Self {
        let standing = match leg.standing {
            Standing::Passed => "passed",
            Standing::Here => "here",
            Standing::Stopped => "stopped",
            Standing::LeftOut => "left_out",
            Standing::Ahead => "ahead",
        };
        let seconds = leg.millis.map(|millis| std::time::Duration::from_millis(millis).as_secs_f64());
        Self { state: leg.state.as_str().to_owned(), standing: standing.to_owned(), seconds }
    }
}
