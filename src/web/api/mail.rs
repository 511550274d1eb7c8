//! The mail server and the outbox in the API, for administrators. *IO: the database.*

use super::answers::time;
use super::bearer::Administrator;
use super::json::JsonBody;
use super::page::{PageQuery, Paged, Paging};
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use crate::model::mail::{ListedLetter, MailSettings, Security};
use crate::model::version::{Seen, Version};
use crate::store::outbox::{self, Queued};
use crate::web::extract::reader;
use crate::web::forms::mail::MailForm;
use crate::web::mail_settings;
use crate::web::state::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How mails are sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Mail {
    /// Whether mails are sent at all.
    is_enabled: bool,
    /// Name or address of the server.
    host: String,
    /// Its TCP port.
    port: u16,
    /// `none`, `starttls` or `tls`.
    security: String,
    /// Who signs in to the server; empty for nobody.
    user: String,
    /// Whether a password is stored; it is never shown.
    has_password: bool,
    /// The address that mails come from.
    from: String,
}

/// How mails shall be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetMail {
    /// Whether mails are sent at all.
    is_enabled: bool,
    /// Name or address of the server.
    #[serde(default)]
    host: String,
    /// Its TCP port.
    port: u16,
    /// `none`, `starttls` or `tls`.
    security: String,
    /// Who signs in to the server; left out for nobody.
    #[serde(default)]
    user: String,
    /// The user's password; the stored one stays if it is left out and server and user are the same.
    #[serde(default)]
    #[schema(format = Password)]
    password: String,
    /// The address that mails come from.
    #[serde(default)]
    from: String,
}

/// A mail of the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Letter {
    /// Its row: later ones are larger.
    id: i64,
    /// The address it goes to.
    to: String,
    /// The subject.
    subject: String,
    /// When it was written, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// `waiting`, `sent` or `given_up`.
    state: String,
    /// How often it was tried.
    tries: u32,
    /// Why the last try failed; empty if none did.
    last_error: String,
}

/// How mails are sent. For administrators.
#[utoipa::path(get, path = "/api/v1/mail", tag = "site", operation_id = "get_mail", responses(
    (status = 200, body = Mail, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(_: Administrator, State(app): State<App>) -> Result<Tagged<Mail>, Problem> {
    Ok(tagged(mail_settings::stored(&app).await.map_err(|error| Problem::internal(&error))?))
}

/// Sets how mails are sent; what waits is tried at once. For administrators.
#[utoipa::path(put, path = "/api/v1/mail", tag = "site", operation_id = "set_mail", request_body = SetMail,
    params(IfMatchHeader), responses(
    (status = 200, body = Mail, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set(
    Administrator(caller): Administrator,
    State(app): State<App>,
    IfMatch(seen): IfMatch,
    JsonBody(wish): JsonBody<SetMail>,
) -> Result<Tagged<Mail>, Problem> {
    let internal = |error| Problem::internal(&error);
    let security = Security::from_word(&wish.security).ok_or_else(|| {
        let seen: String = wish.security.chars().take(40).collect();
        Problem::field(
            "security",
            format!("`{seen}` is not possible; expected none, starttls or tls"),
            "Take one.",
        )
    })?;
    let SetMail { is_enabled, host, port, user, password, from, .. } = wish;
    let form = MailForm { is_enabled, host, port: port.to_string(), security, user, from };
    let stored = mail_settings::stored(&app).await.map_err(internal)?;
    // The stored password that is kept belongs to what was read: to that and to nothing later.
    let seen = if seen == Seen::unsaid() { Seen::one_of(vec![Version::of(&stored)]) } else { seen };
    let (new, password) = form.judge(&password, &stored).map_err(|errors| Problem::of_form(&errors))?;
    let new = mail_settings::with_password(&app, new, password, &stored).map_err(internal)?;
    mail_settings::store(&app, &caller.actor, new.clone(), seen).await.map_err(internal)??;
    Ok(tagged(new))
}

/// Writes a mail to whom the token belongs; what becomes of it stands in the outbox. For administrators.
#[utoipa::path(post, path = "/api/v1/mail/test", tag = "site", operation_id = "test_mail", responses(
    (status = 202, description = "It waits in the outbox"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Mails are not sent, or too many wait for that address", body = Problem,
     content_type = "application/problem+json"),
))]
pub(super) async fn test(
    Administrator(caller): Administrator,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let to = caller.actor.email.unwrap_or_default();
    let queued = mail_settings::test(&app, &reader(&app, &headers), &to).await;
    let conflict = |detail, fix| Err(Problem::new(StatusCode::CONFLICT, "conflict", detail).fix(fix));
    match queued.map_err(|error| Problem::internal(&error))? {
        Some(Queued::Waiting) => Ok(StatusCode::ACCEPTED),
        Some(Queued::Dropped) => {
            conflict("too many mails wait for that address", "Look at the outbox first.")
        }
        None => conflict("mails are not sent", "Set a mail server, and that mails are sent."),
    }
}

/// The mails that wait and what became of the last ones, the newest first. For administrators.
#[utoipa::path(get, path = "/api/v1/mail/outbox", tag = "site", operation_id = "list_outbox", params(PageQuery),
    responses(
    (status = 200, body = [Letter]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    _: Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Letter>, Problem> {
    let (before, count) = (paging.after()?, paging.wanted());
    let found = app.store.read(move |conn| outbox::list(conn, before, count)).await;
    let letters = found.map_err(|error| Problem::internal(&error))?;
    Ok(paging.page(letters, |letter| letter.id).map(Letter::from))
}

fn tagged(settings: MailSettings) -> Tagged<Mail> {
    let version = Version::of(&settings);
    let MailSettings { is_enabled, host, port, security, user, sealed_password, from } = settings;
    let (security, has_password) = (security.as_str().to_owned(), !sealed_password.is_empty());
    Tagged(version, Mail { is_enabled, host, port, security, user, has_password, from })
}

impl From<ListedLetter> for Letter {
    fn from(letter: ListedLetter) -> Self {
        let ListedLetter { id, to, subject, created_at, state, tries, last_error, .. } = letter;
        let (created_at, state) = (time(created_at), state.as_str().to_owned());
        Self { id, to, subject, created_at, state, tries, last_error }
    }
}
