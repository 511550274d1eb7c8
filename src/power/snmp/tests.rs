//! The driver against a small agent on loopback that answers as it is told.

use super::*;
use crate::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use crate::power::{Config, Power};
use crate::store::{Store, switches};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;

/// How the agent behaves.
#[derive(Default)]
struct Agent {
    /// Values by table index.
    ports: HashMap<u64, i64>,
    /// Requests it leaves unanswered before it answers again.
    deaf: usize,
    /// Takes sets and does nothing.
    stubborn: bool,
    /// Refuses sets with this status.
    refuses: Option<u32>,
    /// Sets received.
    sets: usize,
}

fn field(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    assert!(length < 128);
    [&[tag, length], body].concat()
}

fn respond(agent: &mut Agent, packet: &[u8]) -> Option<Vec<u8>> {
    let request = snmp2::Pdu::from_bytes(packet).unwrap();
    assert_eq!(request.community, b"secret");
    if agent.deaf > 0 {
        agent.deaf -= 1;
        return None;
    }
    let (name, value) = request.varbinds.clone().next().unwrap();
    let index = name.iter().unwrap().last().unwrap();
    let mut status = 0;
    if request.message_type == snmp2::MessageType::SetRequest {
        agent.sets += 1;
        let Value::Integer(wanted) = value else { panic!("{value:?}") };
        status = agent.refuses.unwrap_or(0);
        if !agent.stubborn && status == 0 {
            agent.ports.insert(index, wanted);
        }
    }
    let number = agent.ports.get(&index).copied();
    let value = number.map_or_else(|| field(0x81, &[]), |number| field(2, &[u8::try_from(number).unwrap()]));
    let varbind = field(0x30, &[field(6, name.as_bytes()), value].concat());
    let pdu = [
        field(2, &request.req_id.to_be_bytes()),
        field(2, &[u8::try_from(status).unwrap()]),
        field(2, &[0]),
        field(0x30, &varbind),
    ];
    let message = [field(2, &[1]), field(4, b"secret"), field(0xa2, &pdu.concat())];
    Some(field(0x30, &message.concat()))
}

async fn start(agent: Agent) -> (SocketAddr, Arc<Mutex<Agent>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let agent = Arc::new(Mutex::new(agent));
    let shared = Arc::clone(&agent);
    tokio::spawn(async move {
        let mut packet = [0u8; 2048];
        while let Ok((length, peer)) = socket.recv_from(&mut packet).await {
            let answer = respond(&mut shared.lock().unwrap(), &packet[..length]);
            if let Some(answer) = answer {
                socket.send_to(&answer, peer).await.unwrap();
            }
        }
    });
    (address, agent)
}

fn switch(address: SocketAddr) -> SnmpSwitch {
    SnmpSwitch {
        name: "sw-1".into(),
        address,
        community: "secret".into(),
        base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
        index_offset: 48,
        timeout: Duration::from_millis(200),
    }
}

#[tokio::test]
async fn a_port_is_set_and_read_back_at_its_index() {
    let (address, agent) = start(Agent { ports: HashMap::from([(51, 1)]), ..Agent::default() }).await;
    let switch = switch(address);
    assert_eq!(switch.read(3).await.unwrap(), PowerState::On);
    switch.set(3, PowerState::Off).await.unwrap();
    assert_eq!(switch.read(3).await.unwrap(), PowerState::Off);
    assert_eq!(agent.lock().unwrap().ports.get(&51), Some(&2));
}

#[tokio::test]
async fn one_lost_packet_is_asked_again_and_two_are_an_error() {
    let (address, agent) =
        start(Agent { ports: HashMap::from([(49, 1)]), deaf: 1, ..Agent::default() }).await;
    let switch = switch(address);
    switch.set(1, PowerState::Off).await.unwrap();
    agent.lock().unwrap().deaf = 2;
    let error = switch.set(1, PowerState::On).await.unwrap_err().to_string();
    for part in ["sw-1", "port 1", "no answer", "community", &address.to_string()] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("secret"));
}

#[tokio::test]
async fn a_switch_that_does_not_act_refuses_or_babbles_is_named() {
    let ports = HashMap::from([(49, 1), (50, 7)]);
    let (address, agent) = start(Agent { ports, stubborn: true, ..Agent::default() }).await;
    let switch = switch(address);
    let stuck = switch.set(1, PowerState::Off).await.unwrap_err();
    assert!(matches!(stuck, Error::Unmoved { seen: "on", wanted: "off", .. }), "{stuck}");
    agent.lock().unwrap().refuses = Some(17);
    let refused = switch.set(1, PowerState::Off).await.unwrap_err().to_string();
    assert!(refused.contains("notWritable"), "{refused}");
    let babble = switch.read(2).await.unwrap_err().to_string();
    assert!(babble.contains("integer 7"), "{babble}");
    let missing = switch.read(3).await.unwrap_err().to_string();
    assert!(missing.contains("no such object") || missing.contains("no such instance"), "{missing}");
    let odd = SnmpSwitch { base_oid: "one.two".into(), ..switch };
    assert!(matches!(odd.read(1).await, Err(Error::BadOid { .. })));
}

