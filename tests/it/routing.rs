//! Routing for the nodes in three network namespaces: a node, pimaster, the outside.
//!
//! Needs the right to make namespaces (root), `ip`, `unshare`, `nsenter`, `busybox` and `nft`.

use crate::daemon::Daemon;
use crate::doctor::program::examine;
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const NODE: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);
const UPLINK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);
const MAC: &str = "dc:a6:32:00:00:07";
/// A connection over two cables takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);
/// What a system does when it has an address; it prints the router that it was told.
const HOOK: &str = r#"#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via $router
echo "router=$router"
"#;
const ROUTING: &str = "[routing]\nuplink = 'pm-up'\n";

#[test]
fn nodes_reach_the_outside_and_nobody_reaches_them() {
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
        scenario();
    });
    inside.join().unwrap();
}

fn scenario() {
    ip(&["link", "set", "lo", "up"]);
    let node = Machine::connect("pm-nodes", "10.20.0.1/24", MAC);
    let outside = Machine::connect("pm-up", "192.0.2.1/24", "02:00:00:00:00:09");
    outside.ip(&["addr", "add", "192.0.2.9/24", "dev", "eth0"]);
    // It knows the way to the nodes, so that nothing but pimaster keeps it out.
    outside.ip(&["route", "add", "10.20.0.0/24", "via", "192.0.2.1"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();

    let daemon = serve(folder, ROUTING);
    assert_eq!((forwarding(), has_table()), (["1", "1", "0"].map(str::to_owned), true));
    enrol(folder);
    assert_eq!(node.gets_its_address(folder), "router=10.20.0.1");
    assert_eq!(connect(&node, &outside, OUTSIDE), Some(UPLINK), "the outside sees the uplink's address");
    assert_eq!(connect(&outside, &node, NODE), None, "the outside opened a connection to a node");

    let examined = || examine(&folder.join("pimaster.toml"), &["routing"]);
    let well = examined();
    well.has("routing", "rules", "ok", "both interfaces forward");
    well.has("routing", "pm-up", "warning", "no default route");
    well.has("routing", "router", "ok", "10.20.0.1");
    nft(&["add", "table", "ip", "other"]);
    nft(&["add", "chain", "ip", "other", "gate", "{ type filter hook forward priority 0; policy drop; }"]);
    examined().has("routing", "rules", "warning", "ip other gate");
    assert_eq!(connect(&node, &outside, OUTSIDE), None, "another firewall stays in force");
    nft(&["delete", "table", "ip", "other"]);

    let (code, log) = daemon.stop();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!((forwarding(), has_table()), (["0", "0", "0"].map(str::to_owned), false));
    assert_eq!(connect(&node, &outside, OUTSIDE), None, "without pimaster there is no way");

    // A pimaster that is killed leaves everything; the next one knows what was before.
    for _ in 0..2 {
        serve(folder, ROUTING).kill();
        assert_eq!((forwarding(), has_table()), (["1", "1", "0"].map(str::to_owned), true));
    }
    let daemon = serve(folder, "");
    assert_eq!((forwarding(), has_table()), (["0", "0", "0"].map(str::to_owned), false));
    assert_eq!(daemon.stop().0, Some(0));

    // Without masquerading the outside sees the node itself, and still does not get in.
    let daemon = serve(folder, &format!("{ROUTING}masquerade = false\n"));
    assert_eq!(connect(&node, &outside, OUTSIDE), Some(NODE));
    assert_eq!(connect(&outside, &node, NODE), None);
    assert_eq!(daemon.stop().0, Some(0));

    let (code, log) = Daemon::serve(folder, &settings(folder, "[routing]\nuplink = 'pm-none'\n")).ended();
    assert_eq!(code, Some(1));
    assert!(log.contains("no interface pm-none, which routing.uplink names"), "{log}");
}

fn serve(folder: &Path, routing: &str) -> Daemon {
    let daemon = Daemon::serve(folder, &settings(folder, routing));
    assert!(daemon.next_state().contains("READY=1"));
    daemon
}

fn settings(folder: &Path, routing: &str) -> String {
    let folder = folder.display();
    format!(
        "[network]\ninterface = 'pm-nodes'\nsubnet = '10.20.0.0/24'\naddress = '10.20.0.1'\n\
         [dhcp]\nbeside_others = true\n[nfs]\nroot = '{folder}/root'\nexports = 'off'\n\
         [data]\nadmin_email = 'admin@lab.example'\nfolder = '{folder}/data'\n{routing}"
    )
}

fn enrol(folder: &Path) {
    let mut add = Command::new(env!("CARGO_BIN_EXE_pimaster"));
    add.args(["node", "add", "--name", "pi-07", "--mac", MAC, "--model", "pi4b", "--address", "10.20.0.7"]);
    assert!(add.arg("--config").arg(folder.join("pimaster.toml")).status().unwrap().success());
}

/// Whether the interface to the nodes, the uplink, and the machine forward.
fn forwarding() -> [String; 3] {
    ["pm-nodes", "pm-up", "all"].map(|name| {
        let value = fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{name}/forwarding"));
        value.unwrap().trim().to_owned()
    })
}

fn has_table() -> bool {
    nft(&["list", "tables"]).contains("table inet pimaster")
}

fn nft(arguments: &[&str]) -> String {
    let output = Command::new("nft").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whom a server at `address` sees when the client connects to it; none if no connection comes about.
fn connect(client: &Machine, server: &Machine, address: Ipv4Addr) -> Option<Ipv4Addr> {
    let listener = server.inside(move || TcpListener::bind((address, 7_777)).unwrap());
    let to = SocketAddr::from((address, 7_777));
    // There is somebody to be reached.
    server.inside(move || drop(TcpStream::connect_timeout(&to, PATIENCE).unwrap()));
    drop(listener.accept().unwrap());
    let stream = client.inside(move || TcpStream::connect_timeout(&to, PATIENCE).ok())?;
    let (_, peer) = listener.accept().unwrap();
    drop(stream);
    let SocketAddr::V4(peer) = peer else { panic!("{peer}") };
    Some(*peer.ip())
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// A namespace with the other end of a cable of pimaster's.
struct Machine {
    holder: Child,
}

impl Machine {
    fn connect(port: &str, address: &str, mac: &str) -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "sh", "-c", "echo ready; exec cat"]);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let machine = Self { holder };
        let pid = machine.holder.id().to_string();
        let peer = ["peer", "name", "eth0", "address", mac, "netns", &pid];
        ip(&[&["link", "add", port, "type", "veth"], peer.as_slice()].concat());
        ip(&["addr", "add", address, "dev", port]);
        ip(&["link", "set", port, "up"]);
        machine.ip(&["link", "set", "lo", "up"]);
        machine.ip(&["link", "set", "eth0", "up"]);
        machine
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.holder.id().to_string(), program]);
        command
    }

    fn ip(&self, arguments: &[&str]) {
        assert!(self.command("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
    }

    /// Runs something there.
    fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.holder.id())).unwrap();
        let thread = std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        });
        thread.join().unwrap()
    }

    /// udhcpc asks once; what its hook printed.
    fn gets_its_address(&self, folder: &Path) -> String {
        let hook = folder.join("hook");
        fs::write(&hook, HOOK).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let mut client = self.command("busybox");
        let client =
            client.args(["udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s"]).arg(hook).output().unwrap();
        assert!(client.status.success(), "{client:?}");
        String::from_utf8(client.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
