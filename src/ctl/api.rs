//! One request of the API. *IO: HTTP, the certificates that this machine trusts.*
//!
//! Redirections are not followed and proxies not used, so that the token goes to pimaster alone.

use super::failure::{Failure, Refusal};
use super::login::Login;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Method, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A rack answers within seconds, also while it is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often something that shall be made is asked for, and how long lies between.
const TRIES: u32 = 3;
const TRY_EACH: Duration = Duration::from_secs(1);
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
    /// Below the API, the next page of a list (RFC 8288).
    next: Option<String>,
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
    pub(super) fn new(login: &Login) -> Result<Self, Failure> {
        let mut settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE));
        if login.url.starts_with("https://") {
            settings = settings.tls_config(tls()?);
        }
        Ok(Self {
            agent: settings.build().into(),
            base: format!("{}/api/v1", login.url),
            bearer: format!("Bearer {}", login.token),
        })
    }

    /// Looks.
    pub(super) fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(&Method::GET, path, None)
    }

    /// Looks at a list, page by page; gives it as one.
    pub(super) fn get_all(&self, path: &str) -> Result<Answer, Failure> {
        let mut page = self.get(path)?;
        let Some(mut next) = page.next.take() else { return Ok(page) };
        let mut entries: Vec<Value> = page.read()?;
        loop {
            let mut page = self.get(&next)?;
            entries.extend(page.read::<Vec<Value>>()?);
            match page.next.take() {
                Some(further) => next = further,
                None => return Ok(Answer { text: Value::from(entries).to_string(), ..page }),
            }
        }
    }

    /// Asks one thing.
    pub(super) fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        self.send(method, path, body, None)
    }

    /// Makes one thing, once: if no answer comes it is asked for again, with the same key.
    pub(super) fn create(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Failure::io("the system gives no random bytes", error.into()))?;
        let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for _ in 1..TRIES {
            match self.send(&Method::POST, path, Some(body), Some(&key)) {
                Err(Failure::Unreachable { .. }) => std::thread::sleep(TRY_EACH),
                outcome => return outcome,
            }
        }
        self.send(&Method::POST, path, Some(body), Some(&key))
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        let unreachable = |why: String| Failure::Unreachable { url: url.clone(), why };
        let mut request = Request::builder().method(method).uri(&url).header("authorization", &self.bearer);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let sent = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = request.body(sent).map_err(|error| unreachable(error.to_string()))?;
        let mut answer = self.agent.run(request).map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status();
        let next = answer.headers().get("link").and_then(|link| next(link.to_str().ok()?));
        let text = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
        let text = text.map_err(|error| unreachable(error.to_string()))?;
        if status.is_success() {
            return Ok(Answer { text, url, next });
        }
        let refusal: Refusal = serde_json::from_str(&text)
            .map_err(|_| unreachable(format!("answered {status}, and not as pimaster's API")))?;
        Err(Failure::Refused { status: status.as_u16(), refusal })
    }
}

/// TLS that trusts what this machine trusts, or the file that SSL_CERT_FILE names.
fn tls() -> Result<TlsConfig, Failure> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map(ToString::to_string).unwrap_or_default();
        let fix = "Install the package ca-certificates, or name pimaster's certificate in SSL_CERT_FILE.";
        return Err(Failure::usage(format!("this machine trusts no certificate {why}"), fix));
    }
    let trusted: Vec<Certificate<'static>> =
        found.certs.iter().map(|found| Certificate::from_der(found.as_ref()).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    Ok(settings.root_certs(RootCerts::Specific(Arc::new(trusted))).build())
}

/// The path of the next page below the API, if a `Link` names one.
fn next(link: &str) -> Option<String> {
    let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
    let path = target.strip_prefix("/api/v1")?;
    rest.contains("rel=\"next\"").then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    #[test]
    fn what_got_no_answer_is_asked_for_again_with_the_same_key() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            // The first request is read and not answered.
            let keys: Vec<String> = [None, Some("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}")]
                .into_iter()
                .map(|answer| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                    stream.write_all(answer.unwrap_or_default().as_bytes()).unwrap();
                    head.into_iter()
                        .find(|line| line.to_lowercase().starts_with("idempotency-key: "))
                        .unwrap()
                })
                .collect();
            keys
        });
        let api = Api::new(&Login { url, token: "pm_x".into() }).unwrap();
        let made = api.create("/reservations", &serde_json::json!({})).unwrap();
        let keys = server.join().unwrap();
        assert_eq!((made.text.as_str(), &keys[0]), ("{}", &keys[1]));
        assert_eq!(keys[0].len(), "idempotency-key: ".len() + 32);
    }

    #[test]
    fn lists_are_followed_to_their_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let link = "link: </api/v1/nodes?limit=1&cursor=a>; rel=\"next\"\r\n";
            [(link, "[1]"), ("", "[2]")].map(|(link, body)| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let answer =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{link}content-length: 3\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).unwrap();
                head[0].clone()
            })
        });
        let api = Api::new(&Login { url, token: "pm_x".into() }).unwrap();
        assert_eq!(api.get_all("/nodes").unwrap().text, "[1,2]");
        let asked = server.join().unwrap();
        assert_eq!(asked, ["GET /api/v1/nodes HTTP/1.1", "GET /api/v1/nodes?limit=1&cursor=a HTTP/1.1"]);
    }

    #[test]
    fn the_next_page_is_of_the_api() {
        assert_eq!(next("</api/v1/nodes?cursor=a>; rel=\"next\"").as_deref(), Some("/nodes?cursor=a"));
        for link in ["", "<https://evil.example/api/v1/nodes>; rel=\"next\"", "</api/v1/nodes>; rel=\"prev\""]
        {
            assert_eq!(next(link), None, "{link}");
        }
    }
}
