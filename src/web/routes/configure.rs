//! Saying what shall be put on a reservation's nodes. *IO: through the agent; the database for account keys.*

use super::pages::{chrome, leave};
use crate::agent::{Error, Kind, Whose};
use crate::model::ids::{ReservationId, TemplateId};
use crate::model::reservation::ReservationState;
use crate::store::users;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::configure::{Configure, refused};
use crate::web::forms::{Errors, agent_text};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, configure};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Reservations that can be configured; if there is one, its form at once.
pub(super) async fn choose(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    let mut reservations = app.agent.reservations(&signed.caller(), Whose::Own).await?;
    let open = [ReservationState::Held, ReservationState::Configured];
    reservations.retain(|reservation| open.contains(&reservation.state));
    if let [only] = reservations.as_slice() {
        return Ok(Redirect::to(&paths::configure(only.id)).into_response());
    }
    let chrome = chrome(&app, &signed, signed.reader.say("configure-title"), Tab::Configure);
    let page = configure::Choice { chrome, reservations };
    Ok(Html(configure::choice(&page)).into_response())
}

/// What the form is filled from.
#[derive(Debug, Deserialize)]
pub(super) struct Filling {
    template: Option<TemplateId>,
}

/// The form: empty, as it was sent last, or from a template.
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(filling): Query<Filling>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    let (id, caller) = (parse(&id)?, signed.caller());
    let form = match filling.template {
        Some(template) => {
            let found = app.agent.templates(&caller).await?.into_iter().find(|it| it.id == template);
            found.map(|found| Configure::of_template(found.contents)).ok_or(Refusal::NotFound)?
        }
        None => app.agent.configuration(&caller, id).await?.map(Configure::of_wish).unwrap_or_default(),
    };
    page(&app, &signed, id, StatusCode::OK, form, Errors::default(), None).await
}

/// Stores the configuration; the deployment starts by itself.
pub(super) async fn configure(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let (id, reader) = (parse(&id)?, &signed.reader);
    let form = Configure::read(&fields);
    let wish = match form.judge(reader) {
        Ok(wish) => wish,
        Err(errors) => return wrong(&app, &signed, id, form, errors).await,
    };
    match app.agent.configure(&signed.caller(), id, wish).await {
        Ok(configured) => {
            let notice = Notice::good(reader.say("configure-done"));
            let notice = match configured.generated_password {
                Some(made) => notice.with_secret(reader.say("configure-made"), made.expose().to_owned()),
                None => notice,
            };
            leave(&app, signed.session, notice);
            Ok(Redirect::to(paths::MANAGE).into_response())
        }
        Err(error) if error.kind() == Kind::Invalid => {
            let errors = refused(&error, reader);
            wrong(&app, &signed, id, form, errors).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves the form as it stands as a template, and shows it again.
pub(super) async fn save_template(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let (id, reader) = (parse(&id)?, &signed.reader);
    let form = Configure::read(&fields);
    let contents = match form.contents(reader) {
        Ok(contents) => contents,
        Err(errors) => return wrong(&app, &signed, id, form, errors).await,
    };
    match app.agent.save_template(&signed.caller(), &form.template, contents).await {
        Ok(saved) => {
            let notice = reader.with("template-saved", &[("name", saved.name.into())]);
            page(&app, &signed, id, StatusCode::OK, form, Errors::default(), Some(notice)).await
        }
        Err(error @ Error::Template(_)) => {
            let errors = Errors::one("template", agent_text(&error));
            wrong(&app, &signed, id, form, errors).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes a template, and goes back to where it was listed.
pub(super) async fn delete_template(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let id: TemplateId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.agent.delete_template(&signed.caller(), id).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("template-deleted")));
    Ok(Redirect::to(&paths::own(fields.one("back"), paths::CONFIGURE)).into_response())
}

async fn wrong(
    app: &App,
    signed: &SignedIn,
    id: ReservationId,
    form: Configure,
    errors: Errors,
) -> Result<Response, Refusal> {
    page(app, signed, id, StatusCode::UNPROCESSABLE_ENTITY, form, errors, None).await
}

async fn page(
    app: &App,
    signed: &SignedIn,
    id: ReservationId,
    status: StatusCode,
    form: Configure,
    errors: Errors,
    notice: Option<String>,
) -> Result<Response, Refusal> {
    let caller = signed.caller();
    let reservation = app.agent.reservation(&caller, id).await?;
    match reservation.state {
        ReservationState::Held | ReservationState::Configured => {}
        ReservationState::Active | ReservationState::Ending | ReservationState::Ended => {
            return Ok(Redirect::to(&paths::reservation(id)).into_response());
        }
    }
    let offers = app.agent.offers(&caller, id).await?;
    let unfit = app.agent.environments(&caller).await?.len().saturating_sub(offers.len());
    let templates = app.agent.templates(&caller).await?;
    let owner = reservation.owner;
    let owner = app.store.read(move |conn| users::by_id(conn, owner)).await?;
    let account_keys = owner.map(|owner| owner.ssh_keys).unwrap_or_default();
    let mut chrome = chrome(app, signed, signed.reader.say("configure-title"), Tab::Configure);
    chrome.notice = notice.map(Notice::good).or(chrome.notice);
    let page = configure::Page { chrome, reservation, offers, unfit, account_keys, templates, form, errors };
    Ok((status, Html(configure::page(&page))).into_response())
}

fn parse(id: &str) -> Result<ReservationId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}
