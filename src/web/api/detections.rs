//! Finding the boards at switch ports, in the API. *IO: through the agent.*

use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::page::{PageQuery, Paged, Paging};
use super::path::Named;
use super::problem::Problem;
use crate::model::detection::{DetectWish, DetectedPort, DetectionView};
use crate::model::ids::DetectionId;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use utoipa::ToSchema;

/// Ports of a switch to look at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Detect {
    /// The switch's name.
    switch: String,
    /// The ports' numbers.
    #[schema(example = json!([1, 2, 3]))]
    ports: Vec<u16>,
}

/// A detection with its log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Detection {
    /// Names it in paths.
    id: i64,
    /// The switch's name.
    switch: String,
    /// `running`, `done`, `cancelled` or `failed`.
    state: String,
    /// When it began, RFC 3339.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it ended, RFC 3339.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// The chosen ports.
    ports: Vec<Port>,
    /// The log, oldest first.
    log: Vec<Line>,
}

/// What came out at a port.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DetectedPort)]
pub(super) struct Port {
    /// The port's number.
    port: u16,
    /// `listed`, `heard`, `silent`, `ambiguous` or `spared`; none while it was not tried.
    outcome: Option<String>,
    /// The hardware address of the machine that was found.
    mac: Option<String>,
    /// The outcome in words.
    text: Option<String>,
}

/// One line of a detection's log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DetectionLine)]
pub(super) struct Line {
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// What happened.
    text: String,
}

/// Finds the boards at ports: by the switch's tables, else by switching the ports off and on. For administrators.
#[utoipa::path(post, path = "/api/v1/detections", tag = "detections", operation_id = "detect",
    request_body = Detect, responses(
    (status = 201, body = Detection),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "A port is somebody's, or the switch is busy", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn start(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(Detect { switch, ports }): JsonBody<Detect>,
) -> Result<Created<Detection>, Problem> {
    let id = app.agent.detect(&caller, DetectWish { switch, ports }).await?;
    let made = app.agent.detection(&caller, id).await?.into();
    Ok(Created { at: format!("/api/v1/detections/{id}"), made })
}

/// The latest detections without their logs, the newest first. For administrators.
#[utoipa::path(get, path = "/api/v1/detections", tag = "detections", operation_id = "list_detections",
    params(PageQuery), responses(
    (status = 200, body = [Detection]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Administrator(caller): Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Detection>, Problem> {
    let found = app.agent.detections(&caller).await?;
    Ok(paging.cut(found, |it| Reverse(it.detection.id))?.map(Detection::from))
}

/// One detection with its log. For administrators.
#[utoipa::path(get, path = "/api/v1/detections/{id}", tag = "detections", operation_id = "get_detection",
    params(("id" = i64, Path, description = "The detection's id")), responses(
    (status = 200, body = Detection),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<DetectionId>,
) -> Result<Json<Detection>, Problem> {
    Ok(Json(app.agent.detection(&caller, id).await?.into()))
}

/// Asks a detection to stop; its ports get back the power they had. For administrators.
#[utoipa::path(delete, path = "/api/v1/detections/{id}", tag = "detections", operation_id = "cancel_detection",
    params(("id" = i64, Path, description = "The detection's id")), responses(
    (status = 202, description = "It stops", body = Detection),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cancel(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<DetectionId>,
) -> Result<(StatusCode, Json<Detection>), Problem> {
    app.agent.cancel_detection(&caller, id).await?;
    Ok((StatusCode::ACCEPTED, Json(app.agent.detection(&caller, id).await?.into())))
}

impl From<DetectionView> for Detection {
    fn from(view: DetectionView) -> Self {
        let DetectionView { detection, switch, events } = view;
        let port = |it: DetectedPort| Port {
            port: it.port,
            outcome: it.outcome.as_ref().map(|outcome| outcome.as_str().to_owned()),
            mac: it.outcome.as_ref().and_then(|outcome| outcome.mac()).map(|mac| mac.to_string()),
            text: it.outcome.map(|outcome| outcome.text()),
        };
        Self {
            id: detection.id.0,
            switch,
            state: detection.state.as_str().to_owned(),
            started_at: detection.started_at.to_string(),
            ended_at: detection.ended_at.map(|at| at.to_string()),
            ports: detection.ports.into_iter().map(port).collect(),
            log: events
                .into_iter()
                .map(|event| Line { at: event.at.to_string(), text: event.text })
                .collect(),
        }
    }
}
