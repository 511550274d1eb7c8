//! The server over loopback, with a client written for the purpose: it can lose, repeat, stop and lie.

use super::{Config, Server};
use crate::model::board::{BoardModel, BoardSerial};
use crate::model::boot_event::{BootEvent, FileTransfer};
use crate::model::clock;
use crate::model::folder::DataFolder;
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::node::BootTarget;
use crate::store::boot_events::by_node;
use crate::store::{Store, nodes};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

const PI: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 8);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 99);

/// A running server with two nodes: 7 (serial bd989ae1) and 8 (serial unknown).
struct Rack {
    folder: TempDir,
    data: DataFolder,
    store: Store,
    server: SocketAddr,
    pi: NodeId,
    other: NodeId,
    shutdown: CancellationToken,
    run: JoinHandle<Result<(), super::Error>>,
}

impl Rack {
    async fn start() -> Self {
        Self::with_room_for(64).await
    }

    async fn with_room_for(max_transfers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        fs::create_dir_all(data.tftp_installer().join("overlays")).unwrap();
        fs::create_dir_all(data.tftp_shared()).unwrap();
        let store = Store::open(&data.database()).unwrap();
        let (pi, other) = store
            .write(|tx| {
                let new = |number: u8, serial| nodes::NewNode {
                    name: format!("pi-{number}").parse().unwrap(),
                    mac: MacAddr([0xb8, 0x27, 0xeb, 0, 0, number]),
                    address: [127, 0, 0, number].into(),
                    model: BoardModel::Pi3bPlus,
                    serial,
                    port: None,
                };
                let pi = nodes::insert(tx, &new(7, Some(BoardSerial(0xbd98_9ae1))), clock::now())?;
                let other = nodes::insert(tx, &new(8, None), clock::now())?;
                nodes::set_boot_target(tx, pi, BootTarget::Installer)?;
                nodes::set_boot_target(tx, other, BootTarget::Installer)?;
                Ok((pi, other))
            })
            .await
            .unwrap();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data: data.clone(),
            nfs_server: Ipv4Addr::LOCALHOST,
            nfs_root: "/srv/root".into(),
            extra_cmdline: String::new(),
            netconsole: None,
            addresses: super::Addresses::Given,
            max_transfers,
        };
        let server = Server::bind(config, store.clone()).await.unwrap();
        let (address, shutdown) = (server.local_addr().unwrap(), CancellationToken::new());
        let run = tokio::spawn(server.run(shutdown.clone()));
        Self { folder, data, store, server: address, pi, other, shutdown, run }
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.data.tftp_installer().join(name), bytes).unwrap();
    }

    async fn client(&self, address: Ipv4Addr) -> Client {
        let socket = UdpSocket::bind((address, 0)).await.unwrap();
        Client { socket, server: self.server, peer: self.server }
    }

    /// Stops the server; what it recorded of a node, oldest first.
    async fn stop(self, node: NodeId) -> Vec<FileTransfer> {
        self.shutdown.cancel();
        self.run.await.unwrap().unwrap();
        let events = self.store.read(move |conn| by_node(conn, node)).await.unwrap();
        drop(self.folder);
        let transfer = |event| if let BootEvent::File(transfer) = event { Some(transfer) } else { None };
        events.into_iter().filter_map(|record| transfer(record.event)).collect()
    }
}

fn outcomes(events: &[FileTransfer]) -> Vec<[String; 2]> {
    events.iter().map(|it| [it.path.clone(), it.outcome.to_string()]).collect()
}

struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    peer: SocketAddr,
}

#[derive(Debug, PartialEq)]
enum Packet {
    Data(u16, Vec<u8>),
    Oack(Vec<String>),
    Error(u16, String),
}

