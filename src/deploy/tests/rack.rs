//! A rack of boards without a wire: each runs what its port and boot target in the store say, and answers the verbs
//! as it was told. Time is tokio's paused clock, moved on by [`Rack::until`].

use crate::deploy::exports::Exports;
use crate::deploy::remote::{Broken, Dial, DialError, Exit, Output, Remote, Running, Target};
use crate::deploy::{Config, Supervisor};
use crate::keys::KeyFolder;
use crate::model::board::BoardModel;
use crate::model::clock::{Clock, SignedDuration, Timestamp, from_millis};
use crate::model::deployment::{Deployment, DeploymentState as S, Request};
use crate::model::environment::OsFamily;
use crate::model::ids::{EnvironmentId, ReservationId};
use crate::model::image::{Digest, FileSystem, Layout, Partition, TableKind};
use crate::model::node::{BootTarget, Node, NodeName};
use crate::model::power::PowerState;
use crate::model::problem::Problem;
use crate::model::rack::{PortRef, PowerDriver};
use crate::model::reservation::{Configuration, PartitionSize};
use crate::model::ssh_key::PublicKey;
use crate::model::user::Role;
use crate::model::verb::{Retry, USER_SCRIPT_PATH, VerbLine};
use crate::power::{self, Power};
use crate::store::environments::NewEnvironment;
use crate::store::nodes::NewNode;
use crate::store::reservations::NewReservation;
use crate::store::{
    Error as StoreError, Store, deployments, environments, nodes, reservations, switches, users,
};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};
use tokio_util::sync::CancellationToken;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const BOOT: SignedDuration = SignedDuration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);
/// The root partition that is asked for.
const ROOT_BYTES: u64 = 8 << 30;
const LINE: Duration = Duration::from_millis(400);

/// What goes wrong with one run of a verb or command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// Nothing more is heard.
    Hang,
    /// The connection breaks in the middle.
    Break,
    /// It says that it failed.
    Fail(Retry),
    /// It panics the one who asked.
    Panic,
}

/// One board.
#[derive(Default)]
pub(super) struct Board {
    /// Faults of the next runs by verb.
    pub(super) faults: HashMap<&'static str, VecDeque<Fault>>,
    /// So many of the next boots do not come up.
    pub(super) dead_boots: usize,
    /// What was run, in order.
    pub(super) ran: Vec<String>,
    /// Whether its card holds a customised system.
    pub(super) is_installed: bool,
    /// The script's exit status.
    pub(super) script_status: u32,
    /// The boot order that its EEPROM shows.
    pub(super) boot_order: Option<u32>,
    running: Option<System>,
    restarted: Option<Timestamp>,
    boots: usize,
}

#[derive(Clone, Copy, PartialEq)]
struct System {
    since: Timestamp,
    target: BootTarget,
    number: usize,
    is_dead: bool,
}

pub(super) struct Wire {
    store: Store,
    keys: KeyFolder,
    clock: Clock,
    boards: Mutex<HashMap<Ipv4Addr, Board>>,
    pub(super) syncs: Mutex<Vec<usize>>,
    /// Whether the next one fails.
    pub(super) broken_syncs: Mutex<bool>,
}

impl Wire {
    /// What the board runs now: power and boot target are those of the rows.
    async fn observe(&self, address: Ipv4Addr) -> Option<(Node, System)> {
        let read = self.store.read(move |conn| {
            let Some(node) = nodes::by_address(conn, address)? else { return Ok(None) };
            let wanted = match node.port {
                Some(port) => switches::port_power(conn, port)?.wanted,
                None => Some((PowerState::On, from_millis(0))),
            };
            Ok(Some((node, wanted)))
        });
        let (node, wanted) = read.await.unwrap()?;
        let mut boards = self.boards.lock().unwrap();
        let board = boards.get_mut(&address)?;
        let Some((PowerState::On, since)) = wanted else {
            board.running = None;
            return None;
        };
        let since = board.restarted.map_or(since, |restarted| since.max(restarted));
        if board.running.is_none_or(|running| running.since != since) {
            board.boots += 1;
            let is_dead = board.dead_boots > 0;
            board.dead_boots = board.dead_boots.saturating_sub(1);
            let number = board.boots;
            board.running = Some(System { since, target: node.boot_target, number, is_dead });
        }
        let system = board.running?;
        let boots_card = system.target != BootTarget::Installer;
        let is_up =
            self.clock.now() >= since + BOOT && !system.is_dead && (!boots_card || board.is_installed);
        is_up.then_some((node, system))
    }

