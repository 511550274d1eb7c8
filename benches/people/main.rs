//! How soon pages come when 200 people have Manage open and watch 200 boards being deployed, beside the same people at
//! rest. `cargo bench --bench people [-- PEOPLE]`; nothing is asserted.
//!
//! The daemon is a process of its own; people and boards live in this one, on the same processors. Each person has one
//! board, an event stream, and fetches the page's live part whenever the stream says so, as the page's script does; and
//! opens the whole page now and then.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot go on fails there"
)]

mod person;

use person::Person;
use pimaster::demo::{Places, Prepared, Ready, Scale};
use pimaster::model::token::TokenWish;
use pimaster::model::user::Role;
use pimaster::sim::tree::Bulk;
use pimaster::store::Store;
use pimaster::web;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

const PEOPLE: u16 = 200;
/// How long people at rest are watched.
const REST: Duration = Duration::from_secs(30);
/// Longer than 200 boards take.
const LIMIT: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(500);

/// How long each page took.
type Times = Arc<Mutex<Vec<Duration>>>;

#[tokio::main]
async fn main() {
    let people = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(PEOPLE);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let stop = CancellationToken::new();
    let ready = prepare(folder.path(), people, &stop).await;
    let mut daemon = start(folder.path());
    while TcpStream::connect(ready.url.trim_start_matches("http://")).await.is_err() {
        sleep(PAUSE).await;
    }
    let crowd = gather(folder.path(), &ready).await;
    let mut out = io::stdout();
    writeln!(out, "{} people on Manage, each with a board", crowd.len()).unwrap();
    writeln!(out, "{:<22}{:>8}{:>10}{:>10}{:>12}", "milliseconds", "pages", "median", "p99", "slowest")
        .unwrap();

    let times = Times::default();
    let mut watching = watch(&crowd, &times);
    sleep(REST).await;
    print(&mut out, "at rest", times.lock().await.split_off(0));
    for person in &crowd {
        person.deploy().await;
    }
    let mut waited = Duration::ZERO;
    while waited < LIMIT && !crowd[0].all_rest().await {
        sleep(PAUSE).await;
        waited += PAUSE;
    }
    print(&mut out, "while boards deploy", times.lock().await.split_off(0));
    let deployed = crowd[0].deployed().await;
    writeln!(out, "{deployed} boards deployed after {} s", waited.as_secs()).unwrap();

    watching.abort_all();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    stop.cancel();
}

/// Makes the rack and starts its boards.
async fn prepare(folder: &Path, boards: u16, stop: &CancellationToken) -> Ready {
    let places = Places::open(Some(folder)).unwrap();
    let ports = places.ports(0).unwrap();
    let scale = Scale { boards, undiscovered: 0, speed: 1.0, bulk: Bulk::NONE };
    let program = env!("CARGO_BIN_EXE_pimaster").into();
    let prepared = Prepared::new(&places, &ports, scale, program, stop).await.unwrap();
    let ready = prepared.ready(([127, 0, 0, 1], ports.control).into()).await.unwrap();
    tokio::spawn(prepared.rack.run(stop.clone()));
    ready
}

fn start(folder: &Path) -> Child {
    let log = File::create(folder.join("daemon.log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_pimaster"))
        .args(["serve", "--config"])
        .arg(folder.join("pimaster.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Accounts and tokens go straight into the database; people sign in by link, at the daemon.
async fn gather(folder: &Path, ready: &Ready) -> Vec<Person> {
    let mut database = fs::read_dir(folder.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let database = database.find(|path| path.extension().is_some_and(|end| end == "db")).unwrap();
    let store = Store::open(&database).unwrap();
    let mut crowd = Vec::new();
    for board in &ready.boards {
        let email = format!("{board}@bench.example");
        web::add_user(&store, &email, Role::User).await.unwrap();
        let token = web::create_token(&store, &email, TokenWish::unlimited("bench")).await.unwrap();
        let link = web::sign_in_link(&store, &email, &ready.url).await.unwrap();
        crowd.push(Person::sign_in(&ready.url, &link, token, board.as_str()).await);
    }
    crowd[0].administrator = ready.token.clone();
    crowd
}

/// Everybody looks.
fn watch(crowd: &[Person], times: &Times) -> JoinSet<()> {
    let mut watching = JoinSet::new();
    for (number, person) in crowd.iter().enumerate() {
        let (look, open, open_times, times) = (person.clone(), person.clone(), times.clone(), times.clone());
        watching.spawn(async move { look.follow(&times).await });
        watching.spawn(async move {
            // Not all in the same moment.
            sleep(Duration::from_millis(number as u64 * 50)).await;
            let mut each = interval(Duration::from_secs(10));
            loop {
                each.tick().await;
                open.open("/manage", &open_times).await;
            }
        });
    }
    watching
}

fn print(out: &mut impl Write, name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        times
            .get(times.len() * percent / 100)
            .or(times.last())
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    writeln!(out, "{name:<22}{:>8}{:>10.1}{:>10.1}{:>12.1}", times.len(), at(50), at(99), at(100)).unwrap();
}
