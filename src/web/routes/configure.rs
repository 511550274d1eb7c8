//! Saying what shall be put on a reservation's nodes. *IO: through the agent; the database for account keys.*

use super::pages::{chrome, leave};
use crate::agent::{Kind, Whose};
use crate::model::ids::ReservationId;
use crate::model::reservation::ReservationState;
use crate::store::users;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::configure::Configure;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, configure};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Reservations that can be configured; if there is one, its form at once.
pub(super) async fn choose(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    let mut reservations = app.agent.reservations(&signed.caller(), Whose::Own).await?;
    let open = [ReservationState::Held, ReservationState::Configured];
    reservations.retain(|reservation| open.contains(&reservation.state));
    if let [only] = reservations.as_slice() {
        return Ok(Redirect::to(&paths::configure(only.id)).into_response());
    }
    let chrome = chrome(&app, &signed, "Configure", Tab::Configure);
    let page = configure::Choice { chrome, reservations };
    Ok(Html(configure::choice(&page)).into_response())
}

/// The form.
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Response, Refusal> {
    page(&app, &signed, parse(&id)?, StatusCode::OK, Configure::default(), Errors::default()).await
}

/// Stores the configuration; the deployment starts by itself.
pub(super) async fn configure(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    let form = Configure::read(&fields);
    let wish = match form.judge() {
        Ok(wish) => wish,
        Err(errors) => return page(&app, &signed, id, StatusCode::UNPROCESSABLE_ENTITY, form, errors).await,
    };
    match app.agent.configure(&signed.caller(), id, wish).await {
        Ok(configured) => {
            let notice = Notice::good("The nodes are configured; the deployment begins when they are due.");
            let notice = match configured.generated_password {
                Some(password) => notice.with_secret("The password of the system", password),
                None => notice,
            };
            leave(&app, signed.session, notice);
            Ok(Redirect::to(paths::MANAGE).into_response())
        }
        Err(error) if error.kind() == Kind::Invalid => {
            page(&app, &signed, id, StatusCode::UNPROCESSABLE_ENTITY, form, Errors::from(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(
    app: &App,
    signed: &SignedIn,
    id: ReservationId,
    status: StatusCode,
    form: Configure,
    errors: Errors,
) -> Result<Response, Refusal> {
    let reservation = app.agent.reservation(&signed.caller(), id).await?;
    match reservation.state {
        ReservationState::Held | ReservationState::Configured => {}
        ReservationState::Active | ReservationState::Ending | ReservationState::Ended => {
            return Ok(Redirect::to(&paths::reservation(id)).into_response());
        }
    }
    let environments = app.agent.environments(&signed.caller()).await?;
    let owner = reservation.owner;
    let owner = app.store.read(move |conn| users::by_id(conn, owner)).await?;
    let account_keys = owner.map(|owner| owner.ssh_keys).unwrap_or_default();
    let chrome = chrome(app, signed, "Configure", Tab::Configure);
    let page = configure::Page { chrome, reservation, environments, account_keys, form, errors };
    Ok((status, Html(configure::page(&page))).into_response())
}

fn parse(id: &str) -> Result<ReservationId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}
