//! The whole server on loopback, asked by relays with real sockets. *Tests.*

use super::packets::*;
use super::{Config, Server};
use crate::model::board::{BoardModel, BoardSerial, RevisionCode};
use crate::model::boot_event::{BootEvent, BootRecord, DhcpAsked};
use crate::model::clock::from_millis;
use crate::model::device::NewDevice;
use crate::model::dhcp_option::DhcpOption;
use crate::model::net::MacAddr;
use crate::model::network::NoticeKind;
use crate::store::leases::LeaseState;
use crate::store::{Store, boot_events, devices, leases, networks, nodes, sightings};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SERVER: Ipv4Addr = Ipv4Addr::LOCALHOST;
const BOARD: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 7);
const SECOND_BOARD: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 8);

/// A server, its store with two nodes, and a relay that speaks for them.
struct Rack {
    store: Store,
    server: SocketAddr,
    relay: UdpSocket,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    folder: tempfile::TempDir,
}

/// The store of a server that has stopped: all that requests told is saved.
struct Stopped {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Rack {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        for (name, mac, address) in [("pi-07", MAC_4, BOARD), ("pi-08", MAC_5, SECOND_BOARD)] {
            let (name, mac, model) = (name.parse().unwrap(), MacAddr(mac), BoardModel::Unknown);
            let new = nodes::NewNode { name, mac, address, model, serial: None, port: None };
            store.write(move |tx| nodes::insert(tx, &new, from_millis(0))).await.unwrap();
        }
        let subnet = "127.0.0.0/8".parse().unwrap();
        let config = Config { interface: None, server_address: SERVER, port: 0, subnet, ..config() };
        let server = Server::bind(config, store.clone()).unwrap();
        let address = server.local_addr().unwrap();
        let relay = UdpSocket::bind((Ipv4Addr::new(127, 20, 0, 99), address.port())).await.unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(server.run(shutdown.clone()));
        Self { store, server: address, relay, shutdown, serving, folder }
    }

    async fn ask(&self, packet: Packet) {
        let SocketAddr::V4(relay) = self.relay.local_addr().unwrap() else { panic!("not IPv4") };
        self.relay.send_to(&packet.relayed_by(*relay.ip()).bytes(), self.server).await.unwrap();
    }

    /// The transaction number, message type and address of the next reply.
    async fn next(&self) -> (u32, u8, Ipv4Addr) {
        let mut buffer = [0; 1500];
        let (length, from) = self.relay.recv_from(&mut buffer).await.unwrap();
        assert_eq!(from, self.server);
        let reply = &buffer[..length];
        let address: [u8; 4] = reply[16..20].try_into().unwrap();
        let xid = u32::from_be_bytes(reply[4..8].try_into().unwrap());
        let (code, kind) = options(reply).remove(0);
        assert_eq!((code, kind.len()), (53, 1));
        (xid, kind[0], address.into())
    }

    async fn stop(self) -> Stopped {
        self.shutdown.cancel();
        self.serving.await.unwrap();
        Stopped { store: self.store, _folder: self.folder }
    }
}

#[tokio::test]
async fn a_board_boots_behind_a_relay() {
    let rack = Rack::start().await;
    rack.ask(Packet { xid: 1, ..eeprom_4() }).await;
    assert_eq!(rack.next().await, (1, 2, BOARD));
    let offered = rack.store.read(|conn| leases::by_address(conn, BOARD)).await.unwrap().unwrap();
    assert_eq!((offered.mac, offered.state), (MacAddr(MAC_4), LeaseState::Offered));

    let mut request = Packet { xid: 2, kind: REQUEST, ..eeprom_4() };
    request.options.retain(|(code, _)| *code != 60);
    rack.ask(request.requesting(BOARD).naming_server(SERVER)).await;
    assert_eq!(rack.next().await, (2, 5, BOARD));
    let bound = rack.store.read(|conn| leases::by_address(conn, BOARD)).await.unwrap().unwrap();
    assert_eq!(bound.state, LeaseState::Bound);

    let node = rack.store.read(|conn| nodes::by_name(conn, "pi-07")).await.unwrap().unwrap();
    assert_eq!(node.serial, Some(BoardSerial(0xe5ef_6e9d)));
    assert_eq!((node.revision, node.model), (Some(RevisionCode(0xc0_3112)), BoardModel::Pi4b));
    let rack = rack.stop().await;
    let events = rack.store.read(move |conn| boot_events::by_node(conn, node.id)).await.unwrap();
    let [BootEvent::Dhcp(offered), BootEvent::Dhcp(granted)] = [&events[0].event, &events[1].event] else {
        panic!("{events:?}");
    };
    assert_eq!((offered.asked, offered.answer.as_str()), (DhcpAsked::Discover, "DHCPOFFER"));
    assert_eq!((granted.asked, granted.answer.as_str()), (DhcpAsked::Request, "DHCPACK"));
    let named = |options: &[DhcpOption], name: &str| {
        options.iter().find(|option| option.name() == name).map(|option| option.1.clone())
    };
    assert_eq!(named(&offered.options, "Client System Architecture Type").as_deref(), Some("0"));
    assert_eq!(named(&granted.options, "Requested IP Address"), Some(BOARD.to_string()));
    assert_eq!(named(offered.answer.options(), "TFTP Server Name"), Some(SERVER.to_string()));
    let vendor = named(granted.answer.options(), "Vendor Specific Information").unwrap();
    assert!(vendor.contains("Raspberry Pi Boot"), "{vendor}");
}

