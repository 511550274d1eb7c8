//! The answer that something was made, and where it is. *Pure.*

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// 201 with what was made.
#[derive(Debug)]
pub(super) struct Created<T> {
    /// The path of it, or of the list that it is in.
    pub(super) at: String,
    /// What was made.
    pub(super) made: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, self.at)], Json(self.made)).into_response()
    }
}
