//! The embedded files. *Pure.*

use crate::web::assets::by_name;
use crate::web::refusal::Refusal;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// An embedded file. Under the address that names its content browsers keep it for ever, under any other they
/// ask each time.
pub(super) async fn show(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asset = by_name(&name).ok_or(Refusal::NotFound)?;
    let tag = format!("\"{}\"", asset.tag);
    let named = query.is_some_and(|query| query == format!("v={}", asset.tag));
    let caching = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, caching.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    Ok((cached, [(header::CONTENT_TYPE, asset.media_type)], asset.body).into_response())
}