#[tokio::test]
async fn a_stranger_is_remembered_and_not_answered() {
    let rack = Rack::start().await;
    let stranger = MacAddr([0xdc, 0xa6, 0x32, 1, 2, 3]);
    rack.ask(Packet { xid: 1, mac: stranger.0, ..eeprom_4() }).await;
    rack.relay.send_to(b"nonsense", rack.server).await.unwrap();
    rack.ask(Packet { xid: 2, ..kernel(DISCOVER) }).await;
    assert_eq!(rack.next().await.0, 2, "the first answer is not the stranger's");
    let rack = rack.stop().await;
    let seen = rack.store.read(sightings::list).await.unwrap();
    let [seen] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((seen.mac, seen.requests), (stranger, 1));
    assert_eq!(seen.observation.serial, Some(BoardSerial(0xe5ef_6e9d)));
    assert_eq!(seen.observation.model(), BoardModel::Pi4b);
}

#[tokio::test]
async fn a_device_gets_its_address_and_is_no_stranger() {
    let rack = Rack::start().await;
    let (mac, address) = (MacAddr([0, 0x1b, 0x21, 0, 0, 1]), Ipv4Addr::new(127, 20, 0, 2));
    let new = NewDevice { name: "switch".parse().unwrap(), mac, address, boot: None };
    rack.store.write(move |tx| devices::insert(tx, &new, from_millis(0))).await.unwrap().unwrap();
    rack.ask(Packet { xid: 1, ..Packet::new(DISCOVER, mac.0) }).await;
    assert_eq!(rack.next().await, (1, 2, address));
    rack.ask(Packet { xid: 2, ..Packet::new(REQUEST, mac.0).requesting(address) }).await;
    assert_eq!(rack.next().await, (2, 5, address));
    rack.ask(Packet { xid: 3, ..Packet::new(REQUEST, mac.0).requesting(BOARD) }).await;
    assert_eq!(rack.next().await, (3, 6, Ipv4Addr::UNSPECIFIED));
    // It found its address taken: that is noticed, and named.
    rack.ask(Packet { xid: 4, ..Packet::new(DECLINE, mac.0).requesting(address) }).await;
    rack.ask(Packet { xid: 5, ..Packet::new(DISCOVER, mac.0) }).await;
    assert_eq!(rack.next().await.0, 5);
    let rack = rack.stop().await;
    let known = rack.store.read(move |conn| devices::by_mac(conn, mac)).await.unwrap().unwrap();
    assert!(known.seen_at.is_some());
    assert_eq!(rack.store.read(sightings::list).await.unwrap(), []);
    let [notice] = rack.store.read(networks::notices).await.unwrap().try_into().unwrap();
    assert_eq!(
        (notice.notice.kind, notice.notice.subject),
        (NoticeKind::DuplicateAddress, address.to_string())
    );
}

