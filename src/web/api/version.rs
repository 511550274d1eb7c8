//! `ETag` and `If-Match` (RFC 9110, 8.8.3 and 13.1.1): edits that do not overwrite each other. *Pure.*
//!
//! A tag names what can be edited, not when it was last seen: a node that boots meanwhile stands in nobody's way. An
//! edit without `If-Match` counts whatever is there; one that comes too late is refused with 412.

use super::problem::Problem;
use crate::model::version::{Seen, Stale, Version};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::convert::Infallible;
use utoipa::IntoParams;

/// An answer with the version of what can be edited of it.
#[derive(Debug)]
pub(super) struct Tagged<T>(pub(super) Version, pub(super) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.0))], Json(self.1)).into_response()
    }
}

/// What an editor has before them.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) Seen);

/// The header in the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct IfMatchHeader {
    /// The `ETag` that the edit is made from; 412 if it is no longer so.
    #[param(rename = "If-Match", required = false)]
    if_match: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let lines = parts.headers.get_all(header::IF_MATCH).iter();
        Ok(Self(parse(lines.filter_map(|line| line.to_str().ok()))))
    }
}

/// No line, or `*`: whatever is there. Weak tags match nothing.
fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Seen {
    let tags: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    if tags.is_empty() || tags.contains(&"*") {
        return Seen::unsaid();
    }
    let inner = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Seen::one_of(tags.iter().filter_map(inner).collect())
}

impl From<Stale> for Problem {
    fn from(stale: Stale) -> Self {
        let problem = Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", stale.to_string());
        problem.fix("Look at what is there now, then send the change again with its ETag.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read() {
        let (version, other) = (Version::of(&1), Version::of(&2));
        let check = |line: &str, fits: bool| {
            let seen = parse(Some(line).into_iter());
            assert_eq!(seen.judge(&version).is_ok(), fits, "{line}");
        };
        check(&format!("\"{version}\""), true);
        check(&format!("\"{other}\", \"{version}\""), true);
        check("*", true);
        check(&format!("\"{other}\""), false);
        check(&format!("W/\"{version}\""), false);
        check("", false);
        check("nonsense", false);
        assert!(parse(std::iter::empty()).judge(&version).is_ok());
    }
}
