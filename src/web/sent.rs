//! Files that are sent: a body of any length, read as it comes. *IO: the body.*

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::timeout;

/// A sender that says nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body that comes.
pub(super) struct Body(axum::body::BodyDataStream);

impl Body {
    /// That of a request.
    pub(super) fn of(request: Request) -> Self {
        Self(request.into_body().into_data_stream())
    }

    /// The next bytes; none at the end, or when the sender is gone.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        timeout(PATIENCE, self.0.next()).await.ok()??.ok()
    }
}

/// The size of the body as it is announced; 0 if it is not.
pub(super) fn announced_bytes(headers: &HeaderMap) -> u64 {
    let text = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether a path takes files, which come for as long as they need.
pub(super) fn takes_files(path: &str) -> bool {
    path.ends_with("/file")
        && (path.starts_with("/environments/imports/") || path.starts_with("/api/v1/imports/"))
}
