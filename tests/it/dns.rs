//! Real clients, `dig` and `host`, in network namespaces of their own: a board of the nodes' network, this machine
//! itself, and a stranger on the same cable.
//!
//! Needs the right to make namespaces (root), `ip`, `dig` and `host`.

use nix::sched::{CloneFlags, unshare};
use nix::unistd::gettid;
use pimaster::dns::{Config, Server, Source};
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::device::NewDevice;
use pimaster::model::net::MacAddr;
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, devices, nodes};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

const MAC: MacAddr = MacAddr([0xdc, 0xa6, 0x32, 0xa7, 0xed, 0x89]);
/// Addresses of `large.example.` in the upstream server: more than 512 bytes, less than 1232.
const MANY: u8 = 60;

#[test]
fn dig_and_host_live_with_this_server() {
    for program in ["dig", "host"] {
        let found = Command::new(program).arg("-v").output();
        assert!(found.is_ok(), "{program} is missing; scripts/setup test installs it");
    }
    // A thread of its own: what it makes lies in the new namespace, the other tests stay outside.
    let inside = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("root is needed to make a network namespace");
        run("ip link set lo up");
        let board = Board::connect();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (ask, shutdown) = (clients(board), CancellationToken::new());
            let serving = tokio::spawn(bind().await.run(shutdown.clone()));
            tokio::task::spawn_blocking(ask).await.unwrap();
            shutdown.cancel();
            serving.await.unwrap();
        });
    });
    inside.join().unwrap();
}

async fn bind() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("pimaster.db")).unwrap();
    let new = NewNode {
        name: "pi-07".parse().unwrap(),
        mac: MAC,
        address: Ipv4Addr::new(10, 20, 0, 7),
        model: BoardModel::Pi4b,
        serial: None,
        port: None,
    };
    store.write(move |tx| nodes::insert(tx, &new, clock::now())).await.unwrap();
    let switch = NewDevice {
        name: "switch".parse().unwrap(),
        mac: MacAddr([0, 0x1b, 0x21, 0, 0, 1]),
        address: Ipv4Addr::new(10, 20, 0, 2),
        boot: None,
    };
    store.write(move |tx| devices::insert(tx, &switch, clock::now())).await.unwrap().unwrap();
    let upstream = UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = Config {
        interface: Some("pm-server".to_owned()),
        listen: "10.20.0.1:53".parse().unwrap(),
        subnets: vec!["10.20.0.0/24".parse().unwrap()],
        domain: Some("rack.lab".to_owned()),
        upstreams: Source::Listed(vec![upstream.local_addr().unwrap()]),
    };
    std::thread::spawn(move || answer_for_the_world(&upstream));
    Server::bind(config, store).unwrap()
}

/// `large.` has many addresses, every other name one; the answer repeats the question and points at its name.
fn answer_for_the_world(socket: &UdpSocket) {
    let mut packet = [0; 512];
    loop {
        let (_, from) = socket.recv_from(&mut packet).unwrap();
        let name = packet[12..].iter().position(|byte| *byte == 0).unwrap();
        let question = &packet[12..12 + name + 5];
        let count = if question.starts_with(b"\x05large") { MANY } else { 1 };
        let header = [packet[0], packet[1], 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0];
        let mut answer = [&header, question].concat();
        for last in 1..=count {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last]);
        }
        socket.send_to(&answer, from).unwrap();
    }
}

fn clients(board: Board) -> impl FnOnce() + Send + 'static {
    move || {
        let short = |text: &str| board.output(&format!("dig @10.20.0.1 +short {text}"));
        assert_eq!(short("pi-07.rack.lab"), "10.20.0.7\n");
        assert_eq!(short("PI-07"), "10.20.0.7\n");
        assert_eq!(short("-x 10.20.0.7"), "pi-07.rack.lab.\n");
        assert_eq!(short("switch.rack.lab"), "10.20.0.2\n");
        assert_eq!(short("-x 10.20.0.2"), "switch.rack.lab.\n");
        assert_eq!(short("+tcp pi-07.rack.lab"), "10.20.0.7\n");
        assert_eq!(short("www.example.org"), "192.0.2.1\n");
        let status = |text: &str| {
            let output = board.output(&format!("dig @10.20.0.1 {text}"));
            let header = output.lines().find(|line| line.contains("status: ")).unwrap_or(&output);
            let flags = output.lines().find(|line| line.starts_with(";; flags:")).unwrap_or_default();
            format!("{header} {flags}")
        };
        let check = |text: &str, parts: &[&str]| {
            let status = status(text);
            assert!(parts.iter().all(|part| status.contains(part)), "{text}: {status}");
        };
        check("AAAA pi-07.rack.lab", &["NOERROR", "qr aa rd ra;", "ANSWER: 0, AUTHORITY: 1"]);
        check("pi-08.rack.lab", &["NXDOMAIN", "AUTHORITY: 1"]);
        check("-x 10.20.0.8", &["NXDOMAIN", "AUTHORITY: 1"]);
        check("CH TXT version.bind", &["REFUSED"]);
        check("+opcode=notify rack.lab", &["NOTIMP"]);
        check("+edns=1 +noednsnegotiation pi-07.rack.lab", &["BADVERS"]);
        assert!(board.output("dig @10.20.0.1 AXFR rack.lab").contains("Transfer failed"));
        check("+noedns +ignore large.example", &["NOERROR", "qr tc rd ra;", "ANSWER: 0"]);
        let whole = board.output("dig @10.20.0.1 +noedns +short large.example");
        assert_eq!(whole.lines().count(), usize::from(MANY), "asked again over TCP");

        let host = board.output("host pi-07.rack.lab 10.20.0.1");
        assert!(host.ends_with("pi-07.rack.lab has address 10.20.0.7\n"), "{host}");
        let host = board.output("host 10.20.0.7 10.20.0.1");
        assert!(host.ends_with("7.0.20.10.in-addr.arpa domain name pointer pi-07.rack.lab.\n"), "{host}");

        // This machine itself, and one that has no address of the nodes' network.
        assert_eq!(run("dig @10.20.0.1 +short pi-07"), "10.20.0.7\n");
        let stranger = board.output("dig -b 10.99.0.7 @10.20.0.1 pi-07.rack.lab");
        assert!(stranger.contains("status: REFUSED"), "{stranger}");
    }
}

/// Runs a program in this thread's namespace.
fn run(line: &str) -> String {
    let mut words = line.split(' ');
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{line}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A thread in a namespace with the other end of the server's cable.
struct Board {
    lines: Sender<String>,
    outputs: Receiver<String>,
}

impl Board {
    fn connect() -> Self {
        let (lines, to_run) = channel::<String>();
        let (output, outputs) = channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            output.send(gettid().to_string()).unwrap();
            to_run.iter().for_each(|line| output.send(run(&line)).unwrap());
        });
        let board = Self { lines, outputs };
        let thread = board.outputs.recv().unwrap();
        run(&format!("ip link add pm-server type veth peer name pm-board netns {thread}"));
        for line in ["addr add 10.20.0.1/24 dev", "addr add 10.99.0.1/24 dev", "link set up dev"] {
            run(&format!("ip {line} pm-server"));
        }
        for line in ["addr add 10.20.0.7/24 dev", "addr add 10.99.0.7/24 dev", "link set up dev"] {
            board.output(&format!("ip {line} pm-board"));
        }
        board
    }

    fn output(&self, line: &str) -> String {
        self.lines.send(line.to_owned()).unwrap();
        self.outputs.recv().unwrap_or_else(|_| panic!("{line} failed; see above"))
    }
}
