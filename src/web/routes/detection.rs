//! Detections: starting, following, stopping. *IO: through the agent.*

use super::discovered;
use super::pages::{chrome, leave};
use crate::agent::Kind;
use crate::model::detection::{DetectWish, parse_ports};
use crate::model::ids::DetectionId;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, detection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Starts a detection.
pub(super) async fn start(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let (switch, typed) = (fields.one("switch").to_owned(), fields.one("ports").to_owned());
    let ports = match parse_ports(&typed) {
        Ok(ports) => ports,
        Err(error) => {
            let errors = Errors::one("ports", error.to_string());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return discovered::page(&app, &signed, status, errors, (&switch, &typed)).await;
        }
    };
    match app.agent.detect(&signed.caller(), DetectWish { switch: switch.clone(), ports }).await {
        Ok(id) => Ok(Redirect::to(&paths::detection(id)).into_response()),
        Err(error) => match error.kind() {
            Kind::Invalid | Kind::Conflict => {
                let status = discovered::correctable(&error).unwrap_or(StatusCode::CONFLICT);
                discovered::page(&app, &signed, status, Errors::from(&error), (&switch, &typed)).await
            }
            Kind::NotFound | Kind::Forbidden | Kind::Internal => Err(error.into()),
        },
    }
}

/// One detection.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let view = app.agent.detection(&signed.caller(), parse(&id)?).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("detection-title"), Tab::Discovered);
    Ok(Html(detection::page(&detection::Page { chrome, view })))
}

/// One detection without the page around it.
pub(super) async fn one_live(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let view = app.agent.detection(&signed.caller(), parse(&id)?).await?;
    Ok(Html(detection::fragment(&view, &signed.csrf, &signed.reader)))
}

/// Asks a detection to stop.
pub(super) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Redirect, Refusal> {
    signed.administrator()?;
    let id = parse(&id)?;
    app.agent.cancel_detection(&signed.caller(), id).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("detection-stops")));
    Ok(Redirect::to(&paths::detection(id)))
}

fn parse(id: &str) -> Result<DetectionId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}
