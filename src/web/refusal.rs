//! Why a page is not shown: each reason is a page of its own that says what to do. *Pure.*
//!
//! Handlers do not know who reads: they answer with the reason, and [`show`] makes the page of it.

use super::error::Error;
use super::extract;
use super::forms::agent_text;
use super::paths;
use super::reader::Reader;
use super::state::App;
use super::views::message;
use crate::agent::{self, Kind};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::error::Error as _;
use std::sync::Arc;

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nobody is signed in; afterwards to that path.
    SignIn { next: Option<String> },
    /// The account waits for an administrator.
    Pending,
    /// Only administrators may.
    NotAdministrator,
    /// The form did not come from our page, or the session has ended since.
    Csrf,
    /// The form is larger than any that we have.
    TooLarge,
    /// The answer took too long.
    Overdue,
    /// There is no such page.
    NotFound,
    /// The one-time link was used, replaced or has expired.
    Link,
    /// The agent refused.
    Agent(agent::Error),
    /// pimaster's own failure.
    Internal(Error),
}

impl From<agent::Error> for Refusal {
    fn from(error: agent::Error) -> Self {
        Self::Agent(error)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl Refusal {
    /// The status, and title and text of the page.
    fn words(&self, reader: &Reader) -> (StatusCode, String, String) {
        let said = |status, title: &str, text: &str| (status, reader.say(title), reader.say(text));
        match self {
            Self::SignIn { .. } => said(StatusCode::UNAUTHORIZED, "sign-in-title", "refusal-sign-in"),
            Self::Pending => said(StatusCode::FORBIDDEN, "refusal-pending-title", "refusal-pending"),
            Self::NotAdministrator => {
                said(StatusCode::FORBIDDEN, "refusal-administrators-title", "refusal-administrators")
            }
            Self::Csrf => said(StatusCode::FORBIDDEN, "refusal-form-title", "refusal-form"),
            Self::TooLarge => {
                said(StatusCode::PAYLOAD_TOO_LARGE, "refusal-too-large-title", "refusal-too-large")
            }
            Self::Overdue => said(StatusCode::REQUEST_TIMEOUT, "refusal-overdue-title", "refusal-overdue"),
            Self::NotFound => said(StatusCode::NOT_FOUND, "refusal-not-found-title", "refusal-not-found"),
            Self::Link => said(StatusCode::GONE, "refusal-link-title", "refusal-link"),
            Self::Agent(error) => {
                let (status, title) = agent_words(error.kind());
                let text = match error.kind() {
                    Kind::Internal => reader.say("refusal-failure"),
                    Kind::NotFound | Kind::Forbidden | Kind::Invalid | Kind::Conflict => agent_text(error),
                };
                (status, reader.say(title), text)
            }
            Self::Internal(_) => {
                said(StatusCode::INTERNAL_SERVER_ERROR, "refusal-failure-title", "refusal-failure")
            }
        }
    }

    /// What the log keeps of it.
    fn log(&self) {
        match self {
            Self::Agent(error) if error.kind() == Kind::Internal => {
                tracing::error!(error = error.source(), "a page failed");
            }
            Self::Internal(error) => {
                let error: &(dyn std::error::Error + 'static) = error;
                tracing::error!(error, "a page failed");
            }
            Self::SignIn { .. }
            | Self::Pending
            | Self::NotAdministrator
            | Self::Csrf
            | Self::TooLarge
            | Self::Overdue
            | Self::NotFound
            | Self::Link
            | Self::Agent(_) => {}
        }
    }
}

impl IntoResponse for Refusal {
    /// Leads to the sign-in page, or carries the reason to [`show`].
    fn into_response(self) -> Response {
        if let Self::SignIn { next } = &self {
            let next = next.iter().flat_map(|next| form_urlencoded::byte_serialize(next.as_bytes()));
            let next: String = next.collect();
            let query = if next.is_empty() { String::new() } else { format!("?next={next}") };
            return Redirect::to(&format!("{}{query}", paths::SIGN_IN)).into_response();
        }
        self.log();
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Makes the page of a refusal, in the language of who asked. *Middleware.*
pub(super) async fn show(State(app): State<App>, request: Request, next: Next) -> Response {
    let reader = extract::reader(&app, request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Arc<Refusal>>() {
        Some(refusal) => {
            let (status, title, text) = refusal.words(&reader);
            (status, Html(message::page(reader, title, &text))).into_response()
        }
        None => response,
    }
}

fn agent_words(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::NotFound => (StatusCode::NOT_FOUND, "refusal-agent-not-found-title"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "refusal-agent-forbidden-title"),
        Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "refusal-agent-invalid-title"),
        Kind::Conflict => (StatusCode::CONFLICT, "refusal-agent-conflict-title"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "refusal-failure-title"),
    }
}
