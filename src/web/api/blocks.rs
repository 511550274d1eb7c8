//! Blocks and opening hours in the API. *IO: through the agent.*

use super::answers::time;
use super::bearer::{Administrator, Bearer};
use super::created::Created;
use super::json::JsonBody;
use super::path::Named;
use super::problem::Problem;
use crate::model::agent::{BlockView, BlockWish, ScopeWish};
use crate::model::block::Collisions;
use crate::model::board::{BoardModel, NotAModel};
use crate::model::clock;
use crate::model::ids::BlockId;
use crate::model::node::NodeName;
use crate::model::opening::{Open, OpeningHours, parse_minutes};
use crate::model::reservation::parse_start;
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time in which nodes are kept for a group, or for nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Block {
    /// Names it.
    id: i64,
    /// From when, RFC 3339.
    #[schema(format = DateTime)]
    start: String,
    /// Until when, RFC 3339.
    #[schema(format = DateTime)]
    end: String,
    /// Why.
    reason: String,
    /// Of that model, if it is about a model.
    model: Option<String>,
    /// At that switch, if it is about a switch.
    switch: Option<String>,
    /// These nodes, if it is about some; all, if model and switch are null too.
    nodes: Option<Vec<String>>,
    /// The group that may book in it; nobody if null.
    group: Option<String>,
}

/// A wish to block nodes: all, unless `model`, `switch` or `nodes` says which.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBlock {
    /// From when, RFC 3339; now if left out.
    #[schema(format = DateTime)]
    start: Option<String>,
    /// Until when, RFC 3339.
    #[schema(format = DateTime)]
    end: String,
    /// What people read, one line of at most 200 characters.
    reason: String,
    /// Those of that model.
    model: Option<String>,
    /// Those at that switch.
    switch: Option<String>,
    /// These.
    nodes: Option<Vec<String>>,
    /// The name of the group that may book in it.
    group: Option<String>,
    /// What becomes of reservations that lie in it: `refuse` (the default) blocks nothing and names them, `keep`
    /// lets them go on, `give_back` ends those that begin before the block when it begins, and the others now.
    collisions: Option<String>,
}

/// When the lab is open, in its own time zone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    /// Whether the days count; if not it is always open.
    is_limited: bool,
    /// From Monday to Sunday; null for closed.
    days: [Option<Day>; 7],
}

/// From when until when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Day {
    /// Such as `08:00`.
    from: String,
    /// Such as `20:00`, at most `24:00`.
    until: String,
}

/// The blocks that are not over, by start.
#[utoipa::path(get, path = "/api/v1/blocks", tag = "booking", operation_id = "list_blocks", responses(
    (status = 200, body = [Block]),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(_: Bearer, State(app): State<App>) -> Result<Json<Vec<Block>>, Problem> {
    Ok(Json(app.agent.blocks().await?.into_iter().map(Block::from).collect()))
}

/// Blocks nodes. For administrators.
#[utoipa::path(post, path = "/api/v1/blocks", tag = "booking", operation_id = "block_nodes", request_body = NewBlock,
    responses(
    (status = 201, body = Block),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Reservations lie in it", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn make(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(wish): JsonBody<NewBlock>,
) -> Result<Created<Block>, Problem> {
    let (id, _) = app.agent.block(&caller, wish.judge()?).await?;
    let made = app.agent.blocks().await?.into_iter().find(|block| block.id == id);
    let made = made.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not-found", "the block is over"))?;
    Ok(Created { at: "/api/v1/blocks".into(), made: made.into() })
}

