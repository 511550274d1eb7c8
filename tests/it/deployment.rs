//! Whole deployments on simulated boards of each class: real DHCP, TFTP, SNMP, SSH, image transfer and verbs, on
//! loopback.

use crate::boot::{free_port, installer_root, serve};
use pimaster::deploy::{Exports, Supervisor};
use pimaster::keys::{KeyFolder, KeyPair};
use pimaster::model::clock::{self, SignedDuration};
use pimaster::model::deployment::{Deployment, DeploymentState as S, Request};
use pimaster::model::folder::DataFolder;
use pimaster::model::ids::{EnvironmentId, ReservationId};
use pimaster::model::power::PowerState;
use pimaster::model::problem::Problem;
use pimaster::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::model::reservation::{Configuration, PartitionSize, ReservationState};
use pimaster::model::user::Role;
use pimaster::power::Power;
use pimaster::sim::firmware::Pace;
use pimaster::sim::status::Stage;
use pimaster::sim::tree::{Bulk, write_boot};
use pimaster::sim::{Rack, Settings, Spec, disk_image, rack, switch};
use pimaster::store::nodes::NewNode;
use pimaster::store::reservations::NewReservation;
use pimaster::store::{Store, deployments, nodes, reservations, switches, users};
use pimaster::{deploy, image, power};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Of `correct-horse`.
const PASSWORD_HASH: &str =
    "$6$saltsalt$K7UFl//Wp07xMvFGF5CNr3JVL52HTe9O9C8NXwEvinkuKFSKIlvZQXSwQoNHq5D.BYsXc7IkvOpvWCBRDof1g1";

struct Lab {
    folder: tempfile::TempDir,
    store: Store,
    keys: KeyFolder,
    boards: Vec<Spec>,
    rack: rack::Handle,
    environment: EnvironmentId,
    config: deploy::Config,
    user: KeyPair,
    stop: CancellationToken,
    supervisor: Option<JoinHandle<Result<(), deploy::Error>>>,
}

/// The simulated boards have no NFS: their root lies in a folder.
struct NoExports;

