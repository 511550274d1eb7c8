//! The networks, for administrators. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent::{self, Kind};
use crate::model::network::NoticeKind;
use crate::model::node::NodeName;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::device::DeviceForm;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, network};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    page(&app, &signed, StatusCode::OK, DeviceForm::default(), Errors::default()).await
}

/// What is noticed, without the page around it.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let view = app.agent.network(&signed.caller()).await?;
    Ok(Html(network::fragment(&view, &signed.csrf, &signed.reader)))
}

/// Gives a device a fixed address.
pub(super) async fn add_device(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let form = DeviceForm::read(&fields);
    let device = match form.judge() {
        Ok(device) => device,
        Err(errors) => return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, errors).await,
    };
    let name = device.name.clone();
    match app.agent.add_device(&signed.caller(), device).await {
        Ok(()) => Ok(done(&app, &signed, about(&signed, "network-added", &name))),
        Err(error) if refuses_field(&error) => {
            page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, form, Errors::from(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a device's fixed address away.
pub(super) async fn remove_device(
    State(app): State<App>,
    Path(name): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let name: NodeName = name.parse().map_err(|_| Refusal::NotFound)?;
    let removed = app.agent.remove_device(&signed.caller(), &name, fields.seen()).await;
    if matches!(removed, Err(agent::Error::Stale(_))) {
        leave(&app, signed.session, Notice::bad(signed.reader.say("device-stale")));
        return Ok(Redirect::to(paths::NETWORK).into_response());
    }
    removed?;
    Ok(done(&app, &signed, about(&signed, "network-removed", &name)))
}

/// Forgets a notice that was dealt with.
pub(super) async fn forget_notice(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let kind = NoticeKind::from_word(fields.one("kind")).ok_or(Refusal::NotFound)?;
    app.agent.forget_notice(&signed.caller(), kind, fields.one("subject")).await?;
    Ok(done(&app, &signed, signed.reader.say("network-notice-removed")))
}

/// Forgets a foreign DHCP server.
pub(super) async fn forget_server(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let address = fields.one("address").parse().map_err(|_| Refusal::NotFound)?;
    app.agent.forget_server(&signed.caller(), address).await?;
    Ok(done(&app, &signed, signed.reader.say("network-server-removed")))
}

fn refuses_field(error: &agent::Error) -> bool {
    matches!(error.kind(), Kind::Invalid | Kind::Conflict)
}

fn about(signed: &SignedIn, text: &str, name: &NodeName) -> String {
    signed.reader.with(text, &[("name", name.as_str().into())])
}

fn done(app: &App, signed: &SignedIn, text: String) -> Response {
    leave(app, signed.session, Notice::good(text));
    Redirect::to(paths::NETWORK).into_response()
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    form: DeviceForm,
    errors: Errors,
) -> Result<Response, Refusal> {
    let view = app.agent.network(&signed.caller()).await?;
    let chrome = chrome(app, signed, signed.reader.say("nav-network"), Tab::Network);
    let page = network::Page { chrome, view, form, errors };
    Ok((status, Html(network::page(&page))).into_response())
}
