//! pimaster beside dnsmasq, in network namespaces: refuses to start, notices an address used twice, and boots
//! simulated boards to their last file as its proxy and, without DHCP of its own, through dnsmasq's options alone.
//!
//! Needs the right to make namespaces (root), `ip`, `unshare`, `nsenter` and `dnsmasq`; without them it says so and
//! proves nothing.

use crate::wire::{Frames, link_down, link_up};
use nix::sched::{CloneFlags, setns, unshare};
use pimaster::dhcp::extra::OptionTables;
use pimaster::dhcp::{self, Service};
use pimaster::model::board::{BoardModel, BoardSerial, RevisionCode};
use pimaster::model::clock;
use pimaster::model::folder::DataFolder;
use pimaster::model::net::MacAddr;
use pimaster::model::network::{Mode, NoticeKind};
use pimaster::model::node::BootTarget;
use pimaster::sim::firmware::{Firmware, Identity, Keep, NetworkBoot, Pace, Version};
use pimaster::sim::tree::{Bulk, write_boot};
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, networks, nodes};
use pimaster::tftp;
use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
const DNSMASQ: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 2);
const FIXED: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
/// What dnsmasq must tell in place of pimaster: the TFTP server, as each model looks for it, and the name by which
/// firmware knows a boot server. Forced, since a Pi 4's REQUEST does not say that PXE firmware asks.
const BOOT_OPTIONS: [&str; 3] = [
    "--dhcp-boot=,,10.20.0.1",
    "--dhcp-option-force=66,10.20.0.1",
    "--dhcp-option-force=43,Raspberry Pi Boot   ",
];

/// A Pi 4, which sends a REQUEST, and a 3B+, whose ROM takes the OFFER as it is.
fn boards() -> [(&'static str, Identity); 2] {
    let identity = |model, mac, serial, revision| Identity {
        model,
        mac: MacAddr(mac),
        serial: BoardSerial(serial),
        revision: RevisionCode(revision),
    };
    [
        ("pi-4", identity(BoardModel::Pi4b, [0xdc, 0xa6, 0x32, 1, 2, 3], 0xe5ef_6e9d, 0x00c0_3112)),
        (
            "pi-3",
            identity(BoardModel::Pi3bPlus, [0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16], 0xb66c_4c16, 0x00a0_20d3),
        ),
    ]
}

#[test]
fn pimaster_lives_beside_dnsmasq() {
    for program in ["ip", "unshare", "nsenter", "dnsmasq"] {
        let found = std::process::Command::new(program).arg("--help").output();
        assert!(found.is_ok(), "{program} is missing; scripts/setup test installs it");
    }
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
        runtime().block_on(scenario());
    });
    inside.join().unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn scenario() {
    let bridge = ["link", "add", "pm-server", "type", "bridge", "forward_delay", "0"];
    ip(&bridge).await;
    ip(&["addr", "add", "10.20.0.1/24", "dev", "pm-server"]).await;
    ip(&["link", "set", "pm-server", "up"]).await;
    let (other, board) = (Machine::connect("other", "dns0").await, Machine::connect("board", "eth0").await);
    other.ip(&["addr", "add", "10.20.0.2/24", "dev", "dns0"]).await;
    other.ip(&["link", "set", "dns0", "up"]).await;
    let folder = tempfile::tempdir().unwrap();
    let store = enrolled(&folder).await;
    let mut dnsmasq = other.dnsmasq(&[]).await;

    let refused = Service::start(config(Mode::Authoritative, false), store.clone()).await.unwrap_err();
    assert!(matches!(&refused, dhcp::Error::OtherServer { server: DNSMASQ, .. }), "{refused}");
    let text = refused.to_string();
    for part in [&*other.mac.to_string(), "stop it", "dhcp.mode = \"proxy\"", "dhcp.beside_others = true"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let [seen] = store.read(networks::servers).await.unwrap().try_into().unwrap();
    assert_eq!((seen.address, seen.mac), (DNSMASQ, Some(other.mac)));

    proxy(&store, &folder, &board).await;
    dnsmasq.kill().await.unwrap();
    dnsmasq = other.dnsmasq(&BOOT_OPTIONS).await;
    off(&store, &folder, &board).await;
    dnsmasq.kill().await.unwrap();
    used_twice(&store, &folder, &other, &board).await;
    // With dnsmasq gone nothing is in the way.
    drop(Service::start(config(Mode::Authoritative, false), store.clone()).await.unwrap());
}

/// Beside dnsmasq each board boots to its last file: those that put the two OFFERs together, and one that asks the
/// boot server's port.
async fn proxy(store: &Store, folder: &tempfile::TempDir, board: &Machine) {
    let running = Running::start(config(Mode::Proxy, false), store, folder).await;
    let [(_, pi_4), _] = boards();
    for (name, identity) in boards() {
        boots_at_an_address_of_dnsmasqs(store, board, name, identity, Version::Newest).await;
    }
    boots_at_an_address_of_dnsmasqs(store, board, "pi-4", pi_4, Version::AsksBootServer).await;
    running.stop().await;
}

/// pimaster does no DHCP, and the same boards boot to their last file.
async fn off(store: &Store, folder: &tempfile::TempDir, board: &Machine) {
    let running = Running::start(config(Mode::Off, false), store, folder).await;
    for port in [67, 68, 4011] {
        let free = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port));
        assert!(free.is_ok(), "port {port} of DHCP is open in mode off");
    }
    for (name, identity) in boards() {
        boots_at_an_address_of_dnsmasqs(store, board, name, identity, Version::Newest).await;
    }
    running.stop().await;
}

