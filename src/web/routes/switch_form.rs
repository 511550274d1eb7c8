//! Switches that are added, changed, tried, asked and removed, for administrators. *IO: through the agent.*

use super::discovered::{correctable, said};
use super::pages::{chrome, leave};
use crate::agent;
use crate::model::ids::{InquiryId, SwitchId};
use crate::model::rack::Switch;
use crate::model::switch::Inquiry;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::switch::SwitchForm;
use crate::web::forms::{Errors, agent_text};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, switch_form as view};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The form of a switch that is not there yet.
pub(super) async fn fresh(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    let shown = Shown { known: None, form: SwitchForm::fresh(), errors: Errors::default(), inquiry: None };
    Ok(page(&app, &signed, StatusCode::OK, shown))
}

/// One switch with its form.
pub(super) async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    let switch = find(&app, &signed, parse(&id)?).await?;
    let known = Some((switch.id, switch.name.clone()));
    let form = SwitchForm::of_switch(switch);
    Ok(page(&app, &signed, StatusCode::OK, Shown { known, form, errors: Errors::default(), inquiry: None }))
}

/// Tries the settings of a switch, or saves them.
pub(super) async fn save(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let known = match fields.one("known") {
        "" => None,
        id => Some(find(&app, &signed, parse(id)?).await?),
    };
    let form = SwitchForm::read(&fields);
    let outcome = match form.judge(&signed.reader) {
        Ok(wish) if fields.one("do") == "try" => {
            let name = known.as_ref().map(|known| known.name.as_str());
            let tried = app.agent.try_switch(&signed.caller(), name, wish).await;
            tried.map(|id| Redirect::to(&paths::switch_try(id)).into_response())
        }
        Ok(wish) => {
            let text = signed.reader.with("switch-saved", &[("switch", wish.name.clone().into())]);
            let saved = match &known {
                Some(known) => app.agent.change_switch(&signed.caller(), &known.name, wish).await,
                None => app.agent.add_switch(&signed.caller(), wish).await,
            };
            saved.map(|()| done(&app, &signed, Notice::good(text)))
        }
        Err(errors) => {
            return Ok(again(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, known, form, errors));
        }
    };
    match outcome {
        Ok(response) => Ok(response),
        Err(error) => match correctable(&error) {
            Some(status) => Ok(again(&app, &signed, status, known, form, Errors::from(&error))),
            None => Err(error.into()),
        },
    }
}

/// Settings that are tried, in their form, with what the switch says.
pub(super) async fn tried(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    let inquiry = inquiry(&app, &signed, &id).await?;
    let Some(draft) = &inquiry.draft else { return Err(Refusal::NotFound) };
    let form = SwitchForm::tried(inquiry.id, draft);
    let known = match inquiry.switch {
        Some(id) => Some((id, find(&app, &signed, id).await?.name)),
        None => None,
    };
    let shown = Shown { known, form, errors: Errors::default(), inquiry: Some(inquiry) };
    Ok(page(&app, &signed, StatusCode::OK, shown))
}

/// What came of trying, alone.
pub(super) async fn tried_live(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    Ok(Html(view::fragment(&inquiry(&app, &signed, &id).await?, &signed.reader)))
}

/// Asks a switch about all its ports.
pub(super) async fn read(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let name = find(&app, &signed, parse(&id)?).await?.name;
    let outcome = app.agent.read_switch(&signed.caller(), &name).await.map(drop);
    finish(&app, &signed, outcome, "switches-asking", name)
}

/// Removes a switch that feeds no node.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let name = find(&app, &signed, parse(&id)?).await?.name;
    let outcome = app.agent.remove_switch(&signed.caller(), &name).await;
    finish(&app, &signed, outcome, "switch-removed", name)
}

fn finish(
    app: &App,
    signed: &SignedIn,
    outcome: agent::Result<()>,
    text: &str,
    switch: String,
) -> Result<Response, Refusal> {
    let notice = match outcome {
        Ok(()) => Notice::good(signed.reader.with(text, &[("switch", switch.into())])),
        Err(error) if correctable(&error).is_some() => Notice::bad(agent_text(&error)),
        Err(error) => said(error)?,
    };
    Ok(done(app, signed, notice))
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::SWITCHES).into_response()
}

/// What stands on the page.
struct Shown {
    known: Option<(SwitchId, String)>,
    form: SwitchForm,
    errors: Errors,
    inquiry: Option<Inquiry>,
}

fn again(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    known: Option<Switch>,
    form: SwitchForm,
    errors: Errors,
) -> Response {
    let known = known.map(|known| (known.id, known.name));
    page(app, signed, status, Shown { known, form, errors, inquiry: None })
}

fn page(app: &App, signed: &SignedIn, status: StatusCode, shown: Shown) -> Response {
    let Shown { known, form, errors, inquiry } = shown;
    let title = match &known {
        Some((_, name)) => signed.reader.with("switch-title", &[("switch", name.as_str().into())]),
        None => signed.reader.say("switch-new-title"),
    };
    let chrome = chrome(app, signed, title, Tab::Switches);
    (status, Html(view::page(&view::Page { chrome, known, form, errors, inquiry }))).into_response()
}

async fn find(app: &App, signed: &SignedIn, id: SwitchId) -> Result<Switch, Refusal> {
    signed.administrator()?;
    let switches = app.agent.switch_settings(&signed.caller()).await?;
    switches.into_iter().find(|switch| switch.id == id).ok_or(Refusal::NotFound)
}

async fn inquiry(app: &App, signed: &SignedIn, id: &str) -> Result<Inquiry, Refusal> {
    signed.administrator()?;
    let id: InquiryId = id.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app.agent.inquiry(&signed.caller(), id).await?)
}

fn parse(id: &str) -> Result<SwitchId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}
