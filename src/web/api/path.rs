//! The variable part of a path, whose refusal is a problem like any other. *Pure.*

use super::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// The one variable part of a path.
#[derive(Debug)]
pub(super) struct PathText(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::from_request_parts(parts, state).await.map_err(|error| {
            let detail = format!("the path cannot be read: {}", error.body_text());
            Problem::new(error.status(), "malformed", detail).fix("Send UTF-8, percent-encoded.")
        })?;
        Ok(Self(text))
    }
}
