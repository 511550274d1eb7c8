//! A real client, busybox udhcpc, in a network namespace of its own: gets, renews, gives back and declines an address.
//!
//! Needs the right to make namespaces (root), `ip`, `unshare`, `nsenter` and `busybox`; without them it says so and
//! proves nothing.

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, socket};
use nix::unistd::Pid;
use pimaster::dhcp::{Config, Server};
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::net::MacAddr;
use pimaster::store::leases::{Lease, LeaseState};
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, leases, nodes};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
const BOARD: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
const MAC: MacAddr = MacAddr([0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89]);

/// What udhcpc runs at each event: tells what it got, and configures the interface as a system would.
const SCRIPT: &str = r#"#!/bin/sh
case "$1" in
bound) ip addr add "$ip/$mask" broadcast "$broadcast" dev "$interface" ;;
deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
esac
echo "$1 ip=$ip subnet=$subnet broadcast=$broadcast router=$router dns=$dns ntp=$ntpsrv host=$hostname domain=$domain lease=$lease server=$serverid next=$siaddr"
"#;

const BOUND: &str = "ip=10.20.0.7 subnet=255.255.255.0 broadcast=10.20.0.255 router=10.20.0.254 \
                     dns=10.20.0.1 9.9.9.9 ntp=10.20.0.1 host=pi-07 domain=rack.lab lease=3600 server=10.20.0.1 next=10.20.0.1";

#[test]
fn udhcpc_lives_with_this_server() {
    for program in ["ip", "unshare", "nsenter", "busybox"] {
        let found = std::process::Command::new(program).arg("--help").output();
        assert!(found.is_ok(), "{program} is missing; scripts/setup test installs it");
    }
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(scenario());
    });
    inside.join().unwrap();
}

async fn scenario() {
    let board = Board::connect().await;
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let server = Server::bind(config(), store.clone()).unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(server.run(shutdown.clone()));
    let wire =
        socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_NONBLOCK, SockProtocol::EthAll).unwrap();

    let mut client = board.udhcpc(&folder, &[]).await;
    assert_eq!(client.event("bound").await, BOUND);
    let offer_and_ack = receivers(&wire);
    assert_eq!(offer_and_ack, [MAC.0, MAC.0], "frames to the board alone, before it has an address");
    client.signal(Signal::SIGUSR1);
    assert_eq!(client.event("renew").await, BOUND);
    client.signal(Signal::SIGUSR2);
    client.event("deconfig").await;
    lease_becomes(&store, LeaseState::Released).await;
    client.signal(Signal::SIGKILL);
    drop(receivers(&wire));

    let mut client = board.udhcpc(&folder, &["-B"]).await;
    assert_eq!(client.event("bound").await, BOUND);
    assert_eq!(receivers(&wire), [[0xff; 6]; 2], "the client asked for broadcasts");
    client.signal(Signal::SIGKILL);

    ip(&["neighbour", "flush", "dev", "pm-server"]).await;
    let mut client = board.udhcpc(&folder, &["-V", "PXEClient:Arch:00000:UNDI:002001"]).await;
    assert_eq!(
        client.event("bound").await,
        "ip=10.20.0.7 subnet=255.255.255.0 broadcast=10.20.0.255 router=10.20.0.254 dns= ntp= host= domain= lease=3600 server=10.20.0.1 next=10.20.0.1"
    );
    let neighbours = Command::new("ip").args(["neighbour", "show", "10.20.0.7"]).output().await.unwrap();
    let neighbours = String::from_utf8(neighbours.stdout).unwrap();
    assert!(
        neighbours.contains(&format!("lladdr {MAC} REACHABLE")),
        "firmware is found without ARP: {neighbours}"
    );
    client.signal(Signal::SIGKILL);

    // Somebody else sits on the board's address.
    ip(&["addr", "add", "10.20.0.7/24", "dev", "pm-server"]).await;
    let mut client = board.udhcpc(&folder, &["-a500"]).await;
    let rests = lease_becomes(&store, LeaseState::Declined).await;
    assert_eq!(rests.expires_at.duration_since(rests.since).as_secs(), 60);
    client.signal(Signal::SIGKILL);
    client.child.wait().await.unwrap();

    shutdown.cancel();
    serving.await.unwrap();
}