    fn host_key(&self, node: &Node, system: System) -> PublicKey {
        match system.target {
            BootTarget::Installer => self.keys.installer_host().unwrap().public,
            BootTarget::Local | BootTarget::Environment => self.keys.node_host(&node.name).unwrap().public,
        }
    }

    fn with<T>(&self, address: Ipv4Addr, act: impl FnOnce(&mut Board) -> T) -> T {
        act(self.boards.lock().unwrap().get_mut(&address).unwrap())
    }
}

struct Client(Arc<Wire>);

#[async_trait::async_trait]
impl Dial for Client {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Remote>, DialError> {
        let address = target.address;
        let std::net::IpAddr::V4(ip) = address.ip() else { panic!() };
        let Some((node, system)) = self.0.observe(ip).await else {
            return Err(DialError::NoAnswer { address, seen: "connection refused".into() });
        };
        let key = self.0.host_key(&node, system);
        if key.blob() != target.host_key.blob() {
            return Err(DialError::SomebodyElse { address, seen: Some(key) });
        }
        Ok(Box::new(Shell { wire: Arc::clone(&self.0), ip, system }))
    }
}

struct Shell {
    wire: Arc<Wire>,
    ip: Ipv4Addr,
    system: System,
}

#[async_trait::async_trait]
impl Remote for Shell {
    async fn exec(&mut self, command: &str, input: Vec<u8>) -> Result<Box<dyn Running>, Broken> {
        let word = command.rsplit(' ').next().unwrap().to_owned();
        let (fault, script_status) = self.wire.with(self.ip, |board| {
            board.ran.push(word.clone());
            let faults = board.faults.iter_mut().find(|(verb, _)| **verb == word);
            (faults.and_then(|(_, faults)| faults.pop_front()), board.script_status)
        });
        assert!(!matches!(fault, Some(Fault::Panic)), "the test asked for it");
        let lines = self.lines(&word, &input, script_status);
        let cut = lines.len() / 2;
        let mut lines: VecDeque<Output> = lines.into();
        match fault {
            None => {}
            Some(Fault::Hang | Fault::Break | Fault::Panic) => lines.truncate(cut),
            Some(Fault::Fail(retry)) => {
                let problem = Problem::new("the card has a bad sector", "a good card", "Replace the card.");
                let line = serde_json::to_string(&VerbLine::Failed { problem, retry }).unwrap();
                lines = VecDeque::from([Output::Line(line), Output::Ended(Exit::Status(1))]);
            }
        }
        let is_broken = matches!(fault, Some(Fault::Break));
        Ok(Box::new(Command { shell: self.again(), word, lines, is_broken }))
    }
}

fn progress(phase: &str, done: u64) -> serde_json::Value {
    json!({"kind": "progress", "phase": phase, "done_bytes": done, "total_bytes": 1000})
}

fn done(report: &serde_json::Value) -> serde_json::Value {
    json!({"kind": "done", "report": report})
}

impl Shell {
    fn again(&self) -> Self {
        Self { wire: Arc::clone(&self.wire), ip: self.ip, system: self.system }
    }

