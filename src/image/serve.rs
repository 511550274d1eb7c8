//! Images over HTTP: `/images/{environment}/manifest` and `/images/{environment}/chunks`. *IO: reads files; one
//! query per request.*
//!
//! The daemon merges [`router`] into the web server. A node asks with its deployment's token; only a deployment
//! that is being installed opens the image of its own environment, and nothing else.
//!
//! Invariant: memory per answer is bounded by [`FRAMES`] frames, however slow the node reads: a frame holds a
//! permit until the socket has taken it. Whoever collects an answer whole must copy frames and let them go.

use super::range::{self, Wanted};
use crate::model::deployment::{Deployment, DeploymentState};
use crate::model::environment::Environment;
use crate::model::folder::DataFolder;
use crate::model::ids::EnvironmentId;
use crate::store::{self, Store, deployments, environments};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is read at a time.
const FRAME_BYTES: usize = 64 * 1024;
/// Frames of one answer that are read and not yet sent: one on its way, one ready. 200 nodes at once take 25 MiB.
const FRAMES: usize = 2;

#[derive(Clone)]
struct Images {
    store: Store,
    data: DataFolder,
}

/// The routes; they need nothing of the web's.
pub fn router(store: Store, data: DataFolder) -> Router {
    Router::new()
        .route("/images/{environment}/manifest", get(manifest))
        .route("/images/{environment}/chunks", get(chunks))
        .with_state(Images { store, data })
}

/// The digest under which the store keeps a deployment's token ([`deployments::set_image_token`]).
pub(super) fn token_digest(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

async fn manifest(
    State(images): State<Images>,
    Path(wanted): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let environment = images.admit(&wanted, &headers).await?;
    let path = images.data.image_manifest(environment.id);
    answer(&environment, path, "application/json", &headers).await
}

async fn chunks(
    State(images): State<Images>,
    Path(wanted): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let environment = images.admit(&wanted, &headers).await?;
    let path = images.data.image_chunks(environment.id);
    answer(&environment, path, "application/zstd", &headers).await
}

impl Images {
    /// The environment, if the bearer may have it.
    async fn admit(&self, wanted: &str, headers: &HeaderMap) -> Result<Environment, Refusal> {
        let digest = token_digest(bearer(headers).ok_or(Refusal::NoToken)?);
        let found = self.store.read(move |conn| {
            let Some(deployment) = deployments::by_image_token(conn, &digest)? else { return Ok(None) };
            let environment = environments::by_id(conn, deployment.environment)?;
            Ok(Some((deployment, environment)))
        });
        let (deployment, environment) = found.await?.ok_or(Refusal::UnknownToken)?;
        if !is_installing(&deployment) {
            return Err(Refusal::NotInstalling(deployment.state));
        }
        if wanted.parse::<EnvironmentId>() != Ok(deployment.environment) {
            return Err(Refusal::OtherEnvironment);
        }
        environment.ok_or(Refusal::Gone)
    }
}

/// Whether a deployment still needs its image. A token outlives its use by nothing.
fn is_installing(deployment: &Deployment) -> bool {
    let is_over = deployment.state == DeploymentState::Destroying;
    !is_over && !deployment.state.is_resting()
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

async fn answer(
    environment: &Environment,
    path: PathBuf,
    content_type: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok::<_, io::Error>((file, size))
    });
    let (file, size) =
        opened.await.map_err(io::Error::other).and_then(|opened| opened).map_err(Refusal::of_file)?;
    let tag = format!("\"{}\"", environment.digest);
    let asked =
        headers.get(header::RANGE).filter(|_| holds(headers, &tag)).and_then(|range| range.to_str().ok());
    let wanted = asked.map_or(Wanted::Whole, |range| range::parse(range, size));
    let common = [
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "private, no-transform".to_owned()),
        (header::CONTENT_TYPE, content_type.to_owned()),
    ];
    let (status, range, content_range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..size, None),
        Wanted::Part(range) => {
            let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            (StatusCode::PARTIAL_CONTENT, range, Some(shown))
        }
        Wanted::Unsatisfiable => return Err(Refusal::Range { size }),
    };
    let length = [(header::CONTENT_LENGTH, (range.end - range.start).to_string())];
    let shown = content_range.map(|shown| [(header::CONTENT_RANGE, shown)]);
    let body = Body::from_stream(stream(file, range));
    Ok((status, common, length, AppendHeaders(shown), body).into_response())
}