#[async_trait::async_trait]
impl Exports for NoExports {
    async fn sync(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl Lab {
    async fn new(count: u16, speed: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        fs::create_dir_all(data.root()).unwrap();
        let store = Store::open(&data.database()).unwrap();
        let keys = KeyFolder::open(data.root()).unwrap();
        let root = folder.path().join("root");
        installer_root(&root, &keys);
        write_boot(&data.tftp_installer(), Bulk::NONE).unwrap();
        let stop = CancellationToken::new();
        let (dhcp_server, tftp_port) = serve(&store, data.clone(), root, &stop).await;
        let image_url = serve_images(&store, &data, &stop).await;
        let environment = import(&store, &data, folder.path()).await;
        let boards = rack::specs(count);
        let ssh_port = free_port();
        let settings = Settings {
            folder: folder.path().join("boards"),
            dhcp_server,
            tftp_port,
            ssh_port,
            pace: Pace::new(speed),
            node_program: env!("CARGO_BIN_EXE_pimaster").into(),
            card_bytes: 256 << 20,
        };
        let agent = switch::Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            ports: count,
            community: "private".into(),
            state_file: None,
        };
        let bound = Rack::bind(boards.clone(), settings, agent).await.unwrap();
        let rack = bound.handle();
        enrol(&store, &boards, bound.switch_address().unwrap()).await;
        tokio::spawn(bound.run(stop.clone()));
        let config = deploy::Config {
            image_url,
            ssh_port,
            patience: Duration::from_secs(60),
            probe_interval: Duration::from_millis(100),
        };
        let user = KeyPair::generate("ada").unwrap();
        let mut lab =
            Self { folder, store, keys, boards, rack, environment, config, user, stop, supervisor: None };
        lab.supervise();
        lab
    }

    fn supervise(&mut self) {
        let power = power::Config { min_off: Duration::from_millis(50), timeout: Duration::from_millis(500) };
        let power = Power::new(power, self.store.clone());
        let (store, keys) = (self.store.clone(), self.keys.clone());
        let supervisor =
            Supervisor::new(self.config.clone(), store, keys, power, Arc::new(NoExports)).unwrap();
        self.supervisor = Some(tokio::spawn(supervisor.run(self.stop.clone())));
    }

    async fn kill(&mut self) {
        let task = self.supervisor.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    async fn reserve(&self, script: Option<&str>) -> ReservationId {
        let (now, environment, key) = (clock::now(), self.environment, self.user.public.clone());
        let script = script.map(str::to_owned);
        let write = self.store.write(move |tx| {
            let owner = users::by_email(tx, "ada@lab")?.unwrap().id;
            let all = nodes::list(tx)?.into_iter().map(|node| node.id).collect();
            let end = now + SignedDuration::from_hours(1);
            let new = NewReservation {
                owner,
                name: "bin".into(),
                start: now,
                end,
                nodes: all,
                margin: SignedDuration::ZERO,
            };
            let id = reservations::book(tx, &new, now)?.unwrap();
            let configuration = Configuration {
                environment,
                partition_size: PartitionSize::Whole,
                password_hash: PASSWORD_HASH.into(),
                ssh_keys: vec![key],
                user_script: script,
                system_update: false,
                changes: Vec::new(),
            };
            reservations::configure(tx, id, &configuration)?;
            Ok(id)
        });
        write.await.unwrap()
    }

    async fn rows(&self, reservation: ReservationId) -> Vec<Deployment> {
        self.store.read(move |conn| deployments::by_reservation(conn, reservation)).await.unwrap()
    }

    /// Waits until the rows are as wanted; every commit wakes.
    async fn until(&self, reservation: ReservationId, wanted: impl Fn(&Deployment) -> bool) {
        let mut changes = self.store.changes();
        let come = async {
            loop {
                changes.mark_unchanged();
                let rows = self.rows(reservation).await;
                if !rows.is_empty() && rows.iter().all(&wanted) {
                    return true;
                }
                if rows.iter().any(|row| matches!(row.state, S::Failed | S::Lost)) {
                    return false;
                }
                changes.changed().await.unwrap();
            }
        };
        if !tokio::time::timeout(Duration::from_secs(60), come).await.unwrap_or(false) {
            let rows = self.rows(reservation).await;
            let id = rows[0].id;
            let events = self.store.read(move |conn| deployments::events(conn, id)).await.unwrap();
            panic!("{rows:#?}\n{events:#?}\n{:#?}", self.rack.boards());
        }
    }

    async fn ask(&self, reservation: ReservationId, request: Request) {
        for row in self.rows(reservation).await {
            self.store.write(move |tx| deployments::set_request(tx, row.id, request)).await.unwrap();
        }
    }

    /// What a command says on a deployed board, with the user's key and the board's own host key.
    async fn ssh(&self, board: &Spec, key: &KeyPair, command: &str) -> std::process::Output {
        let path = |file: &str| self.folder.path().join(file);
        fs::write(path("identity"), &key.private).unwrap();
        fs::set_permissions(path("identity"), fs::Permissions::from_mode(0o600)).unwrap();
        let host = self.keys.node_host(&board.name).unwrap().public;
        let port = self.config.ssh_port;
        fs::write(
            path("known"),
            format!("[{}]:{port} {} {}\n", board.address, host.algorithm(), host.blob()),
        )
        .unwrap();
        let known = format!("UserKnownHostsFile={}", path("known").display());
        tokio::process::Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", &known])
            .args(["-o", "StrictHostKeyChecking=yes", "-p", &port.to_string(), "-i"])
            .arg(path("identity"))
            .args([&format!("root@{}", board.address), command])
            .output()
            .await
            .unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve_images(store: &Store, data: &DataFolder, stop: &CancellationToken) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (router, stop) = (image::router(store.clone(), data.clone()), stop.clone());
    tokio::spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
    });
    url
}

async fn import(store: &Store, data: &DataFolder, folder: &std::path::Path) -> EnvironmentId {
    let (file, scratch) = (folder.join("debian.img"), folder.join("scratch"));
    fs::create_dir_all(&scratch).unwrap();
    disk_image::make(&file, &scratch, Bulk::NONE).unwrap();
    let request = image::Request {
        file,
        name: "debian".into(),
        description: None,
        ssh_user: None,
        limit_bytes: image::USUAL_LIMIT_BYTES,
    };
    let cancel = CancellationToken::new();
    image::import(store, data, request, |_| {}, &cancel).await.unwrap().environment.id
}

async fn enrol(store: &Store, boards: &[Spec], switch: SocketAddr) {
    let boards = boards.to_vec();
    let write = store.write(move |tx| {
        users::insert(tx, "ada@lab", Role::User, clock::now())?;
        let driver = PowerDriver::Snmp {
            address: switch,
            community: "private".into(),
            base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
            index_offset: 0,
        };
        let switch = switches::upsert(tx, "sw-1", &driver, 512, None)?;
        for board in &boards {
            let new = NewNode {
                name: board.name.clone(),
                mac: board.identity.mac,
                address: board.address,
                model: board.identity.model,
                serial: None,
                port: Some(PortRef { switch, port: board.port }),
            };
            nodes::insert(tx, &new, clock::now())?;
        }
        Ok(())
    });
    write.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_of_each_class_are_deployed_rebooted_and_destroyed() {
    let lab = Lab::new(3, 100.0).await;
    let reservation = lab.reserve(Some("#!/bin/sh\necho made it\n")).await;
    lab.until(reservation, |row| row.state == S::Deployed).await;
    for board in &lab.boards {
        let answer = lab.ssh(board, &lab.user, "hostname").await;
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), board.name.as_str(), "{answer:?}");
        let stranger = KeyPair::generate("stranger").unwrap();
        assert_eq!(lab.ssh(board, &stranger, "hostname").await.status.code(), Some(255));
    }
    let id = lab.rows(reservation).await[0].id;
    let events = lab.store.read(move |conn| deployments::events(conn, id)).await.unwrap();
    assert!(events.iter().any(|event| event.text.contains("status 0; it said: made it")), "{events:#?}");

