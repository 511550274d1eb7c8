//! pimaster's API as a program uses it: JSON over HTTP with a bearer token. *IO: HTTP.*

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Method, Request};

/// A signed-in program.
pub(crate) struct Api {
    agent: Agent,
    base: String,
    token: String,
}

impl Api {
    /// A program with that token; none for what needs no token.
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10)));
        Self { agent: config.build().into(), base: base.to_owned(), token: token.to_owned() }
    }

    /// One request; the answer must have a good status.
    pub(crate) fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}/api/v1{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/json");
        let answer = if body.is_null() {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.body(body.to_string())?)
        };
        let mut answer = answer.with_context(|| format!("{method} {path}"))?;
        let text = answer.body_mut().read_to_string()?;
        if !answer.status().is_success() {
            bail!("{method} {path}: {} {text}", answer.status());
        }
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, &Value::Null)
    }
}

/// A field that must be there as text.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value.get(field).and_then(Value::as_str).with_context(|| format!("no `{field}` in {value}"))
}