/// Header lines that may be none.
struct AppendHeaders(Option<[(HeaderName, String); 1]>);

impl axum::response::IntoResponseParts for AppendHeaders {
    type Error = <[(HeaderName, String); 1] as axum::response::IntoResponseParts>::Error;

    fn into_response_parts(
        self,
        parts: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        match self.0 {
            Some(lines) => lines.into_response_parts(parts),
            None => Ok(parts),
        }
    }
}

/// Whether `If-Range` (RFC 9110 section 13.1.5) still names this content, so that a range may be answered.
fn holds(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|given| given.as_bytes() == tag.as_bytes())
}

/// The bytes of a file, frame by frame, as fast as they are taken.
fn stream(file: File, range: Range<u64>) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    let state = (Arc::new(file), Arc::new(Semaphore::new(FRAMES)), range);
    futures_util::stream::try_unfold(state, |(file, frames, range)| async move {
        if range.start >= range.end {
            return Ok(None);
        }
        let permit = Arc::clone(&frames).acquire_owned().await.map_err(io::Error::other)?;
        let size = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(FRAME_BYTES);
        let source = Arc::clone(&file);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; size];
            source.read_exact_at(&mut bytes, range.start).map(|()| bytes)
        });
        let bytes = read.await.map_err(io::Error::other)??;
        let frame = Bytes::from_owner(Frame { bytes, _permit: permit });
        Ok(Some((frame, (file, frames, range.start + size as u64..range.end))))
    })
}

/// Bytes that let the next ones be read when they are dropped.
struct Frame {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why an image is not given, as problem details (RFC 9457).
enum Refusal {
    NoToken,
    UnknownToken,
    NotInstalling(DeploymentState),
    OtherEnvironment,
    Gone,
    Range { size: u64 },
    Failed(String),
}

impl Refusal {
    fn of_file(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Gone } else { Self::Failed(error.to_string()) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::UnknownToken => StatusCode::UNAUTHORIZED,
            Self::NotInstalling(_) | Self::OtherEnvironment => StatusCode::FORBIDDEN,
            Self::Gone => StatusCode::NOT_FOUND,
            Self::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoToken => {
                "there is no bearer token; images are given to nodes that install, with `Authorization: Bearer`".into()
            }
            Self::UnknownToken => "the token belongs to no deployment; the deployment was ended or started over".into(),
            Self::NotInstalling(state) => {
                format!("the deployment is {state}; its image is given only while it installs. Deploy again")
            }
            Self::OtherEnvironment => "the token is for another environment; ask for the one of its deployment".into(),
            Self::Gone => "the image's files are gone; import it again".into(),
            Self::Range { size } => format!("the range lies outside the file, which has {size} bytes"),
            Self::Failed(_) => "the image cannot be read; see pimaster's log".into(),
        }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::Failed(cause) = &self {
            tracing::error!(cause, "an image cannot be served");
        }
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.detail(),
        });
        let mut response = (status, body.to_string()).into_response();
        let mut set = |name: HeaderName, value: String| {
            if let Ok(value) = value.try_into() {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, "application/problem+json".to_owned());
        match self {
            Self::NoToken | Self::UnknownToken => set(header::WWW_AUTHENTICATE, "Bearer".to_owned()),
            Self::Range { size } => set(header::CONTENT_RANGE, format!("bytes */{size}")),
            Self::NotInstalling(_) | Self::OtherEnvironment | Self::Gone | Self::Failed(_) => {}
        }
        response
    }
}
