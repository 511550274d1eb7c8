//! What can be deployed, for everybody who is signed in. *IO: through the agent.*

use super::discovered::{correctable, said};
use super::pages::{chrome, leave};
use crate::agent;
use crate::model::ids::EnvironmentId;
use crate::model::sharing::{CatalogueEntry, SharingWish};
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::environment::{EnvironmentForm, ImportForm};
use crate::web::forms::{Errors, agent_text};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, environments as view};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// All environments that the caller may use.
pub(super) async fn list(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, ImportForm::default(), Errors::default()).await
}

/// What changes on the page, alone.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    Ok(Html(view::fragment(&looks(&app, &signed).await?, &signed.csrf, &signed.reader)))
}

/// One environment with its form.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    let entry = find(&app, &signed, &id).await?;
    let form = EnvironmentForm::of(&entry.environment);
    Ok(one_page(&app, &signed, StatusCode::OK, entry, form, Errors::default()))
}

/// Changes what people read of an environment.
pub(super) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let entry = find(&app, &signed, &id).await?;
    let form = EnvironmentForm::read(&fields);
    let name = entry.environment.name.clone();
    match app.agent.change_environment(&signed.caller(), &name, form.wish()).await {
        Ok(()) => Ok(done(&app, &signed, about(&signed, "environments-saved", &form.name))),
        Err(error) => match correctable(&error) {
            Some(status) => Ok(one_page(&app, &signed, status, entry, form, Errors::from(&error))),
            None => Err(error.into()),
        },
    }
}

/// Changes who may use an environment.
pub(super) async fn share(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let wish = SharingWish::from_word(fields.one("do"), fields.one("reason")).ok_or(Refusal::NotFound)?;
    let name = find(&app, &signed, &id).await?.environment.name;
    let outcome = app.agent.share_environment(&signed.caller(), &name, wish).await;
    finish(&app, &signed, outcome, "environments-saved", &name)
}

/// Removes an environment that nobody uses.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    let name = find(&app, &signed, &id).await?.environment.name;
    let outcome = app.agent.remove_environment(&signed.caller(), &name).await;
    finish(&app, &signed, outcome, "environments-removed", &name)
}

fn finish(
    app: &App,
    signed: &SignedIn,
    outcome: agent::Result<()>,
    text: &str,
    name: &str,
) -> Result<Response, Refusal> {
    let notice = match outcome {
        Ok(()) => about(signed, text, name),
        Err(error) if correctable(&error).is_some() => Notice::bad(agent_text(&error)),
        Err(error) => said(error)?,
    };
    Ok(done(app, signed, notice))
}

fn about(signed: &SignedIn, text: &str, name: &str) -> Notice {
    Notice::good(signed.reader.with(text, &[("name", name.to_owned().into())]))
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::ENVIRONMENTS).into_response()
}

/// The page, with what was typed of an image.
pub(super) async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    form: ImportForm,
    errors: Errors,
) -> Result<Response, Refusal> {
    let incoming = match signed.is_admin() {
        true => app.agent.incoming(&signed.caller()).await?,
        false => Vec::new(),
    };
    let looks = looks(app, signed).await?;
    let chrome = chrome(app, signed, signed.reader.say("environments-title"), Tab::Environments);
    let page = view::Page { chrome, looks, incoming, form, errors };
    Ok((status, Html(view::page(&page))).into_response())
}

async fn looks(app: &App, signed: &SignedIn) -> Result<view::Looks, Refusal> {
    let caller = signed.caller();
    let (entries, imports) = (app.agent.catalogue(&caller).await?, app.agent.imports(&caller).await?);
    Ok(view::Looks { entries, imports, is_admin: caller.is_admin })
}

fn one_page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    entry: CatalogueEntry,
    form: EnvironmentForm,
    errors: Errors,
) -> Response {
    let chrome = chrome(app, signed, entry.environment.name.clone(), Tab::Environments);
    let (user, is_admin) = (signed.user.id, signed.is_admin());
    let page = view::One { chrome, entry, user, is_admin, form, errors };
    (status, Html(view::one(&page))).into_response()
}

async fn find(app: &App, signed: &SignedIn, id: &str) -> Result<CatalogueEntry, Refusal> {
    let id: EnvironmentId = id.parse().map_err(|_| Refusal::NotFound)?;
    let entries = app.agent.catalogue(&signed.caller()).await?;
    entries.into_iter().find(|entry| entry.environment.id == id).ok_or(Refusal::NotFound)
}
