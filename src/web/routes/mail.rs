//! The mail server and the outbox, for administrators. *IO: the database.*

use super::pages::{chrome, leave};
use crate::model::mail::MailSettings;
use crate::model::version::Version;
use crate::store::outbox::Queued;
use crate::store::{Connection, outbox, site};
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::Errors;
use crate::web::forms::mail::MailForm;
use crate::web::notices::Notice;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Tab, mail as view};
use crate::web::{mail_settings, paths};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// So many of the newest mails are shown.
const SHOWN: u32 = 50;

/// The page.
pub(super) async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Refusal> {
    signed.administrator()?;
    page(&app, &signed, StatusCode::OK, None, Errors::default()).await
}

/// The outbox, without the page around it.
pub(super) async fn live(State(app): State<App>, signed: SignedIn) -> Result<Html<String>, Refusal> {
    signed.administrator()?;
    let letters = app.store.read(|conn| outbox::list(conn, None, SHOWN)).await?;
    Ok(Html(view::fragment(&letters, &signed.reader)))
}

/// Stores how mails are sent; what waits is tried at once.
pub(super) async fn save(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let (form, stored) = (MailForm::read(&fields), mail_settings::stored(&app).await?);
    let (new, password) = match form.judge(fields.one("password"), &stored) {
        Ok(judged) => judged,
        Err(errors) => {
            return page(&app, &signed, StatusCode::UNPROCESSABLE_ENTITY, Some(form), errors).await;
        }
    };
    let new = mail_settings::with_password(&app, new, password, &stored)?;
    let stale = mail_settings::store(&app, &signed.actor(), new, fields.seen()).await?.is_err();
    if stale {
        let errors = Errors::one("form", signed.reader.say("stale"));
        return page(&app, &signed, StatusCode::CONFLICT, Some(form), errors).await;
    }
    Ok(done(&app, &signed, Notice::good(signed.reader.say("mail-saved"))))
}

/// Writes a mail to the administrator who asks; what becomes of it stands in the outbox.
pub(super) async fn test(
    State(app): State<App>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Response, Refusal> {
    signed.administrator()?;
    let reader = &signed.reader;
    let notice = match mail_settings::test(&app, reader, &signed.user.email).await? {
        Some(Queued::Waiting) => {
            Notice::good(reader.with("mail-test-written", &[("email", signed.user.email.as_str().into())]))
        }
        Some(Queued::Dropped) => Notice::bad(reader.say("mail-test-dropped")),
        None => Notice::bad(reader.say("mail-off")),
    };
    Ok(done(&app, &signed, notice))
}

fn done(app: &App, signed: &SignedIn, notice: Notice) -> Response {
    leave(app, signed.session, notice);
    Redirect::to(paths::MAIL).into_response()
}

/// The page with what is stored, or with what was typed and could not be.
async fn page(
    app: &App,
    signed: &SignedIn,
    status: StatusCode,
    typed: Option<MailForm>,
    errors: Errors,
) -> Result<Response, Refusal> {
    let look = |conn: &Connection| {
        Ok((site::get::<MailSettings>(conn, MailSettings::NAME)?, outbox::list(conn, None, SHOWN)?))
    };
    let (settings, letters) = app.store.read(look).await?;
    let page = view::Page {
        chrome: chrome(app, signed, signed.reader.say("mail-title"), Tab::Mail),
        has_password: !settings.sealed_password.is_empty(),
        is_enabled: settings.is_enabled,
        version: Version::of(&settings),
        stale: errors.at("form").map(|_| MailForm::of(settings.clone())),
        form: typed.unwrap_or_else(|| MailForm::of(settings)),
        letters,
        errors,
    };
    Ok((status, Html(view::page(&page))).into_response())
}