fn config() -> Config {
    Config {
        interface: Some("pm-server".to_owned()),
        server_address: SERVER,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/24".parse().unwrap(),
        router: Some([10, 20, 0, 254].into()),
        dns: vec![SERVER, [9, 9, 9, 9].into()],
        ntp: vec![SERVER],
        domain: Some("rack.lab".to_owned()),
        lease_seconds: 3600,
    }
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(&folder.path().join("pimaster.db")).unwrap();
    let (name, model) = ("pi-07".parse().unwrap(), BoardModel::Pi4b);
    let new = NewNode { name, mac: MAC, address: BOARD, model, serial: None, port: None };
    store.write(move |tx| nodes::insert(tx, &new, clock::now())).await.unwrap();
    store
}

async fn lease_becomes(store: &Store, state: LeaseState) -> Lease {
    let mut changes = store.changes();
    loop {
        let lease = store.read(|conn| leases::by_mac(conn, MAC)).await.unwrap();
        if let Some(lease) = lease.filter(|lease| lease.state == state) {
            return lease;
        }
        changes.changed().await.unwrap();
    }
}

/// The hardware addresses that the server's packets to clients went to, since the last call.
fn receivers(wire: &OwnedFd) -> Vec<[u8; 6]> {
    let mut frame = [0; 2048];
    let mut found = Vec::new();
    while let Ok(length) = recv(wire.as_raw_fd(), &mut frame, MsgFlags::empty()) {
        let is_reply =
            frame[12..14] == [8, 0] && frame[23] == 17 && frame[34..38] == [0, 67, 0, 68] && length > 280;
        if is_reply {
            found.push(frame[..6].try_into().unwrap());
        }
    }
    found
}

async fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status().await.unwrap();
    assert!(done.success(), "ip {arguments:?}");
}

/// A namespace with the other end of the server's cable.
struct Board {
    holder: Child,
}

impl Board {
    async fn connect() -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "sh", "-c", "echo ready; exec cat"]).kill_on_drop(true);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert_eq!(ready.next_line().await.unwrap().as_deref(), Some("ready"));
        let board = Self { holder };
        let (mac, pid) = (MAC.to_string(), board.pid());
        ip(&[
            "link",
            "add",
            "pm-server",
            "type",
            "veth",
            "peer",
            "name",
            "pm-board",
            "address",
            &mac,
            "netns",
            &pid,
        ])
        .await;
        ip(&["addr", "add", "10.20.0.1/24", "dev", "pm-server"]).await;
        ip(&["link", "set", "pm-server", "up"]).await;
        let up = board.inside().args(["ip", "link", "set", "pm-board", "up"]).status().await.unwrap();
        assert!(up.success());
        board
    }

    fn pid(&self) -> String {
        self.holder.id().unwrap().to_string()
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.pid()]);
        command
    }

    async fn udhcpc(&self, folder: &tempfile::TempDir, more: &[&str]) -> Client {
        let script = folder.path().join("script");
        std::fs::write(&script, SCRIPT).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = self.inside();
        command
            .args(["busybox", "udhcpc", "-f", "-i", "pm-board", "-O", "ntpsrv", "-s"])
            .arg(script)
            .args(more);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let events = BufReader::new(child.stdout.take().unwrap()).lines();
        Client { child, events }
    }
}

/// A running udhcpc. `nsenter` has become it, so its number is the child's.
struct Client {
    child: Child,
    events: Lines<BufReader<ChildStdout>>,
}

impl Client {
    /// Waits for that event and returns what came with it.
    async fn event(&mut self, name: &str) -> String {
        loop {
            let line = self.events.next_line().await.unwrap().unwrap();
            if let Some((_, rest)) = line.split_once(' ').filter(|(event, _)| *event == name) {
                return rest.to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }
}