    fn lines(&self, word: &str, input: &[u8], script_status: u32) -> Vec<Output> {
        let input: serde_json::Value = serde_json::from_slice(input).unwrap_or_default();
        let lines = match word {
            "probe" => vec![done(&json!({
                "host_name": "installer", "version": env!("CARGO_PKG_VERSION"), "model": "Raspberry Pi 4",
                "serial": "10000000abcdef01", "revision": "c03112", "memory_mib": 4096,
                "boot_id": format!("{}-{}", self.ip, self.system.number),
                "boot_order": self.wire.with(self.ip, |board| board.boot_order),
                "card": {"path": "/dev/mmcblk0", "size_bytes": 32_000_000_000u64, "read_only": false, "identity": "SD32G"},
            }))],
            "write-image" => {
                assert!(input["token"].as_str().unwrap().len() == 64);
                assert!(input["least_card_bytes"].as_u64().unwrap() > ROOT_BYTES);
                assert!(input["url"].as_str().unwrap().starts_with("http://10.20.0.1:9000/images/"));
                vec![
                    progress("discard", 0),
                    progress("write", 10),
                    progress("write", 500),
                    progress("write", 1000),
                    progress("check", 10),
                    progress("check", 1000),
                    done(&json!({"digest": input["digest"], "written_bytes": 1000, "resumed_bytes": 0,
                                 "write_millis": 1000, "check_millis": 500})),
                ]
            }
            "grow" => vec![
                progress("table", 0),
                progress("check_file_system", 1),
                progress("resize", 1),
                progress("resize", 2),
                done(&json!({"partition_bytes": 31_000_000_000u64, "file_system_bytes": 31_000_000_000u64})),
            ],
            "customise" => {
                assert!(input["host_key"].as_str().unwrap().contains("PRIVATE KEY"));
                vec![done(&json!({"cmdline": "root=/dev/mmcblk0p2", "notes": ["sshd is enabled"]}))]
            }
            "wipe" => vec![
                progress("discard", 1),
                progress("discard", 2),
                done(&json!({"method": "discard", "wiped_bytes": 9})),
            ],
            "finish" => vec![done(&json!(null))],
            USER_SCRIPT_PATH => {
                return vec![
                    Output::Line("hello".into()),
                    Output::Complaint("warned".into()),
                    Output::Ended(Exit::Status(script_status)),
                ];
            }
            "upgrade" => return vec![Output::Line("0 upgraded".into()), Output::Ended(Exit::Status(0))],
            _ => return vec![Output::Ended(Exit::Status(127))],
        };
        let mut outputs: Vec<Output> = lines.iter().map(|line| Output::Line(line.to_string())).collect();
        outputs.push(Output::Ended(Exit::Status(0)));
        outputs
    }

    /// What is left behind once the command has ended well.
    fn take_effect(&self, word: &str) {
        let now = self.wire.clock.now();
        self.wire.with(self.ip, |board| match word {
            "customise" => board.is_installed = true,
            "wipe" | "write-image" => board.is_installed = false,
            "finish" => board.restarted = Some(now),
            _ => {}
        });
    }
}

struct Command {
    shell: Shell,
    word: String,
    lines: VecDeque<Output>,
    is_broken: bool,
}

#[async_trait::async_trait]
impl Running for Command {
    async fn next(&mut self) -> Result<Output, Broken> {
        sleep(LINE).await;
        let still = self.shell.wire.observe(self.shell.ip).await;
        if still.is_none_or(|(_, system)| system != self.shell.system) {
            return Err(Broken("no route to host".into()));
        }
        let Some(output) = self.lines.pop_front() else {
            if self.is_broken {
                return Err(Broken("connection reset by peer".into()));
            }
            return std::future::pending().await;
        };
        if output == Output::Ended(Exit::Status(0)) {
            self.shell.take_effect(&self.word);
        }
        Ok(output)
    }
}

#[async_trait::async_trait]
impl Exports for Wire {
    async fn sync(&self) -> Result<(), Problem> {
        let read = self.store.read(nodes::installing);
        let count = read.await.unwrap().len();
        if std::mem::take(&mut *self.broken_syncs.lock().unwrap()) {
            return Err(Problem::new("exportfs hangs", "an answer", "Look at it."));
        }
        self.syncs.lock().unwrap().push(count);
        sleep(LINE).await;
        Ok(())
    }
}

/// The whole rack with its database.
pub(super) struct Rack {
    pub(super) store: Store,
    pub(super) wire: Arc<Wire>,
    pub(super) clock: Clock,
    environment: EnvironmentId,
    supervisor: Option<(JoinHandle<Result<(), crate::deploy::Error>>, CancellationToken)>,
    _hold: std::sync::mpsc::Sender<()>,
    pub(super) folder: tempfile::TempDir,
}

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 20, 0, 10 + number)
}

impl Rack {
    /// So many boards, all off, and a supervisor at work.
    pub(super) async fn start(boards: u8) -> Self {
        Self::wired(boards, true).await
    }

