//! The simulator's own page and API, on a port of its own: to see the boards and to tell them what to get wrong.
//! *IO: HTTP on loopback.* Nothing of it is in pimaster's pages.
//!
//! `GET /api/boards`, `PUT /api/boards/{name}/faults` with [`Faults`], `PUT /api/switch` with [`SwitchFaults`].

use super::rack::{BoardView, Handle};
use super::status::Faults;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::io;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the switch gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchFaults {
    /// It answers nobody.
    #[serde(default)]
    pub unreachable: bool,
    /// It does not tell who is where.
    #[serde(default)]
    pub no_tables: bool,
}

/// Serves the page and the API until told to stop.
pub async fn serve(listener: TcpListener, rack: Handle, shutdown: CancellationToken) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(page))
        .route("/api/boards", get(boards))
        .route("/api/boards/{name}/faults", put(set_faults))
        .route("/api/switch", get(switch).put(set_switch))
        .with_state(rack);
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("control.html"))
}

async fn boards(State(rack): State<Handle>) -> Json<Vec<BoardView>> {
    Json(rack.boards())
}

async fn set_faults(
    State(rack): State<Handle>,
    Path(name): Path<String>,
    Json(faults): Json<Faults>,
) -> StatusCode {
    if rack.set_faults(&name, faults) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn switch(State(rack): State<Handle>) -> Json<SwitchFaults> {
    let switch = rack.switch();
    Json(SwitchFaults { unreachable: switch.is_unreachable(), no_tables: !switch.tells_places() })
}

async fn set_switch(State(rack): State<Handle>, Json(faults): Json<SwitchFaults>) -> StatusCode {
    rack.switch().set_unreachable(faults.unreachable);
    rack.switch().set_tells_places(!faults.no_tables);
    StatusCode::NO_CONTENT
}
