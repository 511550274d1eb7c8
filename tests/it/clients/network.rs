//! The fixture: two namespaces and a cable, our servers at one end, a known board at the other. *IO: namespaces,
//! processes.*

use super::event::Events;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, socket};
use nix::unistd::Pid;
use pimaster::dhcp::extra::OptionTables;
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::folder::DataFolder;
use pimaster::model::net::MacAddr;
use pimaster::model::network::Mode;
use pimaster::model::node::BootTarget;
use pimaster::store::leases::{Lease, LeaseState};
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, leases, nodes};
use pimaster::{dhcp, tftp};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);
pub(super) const BOARD: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
pub(super) const MAC: MacAddr = MacAddr([0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89]);
/// Interfaces of the server and of the board.
pub(super) const SERVER_PORT: &str = "pm-server";
pub(super) const BOARD_PORT: &str = "pm-board";

/// Longer than any client takes; then the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(50);
/// A hardware address that nobody has.
const NOBODY: &str = "02:00:00:00:00:99";
/// Of its own are its processes, which end with the first of them, and that with the test, however it ends. And these
/// folders: clients keep their leases and sockets there.
const MACHINE: &str = "for folder in /run /var/lib; do mount -t tmpfs tmpfs $folder; done
    mount -t sysfs -o ro sysfs /sys; echo ready; exec cat";

/// A program, and the Debian package that has it.
pub(super) type Tool = (&'static str, &'static str);

/// The server's end of the cable, with what is served.
pub(super) struct Network {
    pub(super) store: Store,
    pub(super) board: Board,
    folder: tempfile::TempDir,
    wire: OwnedFd,
}

/// A machine with the other end of the server's cable.
pub(super) struct Board {
    holder: Child,
}

/// Runs a scenario in namespaces of its own, with leases of that many seconds.
pub(super) fn with_leases(seconds: u32, tools: &[Tool], scenario: impl AsyncFnOnce(Network) + Send) {
    let common = [("ip", "iproute2"), ("unshare", "util-linux"), ("nsenter", "util-linux")];
    for (program, package) in common.iter().chain(tools) {
        let found = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", ""]
            .into_iter()
            .any(|folder| Path::new(folder).join(program).is_file());
        assert!(found, "{program} is missing: install the Debian package {package} (scripts/setup test)");
    }
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = || {
        if let Err(cause) = unshare(CloneFlags::CLONE_NEWNET) {
            panic!("no network namespace: {cause}; run as root");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stop = CancellationToken::new();
            let (network, dhcp, tftp) = Network::build(seconds).await;
            let serving = (tokio::spawn(dhcp.run(stop.clone())), tokio::spawn(tftp.run(stop.clone())));
            if tokio::time::timeout(PATIENCE, scenario(network)).await.is_err() {
                panic!("the client is not done after {PATIENCE:?}; what it said stands above");
            }
            stop.cancel();
            serving.0.await.unwrap();
            serving.1.await.unwrap().unwrap();
        });
    };
    if let Err(cause) = std::thread::scope(|scope| scope.spawn(inside).join()) {
        std::panic::resume_unwind(cause);
    }
}

impl Network {
    async fn build(lease_seconds: u32) -> (Self, dhcp::Server, tftp::Server) {
        let board = Board::connect().await;
        let folder = tempfile::tempdir().unwrap();
        // Clients that give up root must find their files.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        std::fs::create_dir_all(data.tftp_installer()).unwrap();
        let store = Store::open(&data.database()).unwrap();
        enrol(&store, vec![("pi-07".to_owned(), MAC, BOARD)]).await;
        let dhcp = dhcp::Server::bind(dhcp_config(lease_seconds), store.clone()).unwrap();
        let tftp = tftp::Server::bind(tftp_config(data), store.clone()).await.unwrap();
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let wire = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll).unwrap();
        (Self { store, board, folder, wire }, dhcp, tftp)
    }

    /// Where tests keep what clients need; all may read it.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the board finds its files.
    pub(super) fn boot_files(&self) -> PathBuf {
        DataFolder::new(self.folder().join("data")).tftp_installer()
    }

    /// Waits until the board's lease is in that state.
    pub(super) async fn lease_becomes(&self, state: LeaseState) -> Lease {
        let mut changes = self.store.changes();
        loop {
            let lease = self.store.read(|conn| leases::by_mac(conn, MAC)).await.unwrap();
            if let Some(lease) = lease.filter(|lease| lease.state == state) {
                return lease;
            }
            changes.changed().await.unwrap();
        }
    }

    /// The hardware addresses that the server's packets to clients went to, since the last call.
    pub(super) fn receivers(&self) -> Vec<[u8; 6]> {
        let mut frame = [0; 2048];
        let mut found = Vec::new();
        while let Ok(length) = recv(self.wire.as_raw_fd(), &mut frame, MsgFlags::empty()) {
            let is_reply =
                frame[12..14] == [8, 0] && frame[23] == 17 && frame[34..38] == [0, 67, 0, 68] && length > 280;
            if is_reply {
                found.push(frame[..6].try_into().unwrap());
            }
        }
        found
    }

    /// A script that tells each event, after what a system would do at it.
    pub(super) fn hook(&self, does: &str) -> PathBuf {
        let script = self.folder().join("hook");
        // udhcpc says what happened in its argument, the others in $reason.
        let text = format!("#!/bin/sh\n{does}\necho \"event=${{1:-$reason}}\"\nenv\necho\n");
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        script
    }

    /// Somebody else sits on the board's address.
    pub(super) async fn take_the_boards_address(&self) {
        ip(&["addr", "add", "10.20.0.7/24", "dev", SERVER_PORT]).await;
    }
}

