//! The accounts, for administrators. *IO: the database; through `people`.*

use super::pages::{chrome, leave};
use crate::model::ids::UserId;
use crate::model::user::{Role, SignUpPolicy, User};
use crate::model::version::Version;
use crate::store::{self, site, users};
use crate::web::accounts::parse_email;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::{Errors, sign_up as form};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::people::{self, Trouble};
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
    let typed = Typed { email: fields.one("email").trim().to_owned(), ..Typed::default() };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let email = match parse_email(&typed.email) {
        Ok(email) => email,
        Err(error) => {
            return page(&app, &signed, refused, typed, Errors::one("email", error.to_string())).await;
        }
    };
    let role = form::role(&fields).unwrap_or(Role::User);
    match people::add(&app, &signed.actor(), email.clone(), role).await {
        Ok((_, link)) => {
            let text = signed.reader.with("users-added", &[("email", email.into())]);
            Ok(done(&app, &signed, Notice::good(text).with_secret("Link", link)))
        }
        Err(Trouble::Exists) => {
            let errors = Errors::one("email", signed.reader.say("users-exists"));
            page(&app, &signed, StatusCode::CONFLICT, typed, errors).await
        }
        Err(trouble) => Err(trouble.into()),
    }
}

/// Changes what an account may do; who is accepted is told by mail.
pub(super) async fn change_role(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let (id, role) = (parse(&id)?, form::role(&fields).ok_or(Refusal::NotFound)?);
    let wish = (role, fields.seen());
    let outcome = people::change_role(&app, &signed.actor(), &signed.reader, id, wish).await;
    finish(&app, &signed, outcome, "users-changed")
}

/// Makes a link with which somebody chooses a new password.
pub(super) async fn make_link(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let (email, link) = people::make_link(&app, &signed.actor(), parse(&id)?).await?;
    let text = signed.reader.with("users-link-made", &[("email", email.into())]);
    Ok(done(&app, &signed, Notice::good(text).with_secret("Link", link)))
}

/// Gives back what an account has reserved, then removes it.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let outcome = people::remove(&app, &signed.caller(), parse(&id)?, fields.seen()).await;
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
            let typed = Typed { domains: Some(fields.one("domains").to_owned()), ..Typed::default() };
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, typed, errors).await;
        }
    };
    match people::set_policy(&app, &signed.actor(), policy.clone(), fields.seen()).await {
        Ok(()) => Ok(done(&app, &signed, Notice::good(signed.reader.say("policy-saved")))),
        Err(Trouble::Stale(_)) => {
            let errors = Errors::one("policy", signed.reader.say("stale"));
            let typed = Typed { policy: Some(policy), ..Typed::default() };
            page(&app, &signed, StatusCode::CONFLICT, typed, errors).await
        }
        Err(trouble) => Err(trouble.into()),
    }
}

fn finish(
    app: &App,
    signed: &SignedIn,
    outcome: Result<User, Trouble>,
    text: &str,
) -> Result<Response, Refusal> {
    let notice = match outcome {
        Ok(user) => Notice::good(signed.reader.with(text, &[("email", user.email.into())])),
        Err(Trouble::LastAdmin) => Notice::bad(signed.reader.say("users-last-admin")),
        Err(Trouble::Own) => Notice::bad(signed.reader.say("users-remove-self")),
        Err(Trouble::Stale(_)) => Notice::bad(signed.reader.say("users-stale")),
        Err(trouble) => return Err(trouble.into()),
    };
    Ok(done(app, signed, notice))
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Agent(error) => error.into(),
            Trouble::Failure(error) => error.into(),
            // The forms are ours and answer the others themselves: only an account can be gone.
            Trouble::Nobody | Trouble::Exists | Trouble::LastAdmin | Trouble::Own | Trouble::Stale(_) => {
                Self::NotFound
            }
        }
    }
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
    policy: Option<SignUpPolicy>,
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
    let (accounts, stored): (_, SignUpPolicy) = app.store.read(look).await?;
    let chrome = chrome(app, signed, signed.reader.say("users-title"), Tab::Users);
    let page = view::Page {
        chrome,
        own: signed.user.id,
        accounts,
        version: Version::of(&stored),
        policy: typed.policy.unwrap_or_else(|| stored.clone()),
        stored,
        typed: typed.email,
        typed_domains: typed.domains,
        errors,
    };
    Ok((status, Html(view::page(&page))).into_response())
}
