//! What pimaster itself adds to a deployment, with 4, 20 and 200 simulated boards at once, and what it needs of
//! memory. `cargo bench --bench overhead [-- BOARDS[@SPEED]...]`; nothing is asserted.
//!
//! The daemon is a process of its own (`pimaster serve`); the boards live in this one and keep account of their own
//! time: firmware and kernels with their requests, verbs with their downloads. Overhead is the time from "configured"
//! to "deployed", less the board's own time, less the time that a port must stay off.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot go on fails there")]

use pimaster::demo::{Places, Prepared, Ready, Scale};
use pimaster::model::clock::Timestamp;
use pimaster::sim::rack;
use pimaster::sim::status::Busy;
use pimaster::sim::tree::Bulk;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Boards live at the pace of hardware. Faster, their own time (taken out of the figures anyway) would shrink until
/// playing 200 of them at once left the daemon no processor.
const RUNS: [(u16, f64); 3] = [(4, 1.0), (20, 1.0), (200, 1.0)];
const PAUSE: Duration = Duration::from_millis(250);
const LIMIT: Duration = Duration::from_secs(900);
/// Orchestration of PiSeduce in seconds, from the figures of its authors (4 and 20 boards, Pi 3 as master): all that
/// is not boot, copy or script.
const PISEDUCE: [(u16, f64); 2] = [(4, 75.0), (20, 210.0)];

fn main() {
    let wanted: Vec<(u16, f64)> = std::env::args().skip(1).filter_map(|word| parse(&word)).collect();
    let wanted = if wanted.is_empty() { RUNS.to_vec() } else { wanted };
    let mut out = io::stdout();
    writeln!(
        out,
        "seconds per node (mean, slowest), one reservation of all boards; memory of the daemon in MB"
    )
    .unwrap();
    writeln!(
        out,
        "{:>7}{:>9}{:>11}{:>10}{:>9}{:>11}{:>11}{:>10}{:>11}{:>11}",
        "boards",
        "deployed",
        "total",
        "board",
        "off",
        "overhead",
        "slowest",
        "PiSeduce",
        "MB idle",
        "MB peak"
    )
    .unwrap();
    for (boards, speed) in wanted {
        let run = measure(boards, speed);
        let piseduce =
            PISEDUCE.iter().find(|(count, _)| *count == boards).map(|(_, seconds)| seconds / run.overhead);
        let ratio = piseduce.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.0}x"));
        writeln!(
            out,
            "{boards:>7}{:>9}{:>11.2}{:>10.2}{:>9.2}{:>11.2}{:>11.2}{ratio:>10}{:>11.1}{:>11.1}",
            run.deployed, run.total, run.board, run.off, run.overhead, run.slowest, run.idle_mb, run.peak_mb
        )
        .unwrap();
    }
}

/// `BOARDS` or `BOARDS@SPEED`.
fn parse(word: &str) -> Option<(u16, f64)> {
    let (boards, speed) = word.split_once('@').unwrap_or((word, "1"));
    Some((boards.parse().ok()?, speed.parse().ok()?))
}

struct Run {
    deployed: usize,
    total: f64,
    board: f64,
    off: f64,
    overhead: f64,
    slowest: f64,
    idle_mb: f64,
    peak_mb: f64,
}

fn measure(boards: u16, speed: f64) -> Run {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = Runtime::new().unwrap();
    let stop = CancellationToken::new();
    let (ready, rack, min_off) = runtime.block_on(prepare(folder.path(), boards, speed, &stop));
    let mut daemon = Daemon::start(folder.path());
    let api = Api::of(&ready);
    api.until(|| api.get("/nodes").0 == 200);
    let idle_mb = daemon.megabytes("VmRSS");
    let before = busy(&rack);
    let id = api.deploy(&ready);
    let rests = |state: &str| ["deployed", "lost", "failed"].contains(&state);
    let path = format!("/reservations/{id}");
    api.until(|| api.states(&path).iter().all(|state| rests(state)));
    let deployed = api.states(&path).iter().filter(|state| *state == "deployed").count();
    let (after, totals) = (busy(&rack), api.totals(&path));
    let peak_mb = daemon.megabytes("VmHWM");
    daemon.stop();
    stop.cancel();
    runtime.shutdown_timeout(Duration::from_secs(10));
    summarise(deployed, &totals, &before, &after, min_off, (idle_mb, peak_mb))
}

/// Makes the rack and starts its boards and its switch.
async fn prepare(
    folder: &Path,
    boards: u16,
    speed: f64,
    stop: &CancellationToken,
) -> (Ready, rack::Handle, f64) {
    let places = Places::open(Some(folder)).unwrap();
    let ports = places.ports(0).unwrap();
    let scale = Scale { boards, undiscovered: 0, speed, bulk: Bulk::NONE };
    let prepared =
        Prepared::new(&places, &ports, scale, env!("CARGO_BIN_EXE_pimaster").into(), stop).await.unwrap();
    let ready = prepared.ready(([127, 0, 0, 1], ports.control).into()).await.unwrap();
    let min_off = prepared.config.power.min_off.as_secs_f64();
    let handle = prepared.rack.handle();
    tokio::spawn(prepared.rack.run(stop.clone()));
    (ready, handle, min_off)
}