impl Client {
    async fn request(&self, name: &str, options: &[(&str, &str)]) {
        let mut packet = [b"\0\x01", name.as_bytes(), b"\0octet\0"].concat();
        for (option, value) in options {
            packet.extend([option.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
        }
        self.socket.send_to(&packet, self.server).await.unwrap();
    }

    async fn receive(&mut self) -> Packet {
        let mut buffer = vec![0; 70_000];
        let received = timeout(Duration::from_secs(60), self.socket.recv_from(&mut buffer));
        let (bytes, peer) = received.await.expect("an answer").unwrap();
        self.peer = peer;
        decode(&buffer[..bytes])
    }

    /// The same without a limit of its own: under a paused clock a limit would be over at once.
    async fn receive_at_last(&mut self) -> Packet {
        let mut buffer = [0; 600];
        let (bytes, peer) = self.socket.recv_from(&mut buffer).await.unwrap();
        self.peer = peer;
        decode(&buffer[..bytes])
    }

    /// Asks, and says whether no answer came.
    async fn is_refused(&mut self, name: &str) -> bool {
        self.request(name, &[]).await;
        self.is_quiet(Duration::from_millis(20)).await
    }

    /// Whether nothing comes for that long.
    async fn is_quiet(&self, wait: Duration) -> bool {
        timeout(wait, self.socket.recv_from(&mut [0; 600])).await.is_err()
    }

    async fn ack(&self, block: u16) {
        self.socket.send_to(&[&[0, 4][..], &block.to_be_bytes()].concat(), self.peer).await.unwrap();
    }

    async fn terminate(&self) {
        self.socket.send_to(b"\0\x05\0\0Early terminate\0", self.peer).await.unwrap();
    }

    /// A whole transfer as a well-behaved client does it.
    async fn fetch(&mut self, name: &str, options: &[(&str, &str)]) -> Result<Vec<u8>, (u16, String)> {
        self.request(name, options).await;
        let (mut block_bytes, mut window, mut next, mut since_ack) = (512, 1, 1u16, 0);
        let mut content = Vec::new();
        loop {
            match self.receive().await {
                Packet::Oack(granted) => {
                    for pair in granted.chunks(2) {
                        match pair[0].as_str() {
                            "blksize" => block_bytes = pair[1].parse().unwrap(),
                            "windowsize" => window = pair[1].parse().unwrap(),
                            _ => {}
                        }
                    }
                    self.ack(0).await;
                }
                Packet::Data(block, data) => {
                    assert_eq!(block, next);
                    next = next.wrapping_add(1);
                    since_ack += 1;
                    content.extend_from_slice(&data);
                    let last = data.len() < block_bytes;
                    if last || since_ack == window {
                        self.ack(block).await;
                        since_ack = 0;
                    }
                    if last {
                        return Ok(content);
                    }
                }
                Packet::Error(code, text) => return Err((code, text)),
            }
        }
    }
}

fn decode(packet: &[u8]) -> Packet {
    let number = u16::from_be_bytes([packet[2], packet[3]]);
    match packet[1] {
        3 => Packet::Data(number, packet[4..].to_vec()),
        5 => Packet::Error(number, String::from_utf8(packet[4..packet.len() - 1].to_vec()).unwrap()),
        6 => {
            let text = String::from_utf8(packet[2..packet.len() - 1].to_vec()).unwrap();
            Packet::Oack(text.split('\0').map(str::to_owned).collect())
        }
        other => panic!("opcode {other}"),
    }
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|it| (it % 251) as u8).collect()
}

#[tokio::test]
async fn a_boot_as_a_pi_does_it() {
    let rack = Rack::start().await;
    let kernel = pattern(200_000);
    rack.put("kernel8.img", &kernel);
    rack.put("config.txt", b"arm_64bit=1\n");
    fs::write(rack.data.tftp_shared().join("bootcode.bin"), b"shared").unwrap();
    let mut pi = rack.client(PI).await;
    assert_eq!(pi.fetch("bootcode.bin", &[]).await.unwrap(), b"shared");
    assert_eq!(pi.fetch("bd989ae1/config.txt", &[("tsize", "0")]).await.unwrap(), b"arm_64bit=1\n");
    assert_eq!(pi.fetch("recovery.elf", &[]).await.unwrap_err(), (1, "file not found".to_owned()));
    pi.request("bd989ae1/kernel8.img", &[("tsize", "0"), ("blksize", "1024")]).await;
    let granted = ["tsize", "200000", "blksize", "1024"].map(str::to_owned).to_vec();
    assert_eq!(pi.receive().await, Packet::Oack(granted));
    pi.terminate().await;
    let options = [("tsize", "0"), ("blksize", "1024")];
    assert_eq!(pi.fetch("bd989ae1/kernel8.img", &options).await.unwrap(), kernel);
    let cmdline = pi.fetch("bd989ae1/cmdline.txt", &options).await.unwrap();
    assert!(cmdline.starts_with(b"console=serial0,115200 "), "{cmdline:?}");
    let node = rack.pi;
    let events = rack.stop(node).await;
    assert_eq!(
        outcomes(&events),
        [
            ["bootcode.bin", "complete"],
            ["bd989ae1/config.txt", "complete"],
            ["recovery.elf", "not found"],
            ["bd989ae1/kernel8.img", "terminated by client"],
            ["bd989ae1/kernel8.img", "complete"],
            ["bd989ae1/cmdline.txt", "complete"],
        ]
    );
    assert_eq!((events[4].bytes, events[4].size_bytes, events[4].repeats), (200_000, Some(200_000), 0));
    assert!(events[4].options);
}

#[tokio::test]
async fn only_nodes_find_something_and_only_their_own() {
    let rack = Rack::start().await;
    rack.put("config.txt", b"x");
    let ask = async |address, name: &str| rack.client(address).await.fetch(name, &[]).await;
    assert_eq!(ask(STRANGER, "config.txt").await.unwrap_err().0, 1);
    assert_eq!(ask(STRANGER, "bd989ae1/config.txt").await.unwrap(), b"x");
    assert_eq!(ask(OTHER, "bd989ae1/config.txt").await.unwrap_err().0, 1);
    assert_eq!(ask(PI, "12345678/config.txt").await.unwrap_err().0, 1);
    assert_eq!(ask(OTHER, "ab000008/config.txt").await.unwrap(), b"x", "its MAC says so");
    rack.store.write(|tx| nodes::set_boot_target(tx, NodeId(1), BootTarget::Local)).await.unwrap();
    assert_eq!(ask(PI, "config.txt").await.unwrap_err().0, 1);
    assert_eq!(ask(STRANGER, "bd989ae1/config.txt").await.unwrap_err().0, 1);
    let (other, store) = (rack.other, rack.store.clone());
    let events = rack.stop(other).await;
    let expect =
        [["bd989ae1/config.txt", "not found: another board's files"], ["ab000008/config.txt", "complete"]];
    assert_eq!(outcomes(&events), expect);
    let learnt = store.read(move |conn| nodes::by_id(conn, other)).await.unwrap().unwrap().serial;
    assert_eq!(learnt, Some(BoardSerial(0xab00_0008)));
}

#[tokio::test]
async fn nothing_outside_the_tree_can_be_named() {
    let rack = Rack::start().await;
    fs::write(rack.data.tftp_installer().join("../secret"), b"secret").unwrap();
    std::os::unix::fs::symlink("../secret", rack.data.tftp_installer().join("link")).unwrap();
    std::os::unix::fs::symlink("/etc", rack.data.tftp_installer().join("etc")).unwrap();
    let mut pi = rack.client(PI).await;
    let long = "a/".repeat(200);
    for name in [
        "../secret",
        "..\\secret",
        "/../secret",
        "bd989ae1/../../secret",
        "overlays/../../secret",
        "link",
        "etc/passwd",
        "/etc/passwd",
        "../../../../etc/passwd",
        "overlays",
        "",
        "/",
        ".",
        &long,
        "....//secret",
        "bd989ae1/bd989ae1/x",
        "\u{2024}\u{2024}/secret",
    ] {
        let (code, text) = pi.fetch(name, &[]).await.unwrap_err();
        assert!(code == 1 || code == 2, "{name}: {code}");
        assert!(!text.contains(rack.folder.path().to_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn nothing_can_be_written_and_nonsense_is_not_answered() {
    let rack = Rack::start().await;
    rack.put("config.txt", b"x");
    let mut pi = rack.client(PI).await;
    pi.socket.send_to(b"\0\x02config.txt\0octet\0", rack.server).await.unwrap();
    assert!(matches!(pi.receive().await, Packet::Error(2, _)));
    pi.socket.send_to(b"\0\x01config.txt\0mail\0", rack.server).await.unwrap();
    assert!(matches!(pi.receive().await, Packet::Error(4, _)));
    for nonsense in [&b""[..], b"\0", b"\0\x01", b"\0\x01config.txt", b"\0\x04\0\x01", b"\0\x05\0\x01a\0"] {
        pi.socket.send_to(nonsense, rack.server).await.unwrap();
    }
    // What comes next is the answer to what was asked next.
    assert_eq!(pi.fetch("config.txt", &[]).await.unwrap(), b"x");
    assert_eq!(pi.fetch("config.txt", &[("blksize", "7"), ("x", "y")]).await.unwrap(), b"x");
}

#[tokio::test]
async fn block_numbers_roll_over() {
    let rack = Rack::start().await;
    let kernel = pattern(8 * 66_000 + 3);
    rack.put("kernel8.img", &kernel);
    let mut pi = rack.client(PI).await;
    let options = [("blksize", "8"), ("windowsize", "16")];
    assert_eq!(pi.fetch("kernel8.img", &options).await.unwrap(), kernel);
}

#[tokio::test]
async fn sizes_at_the_edges_and_large_blocks() {
    let rack = Rack::start().await;
    let mut pi = rack.client(PI).await;
    for bytes in [0, 1, 511, 512, 513, 1024, 65_536, 65_464 * 2] {
        rack.put("a", &pattern(bytes));
        for options in [&[][..], &[("blksize", "65464")], &[("windowsize", "8")], &[("blksize", "1468")]] {
            assert_eq!(pi.fetch("a", options).await.unwrap(), pattern(bytes), "{bytes} {options:?}");
        }
    }
}

#[tokio::test]
async fn a_repeated_request_starts_no_second_transfer() {
    let rack = Rack::start().await;
    rack.put("kernel8.img", &pattern(2000));
    let mut pi = rack.client(PI).await;
    for _ in 0..20 {
        pi.request("kernel8.img", &[("tsize", "0")]).await;
    }
    assert!(matches!(pi.receive().await, Packet::Oack(_)));
    let first = pi.peer;
    pi.ack(0).await;
    for block in 1..=4 {
        pi.request("kernel8.img", &[("tsize", "0")]).await;
        let Packet::Data(number, _) = pi.receive().await else { panic!("data expected") };
        assert_eq!((number, pi.peer), (block, first));
        pi.ack(block).await;
        pi.ack(block).await;
    }
    assert!(pi.is_quiet(Duration::from_millis(200)).await);
    let node = rack.pi;
    assert_eq!(outcomes(&rack.stop(node).await), [["kernel8.img", "complete"]]);
}

#[tokio::test]
async fn another_request_from_the_same_port_is_served() {
    let rack = Rack::start().await;
    rack.put("a", &pattern(2000));
    rack.put("b", b"b");
    let mut pi = rack.client(PI).await;
    pi.request("a", &[]).await;
    assert!(matches!(pi.receive().await, Packet::Data(1, _)));
    assert_eq!(pi.fetch("b", &[]).await.unwrap(), b"b");
    // The end of one transfer and the start of the same again arrive together.
    for _ in 0..50 {
        pi.request("a", &[("tsize", "0")]).await;
        assert!(matches!(pi.receive().await, Packet::Oack(_)));
        pi.terminate().await;
    }
    let node = rack.pi;
    let events = rack.stop(node).await;
    assert_eq!(outcomes(&events)[..2], [["a", "cut off"], ["b", "complete"]]);
    assert!(outcomes(&events)[2..].iter().all(|it| *it == ["a", "terminated by client"]));
}

#[tokio::test]
async fn a_request_that_the_network_doubled_is_one_request() {
    let rack = Rack::start().await;
    rack.put("a", &pattern(2000));
    rack.put("b", b"b");
    let mut pi = rack.client(PI).await;
    for _ in 0..50 {
        pi.request("a", &[("tsize", "0")]).await;
        pi.request("a", &[("tsize", "0")]).await;
        assert!(matches!(pi.receive().await, Packet::Oack(_)));
        pi.terminate().await;
        // An answer to what was doubled would be taken for that to the next request.
        assert_eq!(pi.fetch("b", &[]).await.unwrap(), b"b");
    }
    let node = rack.pi;
    let ends = outcomes(&rack.stop(node).await);
    assert_eq!(ends.len(), 100, "{ends:?}");
    assert!(ends.chunks(2).all(|it| it == [["a", "terminated by client"], ["b", "complete"]]), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_sent_again_and_silence_ends() {
    let rack = Rack::start().await;
    rack.put("a", &pattern(1200));
    let mut pi = rack.client(PI).await;
    let mut last = Instant::now();
    let mut waited = || {
        let seconds = last.elapsed().as_secs();
        last = Instant::now();
        seconds
    };
    pi.request("a", &[("tsize", "0")]).await;
    for seconds in [0, 2, 4] {
        assert!(matches!(pi.receive_at_last().await, Packet::Oack(_)));
        assert_eq!(waited(), seconds);
    }
    pi.ack(0).await;
    for (block, seconds) in [(1, 0), (1, 2), (2, 0), (2, 2), (3, 0), (3, 2), (3, 4), (3, 8), (3, 8)] {
        let bytes = pattern(1200)[usize::from(block - 1) * 512..].to_vec();
        let expect = bytes[..bytes.len().min(512)].to_vec();
        assert_eq!(pi.receive_at_last().await, Packet::Data(block, expect));
        assert_eq!(waited(), seconds);
        if seconds == 2 && block < 3 {
            pi.ack(block).await;
        }
    }
    assert!(pi.is_quiet(Duration::from_secs(60)).await);
    let node = rack.pi;
    let events = rack.stop(node).await;
    assert_eq!(outcomes(&events), [["a", "timed out"]]);
    assert_eq!((events[0].bytes, events[0].repeats), (1024, 8));
}

#[tokio::test]
async fn a_window_goes_on_where_it_was_torn() {
    let rack = Rack::start().await;
    rack.put("a", &pattern(80));
    let mut pi = rack.client(PI).await;
    pi.request("a", &[("blksize", "8"), ("windowsize", "4")]).await;
    assert!(matches!(pi.receive().await, Packet::Oack(_)));
    let mut numbers = Vec::new();
    for (acked, arriving) in [(0, 4), (2, 4), (6, 4), (10, 1)] {
        pi.ack(acked).await;
        for _ in 0..arriving {
            let Packet::Data(number, _) = pi.receive().await else { panic!("data expected") };
            numbers.push(number);
        }
    }
    pi.ack(11).await;
    assert_eq!(numbers, [1, 2, 3, 4, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closed_its_port_is_gone() {
    let rack = Rack::start().await;
    rack.put("a", &pattern(1200));
    let mut pi = rack.client(PI).await;
    pi.request("a", &[]).await;
    assert!(matches!(pi.receive_at_last().await, Packet::Data(1, _)));
    let mut changes = rack.store.changes();
    drop(pi);
    // The repetition finds nobody; silence would be recorded as such.
    changes.changed().await.unwrap();
    let node = rack.pi;
    assert_eq!(outcomes(&rack.stop(node).await), [["a", "terminated by client"]]);
}

#[test]
fn transfers_take_little_memory_whatever_they_ask_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            let rack = Rack::with_room_for(400).await;
            rack.put("a", &[7; 8_000_000]);
            let mut greedy = Vec::new();
            for number in 0..30u8 {
                let mut client = rack.client(Ipv4Addr::new(127, 0, 1, number)).await;
                client.request("bd989ae1/a", &[("blksize", "65464"), ("windowsize", "64")]).await;
                assert!(matches!(client.receive().await, Packet::Oack(_)));
                client.ack(0).await;
                greedy.push(client);
            }
            for client in &mut greedy {
                assert!(matches!(client.receive().await, Packet::Data(1, _)));
            }
        });
    });
    // A piece of the file each, and what this test itself holds.
    assert!(counted.bytes_max < 6_000_000, "{counted:?}");
}

#[tokio::test]
async fn a_whole_rack_at_once() {
    let rack = Rack::with_room_for(400).await;
    let kernel = pattern(150_000);
    rack.put("kernel8.img", &kernel);
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..200u8 {
        // Each board has its own address, named by prefix; none may disturb another.
        let mut client = rack.client(Ipv4Addr::new(127, 0, 1, number)).await;
        clients.spawn(async move {
            client.fetch("bd989ae1/kernel8.img", &[("tsize", "0"), ("blksize", "1468")]).await
        });
    }
    while let Some(fetched) = clients.join_next().await {
        assert!(fetched.unwrap().unwrap() == kernel);
    }
}

#[tokio::test]
async fn one_client_cannot_take_every_place() {
    let rack = Rack::with_room_for(20).await;
    rack.put("a", &pattern(2000));
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut client = rack.client(OTHER).await;
        client.request("a", &[]).await;
        client.receive().await;
        held.push(client);
    }
    let refused = rack.client(OTHER).await;
    refused.request("a", &[]).await;
    let mut pis = Vec::new();
    for _ in 0..4 {
        let mut client = rack.client(PI).await;
        client.request("a", &[]).await;
        client.receive().await;
        pis.push(client);
    }
    let full = rack.client(STRANGER).await;
    full.request("bd989ae1/a", &[]).await;
    assert!(full.is_quiet(Duration::from_millis(100)).await);
    assert!(refused.is_quiet(Duration::from_millis(1)).await);
    pis[0].terminate().await;
    let mut pi = rack.client(PI).await;
    while pi.is_refused("a").await {}
}

#[tokio::test]
async fn random_and_mutated_packets_do_no_harm() {
    let rack = Rack::start().await;
    rack.put("config.txt", b"x");
    let mut runner = TestRunner::deterministic();
    let noise = proptest::collection::vec(any::<u8>(), 0..600);
    let valid = b"\0\x01bd989ae1/config.txt\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0".to_vec();
    let (mut mutant, noisy, mut answers) = (rack.client(PI).await, rack.client(PI).await, 0);
    for _ in 0..1500 {
        let packet = noise.new_tree(&mut runner).unwrap().current();
        if !packet.starts_with(b"\0\x01") && !packet.starts_with(b"\0\x02") {
            noisy.socket.send_to(&packet, rack.server).await.unwrap();
        }
        let mut mutated = valid.clone();
        for pair in packet.chunks_exact(2).take(2) {
            let at = usize::from(pair[0]) % mutated.len();
            mutated[at] = pair[1];
        }
        mutant.socket.send_to(&mutated, rack.server).await.unwrap();
        // Cut off whatever began, at its own socket, so that the next packet is judged afresh.
        let mut buffer = [0; 2000];
        while let Ok(received) = timeout(Duration::from_millis(1), mutant.socket.recv_from(&mut buffer)).await
        {
            mutant.peer = received.unwrap().1;
            mutant.terminate().await;
            answers += 1;
        }
    }
    assert!(noisy.is_quiet(Duration::from_millis(50)).await, "an answer to nonsense");
    assert!(answers > 100, "{answers}");
    assert!(!rack.run.is_finished());
    let mut pi = rack.client(PI).await;
    assert_eq!(pi.fetch("config.txt", &[]).await.unwrap(), b"x");
}

#[tokio::test]
async fn another_client_than_ours_agrees() {
    let rack = Rack::start().await;
    let kernel = pattern(300_000);
    rack.put("kernel8.img", &kernel);
    let into = rack.folder.path().join("received");
    fs::create_dir(&into).unwrap();
    let port = rack.server.port().to_string();
    for options in [&[][..], &["-b", "1468"], &["-b", "1024", "-w", "8"]] {
        let words =
            ["bd989ae1/kernel8.img", "-d", "-i", "127.0.0.1", "-p", &port, "-rd", into.to_str().unwrap()];
        let arguments: Vec<String> = words.iter().chain(options).map(|it| (*it).to_owned()).collect();
        let fetched = tokio::task::spawn_blocking(move || {
            let config = tftpd::ClientConfig::new(arguments.into_iter()).unwrap();
            tftpd::Client::new(&config).unwrap().run().map_err(|error| error.to_string())
        });
        assert_eq!(fetched.await.unwrap(), Ok(true), "{options:?}");
        assert!(fs::read(into.join("kernel8.img")).unwrap() == kernel);
        fs::remove_file(into.join("kernel8.img")).unwrap();
    }
}
