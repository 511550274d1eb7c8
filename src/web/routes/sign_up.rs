//! Making an account for oneself. *IO: the database; a blocking thread for the hash.*

use super::pages::before;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::mail::NewLetter;
use crate::model::user::{LinkPurpose, Role, SignUpPolicy};
use crate::store::{self, Transaction, audit, outbox, site, users};
use crate::web::accounts::NewLink;
use crate::web::error::Error;
use crate::web::extract::{Visit, VisitForm};
use crate::web::forms::Errors;
use crate::web::forms::sign_up::{NewAccount, SignUp};
use crate::web::letters;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::sign_up;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::PoisonError;

/// The form.
pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let policy = policy(&app).await?;
    Ok(page(&app, &visit, StatusCode::OK, policy, SignUp::default(), Errors::default()))
}

/// Makes an account that waits for an administrator, or for its owner to confirm the address. The answer is the same
/// whether there was one already; its owner is told by mail.
pub(super) async fn sign_up(State(app): State<App>, form: VisitForm) -> Result<Response, Refusal> {
    let VisitForm { visit, fields } = form;
    let (policy, typed) = (policy(&app).await?, SignUp::read(&fields));
    let new = match typed.judge(&fields, &policy) {
        Ok(new) => new,
        Err(errors) => {
            return Ok(page(&app, &visit, StatusCode::UNPROCESSABLE_ENTITY, policy, typed, errors));
        }
    };
    let from = visit.from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let now = clock::now();
    // Bound to the address alone: each attempt names another account.
    let attempt = app.limiter.lock().unwrap_or_else(PoisonError::into_inner).attempt(from, "sign-up", now);
    if let Err(seconds) = attempt {
        let errors = Errors::one("form", visit.reader.with("sign-up-wait", &[("seconds", seconds.into())]));
        return Ok(page(&app, &visit, StatusCode::TOO_MANY_REQUESTS, policy, typed, errors));
    }
    let NewAccount { email, name, password } = new;
    let hash = app.hasher.hash(password).await?;
    let post = Post::write(&app, &visit, &email)?;
    let (address, actor) = (email.clone(), Actor { email: None, from: visit.from });
    let create = move |tx: &Transaction<'_>| -> store::Result<Signed> {
        let is_mailed = outbox::is_enabled(tx)?;
        if users::by_email(tx, &address)?.is_some() {
            if is_mailed {
                outbox::insert(tx, &post.exists, now)?;
            }
            return Ok(Signed { is_new: false, is_mailed });
        }
        let user = users::insert(tx, &address, Role::Pending, now)?;
        users::set_name(tx, user, &name)?;
        users::set_password(tx, user, &hash)?;
        audit::record(tx, &actor, Action::SignedUp, &address, now)?;
        if is_mailed {
            post.link.insert(tx, user)?;
            outbox::insert(tx, &post.confirm, now)?;
        }
        Ok(Signed { is_new: true, is_mailed })
    };
    let Signed { is_new, is_mailed } = app.store.write(create).await?;
    tracing::info!(email, is_new, "signed up");
    let chrome = before(&app, &visit, visit.reader.say("sign-up-title"));
    let next = match (is_mailed, policy.confirmed_is_enough) {
        (false, _) => sign_up::Next::Accepted,
        (true, true) => sign_up::Next::Confirmed,
        (true, false) => sign_up::Next::ConfirmedAndAccepted,
    };
    Ok(Html(sign_up::done(&chrome, &email, next)).into_response())
}

/// What came of it.
struct Signed {
    is_new: bool,
    is_mailed: bool,
}

/// The mails of both cases: which of them goes is known in the transaction.
struct Post {
    link: NewLink,
    confirm: NewLetter,
    exists: NewLetter,
}

impl Post {
    fn write(app: &App, visit: &Visit, email: &str) -> Result<Self, Error> {
        let link = NewLink::make(LinkPurpose::ConfirmEmail, &app.public_url)?;
        let confirm = letters::confirm(app, &visit.reader, email, &link.url)?;
        Ok(Self { link, confirm, exists: letters::exists(app, &visit.reader, email)? })
    }
}

async fn policy(app: &App) -> Result<SignUpPolicy, Refusal> {
    Ok(app.store.read(|conn| site::get(conn, SignUpPolicy::NAME)).await?)
}

fn page(
    app: &App,
    visit: &Visit,
    status: StatusCode,
    policy: SignUpPolicy,
    form: SignUp,
    errors: Errors,
) -> Response {
    let chrome = before(app, visit, visit.reader.say("sign-up-title"));
    let page = sign_up::Page { chrome, policy, form, errors };
    let cookie = visit.cookie(app).map(|cookie| (header::SET_COOKIE, cookie));
    (status, AppendHeaders(cookie), Html(sign_up::page(&page))).into_response()
}
