//! One person: a browser's connections, without the browser.

use super::Times;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Who has signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    host: String,
    cookies: String,
    token: String,
    board: String,
    /// A token that may see everything; of the first person alone.
    pub(crate) administrator: String,
}

/// What came back.
struct Answer {
    status: u16,
    cookies: Vec<String>,
    body: String,
}

impl Person {
    /// Signs in by a link, as the page behind it does.
    pub(crate) async fn sign_in(url: &str, link: &str, token: String, board: &str) -> Self {
        let host = url.trim_start_matches("http://").to_owned();
        let mut person = Self {
            host,
            cookies: String::new(),
            token,
            board: board.to_owned(),
            administrator: String::new(),
        };
        let path = link.strip_prefix(url).unwrap();
        let page = person.ask("GET", path, "", "").await;
        person.cookies = page.cookies.join("; ");
        let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = format!("csrf={csrf}");
        let entered =
            person.ask("POST", path, "content-type: application/x-www-form-urlencoded\r\n", &form).await;
        assert_eq!(entered.status, 303, "{}", entered.body);
        person.cookies = entered.cookies.join("; ");
        person
    }

    /// Reserves the board and configures it.
    pub(crate) async fn deploy(&self) {
        let wish = json!({"nodes": [self.board], "hours": 2, "name": "bench"});
        let made = self.api("POST", "/reservations", &self.token, &wish).await;
        let id = made["id"].as_i64().unwrap_or_else(|| panic!("{made}"));
        let wish = json!({"environment": "raspios-demo"});
        self.api("PUT", &format!("/reservations/{id}/configuration"), &self.token, &wish).await;
    }

    /// Whether no board is on its way any more.
    pub(crate) async fn all_rest(&self) -> bool {
        let states = self.states().await;
        !states.is_empty()
            && states.iter().all(|state| ["deployed", "lost", "failed"].contains(&state.as_str()))
    }

    /// How many boards are deployed.
    pub(crate) async fn deployed(&self) -> usize {
        self.states().await.iter().filter(|state| *state == "deployed").count()
    }

    async fn states(&self) -> Vec<String> {
        let list = self.api("GET", "/deployments?limit=500", &self.administrator, &Value::Null).await;
        let list = list.as_array().or_else(|| list["items"].as_array()).cloned().unwrap_or_default();
        list.iter().filter_map(|it| it["state"].as_str().map(str::to_owned)).collect()
    }

    /// Fetches a page and notes how long that took.
    pub(crate) async fn open(&self, path: &str, times: &Times) {
        let begun = Instant::now();
        let answer = self.ask("GET", path, "", "").await;
        assert_eq!(answer.status, 200, "{path}");
        times.lock().await.push(begun.elapsed());
    }

    /// Follows the event stream and fetches the live part when it says that something changed.
    pub(crate) async fn follow(&self, times: &Times) {
        let mut stream = BufReader::new(TcpStream::connect(&self.host).await.unwrap());
        stream.write_all(self.request("GET", "/events", "", "").as_bytes()).await.unwrap();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap() > 0 {
            if line.starts_with("event: changed") {
                self.open("/manage/live", times).await;
            }
            line.clear();
        }
    }

    async fn api(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let header = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(method, &format!("/api/v1{path}"), &header, &body).await;
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let Self { host, cookies, .. } = self;
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookies}\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
    }

    /// One request on a connection of its own.
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("connection: close\r\n{headers}");
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(self.request(method, path, &headers, body).as_bytes()).await.unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.unwrap();
        let text = String::from_utf8_lossy(&text);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let cookie = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            let is_cookie = name.eq_ignore_ascii_case("set-cookie");
            is_cookie.then(|| value.split(';').next().unwrap_or_default().to_owned())
        };
        Answer {
            status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(),
            cookies: head.lines().filter_map(cookie).collect(),
            body: body.to_owned(),
        }
    }
}
