//! Bins: looking at them, and the buttons on them. *IO: through the agent.*

use super::pages::{chrome, leave};
use crate::agent::{Kind, Outcomes, Whose};
use crate::model::deployment::Request;
use crate::model::ids::ReservationId;
use crate::model::node::NodeName;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::agent_text;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, bin, manage};
use axum::extract::{Path, Query, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

/// Whose bins; administrators may ask for everybody's.
#[derive(Debug, Deserialize)]
pub(super) struct All {
    all: Option<String>,
}

impl All {
    fn whose(&self, signed: &SignedIn) -> Whose {
        if self.all.is_some() && signed.is_admin() { Whose::All } else { Whose::Own }
    }
}

/// All bins.
pub(super) async fn list(
    State(app): State<App>,
    Query(all): Query<All>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let whose = all.whose(&signed);
    let reservations = app.agent.reservations(&signed.caller(), whose).await?;
    let chrome = chrome(&app, &signed, signed.reader.say("nav-manage"), Tab::Manage);
    Ok(Html(manage::page(&manage::Page { chrome, reservations, whose })))
}

/// The bins without the page around them.
pub(super) async fn list_live(
    State(app): State<App>,
    Query(all): Query<All>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let whose = all.whose(&signed);
    let reservations = app.agent.reservations(&signed.caller(), whose).await?;
    Ok(Html(manage::fragment(&reservations, &signed.csrf, whose, &signed.reader)))
}

/// One bin with its history.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let reservation = app.agent.reservation(&signed.caller(), parse(&id)?).await?;
    let chrome = chrome(&app, &signed, reservation.name.clone(), Tab::Manage);
    Ok(Html(bin::page(&bin::Page { chrome, reservation })))
}

/// One bin without the page around it.
pub(super) async fn one_live(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let reservation = app.agent.reservation(&signed.caller(), parse(&id)?).await?;
    Ok(Html(bin::fragment(&reservation, &signed.csrf, &signed.reader)))
}

/// Makes a reservation longer.
pub(super) async fn extend(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Redirect, Refusal> {
    let id = parse(&id)?;
    let typed = fields.one("hours").trim();
    let notice = match typed.parse() {
        Err(_) => Notice::bad(signed.reader.with("bin-extend-wrong", &[("seen", typed.into())])),
        Ok(hours) => match app.agent.extend(&signed.caller(), id, hours).await {
            Ok(_) => Notice::good(signed.reader.with("bin-extended", &[("hours", hours.into())])),
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
                Notice::bad(agent_text(&error))
            }
            Err(error) => return Err(error.into()),
        },
    };
    leave(&app, signed.session, notice);
    Ok(Redirect::to(&paths::own(fields.one("back"), &paths::reservation(id))))
}

/// Gives the nodes of a bin back.
pub(super) async fn release(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Redirect, Refusal> {
    let id = parse(&id)?;
    app.agent.release(&signed.caller(), id).await?;
    leave(&app, signed.session, Notice::good(signed.reader.say("bin-released")));
    Ok(Redirect::to(&paths::own(fields.one("back"), paths::MANAGE)))
}

/// Asks for a hard reboot.
pub(super) async fn hard_reboot(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SignedForm,
) -> Result<Redirect, Refusal> {
    request(&app, &name, form, Request::HardReboot).await
}

/// Asks for the deployment to begin again.
pub(super) async fn deploy_again(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SignedForm,
) -> Result<Redirect, Refusal> {
    request(&app, &name, form, Request::DeployAgain).await
}

/// Asks for one node of a bin to be taken down.
pub(super) async fn destroy(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SignedForm,
) -> Result<Redirect, Refusal> {
    request(&app, &name, form, Request::Destroy).await
}

async fn request(
    app: &App,
    name: &str,
    SignedForm { signed, fields }: SignedForm,
    request: Request,
) -> Result<Redirect, Refusal> {
    let node = name.parse().map_err(|_| Refusal::NotFound)?;
    match app.agent.request(&signed.caller(), &node, request).await {
        Ok(()) => {}
        // Pages grow old: what no longer goes is said on the fresh one.
        Err(error) if error.kind() == Kind::Conflict => {
            leave(app, signed.session, Notice::bad(agent_text(&error)));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&paths::own(fields.one("back"), paths::MANAGE)))
}

/// Asks something of all nodes that were ticked, and says for each what happened.
pub(super) async fn request_each(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Redirect, Refusal> {
    let request = Request::from_word(fields.one("request")).ok_or(Refusal::NotFound)?;
    let parse_name = |name: String| name.parse::<NodeName>().map_err(|_| Refusal::NotFound);
    let mut nodes = fields.all("nodes").into_iter().map(parse_name).collect::<Result<Vec<_>, _>>()?;
    for bin in fields.all("bins") {
        let reservation = app.agent.reservation(&signed.caller(), parse(&bin)?).await?;
        nodes.extend(reservation.nodes.into_iter().map(|node| node.node));
    }
    let outcomes = app.agent.request_each(&signed.caller(), &nodes, request).await?;
    leave(&app, signed.session, told(&signed, request, &outcomes));
    Ok(Redirect::to(&paths::own(fields.one("back"), paths::MANAGE)))
}

/// What happened to each node of a batch.
fn told(signed: &SignedIn, request: Request, outcomes: &Outcomes) -> Notice {
    let reader = &signed.reader;
    let done = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    let of = [("done", done.into()), ("all", outcomes.len().into())];
    let text = match request {
        _ if outcomes.is_empty() => return Notice::bad(reader.say("batch-none")),
        Request::HardReboot => reader.with("batch-done-reboot", &of),
        Request::DeployAgain => reader.with("batch-done-again", &of),
        Request::Destroy => reader.with("batch-done-destroy", &of),
    };
    let line = |(node, outcome): &(NodeName, crate::agent::Result<()>)| match outcome {
        Ok(()) => reader.with("batch-asked", &[("node", node.as_str().into())]),
        Err(error) => {
            let why = agent_text(error);
            reader.with("batch-refused", &[("node", node.as_str().into()), ("why", why.into())])
        }
    };
    let notice = if done == outcomes.len() { Notice::good(text) } else { Notice::bad(text) };
    notice.with_lines(outcomes.iter().map(line).collect())
}

fn parse(id: &str) -> Result<ReservationId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}