/// Ends a block, or takes back one that has not begun. For administrators.
#[utoipa::path(delete, path = "/api/v1/blocks/{id}", tag = "booking", operation_id = "end_block",
    params(("id" = i64, Path, description = "The block's id")), responses(
    (status = 204, description = "Over"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn end(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<BlockId>,
) -> Result<StatusCode, Problem> {
    app.agent.end_block(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When the lab is open: reservations lie within these hours.
#[utoipa::path(get, path = "/api/v1/opening-hours", tag = "booking", operation_id = "get_opening_hours", responses(
    (status = 200, body = Hours),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn hours(_: Bearer, State(app): State<App>) -> Result<Json<Hours>, Problem> {
    Ok(Json(app.agent.opening_hours().await?.into()))
}

/// Sets when the lab is open. For administrators.
#[utoipa::path(put, path = "/api/v1/opening-hours", tag = "booking", operation_id = "set_opening_hours",
    request_body = Hours, responses(
    (status = 200, body = Hours),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A day is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_hours(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(hours): JsonBody<Hours>,
) -> Result<Json<Hours>, Problem> {
    let hours = hours.judge()?;
    app.agent.set_opening_hours(&caller, hours.clone()).await?;
    Ok(Json(hours.into()))
}

impl NewBlock {
    fn judge(self) -> Result<BlockWish, Problem> {
        let at = |field, text: &str| {
            let wrong =
                |_| Problem::field(field, format!("`{text}` is no time in RFC 3339"), "Correct the time.");
            parse_start(text).map_err(wrong)
        };
        let scope = match (self.model, self.switch, self.nodes) {
            (None, None, None) => ScopeWish::All,
            (Some(model), None, None) => {
                ScopeWish::Model(model.parse::<BoardModel>().map_err(|error: NotAModel| {
                    Problem::field(
                        "model",
                        error.to_string(),
                        "Take the model of a node in the list of nodes.",
                    )
                })?)
            }
            (None, Some(switch), None) => ScopeWish::Switch(switch),
            (None, None, Some(nodes)) => {
                let names: Result<Vec<NodeName>, _> = nodes.iter().map(|name| name.parse()).collect();
                let wrong = |error: crate::model::node::NotANodeName| {
                    Problem::field("nodes", error.to_string(), "Take names from the list of nodes.")
                };
                ScopeWish::Nodes(names.map_err(wrong)?)
            }
            _ => {
                let detail =
                    "more than one of model, switch and nodes is given; expected one, or none for all nodes";
                return Err(Problem::field("nodes", detail, "Make a block for each."));
            }
        };
        let collisions = self.collisions.map(|word| {
            let unknown = || {
                let detail = format!("`{word}` is not known; expected refuse, keep or give_back");
                Problem::field("collisions", detail, "Say what becomes of reservations in the block.")
            };
            Collisions::from_word(&word).ok_or_else(unknown)
        });
        Ok(BlockWish {
            scope,
            start: self.start.map_or_else(|| Ok(clock::now()), |text| at("start", &text))?,
            end: at("end", &self.end)?,
            reason: self.reason,
            group: self.group,
            collisions: collisions.transpose()?.unwrap_or_default(),
        })
    }
}

impl From<BlockView> for Block {
    fn from(view: BlockView) -> Self {
        let (mut model, mut switch, mut nodes) = (None, None, None);
        match view.scope {
            ScopeWish::All => {}
            ScopeWish::Model(of) => model = Some(of.as_str().to_owned()),
            ScopeWish::Switch(name) => switch = Some(name),
            ScopeWish::Nodes(names) => nodes = Some(names.iter().map(ToString::to_string).collect()),
        }
        Self {
            id: view.id.0,
            start: time(view.start),
            end: time(view.end),
            reason: view.reason,
            model,
            switch,
            nodes,
            group: view.group,
        }
    }
}

impl Hours {
    fn judge(&self) -> Result<OpeningHours, Problem> {
        let mut days = [None; 7];
        for (at, (day, typed)) in days.iter_mut().zip(&self.days).enumerate() {
            let Some(Day { from, until }) = typed else { continue };
            let wrong = |detail: String| {
                Problem::field(
                    &format!("days[{at}]"),
                    detail,
                    "Give two times such as 08:00 and 20:00, or null.",
                )
            };
            let read = |text: &str| parse_minutes(text).map_err(|error| wrong(error.to_string()));
            let (from_minutes, until_minutes) = (read(from)?, read(until)?);
            if from_minutes >= until_minutes {
                return Err(wrong(format!("{from} is not before {until}")));
            }
            *day = Some(Open { from_minutes, until_minutes });
        }
        Ok(OpeningHours { is_limited: self.is_limited, days })
    }
}

impl From<OpeningHours> for Hours {
    fn from(hours: OpeningHours) -> Self {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let day = |open: Option<Open>| {
            open.map(|open| Day { from: clock(open.from_minutes), until: clock(open.until_minutes) })
        };
        Self { is_limited: hours.is_limited, days: hours.days.map(day) }
    }
}
