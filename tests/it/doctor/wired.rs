//! On an interface, in a network namespace of its own: pimaster on its real ports, a cable, and another DHCP server
//! at its other end. Needs the right to make namespaces, `ip`, `unshare` and `nsenter`.

use super::program::{examine, run};
use crate::boot::installer_root;
use crate::daemon::Daemon;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType};
use nix::sys::socket::{recv, sendto, socket};
use pimaster::dhcp::frame::{self, End};
use pimaster::dhcp::wire::{self, Reply, ReplyKind, ReplyOption, RequestKind};
use pimaster::keys::KeyFolder;
use pimaster::model::net::MacAddr;
use pimaster::sim::tree::{Bulk, write_boot};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

const OTHER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 66);

#[test]
fn an_interface_is_proved_and_a_foreign_server_named() {
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
        scenario();
    });
    inside.join().unwrap();
}

fn scenario() {
    let mut far_end = FarEnd::connect();
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let daemon = Daemon::serve(folder.path(), &settings(folder.path(), ""));
    assert!(daemon.next_state().contains("READY=1"));
    let config = folder.path().join("pimaster.toml");

    let well =
        examine(&config, &["interface", "ports", "rights", "daemon", "installer", "foreign-dhcp", "boot"]);
    assert_eq!(well.status, Some(0), "{:#}", well.report);
    well.has("interface", "pm-server", "ok", "10.20.0.1/24");
    well.has("ports", "UDP port 67", "ok", "pimaster");
    well.has("rights", "rights", "ok", "the running pimaster");
    well.has("foreign-dhcp", "pm-server", "ok", "no other DHCP server");
    well.has("boot", "Pi 4", "ok", "got 10.20.0.99");
    well.has("boot", "Pi 4", "ok", "the cable and frames to boards were not tried");

    let without = examine(&config, &["export"]);
    assert_eq!(without.status, Some(2), "{:#}", without.report);
    without.has("export", "/bin/true", "ok", "lists the exports");
    without.has("export", "NFS server", "failure", "port 2049");
    without.has("export", "mount service", "failure", "nfs-kernel-server");
    // A portmapper that sends whoever asks for the mount service to port 20048.
    for (port, answer) in [(111, Some(20_048)), (2_049, None), (20_048, None)] {
        answer_calls(port, answer);
    }
    let with = examine(&config, &["export"]);
    with.has("export", "NFS server", "ok", "NFS version 3");
    with.has("export", "mount service", "ok", "mount version 3");

    far_end.offer_addresses();
    let beside = examine(&config, &["foreign-dhcp"]);
    assert_eq!(beside.status, Some(2), "{:#}", beside.report);
    beside.has("foreign-dhcp", "pm-server", "failure", "10.20.0.66 (hardware address 02:00:00:00:00:66)");

    let (code, log) = daemon.stop();
    assert_eq!(code, Some(0), "{log}");
    let stopped = examine(&config, &["ports", "boot"]);
    assert_eq!(stopped.status, Some(0), "{:#}", stopped.report);
    stopped.has("ports", "UDP port 67", "ok", "free");
    stopped.has("boot", "Pi 4", "ok", "started here for the moment");

    in_other_modes(folder.path(), &config);
    ip(&["link", "set", "pm-server", "down"]);
    let down = examine(&config, &["interface"]);
    assert_eq!(down.status, Some(2), "{:#}", down.report);
    down.has("interface", "pm-server", "failure", "ip link set pm-server up");
}

/// In the other modes the server at the far end is wanted, and in mode off it must name pimaster.
fn in_other_modes(folder: &Path, config: &Path) {
    for (mode, boot_server, foreign, told) in
        [("proxy", true, "ok", "10.20.0.66"), ("off", false, "failure", "option 66 = 10.20.0.1")]
    {
        let more = format!("[dhcp]\nmode = '{mode}'\n");
        let daemon = Daemon::serve(folder, &settings(folder, &more));
        assert!(daemon.next_state().contains("READY=1"), "{mode}");
        let found = examine(config, &["ports", "foreign-dhcp", "boot"]);
        found.has("boot", "Pi 4", "ok", "played by the doctor");
        found.has("foreign-dhcp", "pm-server", foreign, told);
        found.has("ports", "TFTP, UDP port 69", "ok", "pimaster");
        found.has("ports", "DNS, TCP port 53", "ok", "pimaster");
        let told = format!("{:#}", found.report);
        assert_eq!(told.contains("boot server, UDP port 4011"), boot_server, "{told}");
        assert_eq!(told.contains("DHCP, UDP port 67"), boot_server, "{told}");
        let (code, log) = daemon.stop();
        assert_eq!(code, Some(0), "{log}");
        let stopped = examine(config, &["boot"]);
        stopped.has("boot", "Pi 4", "ok", "started here for the moment");
    }
}

