//! One request of the API. *IO: HTTP.*
//!
//! Redirections are not followed and proxies not used, so that the token goes to pimaster alone.

use super::failure::{Failure, Refusal};
use super::login::Login;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use ureq::http::{Method, Request};

/// A rack answers within seconds, also while it is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than every node of a rack with its bookings, in bytes.
const LARGEST_ANSWER: u64 = 64 << 20;

/// A pimaster, asked with a token.
pub(super) struct Api {
    agent: ureq::Agent,
    base: String,
    bearer: String,
}

/// What was answered, where it was no refusal.
#[derive(Debug)]
pub(super) struct Answer {
    /// The body, JSON.
    pub(super) text: String,
    url: String,
}

impl Answer {
    /// What the client reads of it.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.text).map_err(|error| {
            let why = format!("the answer is not that of this version of pimaster: {error}");
            Failure::Unreachable { url: self.url.clone(), why }
        })
    }
}

impl Api {
    /// The API of that login.
    pub(super) fn new(login: &Login) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            agent: agent.into(),
            base: format!("{}/api/v1", login.url),
            bearer: format!("Bearer {}", login.token),
        }
    }

    /// Looks.
    pub(super) fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(&Method::GET, path, None)
    }

    /// Asks one thing.
    pub(super) fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        let unreachable = |why: String| Failure::Unreachable { url: url.clone(), why };
        let mut request = Request::builder().method(method).uri(&url).header("authorization", &self.bearer);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let sent = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = request.body(sent).map_err(|error| unreachable(error.to_string()))?;
        let mut answer = self.agent.run(request).map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
        let text = text.map_err(|error| unreachable(error.to_string()))?;
        if status.is_success() {
            return Ok(Answer { text, url });
        }
        let refusal: Refusal = serde_json::from_str(&text)
            .map_err(|_| unreachable(format!("answered {status}, and not as pimaster's API")))?;
        Err(Failure::Refused { status: status.as_u16(), refusal })
    }
}
