//! Blocks and opening hours. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent::{Collision, Error, Kind};
use crate::model::ids::BlockId;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::blocks::{Block, Hours};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, blocks};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// What is typed or wrong on the page.
#[derive(Default)]
struct Typed {
    form: Block,
    hours: Option<Hours>,
    colliding: Vec<Collision>,
    errors: Errors,
}

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, Typed::default()).await
}

/// Blocks nodes; asks what becomes of reservations that lie in it.
pub(super) async fn make(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = Block::read(&fields);
    let wish = match form.judge(&signed.reader.zone, signed.reader.now) {
        Ok(wish) => wish,
        Err(errors) => {
            let typed = Typed { form, errors, ..Typed::default() };
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
        }
    };
    let status = match app.agent.block(&signed.caller(), wish).await {
        Ok(_) => return Ok(done(&app, &signed, "blocks-done")),
        Err(Error::Collides { reservations }) => {
            let error = Error::Collides { reservations: reservations.clone() };
            let typed =
                Typed { form, errors: Errors::from(&error), colliding: reservations, ..Typed::default() };
            return page(&app, &signed, StatusCode::CONFLICT, typed).await;
        }
        Err(error) => match error.kind() {
            Kind::Invalid | Kind::NotFound => (StatusCode::UNPROCESSABLE_ENTITY, error),
            Kind::Conflict => (StatusCode::CONFLICT, error),
            Kind::Forbidden | Kind::Internal => return Err(error.into()),
        },
    };
    let typed = Typed { form, errors: Errors::from(&status.1), ..Typed::default() };
    page(&app, &signed, status.0, typed).await
}

/// Ends a block.
pub(super) async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let id: BlockId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.agent.end_block(&signed.caller(), id).await?;
    Ok(done(&app, &signed, "blocks-ended"))
}

/// Sets when the lab is open.
pub(super) async fn set_hours(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = Hours::read(&fields);
    match form.judge() {
        Ok(hours) => {
            app.agent.set_opening_hours(&signed.caller(), hours).await?;
            Ok(done(&app, &signed, "hours-saved"))
        }
        Err(errors) => {
            let typed = Typed { hours: Some(form), errors, ..Typed::default() };
            page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
    }
}

fn done(app: &App, signed: &SignedIn, text: &str) -> Response {
    leave(app, signed.session, Notice::good(signed.reader.say(text)));
    Redirect::to(paths::BLOCKS).into_response()
}

async fn page(app: &App, signed: &SignedIn, status: StatusCode, typed: Typed) -> Result<Response, Refusal> {
    let (blocks, hours) = (app.agent.blocks().await?, app.agent.opening_hours().await?);
    let (mut groups, mut switches) = (Vec::new(), Vec::new());
    if signed.is_admin() {
        groups.extend(app.agent.groups(&signed.caller()).await?.into_iter().map(|group| group.name));
        switches.extend(app.agent.port_maps(&signed.caller()).await?.into_iter().map(|switch| switch.name));
    }
    let page = blocks::Page {
        chrome: chrome(app, signed, signed.reader.say("blocks-title"), Tab::Reserve),
        blocks,
        hours: typed.hours.unwrap_or_else(|| Hours::of(&hours)),
        switches,
        groups,
        form: typed.form,
        colliding: typed.colliding,
        errors: typed.errors,
    };
    Ok((status, Html(blocks::page(&page))).into_response())
}
