//! JSON bodies: what is wrong with one is said with the field. *Pure, but for reading the body.*

use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

/// A JSON body of that shape.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            let detail = "the body is not marked as JSON; expected `Content-Type: application/json`";
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail);
            return Err(problem.fix("Send JSON with that header."));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            let problem = Problem::new(error.status(), "body", error.body_text());
            problem.fix("Send a body of at most 1 MiB.")
        })?;
        parse(&bytes).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refuse(&path, error.inner())
    })?;
    reader.end().map_err(|error| refuse(".", &error))?;
    Ok(parsed)
}

fn refuse(path: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    if !error.is_data() {
        let detail = format!("the body is not JSON: {message}");
        return Problem::new(StatusCode::BAD_REQUEST, "malformed", detail).fix("Send one JSON object.");
    }
    // Missing and unknown fields are named in the message, not in the path.
    let named = message.split('`').nth(1).filter(|_| message.contains(" field `")).map(str::to_owned);
    let field = named.or_else(|| (path != ".").then(|| path.to_owned()));
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message);
    problem.at(field).fix("See /api/v1/openapi.json for the fields and their types.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[expect(dead_code, reason = "only parsed")]
        hours: i64,
        #[expect(dead_code, reason = "only parsed")]
        #[serde(default)]
        nodes: Vec<String>,
    }

    fn check(body: &str, status: u16, field: Option<&str>) {
        let problem = serde_json::to_value(parse::<Shape>(body.as_bytes()).unwrap_err()).unwrap();
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem.get("field").and_then(|field| field.as_str()), field, "{problem}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("", 400, None);
        check("{\"hours\":", 400, None);
        check("{\"hours\":1} x", 400, None);
        check("[]", 422, None);
        check("{}", 422, Some("hours"));
        check("{\"hours\":1,\"houres\":2}", 422, Some("houres"));
        check("{\"hours\":1.5}", 422, Some("hours"));
        check("{\"hours\":\"1\"}", 422, Some("hours"));
        check("{\"hours\":1,\"nodes\":[\"a\",7]}", 422, Some("nodes[1]"));
        check("{\"hours\":1,\"hours\":2}", 422, Some("hours"));
    }
}
