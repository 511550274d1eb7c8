//! Problem details (RFC 9457): every error of the API. *Pure.*

use crate::agent::{self, Kind};
use crate::web::forms::Errors;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::error::Error as _;
use utoipa::ToSchema;

/// An error of the API, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::web) struct Problem {
    /// Names the kind of problem. Of conflicts, `not-free` may pass by itself: the same request can work later.
    #[serde(rename = "type")]
    #[schema(example = "urn:pimaster:problem:conflict")]
    kind: Box<str>,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was seen and what was expected.
    detail: String,
    /// The field of the body that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Box<str>>,
    /// What `WWW-Authenticate` asks for (RFC 6750, 3).
    #[serde(skip)]
    challenge: Option<Box<str>>,
}

impl Problem {
    /// A problem of that status; `kind` is the end of its type.
    pub(in crate::web) fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:pimaster:problem:{kind}").into(),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            fix: None,
            challenge: None,
        }
    }

    /// A field whose value cannot be used.
    pub(in crate::web) fn field(field: &str, detail: impl Into<String>, fix: &str) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).fix(fix);
        problem.field = Some(field.to_owned());
        problem
    }

    /// What is wrong with a form that the page shares: its first field.
    pub(in crate::web) fn of_form(errors: &Errors) -> Self {
        let (field, text) = errors.first().unwrap_or(("form", "it cannot be used"));
        Self::field(field, text.trim_end_matches('.'), "Change that field.")
    }

    /// With what to do.
    pub(in crate::web) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into().into());
        self
    }

    /// With the field, if it is known.
    pub(in crate::web) fn at(mut self, field: Option<String>) -> Self {
        self.field = field;
        self
    }

    /// With the challenge to a bearer, of these further attributes.
    pub(in crate::web) fn challenge(mut self, attributes: &str) -> Self {
        self.challenge = Some(format!("Bearer realm=\"pimaster\"{attributes}").into());
        self
    }

    /// The HTTP status.
    pub(in crate::web) fn status(&self) -> u16 {
        self.status
    }

    /// pimaster's own failure: told in the log, not to the caller.
    pub(in crate::web) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request of the API failed");
        let detail = "pimaster could not do this because of a failure of its own";
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
        problem.fix("Try again; if it stays, look into pimaster's log.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<agent::Error> for Problem {
    fn from(error: agent::Error) -> Self {
        let (status, kind) = match error.kind() {
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Kind::Conflict if matches!(error, agent::Error::Stale(_)) => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed")
            }
            Kind::Conflict if error.is_not_free() => (StatusCode::CONFLICT, "not-free"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict"),
            Kind::Internal => return Self::internal(error.source().unwrap_or(&error)),
        };
        let field = error.place();
        Self::new(status, kind, error.to_string()).fix(error.fix()).at(field)
    }
}
