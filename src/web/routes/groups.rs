//! Groups of people, for administrators. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent::{self, Kind};
use crate::model::ids::GroupId;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::groups::GroupForm;
use crate::web::forms::{Errors, Fields};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, groups};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn list(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    page(&app, &signed, StatusCode::OK, None, Errors::default()).await
}

/// Makes a group.
pub(super) async fn make(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    keep(&app, &signed, None, &fields).await
}

/// Changes a group.
pub(super) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let id: GroupId = id.parse().map_err(|_| Refusal::NotFound)?;
    keep(&app, &signed, Some(id), &fields).await
}

/// Removes a group.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let id: GroupId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.agent.remove_group(&signed.caller(), id).await?;
    Ok(done(&app, &signed, "groups-removed"))
}

async fn keep(
    app: &App,
    signed: &SignedIn,
    id: Option<GroupId>,
    fields: &Fields,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = GroupForm::read(fields);
    let wish = match form.judge() {
        Ok(wish) => wish,
        Err(errors) => {
            return page(app, signed, StatusCode::UNPROCESSABLE_ENTITY, Some((id, form)), errors).await;
        }
    };
    let stored: agent::Result<()> = match id {
        Some(id) => app.agent.change_group(&signed.caller(), id, wish).await,
        None => app.agent.make_group(&signed.caller(), wish).await.map(drop),
    };
    match stored {
        Ok(()) => Ok(done(app, signed, "groups-saved")),
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => {
            let errors = Errors::from(&error);
            page(app, signed, StatusCode::UNPROCESSABLE_ENTITY, Some((id, form)), errors).await
        }
        Err(error) => Err(error.into()),
    }
}

fn done(app: &App, signed: &SignedIn, text: &str) -> Response {
    leave(app, signed.session, Notice::good(signed.reader.say(text)));
    Redirect::to(paths::GROUPS).into_response()
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed: Option<(Option<GroupId>, GroupForm)>,
    errors: Errors,
) -> Result<Response, Refusal> {
    let groups = app.agent.groups(&signed.caller()).await?;
    let chrome = chrome(app, signed, signed.reader.say("groups-title"), Tab::Users);
    Ok((status, Html(groups::page(&groups::Page { chrome, groups, typed, errors }))).into_response())
}
