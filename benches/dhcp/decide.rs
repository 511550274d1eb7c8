//! What one decision costs when so many boards are known: the store's look-ups and the responder, as `dhcp` does it.

use super::cable::SERVER;
use super::measured::pimaster::Site;
use super::peers::board;
use pimaster::dhcp::extra::OptionTables;
use pimaster::dhcp::wire::{Request, decode};
use pimaster::dhcp::{Config, Known, Responder, observe};
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::network::Mode;
use pimaster::model::quirk::Quirks;
use pimaster::store::{Store, leases, nodes};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const DECISIONS: u32 = 20_000;

/// Microseconds for each decision.
pub(crate) fn micros(folder: &Path, known: u32) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let site = Site::new(
        folder.path(),
        "subnet = \"10.20.0.0/16\"\naddress = \"10.20.0.1\"",
        BoardModel::Pi4b,
        (0..known).map(board).collect(),
    );
    let store = Store::open(&site.data().database()).unwrap();
    let responder = Responder::new(config(), Quirks::ALL);
    let decided = store.read(move |conn| {
        let began = Instant::now();
        for number in 0..DECISIONS {
            // A stride that visits all boards in no order.
            let request = discover(number.wrapping_mul(7919) % known);
            let seen = observe::observe(&request, Quirks::ALL);
            let Some(node) = nodes::by_mac(conn, request.mac)? else { continue };
            let lease = leases::by_mac(conn, request.mac)?;
            let holder = leases::by_address(conn, node.address)?;
            let known = Known { node, lease, holder };
            black_box(responder.respond(&request, &seen, Some(&known), clock::now()));
        }
        Ok(began.elapsed())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(decided).unwrap().as_secs_f64() * 1e6 / f64::from(DECISIONS)
}

fn config() -> Config {
    Config {
        interface: Some("pm-server".to_owned()),
        server_address: SERVER,
        port: 67,
        client_port: 68,
        subnet: "10.20.0.0/16".parse().unwrap(),
        router: None,
        dns: vec![SERVER],
        ntp: Vec::new(),
        domain: None,
        lease_seconds: 3600,
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: Vec::new(),
        options: OptionTables::default(),
    }
}

fn discover(number: u32) -> Request {
    let mut packet = vec![1, 1, 6, 0];
    packet.extend(number.to_be_bytes());
    packet.extend([0; 20]);
    packet.extend(board(number).0.0);
    packet.resize(236, 0);
    packet.extend([99, 130, 83, 99, 53, 1, 1, 55, 4, 1, 3, 6, 12, 255]);
    decode(&packet).unwrap()
}
