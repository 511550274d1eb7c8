//! `pimaster demo` as a process, its API, its simulator and its boards' SSH servers.

use pimaster::keys::KeyPair;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than any step takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(50);

/// A demonstration rack on a folder of its own.
pub(crate) struct Demo {
    folder: tempfile::TempDir,
    boards: u16,
    speed: u32,
    more: Vec<String>,
    child: Option<Child>,
    ready: Value,
    agent: ureq::Agent,
}

impl Demo {
    /// Starts a rack of so many boards.
    pub(crate) fn start(boards: u16, speed: u32) -> Self {
        Self::start_with(boards, speed, &[])
    }

    /// The same with more options.
    pub(crate) fn start_with(boards: u16, speed: u32, more: &[&str]) -> Self {
        let more = more.iter().map(|&option| option.to_owned()).collect();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let folder = tempfile::tempdir().unwrap();
        let mut demo = Self { folder, boards, speed, more, child: None, ready: Value::Null, agent };
        demo.launch();
        demo
    }

    /// Starts the program on the folder and waits until it says that it is ready.
    pub(crate) fn launch(&mut self) {
        let ready = self.path("ready.json");
        drop(fs::remove_file(&ready));
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pimaster"))
            .args(["demo", "--port", "0", "--boards", &self.boards.to_string()])
            .args(["--speed", &self.speed.to_string(), "--data"])
            .arg(self.path("rack"))
            .args(&self.more)
            .arg("--ready-file")
            .arg(&ready)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = said.any(|line| line.unwrap().contains("Ctrl-C ends it"));
        self.child = Some(child);
        assert!(is_ready, "{}", self.log());
        self.ready = serde_json::from_slice(&fs::read(&ready).unwrap()).unwrap();
    }

    /// `kill -9`, as a power cut of the machine.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; gives the exit status.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        child.wait().unwrap().code()
    }

    pub(crate) fn ready(&self) -> &Value {
        &self.ready
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn card(&self, board: &str) -> PathBuf {
        self.path("rack/boards").join(board).join("card.img")
    }

    /// Asks the API; gives status and body.
    pub(crate) fn api(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.ready["url"].as_str().unwrap());
        let token = format!("Bearer {}", self.ready["token"].as_str().unwrap());
        self.ask(method, &url, Some(&token), body)
    }

    /// Tells a board what to get wrong.
    pub(crate) fn set_faults(&self, board: &str, faults: &Value) {
        assert_eq!(self.simulator("PUT", &format!("/api/boards/{board}/faults"), faults).0, 204);
    }

    /// Asks the simulator.
    pub(crate) fn simulator(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.ready["simulator"].as_str().unwrap());
        self.ask(method, &url, None, body)
    }

    fn ask(&self, method: &str, url: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let request = ureq::http::Request::builder().method(method).uri(url);
        let request = request.header("content-type", "application/json");
        let request =
            token.into_iter().fold(request, |request, token| request.header("authorization", token));
        let sent = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let mut answer = self.agent.run(request.body(sent).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Reserves these boards and configures them with that key; gives the reservation.
    pub(crate) fn deploy(&self, boards: &[&str], key: &KeyPair, script: Option<&str>) -> i64 {
        let (status, made) =
            self.api("POST", "/reservations", &json!({"nodes": boards, "hours": 2, "name": "test"}));
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_i64().unwrap();
        let wish = json!({
            "environment": "raspios-demo", "ssh_keys": [key.public.to_string()], "user_script": script,
        });
        let (status, made) = self.api("PUT", &format!("/reservations/{id}/configuration"), &wish);
        assert_eq!(status, 200, "{made}");
        id
    }

    /// The reservation's node of that name.
    pub(crate) fn node(&self, reservation: i64, board: &str) -> Value {
        let (status, answer) = self.api("GET", &format!("/reservations/{reservation}"), &Value::Null);
        assert_eq!(status, 200, "{answer}");
        let nodes = answer["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["name"] == board).cloned().unwrap_or(Value::Null)
    }

    /// Waits until a node is in one of these states; a state that ends everything else is a failure.
    pub(crate) fn await_state(&self, reservation: i64, board: &str, wanted: &[&str]) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            let node = self.node(reservation, board);
            let state = node["state"].as_str().unwrap_or_default();
            if wanted.contains(&state) {
                return node;
            }
            let rests = ["deployed", "lost", "failed", "destroyed"].contains(&state);
            let resting = rests && node["request"].is_null();
            assert!(
                !resting && Instant::now() < end,
                "{board} is {node:#}, wanted {wanted:?}\n{}\n{}",
                self.history(reservation),
                self.log()
            );
            sleep(PAUSE);
        }
    }

    /// Waits until a node has left a state in which nothing happens by itself.
    pub(crate) fn await_gone_state(&self, reservation: i64, board: &str, state: &str) {
        let end = Instant::now() + LIMIT;
        while self.node(reservation, board)["state"] == state {
            assert!(Instant::now() < end, "{board} stays {state}\n{}", self.history(reservation));
            sleep(PAUSE);
        }
    }

    /// Everything that was noted of a reservation's nodes.
    pub(crate) fn history(&self, reservation: i64) -> String {
        let (_, events) = self.api("GET", &format!("/reservations/{reservation}/events"), &Value::Null);
        let line = |event: &Value| {
            format!("{} {} {} {}\n", event["at"], event["node"], event["state"], event["text"])
        };
        events.as_array().into_iter().flatten().map(line).collect()
    }

    /// Waits until the board is at that stage of the simulator.
    pub(crate) fn await_board(&self, board: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            let (_, boards) = self.simulator("GET", "/api/boards", &Value::Null);
            let found =
                boards.as_array().unwrap().iter().find(|view| view["name"] == board).cloned().unwrap();
            if wanted(&found) {
                return found;
            }
            assert!(Instant::now() < end, "{found:#}\n{}", self.log());
            sleep(PAUSE);
        }
    }

    /// Signs in to a node with OpenSSH's client, which accepts only the host key that the API names.
    pub(crate) fn ssh(&self, node: &Value, key: &KeyPair, command: &str) -> Output {
        let text = |field: &str| node[field].as_str().unwrap_or_default().to_owned();
        let (address, port) = (text("address"), node["ssh_port"].to_string());
        let identity = self.path("identity");
        drop(fs::remove_file(&identity));
        fs::write(&identity, &key.private).unwrap();
        fs::set_permissions(&identity, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(self.path("known_hosts"), format!("[{address}]:{port} {}\n", text("host_key"))).unwrap();
        let known = format!("UserKnownHostsFile={}", self.path("known_hosts").display());
        Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", &known])
            .args(["-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10", "-p", &port, "-i"])
            .arg(&identity)
            .args([&format!("{}@{address}", text("ssh_user")), command])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Whether a card holds nothing but zeroes.
pub(crate) fn is_empty(card: &Path) -> bool {
    fs::read(card).unwrap().iter().all(|byte| *byte == 0)
}

/// A person's key.
pub(crate) fn person() -> KeyPair {
    KeyPair::generate("ada@lab").unwrap()
}
