//! Why a page is not shown: each reason is a page of its own that says what to do. *Pure.*

use super::error::Error;
use super::forms::agent_text;
use super::paths;
use super::views::message;
use crate::agent::{self, Kind};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::error::Error as _;

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nobody is signed in; afterwards to that path.
    SignIn { next: Option<String> },
    /// The account waits for an administrator.
    Pending,
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
    fn words(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::SignIn { .. } => (StatusCode::UNAUTHORIZED, "Sign in", "Sign in first.".into()),
            Self::Pending => {
                let text = "An administrator has not accepted this account yet. Ask one, then try again.";
                (StatusCode::FORBIDDEN, "Account not accepted yet", text.into())
            }
            Self::Csrf => {
                let text = "The form was not sent by a page of this session, or the session has ended since it \
                            was opened. Nothing was changed. Open the page again and send it once more.";
                (StatusCode::FORBIDDEN, "Form refused", text.into())
            }
            Self::TooLarge => {
                let text = "The form is larger than 1 MiB. Nothing was changed. Make the script shorter.";
                (StatusCode::PAYLOAD_TOO_LARGE, "Form too large", text.into())
            }
            Self::Overdue => {
                let text = "This took too long and was given up. Look whether it was done, then try again; if it \
                            stays, an administrator finds the reason in the log.";
                (StatusCode::REQUEST_TIMEOUT, "Too slow", text.into())
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "No such page",
                "Check the address, or start from a link above.".into(),
            ),
            Self::Link => {
                let text = "This link was used already, was replaced by a newer one, or has expired. Ask an \
                            administrator for another.";
                (StatusCode::GONE, "Link no longer works", text.into())
            }
            Self::Agent(error) => agent_words(error),
            Self::Internal(_) => internal(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Self::SignIn { next: Some(next) } => {
                let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
                return Redirect::to(&format!("{}?next={next}", paths::SIGN_IN)).into_response();
            }
            Self::SignIn { next: None } => return Redirect::to(paths::SIGN_IN).into_response(),
            Self::Agent(error) if error.kind() == Kind::Internal => {
                tracing::error!(error = error.source(), "a page failed");
            }
            Self::Internal(error) => {
                let error: &(dyn std::error::Error + 'static) = error;
                tracing::error!(error, "a page failed");
            }
            Self::Pending
            | Self::Csrf
            | Self::TooLarge
            | Self::Overdue
            | Self::NotFound
            | Self::Link
            | Self::Agent(_) => {}
        }
        let (status, title, text) = self.words();
        (status, Html(message::page(title, &text))).into_response()
    }
}

fn agent_words(error: &agent::Error) -> (StatusCode, &'static str, String) {
    let text = agent_text(error);
    match error.kind() {
        Kind::NotFound => (StatusCode::NOT_FOUND, "Not found", text),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Not yours", text),
        Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "Not possible", text),
        Kind::Conflict => (StatusCode::CONFLICT, "Not possible now", text),
        Kind::Internal => internal(),
    }
}

fn internal() -> (StatusCode, &'static str, String) {
    let text = "pimaster could not do this because of a failure of its own. Try again; if it stays, an \
                administrator finds the reason in the log.";
    (StatusCode::INTERNAL_SERVER_ERROR, "Failure", text.into())
}