#[tokio::test]
async fn power_saves_what_is_wanted_and_seen_and_spares_the_protected_port() {
    let (address, agent) = start(Agent { ports: HashMap::from([(1, 1), (2, 1)]), ..Agent::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db")).unwrap();
    let id = store
        .write(move |tx| {
            let driver = PowerDriver::Snmp {
                address,
                community: "secret".into(),
                base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
                index_offset: 0,
            };
            switches::upsert(tx, "sw-1", &driver, 4, Some(2))
        })
        .await
        .unwrap();
    let config = Config { min_off: Duration::ZERO, timeout: Duration::from_millis(200) };
    let power = Power::new(config, store.clone());
    let port = PortRef { switch: id, port: 1 };
    let first = power.set(port, PowerState::Off).await.unwrap();
    let again = power.set(port, PowerState::Off).await.unwrap();
    assert_eq!(first, again);
    let known = store.read(move |conn| switches::port_power(conn, port)).await.unwrap();
    assert_eq!(known.wanted, Some((PowerState::Off, first.0)));
    assert_eq!(known.seen.map(|(seen, _)| seen), Some(PowerState::Off));
    agent.lock().unwrap().ports.insert(1, 1);
    assert_eq!(power.read(port).await.unwrap(), PowerState::On);

    let sets = agent.lock().unwrap().sets;
    let fed = PortRef { switch: id, port: 2 };
    assert!(matches!(power.set(fed, PowerState::Off).await, Err(Error::Protected { port: 2, .. })));
    let beyond = PortRef { switch: id, port: 5 };
    assert!(matches!(power.set(beyond, PowerState::On).await, Err(Error::NoSuchPort { ports: 4, .. })));
    assert_eq!(agent.lock().unwrap().sets, sets);
}

const COLUMN: &str = "1.3.6.1.2.1.17.4.3.1.2";

/// An agent that answers each request with these rows: the last arcs of objects below the column, all of value 7.
async fn table(
    bulk_refused: bool,
    mut rows: impl FnMut(&[u64]) -> Vec<Vec<u64>> + Send + 'static,
) -> SnmpSwitch {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut packet = [0u8; 2048];
        while let Ok((length, peer)) = socket.recv_from(&mut packet).await {
            let request = snmp2::Pdu::from_bytes(&packet[..length]).unwrap();
            let refused = bulk_refused && request.message_type == snmp2::MessageType::GetBulkRequest;
            let (name, _) = request.varbinds.clone().next().unwrap();
            let asked: Vec<u64> = name.iter().unwrap().collect();
            let row = |index: Vec<u64>| {
                let root: Oid<'_> = COLUMN.parse().unwrap();
                let oid: Vec<u64> = root.iter().unwrap().chain(index).collect();
                field(0x30, &[field(6, Oid::from(&oid).unwrap().as_bytes()), field(2, &[7])].concat())
            };
            let rows = if refused { Vec::new() } else { rows(&asked[11..]) };
            let pdu = [
                field(2, &request.req_id.to_be_bytes()),
                field(2, &[if refused { 5 } else { 0 }]),
                field(2, &[0]),
                field(0x30, &rows.into_iter().flat_map(row).collect::<Vec<_>>()),
            ];
            let message = [field(2, &[1]), field(4, b"secret"), field(0xa2, &pdu.concat())];
            socket.send_to(&field(0x30, &message.concat()), peer).await.unwrap();
        }
    });
    switch(address)
}

/// Rows 1.1 to 1.5, then an object of the next column.
fn five(asked: &[u64]) -> Vec<Vec<u64>> {
    let at = asked.get(1).copied().unwrap_or(0);
    if at < 5 { vec![vec![1, at + 1]] } else { vec![vec![u64::from(u32::MAX), 1]] }
}

#[tokio::test]
async fn a_table_is_read_to_its_end_in_bulk_or_row_by_row() {
    let below = format!("{COLUMN}.1");
    for bulk_refused in [false, true] {
        let rows = table(bulk_refused, five).await.walk(&below).await.unwrap();
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[4], crate::power::Row { index: vec![5], cell: crate::power::Cell::Integer(7) });
    }
}

#[tokio::test]
async fn hostile_tables_end() {
    let empty = table(false, |_| Vec::new()).await.walk(COLUMN).await.unwrap_err().to_string();
    assert!(empty.contains("an answer without a row") && !empty.contains("secret"), "{empty}");
    let circle = table(false, |_| vec![vec![1, 2], vec![1, 1]]).await.walk(COLUMN).await.unwrap_err();
    assert!(circle.to_string().contains("run in a circle"), "{circle}");
    let same = table(true, |_| vec![vec![1, 2]]).await.walk(COLUMN).await.unwrap_err();
    assert!(same.to_string().contains("run in a circle"), "{same}");
    let mut next = 0;
    let endless = move |_: &[u64]| {
        next += 4;
        (next - 4..next).map(|number| vec![1 + number / 100, number % 100]).collect()
    };
    let endless = table(false, endless).await.walk(COLUMN).await.unwrap_err();
    assert!(endless.to_string().contains("more than 16384 rows"), "{endless}");
}
