//! The accounts, for administrators. *IO: the database; the agent, to give nodes back.*

use super::pages::{chrome, leave};
use crate::agent::Whose;
use crate::model::audit::Action;
use crate::model::clock::{self, Timestamp};
use crate::model::ids::UserId;
use crate::model::user::{Role, SignUpPolicy, User};
use crate::store::{self, Transaction, audit, links, outbox, sessions, site, users};
use crate::web::accounts::{self, parse_email};
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::{Errors, sign_up as form};
use crate::web::letters;
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, users as view};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    page(&app, &signed, StatusCode::OK, Typed::default(), Errors::default()).await
}

/// Makes an account for somebody, and the link with which they choose a password.
pub(super) async fn add(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let typed = Typed { email: fields.one("email").trim().to_owned(), domains: None };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let email = match parse_email(&typed.email) {
        Ok(email) => email,
        Err(error) => {
            return page(&app, &signed, refused, typed, Errors::one("email", error.to_string())).await;
        }
    };
    let (role, now, actor, address) =
        (form::role(&fields).unwrap_or(Role::User), clock::now(), signed.actor(), email.clone());
    let create = move |tx: &Transaction<'_>| -> store::Result<Option<UserId>> {
        if users::by_email(tx, &address)?.is_some() {
            return Ok(None);
        }
        let user = users::insert(tx, &address, role, now)?;
        audit::record(tx, &actor, Action::RoleChanged, &format!("{address}: new, {}", role.as_str()), now)?;
        Ok(Some(user))
    };
    if app.store.write(create).await?.is_none() {
        let errors = Errors::one("email", signed.reader.say("users-exists"));
        return page(&app, &signed, StatusCode::CONFLICT, typed, errors).await;
    }
    let link = accounts::set_password_link(&app.store, &email, &app.public_url).await?;
    let text = signed.reader.with("users-added", &[("email", email.as_str().into())]);
    Ok(done(&app, &signed, Notice::good(text).with_secret("Link", link)))
}

/// Changes what an account may do; who is accepted is told by mail.
pub(super) async fn change_role(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let (id, role) = (parse(&id)?, form::role(&fields).ok_or(Refusal::NotFound)?);
    let (actor, now) = (signed.actor(), clock::now());
    let email = app.store.read(move |conn| users::by_id(conn, id)).await?.ok_or(Refusal::NotFound)?.email;
    let accepted = letters::accepted(&app, &signed.reader, &email)?;
    let change = move |tx: &Transaction<'_>| -> store::Result<Changed> {
        let Some(user) = users::by_id(tx, id)? else { return Ok(Changed::Nobody) };
        if role != Role::Admin && users::is_last_admin(tx, id)? {
            return Ok(Changed::LastAdmin);
        }
        users::set_role(tx, id, role)?;
        if role == Role::Pending {
            sessions::delete_others(tx, id, None)?;
            // The one that confirms the address could accept the account again.
            links::delete_all(tx, id)?;
        }
        let subject = format!("{}: {} to {}", user.email, user.role.as_str(), role.as_str());
        audit::record(tx, &actor, Action::RoleChanged, &subject, now)?;
        if user.role == Role::Pending && role != Role::Pending && outbox::is_enabled(tx)? {
            outbox::insert(tx, &accepted, now)?;
        }
        Ok(Changed::Done(user))
    };
    finish(&app, &signed, app.store.write(change).await?, "users-changed")
}

/// Makes a link with which somebody chooses a new password.
pub(super) async fn make_link(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let id = parse(&id)?;
    let user = app.store.read(move |conn| users::by_id(conn, id)).await?.ok_or(Refusal::NotFound)?;
    let link = accounts::set_password_link(&app.store, &user.email, &app.public_url).await?;
    let (actor, now, email) = (signed.actor(), clock::now(), user.email.clone());
    app.store.write(move |tx| audit::record(tx, &actor, Action::LinkMade, &email, now)).await?;
    let text = signed.reader.with("users-link-made", &[("email", user.email.into())]);
    Ok(done(&app, &signed, Notice::good(text).with_secret("Link", link)))
}

/// Gives back what an account has reserved, then removes it.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let id = parse(&id)?;
    if id == signed.user.id {
        leave(&app, signed.session, Notice::bad(signed.reader.say("users-remove-self")));
        return Ok(Redirect::to(paths::USERS).into_response());
    }
    let reservations = app.agent.reservations(&signed.caller(), Whose::All).await?;
    for reservation in reservations.iter().filter(|reservation| reservation.owner == id) {
        app.agent.release(&signed.caller(), reservation.id).await?;
    }
    let (actor, now) = (signed.actor(), clock::now());
    let outcome = app.store.write(move |tx| take_away(tx, id, &actor, now)).await?;
    finish(&app, &signed, outcome, "users-removed")
}

/// Stores who may sign up.
pub(super) async fn set_policy(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let policy = match form::policy(&fields) {
        Ok(policy) => policy,
        Err(errors) => {
            let typed = Typed { email: String::new(), domains: Some(fields.one("domains").to_owned()) };
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, typed, errors).await;
        }
    };
    let (actor, now) = (signed.actor(), clock::now());
    let store = move |tx: &Transaction<'_>| {
        site::set(tx, SignUpPolicy::NAME, &policy)?;
        audit::record(tx, &actor, Action::SettingChanged, "who may sign up", now)
    };
    app.store.write(store).await?;
    Ok(done(&app, &signed, Notice::good(signed.reader.say("policy-saved"))))
}

/// What came of a change to an account.
enum Changed {
    Done(User),
    Nobody,
    LastAdmin,
}

fn take_away(
    tx: &Transaction<'_>,
    id: UserId,
    actor: &crate::model::audit::Actor,
    now: Timestamp,
) -> store::Result<Changed> {
    let Some(user) = users::by_id(tx, id)? else { return Ok(Changed::Nobody) };
    if users::is_last_admin(tx, id)? {
        return Ok(Changed::LastAdmin);
    }
    users::remove(tx, id, now)?;
    audit::record(tx, actor, Action::AccountRemoved, &user.email, now)?;
    Ok(Changed::Done(user))
}

fn finish(app: &App, signed: &SignedIn, outcome: Changed, text: &str) -> Result<Response, Refusal> {
    let notice = match outcome {
        Changed::Nobody => return Err(Refusal::NotFound),
        Changed::LastAdmin => Notice::bad(signed.reader.say("users-last-admin")),
        Changed::Done(user) => Notice::good(signed.reader.with(text, &[("email", user.email.into())])),
    };
    Ok(done(app, signed, notice))
}

fn parse(id: &str) -> Result<UserId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::USERS).into_response()
}

/// What was typed and could not be stored.
#[derive(Default)]
struct Typed {
    email: String,
    domains: Option<String>,
}

async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed: Typed,
    errors: Errors,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let look = |conn: &store::Connection| Ok((users::list(conn)?, site::get(conn, SignUpPolicy::NAME)?));
    let (accounts, policy) = app.store.read(look).await?;
    let chrome = chrome(app, signed, signed.reader.say("users-title"), Tab::Users);
    let page = view::Page {
        chrome,
        own: signed.user.id,
        accounts,
        policy,
        typed: typed.email,
        typed_domains: typed.domains,
        errors,
    };
    Ok((status, Html(view::page(&page))).into_response())
}