/// The board loads everything from pimaster, which learns the address that it has.
async fn boots_at_an_address_of_dnsmasqs(
    store: &Store,
    board: &Machine,
    name: &'static str,
    identity: Identity,
    version: Version,
) {
    let forgotten = store.write(nodes::forget_addresses_in_use).await;
    forgotten.unwrap();
    let booted = board.boot(identity, version).await;
    let NetworkBoot::Loaded(loaded) = booted else { panic!("{name} did not boot: {booted:#?}") };
    assert_eq!(loaded.lease.boot_server, OWN, "{name}");
    let address = loaded.lease.address;
    assert!((100..=150).contains(&address.octets()[3]), "{name} has {address}, which is not of dnsmasq's");
    assert!(loaded.cmdline.contains("nfsroot=10.20.0.1:"), "{name}: {}", loaded.cmdline);
    until(store, move |conn| Ok(nodes::by_name(conn, name)?.is_some_and(|node| node.address == address)))
        .await;
}

/// Somebody sits on a board's address: the board is answered at once all the same, and both are named.
async fn used_twice(store: &Store, folder: &tempfile::TempDir, other: &Machine, board: &Machine) {
    other.ip(&["addr", "add", "10.20.0.7/24", "dev", "dns0"]).await;
    let running = Running::start(config(Mode::Authoritative, true), store, folder).await;
    let [(_, identity), _] = boards();
    let booted = board.boot(identity, Version::Newest).await;
    let NetworkBoot::Loaded(loaded) = booted else { panic!("no boot: {booted:#?}") };
    assert_eq!(loaded.lease.address, FIXED, "the address is pimaster's to give again");
    until(store, |conn| Ok(!networks::notices(conn)?.is_empty())).await;
    let [stored] = store.read(networks::notices).await.unwrap().try_into().unwrap();
    assert_eq!((stored.notice.kind, &*stored.notice.subject), (NoticeKind::DuplicateAddress, "10.20.0.7"));
    for mac in [identity.mac, other.mac] {
        assert!(stored.notice.seen.contains(&mac.to_string()), "{}", stored.notice.seen);
    }
    running.stop().await;
}

/// Waits until the database says so.
async fn until<F>(store: &Store, mut is_so: F)
where
    F: FnMut(&pimaster::store::Connection) -> pimaster::store::Result<bool> + Send + Copy + 'static,
{
    let mut changes = store.changes();
    while !store.read(move |conn| is_so(conn)).await.unwrap() {
        changes.changed().await.unwrap();
    }
}

fn config(mode: Mode, beside_others: bool) -> dhcp::Config {
    dhcp::Config {
        interface: Some("pm-server".to_owned()),
        server_address: OWN,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/24".parse().unwrap(),
        router: None,
        dns: vec![],
        ntp: vec![],
        domain: None,
        lease_seconds: 3600,
        mode,
        beside_others,
        boot_port: 4011,
        relayed: vec![],
        options: OptionTables::default(),
    }
}

async fn enrolled(folder: &tempfile::TempDir) -> Store {
    let data = DataFolder::new(folder.path());
    write_boot(&data.tftp_installer(), Bulk::NONE).unwrap();
    let store = Store::open(&data.database()).unwrap();
    for ((name, identity), last) in boards().into_iter().zip(7..) {
        let Identity { model, mac, .. } = identity;
        let address = Ipv4Addr::new(10, 20, 0, last);
        let new = NewNode { name: name.parse().unwrap(), mac, address, model, serial: None, port: None };
        let enrol = store.write(move |tx| {
            let id = nodes::insert(tx, &new, clock::now())?;
            nodes::set_boot_target(tx, id, BootTarget::Installer)
        });
        enrol.await.unwrap();
    }
    store
}

