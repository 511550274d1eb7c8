//! A whole web server on a database of its own: nodes, an environment, accounts; asked without a socket.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use pimaster::agent::{Agent, Local};
use pimaster::detect::{NodeNetwork, Rules};
use pimaster::keys::KeyFolder;
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::deployment::DeploymentState;
use pimaster::model::environment::OsFamily;
use pimaster::model::folder::DataFolder;
use pimaster::model::ids::{DeploymentId, ReservationId};
use pimaster::model::image::{Digest, FileSystem, Layout, Partition, TableKind};
use pimaster::model::net::MacAddr;
use pimaster::model::network::{Mode, Network, Networks};
use pimaster::model::reservation::ReservationState;
use pimaster::model::routing::Routing;
use pimaster::model::token::{Lifetime, TokenWish};
use pimaster::model::user::Role;
use pimaster::store::environments::NewEnvironment;
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, deployments, environments, nodes, reservations};
use pimaster::web;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A key that is one.
pub(crate) const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA ada@lab";
/// Another.
pub(crate) const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA bob@lab";
/// Size of the root partition of the environment, in bytes.
pub(crate) const ROOT_BYTES: u64 = 2_000_000_000;

pub(crate) struct TestApp {
    pub(crate) store: Store,
    pub(crate) agent: Arc<Local>,
    pub(crate) streams: CancellationToken,
    pub(crate) keys: KeyFolder,
    pub(crate) data: DataFolder,
    router: Router,
    _folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl TestApp {
    /// Nodes pi-01 to pi-NN and the environment `raspios`.
    pub(crate) async fn new(count: u8) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), count).await
    }

    /// The same in memory, where the machine has such a folder: for a test that makes a hundred of them.
    pub(crate) async fn in_memory(count: u8) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::in_folder(folder.unwrap(), count).await
    }

    async fn in_folder(folder: tempfile::TempDir, count: u8) -> Self {
        let store = Store::open(&folder.path().join("pimaster.db")).unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let data = DataFolder::new(folder.path());
        let agent = Arc::new(Local::new(store.clone(), keys.clone(), data.clone(), 22, rules(), networks()));
        let streams = CancellationToken::new();
        let config = web::Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: "http://pimaster.test".into(),
            secure_cookies: false,
            time_zone: clock::TimeZone::UTC,
            tls: None,
        };
        let shared: Arc<dyn Agent> = agent.clone();
        let router = web::router(config, store.clone(), shared, &keys, streams.clone()).unwrap();
        store
            .write(move |tx| {
                for number in 1..=count {
                    nodes::insert(tx, &node(number), clock::now())?;
                }
                environments::insert(tx, &environment(), clock::now())
            })
            .await
            .unwrap();
        Self { store, agent, streams, keys, data, router, _folder: folder }
    }

    /// An account, and a token of it.
    pub(crate) async fn token(&self, email: &str, role: Role) -> String {
        web::add_user(&self.store, email, role).await.unwrap();
        self.token_of(email).await
    }

    /// A token of an account that is there.
    pub(crate) async fn token_of(&self, email: &str) -> String {
        web::create_token(&self.store, email, TokenWish::unlimited("test")).await.unwrap()
    }

    /// A token of an account that is there, with these scopes.
    pub(crate) async fn scoped(&self, email: &str, scopes: &str) -> String {
        let wish = TokenWish::judge("scoped", scopes.parse().unwrap(), Lifetime::Days(30)).unwrap();
        web::create_token(&self.store, email, wish).await.unwrap()
    }

    /// Asks the API for an edit of what has that tag.
    pub(crate) async fn edit(
        &self,
        method: Method,
        path: &str,
        (token, tag): (&str, &str),
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::IF_MATCH, tag).header(header::CONTENT_TYPE, "application/json");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// An answer whose body is still to be read.
    pub(crate) async fn open(&self, mut request: Request<Body>) -> Response<Body> {
        let from: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(from));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks the API.
    pub(crate) async fn api(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = match body {
            Some(body) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// Does what the deployment workers do when a configured reservation is due.
    pub(crate) async fn activate(&self, id: ReservationId, state: DeploymentState) -> Vec<DeploymentId> {
        self.store
            .write(move |tx| {
                let reservation = reservations::by_id(tx, id)?.unwrap();
                let environment = reservation.configuration.unwrap().environment;
                let now = clock::now();
                reservations::set_state(tx, id, ReservationState::Active, now)?;
                let insert = |node| deployments::insert(tx, id, node, environment, state, now);
                reservation.nodes.into_iter().map(insert).collect()
            })
            .await
            .unwrap()
    }
}

/// The pool begins after the nodes of every test.
fn rules() -> Rules {
    Rules {
        networks: vec![NodeNetwork {
            subnet: "10.20.0.0/24".parse().unwrap(),
            router: Some(Ipv4Addr::new(10, 20, 0, 253)),
            node_ranges: vec!["10.20.0.50-10.20.0.60".parse().unwrap()],
        }],
        server_address: Ipv4Addr::new(10, 20, 0, 1),
        prefix: "pi".into(),
    }
}

fn networks() -> Networks {
    let subnet = "10.20.0.0/24".parse().unwrap();
    Networks {
        mode: Mode::Authoritative,
        interface: Some("eth0".into()),
        own: Ipv4Addr::new(10, 20, 0, 254),
        home: Network::new(subnet, Some(Ipv4Addr::new(10, 20, 0, 253))),
        relayed: vec![],
        routing: Some(Routing { uplink: "wlan0".parse().unwrap(), masquerade: true }),
    }
}

fn node(number: u8) -> NewNode {
    let models = [BoardModel::Pi3bPlus, BoardModel::Pi4b, BoardModel::Pi5];
    NewNode {
        name: format!("pi-{number:02}").parse().unwrap(),
        mac: format!("dc:a6:32:00:00:{number:02x}").parse::<MacAddr>().unwrap(),
        address: Ipv4Addr::new(10, 20, 0, number),
        model: models[usize::from(number) % 3],
        serial: None,
        port: None,
    }
}

pub(crate) fn environment() -> NewEnvironment {
    let partition = |number, start_bytes, size_bytes, file_system| Partition {
        number,
        start_bytes,
        size_bytes,
        file_system,
    };
    NewEnvironment {
        name: "raspios".into(),
        description: "Raspberry Pi OS Lite, 64 bits".into(),
        family: OsFamily::RaspberryPiOs,
        ssh_user: "root".into(),
        layout: Layout {
            table: TableKind::Mbr,
            partitions: vec![
                partition(1, 4 << 20, 512 << 20, FileSystem::Fat),
                partition(2, 516 << 20, ROOT_BYTES, FileSystem::Ext4),
            ],
            boot: 1,
            root: 2,
        },
        disk_bytes: 2_700_000_000,
        used_bytes: 1_800_000_000,
        stored_bytes: 600_000_000,
        digest: Digest([7; 32]),
        boots_on: None,
    }
}
