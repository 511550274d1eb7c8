//! Machines that are no nodes yet: looking, enrolling, forgetting; and renaming nodes. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent::{self, Kind};
use crate::model::discovery::{DiscoveredView, RenameWish};
use crate::model::net::MacAddr;
use crate::model::node::NodeName;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::enrol::Enrol;
use crate::web::forms::{Errors, agent_text};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, discovered};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// All machines.
pub(super) async fn list(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    page(&app, &signed, StatusCode::OK, Errors::default(), ("", "")).await
}

/// The machines alone.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let machines = app.agent.discovered(&signed.caller()).await?;
    Ok(Html(discovered::fragment(&machines, &signed.csrf, &signed.reader)))
}

/// One machine with its form.
pub(super) async fn one(
    State(app): State<App>,
    Path(mac): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let machine = find(&app, &signed, parse(&mac)?).await?;
    let form = Enrol::proposed(&machine);
    Ok(one_page(&app, &signed, StatusCode::OK, machine, form, Errors::default()))
}

/// Makes a machine a node.
pub(super) async fn enrol(
    State(app): State<App>,
    Path(mac): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let mac = parse(&mac)?;
    let form = Enrol::read(&fields);
    let wish = match form.judge(mac) {
        Ok(wish) => wish,
        Err(errors) => {
            return again(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, mac, form, errors).await;
        }
    };
    match app.agent.enrol(&signed.caller(), wish).await {
        Ok(name) => {
            leave(
                &app,
                signed.session,
                Notice::good(signed.reader.with("nodes-added", &[("node", name.as_str().into())])),
            );
            Ok(Redirect::to(paths::DISCOVERED).into_response())
        }
        Err(error) => match correctable(&error) {
            Some(status) => again(&app, &signed, status, mac, form, Errors::from(&error)).await,
            None => Err(error.into()),
        },
    }
}

/// Puts a machine's board in a node's place.
pub(super) async fn replace_board(
    State(app): State<App>,
    Path(mac): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Redirect, Refusal> {
    signed.administrator()?;
    let node: NodeName = fields.one("node").parse().map_err(|_| Refusal::NotFound)?;
    let notice = match app.agent.replace_board(&signed.caller(), &node, parse(&mac)?).await {
        Ok(()) => Notice::good(signed.reader.with("discovered-replaced", &[("node", node.as_str().into())])),
        Err(error) => said(error)?,
    };
    leave(&app, signed.session, notice);
    Ok(Redirect::to(paths::DISCOVERED))
}

/// Forgets a machine.
pub(super) async fn forget(
    State(app): State<App>,
    Path(mac): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Redirect, Refusal> {
    signed.administrator()?;
    let notice = match app.agent.forget(&signed.caller(), parse(&mac)?).await {
        Ok(()) => Notice::good(signed.reader.say("discovered-forgotten")),
        Err(error) => said(error)?,
    };
    leave(&app, signed.session, notice);
    Ok(Redirect::to(paths::DISCOVERED))
}

/// Renames all nodes.
pub(super) async fn rename(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let prefix = fields.one("prefix").trim().to_owned();
    match app.agent.rename(&signed.caller(), RenameWish::All { prefix }).await {
        Ok(renamed) => {
            let text = signed.reader.with("rename-done", &[("count", renamed.len().into())]);
            leave(&app, signed.session, Notice::good(text));
            Ok(Redirect::to(paths::DISCOVERED).into_response())
        }
        Err(error) => match correctable(&error) {
            Some(status) => page(&app, &signed, status, Errors::from(&error), ("", "")).await,
            None => Err(error.into()),
        },
    }
}

/// The page, with what was typed into the form of detections.
pub(super) async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    errors: Errors,
    (switch, ports): (&str, &str),
) -> Result<Response, Refusal> {
    let caller = signed.caller();
    let machines = app.agent.discovered(&caller).await?;
    let (switches, detections) = (app.agent.switches(&caller).await?, app.agent.detections(&caller).await?);
    let typed = (switch.to_owned(), ports.to_owned());
    let chrome = chrome(app, signed, signed.reader.say("nav-discovered"), Tab::Discovered);
    let page = discovered::Page { chrome, machines, switches, detections, typed, errors };
    Ok((status, Html(discovered::page(&page))).into_response())
}

async fn again(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    mac: MacAddr,
    form: Enrol,
    errors: Errors,
) -> Result<Response, Refusal> {
    let machine = find(app, signed, mac).await?;
    Ok(one_page(app, signed, status, machine, form, errors))
}

fn one_page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    machine: DiscoveredView,
    form: Enrol,
    errors: Errors,
) -> Response {
    let chrome = chrome(app, signed, signed.reader.say("discovered-one-title"), Tab::Discovered);
    let page = discovered::One { chrome, machine, form, errors };
    (status, Html(discovered::one(&page))).into_response()
}

async fn find(app: &App, signed: &SignedIn, mac: MacAddr) -> Result<DiscoveredView, Refusal> {
    let machines = app.agent.discovered(&signed.caller()).await?;
    machines.into_iter().find(|machine| machine.mac == mac).ok_or(Refusal::NotFound)
}

/// The status of a form that can be corrected and sent again.
pub(super) fn correctable(error: &agent::Error) -> Option<StatusCode> {
    match error.kind() {
        Kind::Invalid => Some(StatusCode::UNPROCESSABLE_ENTITY),
        Kind::Conflict => Some(StatusCode::CONFLICT),
        Kind::NotFound | Kind::Forbidden | Kind::Internal => None,
    }
}

/// Pages grow old: what no longer goes is said on the fresh one.
pub(super) fn said(error: agent::Error) -> Result<Notice, Refusal> {
    match error.kind() {
        Kind::Conflict | Kind::NotFound => Ok(Notice::bad(agent_text(&error))),
        Kind::Invalid | Kind::Forbidden | Kind::Internal => Err(error.into()),
    }
}

fn parse(mac: &str) -> Result<MacAddr, Refusal> {
    mac.parse().map_err(|_| Refusal::NotFound)
}
