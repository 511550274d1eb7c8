//! A forgotten password, if mails are sent: a link to choose another goes to the account's address. *IO: the database.*

use super::pages::before;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::user::LinkPurpose;
use crate::store::outbox::Queued;
use crate::store::{self, Transaction, audit, outbox, users};
use crate::web::accounts::{NewLink, parse_email};
use crate::web::extract::{Visit, VisitForm};
use crate::web::forms::Errors;
use crate::web::letters;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::forgotten;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::PoisonError;

/// The form.
pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    are_mails_sent(&app).await?;
    Ok(page(&app, &visit, StatusCode::OK, String::new(), Errors::default()))
}

/// Mails a link. The answer is the same whether there is an account.
pub(super) async fn send(State(app): State<App>, form: VisitForm) -> Result<Response, Refusal> {
    are_mails_sent(&app).await?;
    let VisitForm { visit, fields } = form;
    let typed = fields.one("email").trim().to_owned();
    let email = match parse_email(&typed) {
        Ok(email) => email,
        Err(error) => {
            let errors = Errors::one("email", error.to_string());
            return Ok(page(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed, errors));
        }
    };
    let from = visit.from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let now = clock::now();
    // Bound to the address alone: each attempt may name another account.
    let attempt = app.limiter.lock().unwrap_or_else(PoisonError::into_inner).attempt(from, "forgotten", now);
    if let Err(seconds) = attempt {
        let errors =
            Errors::one("email", visit.reader.with("forgotten-wait", &[("seconds", seconds.into())]));
        return Ok(page(&app, &visit, StatusCode::TOO_MANY_REQUESTS, typed, errors));
    }
    let link = NewLink::make(LinkPurpose::SetPassword, &app.public_url)?;
    let letter = letters::reset(&app, &visit.reader, &email, &link.url)?;
    let (address, actor) = (email.clone(), Actor { email: None, from: visit.from });
    let write = move |tx: &Transaction<'_>| -> store::Result<()> {
        let Some(user) = users::by_email(tx, &address)? else { return Ok(()) };
        // A link that is not mailed must not take the place of one that was.
        if outbox::insert(tx, &letter, now)? == Queued::Waiting {
            link.insert(tx, user.id)?;
            audit::record(tx, &actor, Action::LinkMade, &format!("{address}: forgotten password"), now)?;
        }
        Ok(())
    };
    app.store.write(write).await?;
    let chrome = before(&app, &visit, visit.reader.say("forgotten-title"));
    Ok(Html(forgotten::done(&chrome, &email)).into_response())
}

/// Without a mail server there is no such page.
async fn are_mails_sent(app: &App) -> Result<(), Refusal> {
    if app.store.read(outbox::is_enabled).await? { Ok(()) } else { Err(Refusal::NotFound) }
}

fn page(app: &App, visit: &Visit, status: StatusCode, typed: String, errors: Errors) -> Response {
    let chrome = before(app, visit, visit.reader.say("forgotten-title"));
    let cookie = visit.cookie(app).map(|cookie| (header::SET_COOKIE, cookie));
    let page = forgotten::Page { chrome, typed, errors };
    (status, AppendHeaders(cookie), Html(forgotten::page(&page))).into_response()
}