/// Enrols boards that boot the installer's files.
pub(super) async fn enrol(store: &Store, boards: Vec<(String, MacAddr, Ipv4Addr)>) {
    let rows = move |tx: &pimaster::store::Transaction<'_>| {
        for (name, mac, address) in boards {
            let (name, model) = (name.parse().unwrap(), BoardModel::Pi4b);
            let new = NewNode { name, mac, address, model, serial: None, port: None };
            let id = nodes::insert(tx, &new, clock::now())?;
            nodes::set_boot_target(tx, id, BootTarget::Installer)?;
        }
        Ok(())
    };
    store.write(rows).await.unwrap();
}

fn dhcp_config(lease_seconds: u32) -> dhcp::Config {
    dhcp::Config {
        interface: Some(SERVER_PORT.to_owned()),
        server_address: SERVER,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/24".parse().unwrap(),
        router: Some([10, 20, 0, 254].into()),
        dns: vec![SERVER, [9, 9, 9, 9].into()],
        ntp: vec![SERVER],
        domain: Some("rack.lab".to_owned()),
        lease_seconds,
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: Vec::new(),
        options: OptionTables::default(),
    }
}

fn tftp_config(data: DataFolder) -> tftp::Config {
    tftp::Config {
        listen: (SERVER, 69).into(),
        data,
        nfs_server: SERVER,
        nfs_root: "/srv/pimaster/root".into(),
        extra_cmdline: String::new(),
        netconsole: None,
        max_transfers: 10,
        addresses: tftp::Addresses::Given,
    }
}

/// Sends a signal to what [`Board::command`] started.
pub(super) fn signal(nsenter: &Child, signal: Signal) {
    let id = nsenter.id().unwrap();
    let child = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    kill(Pid::from_raw(child.trim().parse().unwrap()), signal).unwrap();
}

pub(super) async fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status().await.unwrap();
    assert!(done.success(), "ip {arguments:?}");
}

/// Runs a command at the server's end; what it printed.
pub(super) async fn output_of(arguments: &[&str]) -> String {
    let output = Command::new(arguments[0]).args(&arguments[1..]).output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

impl Board {
    async fn connect() -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args([
            "--net",
            "--mount",
            "--pid",
            "--mount-proc",
            "--fork",
            "--kill-child=KILL",
            "sh",
            "-c",
            MACHINE,
        ]);
        unshare.kill_on_drop(true);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert_eq!(ready.next_line().await.unwrap().as_deref(), Some("ready"));
        let board = Self { holder };
        let (mac, pid) = (MAC.to_string(), board.pid());
        let cable = ["link", "add", SERVER_PORT, "type", "veth", "peer", "name", BOARD_PORT];
        ip(&[cable.as_slice(), &["address", &mac, "netns", &pid]].concat()).await;
        ip(&["addr", "add", "10.20.0.1/24", "dev", SERVER_PORT]).await;
        ip(&["link", "set", SERVER_PORT, "up"]).await;
        board.run(&["ip", "link", "set", BOARD_PORT, "up"]).await;
        board
    }

    fn pid(&self) -> String {
        self.holder.id().unwrap().to_string()
    }

    /// A command on the board, as the only child of the `nsenter` that is started.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        let processes = format!("--pid=/proc/{}/ns/pid_for_children", self.pid());
        command.args(["--net", "--mount", &processes, "--target", &self.pid()]).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command on the board to its end.
    pub(super) async fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    /// Runs a command on the board, which must end well; what it printed.
    pub(super) async fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a client whose hook tells its events.
    pub(super) fn client(&self, arguments: &[&str]) -> Events {
        let mut command = self.command(arguments);
        Events::of(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    /// What the board sends to the server alone is lost from now on; broadcasts arrive.
    pub(super) async fn lose_unicasts(&self) {
        let server = SERVER.to_string();
        self.run(&[
            "ip",
            "neighbour",
            "replace",
            &server,
            "lladdr",
            NOBODY,
            "nud",
            "permanent",
            "dev",
            BOARD_PORT,
        ])
        .await;
    }

    /// Ends [`Board::lose_unicasts`].
    pub(super) async fn find_server(&self) {
        self.run(&["ip", "neighbour", "delete", &SERVER.to_string(), "dev", BOARD_PORT]).await;
    }
}
