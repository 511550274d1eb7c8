//! The whole server on loopback, between real sockets: clients on one side, upstream servers on the other.

use super::super::exchange::{read_message, write_message};
use super::super::{Config, Server, Source};
use super::{address, name, negative, positive, soa};
use crate::dns::wire::Reply;
use crate::model::board::BoardModel;
use crate::model::clock::from_millis;
use crate::model::net::MacAddr;
use crate::store::{Store, nodes};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::RecordType;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 7);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 99, 0, 7);

/// An upstream server: what it was asked, and what it does about it.
struct Upstream {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(Message, SocketAddr)>>>,
    serving: Vec<JoinHandle<()>>,
}

/// What an upstream server does about a question over UDP.
#[derive(Clone)]
enum Does {
    Answer(Reply),
    Silence,
    /// Cut over UDP, this over TCP.
    Cut(Reply),
    /// First an answer with another number, then one to another question, then this.
    AfterForgeries(Reply),
    /// FORMERR to what has EDNS.
    OnlyPlain(Reply),
    /// Asks that server itself.
    Loop(Arc<Mutex<Option<SocketAddr>>>),
}

impl Upstream {
    async fn start(does: Does) -> Self {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = udp.local_addr().unwrap();
        let tcp = TcpListener::bind(address).await.unwrap();
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let (heard, over_tcp) = (Arc::clone(&asked), does.clone());
        let mut serving = vec![tokio::spawn(async move {
            let mut buffer = [0; 1500];
            loop {
                let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
                let question = Message::from_vec(&buffer[..length]).unwrap();
                heard.lock().unwrap().push((question.clone(), from));
                for answer in answers(&does, &question).await {
                    udp.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
                }
            }
        })];
        serving.push(tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let question = Message::from_vec(&read_message(&mut stream).await.unwrap()).unwrap();
                let Does::Cut(reply) = &over_tcp else { panic!("asked over TCP without need") };
                let answer = answer(&question, reply).to_vec().unwrap();
                write_message(&mut stream, &answer).await.unwrap();
            }
        }));
        Self { address, asked, serving }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn answers(does: &Does, question: &Message) -> Vec<Message> {
    match does {
        Does::Answer(reply) => vec![answer(question, reply)],
        Does::Silence => Vec::new(),
        Does::Cut(_) => {
            let mut cut = answer(question, &Reply::code(ResponseCode::NoError));
            cut.metadata.truncation = true;
            vec![cut]
        }
        Does::AfterForgeries(reply) => {
            let forged = positive(vec![address("www.example.", 60, [6, 6, 6, 6])]);
            let mut number = answer(question, &forged);
            number.metadata.id ^= 1;
            let mut other = answer(question, &forged);
            other.queries[0].set_name(name("other.example."));
            vec![number, other, answer(question, reply)]
        }
        Does::OnlyPlain(_) if question.edns.is_some() => {
            vec![Message::error_msg(question.metadata.id, OpCode::Query, ResponseCode::FormErr)]
        }
        Does::OnlyPlain(reply) => vec![answer(question, reply)],
        Does::Loop(server) => {
            let server = *server.lock().unwrap();
            let socket = UdpSocket::bind((CLIENT, 0)).await.unwrap();
            socket.send_to(&question.to_vec().unwrap(), server.unwrap()).await.unwrap();
            Vec::new()
        }
    }
}

fn answer(question: &Message, reply: &Reply) -> Message {
    let mut message = question.clone().into_response();
    message.metadata.response_code = reply.code;
    message.answers.clone_from(&reply.answers);
    message.authorities.clone_from(&reply.authorities);
    message
}

/// The server, and a client of the nodes' network.
struct Rack {
    store: Store,
    server: SocketAddr,
    client: UdpSocket,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Rack {
    async fn start(upstreams: &[&Upstream]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let config = Config {
            interface: None,
            listen: "127.77.0.1:0".parse().unwrap(),
            subnets: vec!["127.77.0.0/24".parse().unwrap()],
            domain: Some("rack.lab".to_owned()),
            upstreams: Source::Listed(upstreams.iter().map(|upstream| upstream.address).collect()),
        };
        let server = Server::bind(config, store.clone()).unwrap();
        let address = server.local_addr().unwrap();
        let client = UdpSocket::bind((CLIENT, 0)).await.unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(server.run(shutdown.clone()));
        Self { store, server: address, client, shutdown, serving, _folder: folder }
    }

    async fn add_node(&self, label: &str, last: u8) {
        let new = nodes::NewNode {
            name: label.parse().unwrap(),
            mac: MacAddr([2, 0, 0, 0, 0, last]),
            address: Ipv4Addr::new(127, 77, 0, last),
            model: BoardModel::Pi4b,
            serial: None,
            port: None,
        };
        self.store.write(move |tx| nodes::insert(tx, &new, from_millis(0))).await.unwrap();
    }

    async fn ask_with(&self, message: &Message) -> Message {
        self.client.send_to(&message.to_vec().unwrap(), self.server).await.unwrap();
        self.next().await
    }

    async fn next(&self) -> Message {
        let mut buffer = [0; 1500];
        let (length, from) = self.client.recv_from(&mut buffer).await.unwrap();
        assert_eq!(from, self.server);
        Message::from_vec(&buffer[..length]).unwrap()
    }

    /// The answer as one line: code and data.
    async fn ask(&self, asked: &str, kind: RecordType) -> String {
        shown(&self.ask_with(&question(asked, kind)).await)
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap();
    }
}

fn question(asked: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name(asked), kind));
    message
}