    lab.ask(reservation, Request::HardReboot).await;
    lab.until(reservation, |row| row.request.is_none() && row.state == S::Deployed).await;

    let write = lab
        .store
        .write(move |tx| reservations::set_state(tx, reservation, ReservationState::Ending, clock::now()));
    write.await.unwrap();
    lab.until(reservation, |row| row.state == S::Destroyed).await;
    for (row, board) in lab.rows(reservation).await.iter().zip(lab.rack.boards()) {
        assert_eq!((row.problem.as_ref(), board.power), (None, PowerState::Off));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_supervisor_goes_on_in_the_middle_of_the_copy() {
    let mut lab = Lab::new(2, 100.0).await;
    let reservation = lab.reserve(None).await;
    let first = i64::from(lab.boards[0].port);
    lab.until(reservation, |row| row.state == S::EnvCopy || row.node.0 != first).await;
    lab.kill().await;
    lab.supervise();
    lab.until(reservation, |row| row.state == S::Deployed).await;
    assert!(lab.rows(reservation).await.iter().all(|row| row.power_cycles == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_does_not_answer_is_named_and_a_take_down_ends_access_without_it() {
    let lab = Lab::new(1, 100.0).await;
    let reservation = lab.reserve(None).await;
    lab.until(reservation, |row| row.state == S::Deployed).await;
    lab.rack.switch().set_unreachable(true);
    lab.ask(reservation, Request::Destroy).await;
    lab.until(reservation, |row| row.state == S::Destroyed).await;
    let problem = lab.rows(reservation).await.remove(0).problem.unwrap();
    assert!(problem.seen.starts_with("card not wiped: switch sw-1"), "{problem}");
    // The board obeyed over SSH: it runs the installer, which knows no user's key.
    lab.rack.reached("pi-01", |stage| *stage == Stage::Installer).await;
    assert_eq!(lab.ssh(&lab.boards[0], &lab.user, "hostname").await.status.code(), Some(255));
}