    /// The same, perhaps with boards that hang on no switch.
    pub(super) async fn wired(boards: u8, has_switch: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        // The paused clock would run ahead whenever the store's threads are at work; it moves in `pass` alone.
        let (hold, held) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv());
        let begun = Instant::now();
        let base = from_millis(1_800_000_000_000);
        let clock = Clock::reading(move || base + SignedDuration::try_from(begun.elapsed()).unwrap());
        let now = clock.now();
        let environment = store
            .write(move |tx| {
                let switch = switches::upsert(tx, "hands", &PowerDriver::None, 48, None)?;
                for number in 0..boards {
                    let new = NewNode {
                        name: format!("pi-{number}").parse::<NodeName>().unwrap(),
                        mac: format!("dc:a6:32:00:00:{number:02x}").parse().unwrap(),
                        address: address(number),
                        model: BoardModel::Pi4b,
                        serial: None,
                        port: has_switch.then_some(PortRef { switch, port: u16::from(number) + 1 }),
                    };
                    nodes::insert(tx, &new, now)?;
                }
                users::insert(tx, "a@b", Role::User, now)?;
                environments::insert(tx, &environment(), now)
            })
            .await
            .unwrap();
        // Made here: a slow disk must not take time of the paused clock.
        keys.pimaster().unwrap();
        keys.installer_host().unwrap();
        for number in 0..boards {
            keys.node_host(&format!("pi-{number}").parse().unwrap()).unwrap();
        }
        let boards = (0..boards).map(|number| (address(number), Board::default())).collect();
        let wire = Wire {
            store: store.clone(),
            keys,
            clock: clock.clone(),
            boards: Mutex::new(boards),
            syncs: Mutex::default(),
            broken_syncs: Mutex::default(),
        };
        let mut rack =
            Self { store, wire: Arc::new(wire), clock, environment, supervisor: None, _hold: hold, folder };
        rack.supervise();
        rack
    }

    /// Starts a supervisor, as a start of pimaster does.
    pub(super) fn supervise(&mut self) {
        let config = Config {
            image_url: "http://10.20.0.1:9000/".into(),
            ssh_port: 22,
            patience: PATIENCE,
            probe_interval: Duration::from_secs(1),
        };
        let power = power::Config { min_off: Duration::from_secs(5), timeout: Duration::from_secs(1) };
        let power = Power::on_clock(power, self.store.clone(), self.clock.clone());
        let (keys, exports) = (self.wire.keys.clone(), self.wire.clone());
        let dial = Arc::new(Client(Arc::clone(&self.wire)));
        let supervisor =
            Supervisor::reaching(config, self.store.clone(), keys, power, exports, dial, self.clock.clone());
        let shutdown = CancellationToken::new();
        self.supervisor = Some((tokio::spawn(supervisor.run(shutdown.clone())), shutdown));
    }

    /// Ends it as `kill -9` does: at any await point, with nothing said.
    pub(super) async fn kill(&mut self) {
        let (task, _) = self.supervisor.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    /// Ends it as SIGTERM does.
    pub(super) async fn stop(&mut self) {
        let (task, shutdown) = self.supervisor.take().unwrap();
        shutdown.cancel();
        task.await.unwrap().unwrap();
    }

    /// Books the boards for an hour from now and configures them.
    pub(super) async fn reserve(&self, boards: &[u8], script: Option<&str>) -> ReservationId {
        self.reserve_from(self.clock.now(), boards, script).await
    }

    /// The same from another time.
    pub(super) async fn reserve_from(
        &self,
        start: Timestamp,
        boards: &[u8],
        script: Option<&str>,
    ) -> ReservationId {
        let (environment, now) = (self.environment, self.clock.now());
        let (boards, script) = (boards.to_vec(), script.map(str::to_owned));
        let write = self.store.write(move |tx| {
            let owner = users::by_email(tx, "a@b")?.unwrap().id;
            let nodes =
                boards.iter().map(|number| nodes::by_address(tx, address(*number)).unwrap().unwrap().id);
            let end = start + SignedDuration::from_hours(1);
            let new = NewReservation {
                owner,
                name: "bin".into(),
                start,
                end,
                nodes: nodes.collect(),
                margin: SignedDuration::ZERO,
            };
            let id = reservations::book(tx, &new, now)?.unwrap();
            let configuration = Configuration {
                environment,
                partition_size: PartitionSize::Bytes(ROOT_BYTES),
                password_hash: "$6$x".into(),
                ssh_keys: Vec::new(),
                system_update: script.is_some(),
                user_script: script,
                changes: Vec::new(),
            };
            reservations::configure(tx, id, &configuration)?;
            Ok(id)
        });
        write.await.unwrap()
    }

    /// The board's latest deployment.
    pub(super) async fn row(&self, board: u8) -> Option<Deployment> {
        let read = self.store.read(move |conn| {
            let node = nodes::by_address(conn, address(board))?.unwrap().id;
            let mut latest = deployments::current_of_node(conn, node)?;
            for id in (1..20).map(crate::model::ids::DeploymentId) {
                let found = deployments::by_id(conn, id)?.filter(|found| found.node == node);
                latest = latest.or(found);
            }
            Ok(latest)
        });
        read.await.unwrap()
    }

    pub(super) async fn state(&self, board: u8) -> Option<S> {
        self.row(board).await.map(|row| row.state)
    }

    /// The history of the board's latest deployment: states in order, and all texts.
    pub(super) async fn history(&self, board: u8) -> (Vec<S>, String) {
        let id = self.row(board).await.unwrap().id;
        let events = self.store.read(move |conn| deployments::events(conn, id)).await.unwrap();
        let text = events.iter().map(|event| format!("{} {}\n", event.state, event.text)).collect();
        let mut states: Vec<S> = events.iter().map(|event| event.state).collect();
        states.dedup();
        (states, text)
    }

    pub(super) async fn ask(&self, board: u8, request: Request) {
        let id = self.row(board).await.unwrap().id;
        self.store.write(move |tx| deployments::set_request(tx, id, request)).await.unwrap();
    }

    pub(super) fn board<T>(&self, board: u8, act: impl FnOnce(&mut Board) -> T) -> T {
        self.wire.with(address(board), act)
    }

    pub(super) fn fault(&self, board: u8, word: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.board(board, |board| board.faults.entry(word).or_default().extend(faults));
    }

    pub(super) async fn node(&self, board: u8) -> Node {
        self.store.read(move |conn| nodes::by_address(conn, address(board))).await.unwrap().unwrap()
    }

    pub(super) async fn wanted(&self, board: u8) -> PowerState {
        let port = self.node(board).await.port.unwrap();
        self.store.read(move |conn| switches::port_power(conn, port)).await.unwrap().wanted.unwrap().0
    }

    /// Moves time on until all of the boards are in the state.
    pub(super) async fn until(&self, boards: &[u8], state: S) {
        let begun = Instant::now();
        loop {
            let mut seen = Vec::new();
            for board in boards {
                seen.push(self.state(*board).await);
            }
            if seen.iter().all(|seen| *seen == Some(state)) {
                return;
            }
            if begun.elapsed() > PATIENCE * 20 {
                let (_, history) = self.history(boards[0]).await;
                panic!("{seen:?} instead of {state}; {history}");
            }
            self.pass(STEP).await;
        }
    }

    /// Lets everything happen that needs no time, then moves time on.
    pub(super) async fn pass(&self, time: Duration) {
        for _ in 0..4 {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            // A write that fails commits nothing and wakes nobody: it only waits for those before it.
            let behind: Result<(), StoreError> = self.store.write(|_| Err(StoreError::Closed)).await;
            assert!(behind.is_err());
            self.store.read(|_| Ok(())).await.unwrap();
            // What runs on threads beside the runtime, such as reading keys, gets its turn on a busy machine too.
            tokio::task::spawn_blocking(std::thread::yield_now).await.unwrap();
        }
        advance(time).await;
    }
}

fn environment() -> NewEnvironment {
    let partition =
        |number, file_system| Partition { number, start_bytes: 4 << 20, size_bytes: 8 << 20, file_system };
    NewEnvironment {
        name: "debian".into(),
        description: "a small Debian".into(),
        family: OsFamily::Debian,
        ssh_user: "root".into(),
        layout: Layout {
            table: TableKind::Mbr,
            partitions: vec![partition(1, FileSystem::Fat), partition(2, FileSystem::Ext4)],
            boot: 1,
            root: 2,
        },
        disk_bytes: 1 << 30,
        used_bytes: 1 << 20,
        stored_bytes: 1 << 20,
        digest: Digest([7; 32]),
        boots_on: None,
    }
}