fn shown(answer: &Message) -> String {
    assert_eq!((answer.metadata.id, answer.metadata.message_type), (4711, MessageType::Response));
    assert!(answer.metadata.recursion_available);
    let data = answer.answers.iter().map(|record| format!(" {}", record.data));
    [format!("{:?}", answer.metadata.response_code)].into_iter().chain(data).collect()
}

fn www(last: u8) -> Reply {
    positive(vec![address("www.example.", 60, [192, 0, 2, last])])
}

#[tokio::test]
async fn names_of_nodes_follow_the_database_and_never_leave() {
    let upstream = Upstream::start(Does::Answer(www(1))).await;
    let rack = Rack::start(&[&upstream]).await;
    assert_eq!(rack.ask("pi-07.rack.lab.", RecordType::A).await, "NXDomain");
    rack.add_node("pi-07", 7).await;
    assert_eq!(rack.ask("Pi-07.Rack.Lab.", RecordType::A).await, "NoError 127.77.0.7");
    assert_eq!(rack.ask("pi-07.", RecordType::A).await, "NoError 127.77.0.7");
    assert_eq!(rack.ask("7.0.77.127.in-addr.arpa.", RecordType::PTR).await, "NoError pi-07.rack.lab.");
    assert_eq!(rack.ask("pi-07.rack.lab.", RecordType::AAAA).await, "NoError");
    let answer = rack.ask_with(&question("pi-07.rack.lab.", RecordType::A)).await;
    assert!(answer.metadata.authoritative && answer.edns.is_none());
    assert_eq!(upstream.count(), 0);
    rack.stop().await;
}

#[tokio::test]
async fn other_names_come_from_upstream_once() {
    let upstream = Upstream::start(Does::Answer(www(1))).await;
    let rack = Rack::start(&[&upstream]).await;
    for asked in ["www.example.", "WWW.Example."] {
        let answer = rack.ask_with(&question(asked, RecordType::A)).await;
        assert_eq!(shown(&answer), "NoError 192.0.2.1");
        assert_eq!(answer.queries[0].name().to_ascii(), asked, "the question comes back as it was asked");
        assert!(!answer.metadata.authoritative && !answer.metadata.authentic_data);
    }
    assert_eq!(upstream.count(), 1);
    let (asked, _) = upstream.asked.lock().unwrap()[0].clone();
    assert_eq!(asked.edns.map(|edns| edns.max_payload()), Some(1232));

    let mut iterative = question("www.example.", RecordType::A);
    iterative.metadata.recursion_desired = false;
    assert_eq!(shown(&rack.ask_with(&iterative).await), "Refused");
    rack.stop().await;
}