fn summarise(
    deployed: usize,
    totals: &HashMap<String, f64>,
    before: &HashMap<String, Busy>,
    after: &HashMap<String, Busy>,
    off: f64,
    (idle_mb, peak_mb): (f64, f64),
) -> Run {
    let own = |name: &String| {
        let (before, after) = (before[name], after[name]);
        let millis = after.boot_millis + after.verb_millis - before.boot_millis - before.verb_millis;
        Duration::from_millis(millis).as_secs_f64()
    };
    let overheads: Vec<f64> = totals.iter().map(|(name, total)| total - own(name) - off).collect();
    let count = totals.len().max(1) as f64;
    Run {
        deployed,
        total: totals.values().sum::<f64>() / count,
        board: totals.keys().map(own).sum::<f64>() / count,
        off,
        overhead: overheads.iter().sum::<f64>() / count,
        slowest: overheads.iter().copied().fold(0.0, f64::max),
        idle_mb,
        peak_mb,
    }
}

fn busy(rack: &rack::Handle) -> HashMap<String, Busy> {
    rack.boards().into_iter().map(|board| (board.name.to_string(), board.busy)).collect()
}

struct Daemon {
    child: Child,
}

impl Daemon {
    fn start(folder: &Path) -> Self {
        let log = fs::File::create(folder.join("daemon.log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_pimaster"))
            .args(["serve", "--config"])
            .arg(folder.join("pimaster.toml"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }

    /// A line of /proc/PID/status, which is in kB.
    fn megabytes(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1000.0
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Api {
    agent: ureq::Agent,
    base: String,
    token: String,
}

impl Api {
    fn of(ready: &Ready) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { agent, base: format!("{}/api/v1", ready.url), token: format!("Bearer {}", ready.token) }
    }

    /// Waits until something is so.
    fn until(&self, so: impl Fn() -> bool) {
        let end = Instant::now() + LIMIT;
        while !so() && Instant::now() < end {
            sleep(PAUSE);
        }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &Value::Null)
    }

    /// A whole list, page by page.
    fn all(&self, path: &str) -> Vec<Value> {
        let (mut entries, mut next) = (Vec::new(), Some(format!("{path}?limit=1000")));
        while let Some(path) = next {
            let (_, page, link) = self.page("GET", &path, &Value::Null);
            entries.extend(page.as_array().cloned().unwrap_or_default());
            let further = link.as_deref().and_then(|link| link.strip_prefix("</api/v1")?.split_once('>'));
            next = further.map(|(path, _)| path.to_owned());
        }
        entries
    }

    /// Status 0 while nobody listens.
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, body, _) = self.page(method, path, body);
        (status, body)
    }

    fn page(&self, method: &str, path: &str, body: &Value) -> (u16, Value, Option<String>) {
        let sent = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", &self.token)
            .header("content-type", "application/json")
            .body(sent)
            .unwrap();
        let Ok(mut answer) = self.agent.run(request) else { return (0, Value::Null, None) };
        let text = answer.body_mut().read_to_string().unwrap();
        let link = answer.headers().get("link").and_then(|link| link.to_str().ok()).map(str::to_owned);
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null), link)
    }

    fn deploy(&self, ready: &Ready) -> i64 {
        let names: Vec<&str> = ready.boards.iter().map(|name| name.as_str()).collect();
        let wish = json!({"nodes": names, "hours": 2, "name": "bench"});
        let id = self.ask("POST", "/reservations", &wish).1["id"].as_i64().unwrap();
        let wish = json!({"environment": "raspios-demo"});
        let (status, answer) = self.ask("PUT", &format!("/reservations/{id}/configuration"), &wish);
        assert_eq!(status, 200, "{answer}");
        id
    }

    fn states(&self, path: &str) -> Vec<String> {
        let nodes = self.get(path).1["nodes"].as_array().cloned().unwrap_or_default();
        nodes.iter().filter_map(|node| node["state"].as_str().map(str::to_owned)).collect()
    }

    /// Seconds from the first to the last line of each node's history.
    fn totals(&self, path: &str) -> HashMap<String, f64> {
        let events = self.all(&format!("{path}/events"));
        let mut spans: HashMap<String, (Timestamp, Timestamp)> = HashMap::new();
        for event in &events {
            let at: Timestamp = event["at"].as_str().unwrap().parse().unwrap();
            let span = spans.entry(event["node"].as_str().unwrap().to_owned()).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        }
        spans
            .into_iter()
            .map(|(name, (first, last))| (name, last.duration_since(first).as_secs_f64()))
            .collect()
    }
}
