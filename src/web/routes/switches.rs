//! The switches, for administrators. *IO: through the agent.*

use super::discovered::correctable;
use super::pages::{chrome, leave};
use crate::agent::Kind;
use crate::model::discovery::PortName;
use crate::model::port_map::PowerWish;
use crate::model::power::PowerState;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::agent_text;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, switches as view};
use axum::extract::State;
use axum::response::{Html, Redirect};

/// All switches.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let switches = app.agent.port_maps(&signed.caller()).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("switches-title"), Tab::Switches);
    Ok(Html(view::page(&view::Page { chrome, switches })))
}

/// The switches alone.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let switches = app.agent.port_maps(&signed.caller()).await?;
    Ok(Html(view::fragment(&switches, &signed.csrf, &signed.reader)))
}

/// Switches a port on or off.
pub(super) async fn power(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Redirect, Refusal> {
    signed.administrator()?;
    let wanted = PowerState::from_word(fields.one("power")).ok_or(Refusal::NotFound)?;
    let number = fields.one("port").parse().map_err(|_| Refusal::NotFound)?;
    let port = PortName { switch: fields.one("switch").to_owned(), port: number };
    let text = if wanted == PowerState::On { "switches-asked-on" } else { "switches-asked-off" };
    let said = signed.reader.with(text, &[("port", port.to_string().into())]);
    let wish = PowerWish { port, wanted, despite: fields.one("despite").parse().ok() };
    let notice = match app.agent.switch_port(&signed.caller(), wish).await {
        Ok(()) => Notice::good(said),
        // Pages grow old: what no longer goes is said on the fresh one.
        Err(error) if correctable(&error).is_some() || error.kind() == Kind::NotFound => {
            Notice::bad(agent_text(&error))
        }
        Err(error) => return Err(error.into()),
    };
    leave(&app, signed.session, notice);
    Ok(Redirect::to(paths::SWITCHES))
}