fn settings(folder: &Path, more: &str) -> String {
    let folder = folder.display();
    format!(
        "[network]\ninterface = 'pm-server'\nsubnet = '10.20.0.0/24'\naddress = '10.20.0.1'\n\
         node_ranges = ['10.20.0.10-10.20.0.99']\n\
         [data]\nadmin_email = 'admin@lab.example'\nfolder = '{folder}/data'\n\
         [nfs]\nroot = '{folder}/root'\nexports = '/bin/true'\n{more}"
    )
}

/// What `nfs prepare` would make.
fn prepare(folder: &Path) {
    let (data, root) = (folder.join("data"), folder.join("root"));
    installer_root(&root, &KeyFolder::open(&data).unwrap());
    for file in ["usr/lib/pimaster/prepared", "usr/local/bin/pimaster"] {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "").unwrap();
    }
    let small = Bulk { kernel_bytes: 3_000_000, firmware_bytes: 200_000, ..Bulk::NONE };
    write_boot(&data.join("tftp/installer"), small).unwrap();
}

/// Answers every RPC call on that port with success, and that number if there is one (RFC 5531 section 9).
fn answer_calls(port: u16, number: Option<u32>) {
    let listener = TcpListener::bind(("10.20.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut call) = (stream.unwrap(), [0; 2048]);
            let length = stream.read(&mut call).unwrap();
            assert!(length >= 44, "a call has eleven words at least");
            let xid = u32::from_be_bytes(call[4..8].try_into().unwrap());
            let reply: Vec<u32> = [xid, 1, 0, 0, 0, 0].into_iter().chain(number).collect();
            let mark = 0x8000_0000 | u32::try_from(reply.len() * 4).unwrap();
            let bytes: Vec<u8> =
                std::iter::once(mark).chain(reply).flat_map(|word| word.to_be_bytes()).collect();
            stream.write_all(&bytes).unwrap();
        }
    });
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// A namespace with the other end of the cable.
struct FarEnd {
    holder: Child,
}

impl FarEnd {
    fn connect() -> Self {
        ip(&["link", "set", "lo", "up"]);
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "sh", "-c", "echo ready; exec cat"]);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let pid = holder.id().to_string();
        let peer = ["peer", "name", "pm-other", "address", "02:00:00:00:00:66", "netns", &pid];
        ip(&[&["link", "add", "pm-server", "type", "veth"], peer.as_slice()].concat());
        ip(&["addr", "add", "10.20.0.1/24", "dev", "pm-server"]);
        ip(&["link", "set", "pm-server", "up"]);
        let up = Command::new("nsenter")
            .args(["--net", "--target", &pid, "ip", "link", "set", "pm-other", "up"])
            .status();
        assert!(up.unwrap().success());
        Self { holder }
    }

    /// Starts a DHCP server there that offers an address to whoever asks; returns when it listens.
    fn offer_addresses(&mut self) {
        let namespace = File::open(format!("/proc/{}/ns/net", self.holder.id())).unwrap();
        let (listening, listens) = mpsc::channel();
        std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let flags = SockFlag::SOCK_CLOEXEC;
            let socket = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll).unwrap();
            listening.send(()).unwrap();
            let mut frame = [0; 2048];
            while let Ok(length) = recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                if let Some(answer) = frame.get(42..length).and_then(offer) {
                    sendto(socket.as_raw_fd(), &answer, &link_address("pm-other"), MsgFlags::empty())
                        .unwrap();
                }
            }
        });
        listens.recv().unwrap();
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

/// The frame that answers a DISCOVER.
fn offer(message: &[u8]) -> Option<Vec<u8>> {
    let request = wire::decode(message).ok().filter(|request| request.kind == RequestKind::Discover)?;
    let options = vec![ReplyOption::ServerIdentifier(OTHER), ReplyOption::LeaseTime(60)];
    let reply = Reply {
        yiaddr: [10, 20, 0, 200].into(),
        siaddr: OTHER,
        ..Reply::to(&request, ReplyKind::Offer, options)
    };
    let end = |mac, address, port| End { mac, address: SocketAddrV4::new(address, port) };
    let from = end(MacAddr([2, 0, 0, 0, 0, 0x66]), OTHER, 67);
    let to = end(MacAddr([0xff; 6]), Ipv4Addr::BROADCAST, 68);
    frame::encode(from, to, &wire::encode(&reply).ok()?)
}

fn link_address(interface: &str) -> LinkAddr {
    let mut all = nix::ifaddrs::getifaddrs().unwrap().filter(|it| it.interface_name == interface);
    all.find_map(|it| it.address?.as_link_addr().copied()).unwrap()
}

#[test]
fn wrong_settings_and_unknown_checks_are_64() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pimaster.toml");
    fs::write(&file, "[network]\nsubnet = 'nonsense'\n").unwrap();
    let wrong = run(&file, &[]);
    assert_eq!(wrong.status.code(), Some(64), "{wrong:?}");
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("network.subnet"));
    let unknown = run(&file, &["--only", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("foreign-dhcp"));
}