/// DHCP and TFTP of one mode.
struct Running {
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl Running {
    async fn start(config: dhcp::Config, store: &Store, folder: &tempfile::TempDir) -> Self {
        let stop = CancellationToken::new();
        let files = tftp::Config {
            listen: (OWN, 69).into(),
            data: DataFolder::new(folder.path()),
            nfs_server: OWN,
            nfs_root: "/srv/root".into(),
            extra_cmdline: String::new(),
            addresses: match config.mode {
                Mode::Authoritative => tftp::Addresses::Given,
                Mode::Proxy | Mode::Off => tftp::Addresses::Learnt,
            },
            netconsole: None,
            max_transfers: 50,
        };
        let dhcp = Service::start(config, store.clone()).await.unwrap();
        let tftp = tftp::Server::bind(files, store.clone()).await.unwrap();
        let (for_dhcp, for_tftp) = (stop.clone(), stop.clone());
        let tasks = [
            tokio::spawn(async move { dhcp.run(for_dhcp).await }),
            tokio::spawn(async move { tftp.run(for_tftp).await.unwrap() }),
        ];
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status().await.unwrap();
    assert!(done.success(), "ip {arguments:?}");
}

/// A namespace with one interface on the bridge.
struct Machine {
    holder: Child,
    mac: MacAddr,
}

impl Machine {
    async fn connect(name: &str, interface: &str) -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "sh", "-c", "echo ready; exec cat"]).kill_on_drop(true);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert_eq!(ready.next_line().await.unwrap().as_deref(), Some("ready"));
        let pid = holder.id().unwrap().to_string();
        let port = format!("pm-{name}");
        let mac = MacAddr([2, 0, 0, 0, 0, u8::try_from(name.len()).unwrap() + name.as_bytes()[0]]);
        let shown = mac.to_string();
        let peer = ["type", "veth", "peer", "name", interface, "address", &shown, "netns", &pid];
        ip(&[["link", "add", &port].as_slice(), &peer].concat()).await;
        ip(&["link", "set", &port, "master", "pm-server", "up"]).await;
        Self { holder, mac }
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.holder.id().unwrap().to_string(), program]);
        command
    }

    async fn ip(&self, arguments: &[&str]) {
        assert!(self.inside("ip").args(arguments).status().await.unwrap().success(), "ip {arguments:?}");
    }

    /// dnsmasq as an ordinary DHCP server that tells these options as well; running when it says so.
    async fn dnsmasq(&self, options: &[&str]) -> Child {
        let mut command = self.inside("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--log-facility=-",
            "--conf-file=/dev/null",
            "--user=root",
            "--port=0",
        ]);
        command.args([
            "--interface=dns0",
            "--dhcp-range=10.20.0.100,10.20.0.150,1h",
            "--no-ping",
            "--leasefile-ro",
        ]);
        command.args(["--dhcp-authoritative", "--pid-file="]).args(options);
        let mut running = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(running.stderr.take().unwrap()).lines();
        while let Some(line) = said.next_line().await.unwrap() {
            if line.contains("IP range") {
                // Somebody must read on, or dnsmasq waits for it.
                tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
                return running;
            }
        }
        panic!("dnsmasq did not start");
    }

    /// A board is put there, boots once from the network, and is switched off.
    async fn boot(&self, identity: Identity, version: Version) -> NetworkBoot {
        let mac = identity.mac.to_string();
        self.ip(&["link", "set", "eth0", "down"]).await;
        self.ip(&["link", "set", "eth0", "address", &mac]).await;
        let namespace = File::open(format!("/proc/{}/ns/net", self.holder.id().unwrap())).unwrap();
        let life = tokio::task::spawn_blocking(move || {
            std::thread::spawn(move || {
                setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
                runtime().block_on(async {
                    link_up().await.unwrap();
                    let mut wire = Frames::open(identity.mac).unwrap();
                    let firmware = Firmware { identity, version, pace: Pace::new(20.0), keep: Keep::Text };
                    let booted = firmware.boot(&mut wire).await.unwrap();
                    link_down().await.unwrap();
                    booted
                })
            })
            .join()
            .unwrap()
        });
        life.await.unwrap()
    }
}