#[tokio::test]
async fn what_does_not_exist_is_remembered_too() {
    let missing = negative(ResponseCode::NXDomain, vec![soa("example.", 60, 60)]);
    let upstream = Upstream::start(Does::Answer(missing)).await;
    let rack = Rack::start(&[&upstream]).await;
    for _ in 0..2 {
        let answer = rack.ask_with(&question("no.example.", RecordType::A)).await;
        assert_eq!((shown(&answer), answer.authorities.len()), ("NXDomain".to_owned(), 1));
    }
    assert_eq!(upstream.count(), 1);
    rack.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_passed_over_and_comes_last_from_then_on() {
    let silent = Upstream::start(Does::Silence).await;
    let failing = Upstream::start(Does::Answer(Reply::code(ResponseCode::ServFail))).await;
    let good = Upstream::start(Does::Answer(www(3))).await;
    let rack = Rack::start(&[&silent, &failing, &good]).await;
    assert_eq!(rack.ask("www.example.", RecordType::A).await, "NoError 192.0.2.3");
    assert_eq!([silent.count(), failing.count(), good.count()], [1, 1, 1]);
    assert_eq!(rack.ask("www2.example.", RecordType::A).await, "NoError 192.0.2.3");
    assert_eq!([silent.count(), failing.count(), good.count()], [1, 1, 2]);
    rack.stop().await;
}

#[tokio::test(start_paused = true)]
async fn when_nobody_answers_the_client_hears_so_before_it_gives_up() {
    let silent = Upstream::start(Does::Silence).await;
    let rack = Rack::start(&[&silent]).await;
    let before = tokio::time::Instant::now();
    assert_eq!(rack.ask("www.example.", RecordType::A).await, "ServFail");
    assert!(before.elapsed().as_millis() < 5_000, "{:?}", before.elapsed());
    assert_eq!(silent.count(), 2, "a lost packet is sent again");
    rack.stop().await;

    let rack = Rack::start(&[]).await;
    assert_eq!(rack.ask("www.example.", RecordType::A).await, "ServFail");
    rack.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_ends() {
    let target: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
    let mirror = Upstream::start(Does::Loop(Arc::clone(&target))).await;
    let rack = Rack::start(&[&mirror]).await;
    *target.lock().unwrap() = Some(rack.server);
    assert_eq!(rack.ask("www.example.", RecordType::A).await, "ServFail");
    assert_eq!(mirror.count(), 2, "its own question waits for itself");
    rack.stop().await;
}

#[tokio::test]
async fn equal_questions_are_asked_once() {
    // It answers the second question about another name: by then all twenty wait for the first.
    let upstream = Upstream::start(Does::AfterForgeries(www(4))).await;
    let rack = Rack::start(&[&upstream]).await;
    let packet = question("www.example.", RecordType::A).to_vec().unwrap();
    for _ in 0..20 {
        rack.client.send_to(&packet, rack.server).await.unwrap();
    }
    for _ in 0..20 {
        assert_eq!(shown(&rack.next().await), "NoError 192.0.2.4", "forged answers are not heard");
    }
    assert_eq!(upstream.count(), 1);
    rack.stop().await;
}

#[tokio::test]
async fn large_answers_come_over_tcp() {
    let large = positive((0..200).map(|last| address("www.example.", 60, [192, 0, 2, last])).collect());
    let upstream = Upstream::start(Does::Cut(large)).await;
    let rack = Rack::start(&[&upstream]).await;
    let answer = rack.ask_with(&question("www.example.", RecordType::A)).await;
    assert!(answer.metadata.truncation && answer.answers.is_empty());

    let source = tokio::net::TcpSocket::new_v4().unwrap();
    source.bind((CLIENT, 0).into()).unwrap();
    let mut stream: TcpStream = source.connect(rack.server).await.unwrap();
    for _ in 0..2 {
        let question = question("www.example.", RecordType::A).to_vec().unwrap();
        write_message(&mut stream, &question).await.unwrap();
        let answer = Message::from_vec(&read_message(&mut stream).await.unwrap()).unwrap();
        assert_eq!((answer.answers.len(), answer.metadata.truncation), (200, false));
    }
    assert_eq!(upstream.count(), 1);
    rack.stop().await;
}

#[tokio::test]
async fn servers_from_before_edns_are_understood() {
    let upstream = Upstream::start(Does::OnlyPlain(www(5))).await;
    let rack = Rack::start(&[&upstream]).await;
    let mut asked = question("www.example.", RecordType::A);
    asked.set_edns(Edns::new());
    let answer = rack.ask_with(&asked).await;
    assert_eq!((shown(&answer), answer.edns.is_some()), ("NoError 192.0.2.5".to_owned(), true));
    assert_eq!(upstream.count(), 2);
    rack.stop().await;
}

#[tokio::test]
async fn strangers_are_refused() {
    let upstream = Upstream::start(Does::Answer(www(1))).await;
    let rack = Rack::start(&[&upstream]).await;
    let stranger = UdpSocket::bind((STRANGER, 0)).await.unwrap();
    let mut buffer = [0; 1500];
    for asked in ["www.example.", "pimaster.rack.lab."] {
        let question = question(asked, RecordType::A).to_vec().unwrap();
        stranger.send_to(&question, rack.server).await.unwrap();
        let (length, _) = stranger.recv_from(&mut buffer).await.unwrap();
        let answer = Message::from_vec(&buffer[..length]).unwrap();
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::Refused, 0));
    }
    let source = tokio::net::TcpSocket::new_v4().unwrap();
    source.bind((STRANGER, 0).into()).unwrap();
    let mut stream = source.connect(rack.server).await.unwrap();
    assert!(read_message(&mut stream).await.is_err(), "the connection is closed");
    assert_eq!(upstream.count(), 0);
    rack.stop().await;
}

#[tokio::test]
async fn numbers_and_ports_cannot_be_foreseen() {
    let upstream = Upstream::start(Does::Answer(www(1))).await;
    let rack = Rack::start(&[&upstream]).await;
    for number in 0..40 {
        rack.ask(&format!("host-{number}.example."), RecordType::A).await;
    }
    rack.stop().await;
    let asked = upstream.asked.lock().unwrap();
    let distinct = |mut numbers: Vec<u16>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    };
    let ids = distinct(asked.iter().map(|(message, _)| message.metadata.id).collect());
    let ports = distinct(asked.iter().map(|(_, from)| from.port()).collect());
    assert!(ids >= 35 && ports >= 20, "{ids} numbers, {ports} ports in 40 questions");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = UdpSocket::bind("127.77.0.2:0").await.unwrap();
    let SocketAddr::V4(listen) = taken.local_addr().unwrap() else { panic!("not IPv4") };
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        interface: None,
        listen,
        subnets: Vec::new(),
        domain: None,
        upstreams: Source::Listed(Vec::new()),
    };
    let store = Store::open(&folder.path().join("a.db")).unwrap();
    let error = Server::bind(config, store).unwrap_err().to_string();
    assert!(error.starts_with(&format!("port {} of 127.77.0.2 is taken", listen.port())), "{error}");
}
