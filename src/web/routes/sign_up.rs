//! Making an account for oneself. *IO: the database; a blocking thread for the hash.*

use super::pages::before;
use crate::model::audit::{Action, Actor};
use crate::model::clock;
use crate::model::user::{Role, SignUpPolicy};
use crate::store::{self, Transaction, audit, site, users};
use crate::web::extract::{Visit, VisitForm};
use crate::web::forms::Errors;
use crate::web::forms::sign_up::{NewAccount, SignUp};
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

/// Makes an account that waits for an administrator. The answer is the same whether there was one already.
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
    let (address, actor) = (email.clone(), Actor { email: None, from: visit.from });
    let create = move |tx: &Transaction<'_>| -> store::Result<bool> {
        if users::by_email(tx, &address)?.is_some() {
            return Ok(false);
        }
        let user = users::insert(tx, &address, Role::Pending, now)?;
        users::set_name(tx, user, &name)?;
        users::set_password(tx, user, &hash)?;
        audit::record(tx, &actor, Action::SignedUp, &address, now)?;
        Ok(true)
    };
    let is_new = app.store.write(create).await?;
    tracing::info!(email, is_new, "signed up");
    let chrome = before(&app, &visit, visit.reader.say("sign-up-title"));
    Ok(Html(sign_up::done(&chrome, &email)).into_response())
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