#[tokio::test]
async fn a_server_that_clients_follow_is_noticed() {
    let rack = Rack::start().await;
    rack.ask(Packet { xid: 1, ..udhcpc(REQUEST).requesting(BOARD).naming_server(OTHER_SERVER) }).await;
    rack.ask(Packet { xid: 2, ..eeprom_5() }).await;
    assert_eq!(rack.next().await.0, 2);
    let rack = rack.stop().await;
    let [server] = rack.store.read(networks::servers).await.unwrap().try_into().unwrap();
    assert_eq!((server.address, server.mac), (OTHER_SERVER, None));
    assert_eq!(server.offered, "pi-07 followed it");
}

#[tokio::test]
async fn a_forged_identity_changes_nothing_and_is_told_once() {
    let rack = Rack::start().await;
    rack.ask(Packet { xid: 1, ..eeprom_4() }).await;
    assert_eq!(rack.next().await, (1, 2, BOARD));
    let known = rack.store.read(|conn| nodes::by_name(conn, "pi-07")).await.unwrap().unwrap();
    // The other board's serial number and revision, sent with this one's hardware address.
    let forged = Packet { mac: MAC_4, ..eeprom_5() };
    for xid in 2..5 {
        rack.ask(Packet { xid, ..forged.clone() }).await;
        assert_eq!(rack.next().await, (xid, 2, BOARD));
    }
    let node = rack.store.read(|conn| nodes::by_name(conn, "pi-07")).await.unwrap().unwrap();
    assert_eq!((node.serial, node.revision), (known.serial, known.revision));
    let rack = rack.stop().await;
    let events = rack.store.read(move |conn| boot_events::by_node(conn, node.id)).await.unwrap();
    let doubt = |event: &BootRecord| {
        if let BootEvent::Doubt { text } = &event.event { Some(text.clone()) } else { None }
    };
    let doubts: Vec<_> = events.iter().filter_map(doubt).collect();
    let [doubt] = doubts.as_slice() else { panic!("{events:?}") };
    assert!(doubt.contains("serial number bd989ae1, but e5ef6e9d is known"), "{doubt:?}");
}

#[tokio::test]
async fn no_answer_leaves_before_its_lease_is_saved() {
    let rack = Rack::start().await;
    let sql = format!(
        "CREATE TRIGGER disk_full BEFORE INSERT ON leases WHEN new.mac = '{}'
         BEGIN SELECT raise(abort, 'the disk is full'); END",
        MacAddr(MAC_4)
    );
    rack.store.write(move |tx| Ok(tx.execute_batch(&sql)?)).await.unwrap();
    // Decided together or one by one, the node whose lease cannot be saved gets nothing and delays nobody.
    for xid in 1..=5 {
        rack.ask(Packet { xid, ..kernel(DISCOVER) }).await;
    }
    rack.ask(Packet { xid: 6, ..eeprom_5() }).await;
    assert_eq!(rack.next().await, (6, 2, SECOND_BOARD));
    assert_eq!(rack.store.read(|conn| leases::by_address(conn, BOARD)).await.unwrap(), None);

    rack.store.write(|tx| Ok(tx.execute_batch("DROP TRIGGER disk_full")?)).await.unwrap();
    rack.ask(Packet { xid: 7, ..kernel(DISCOVER) }).await;
    assert_eq!(rack.next().await, (7, 2, BOARD));
    rack.stop().await;
}

#[tokio::test]
async fn a_rack_switched_on_at_once_is_answered_whole() {
    let rack = Rack::start().await;
    let many = 150u32;
    let filled = rack.store.write(move |tx| {
        for number in 0..many {
            let [.., high, low] = number.to_be_bytes();
            let new = nodes::NewNode {
                name: format!("many-{number}").parse().unwrap(),
                mac: MacAddr([2, 0, 0, 0, high, low]),
                address: [127, 30 + high, low, 1].into(),
                model: BoardModel::Pi4b,
                serial: None,
                port: None,
            };
            nodes::insert(tx, &new, from_millis(0))?;
        }
        Ok(())
    });
    filled.await.unwrap();
    for xid in 0..many {
        let [.., high, low] = xid.to_be_bytes();
        rack.ask(Packet { xid, mac: [2, 0, 0, 0, high, low], ..kernel(DISCOVER) }).await;
    }
    let mut answered = std::collections::BTreeSet::new();
    while answered.len() < usize::try_from(many).unwrap() {
        let (xid, kind, _) = rack.next().await;
        assert_eq!(kind, 2);
        assert!(answered.insert(xid), "{xid} answered twice");
    }
    rack.stop().await;
}
