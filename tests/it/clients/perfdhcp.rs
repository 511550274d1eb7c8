//! perfdhcp of Kea: many boards behind a relay, each with its whole exchange; then renewals and releases.

use super::network::{BOARD_PORT, Network, enrol, with_leases};
use pimaster::model::boot_event::{BootEvent, BootRecord};
use pimaster::model::dhcp_exchange::DhcpAsked;
use pimaster::model::net::MacAddr;
use pimaster::store::leases::{self, LeaseState};
use pimaster::store::{self, boot_events, nodes};
use std::net::Ipv4Addr;

/// perfdhcp counts up from its base, dc:a6:32:00:00:00.
const BASE: &str = "mac=dc:a6:32:00:00:00";
const BOARDS: u8 = 20;
/// It draws a board for each exchange: ten times as many, so that each is drawn.
const EXCHANGES: u32 = 200;
/// perfdhcp speaks as a relay, at this address.
const RELAY: &str = "10.20.0.200/24";

#[test]
fn perfdhcp_finds_no_exchange_lost() {
    with_leases(3600, &[("perfdhcp", "kea-admin")], scenario);
}

async fn scenario(network: Network) {
    let boards = (0..BOARDS).map(|board| {
        let address = Ipv4Addr::new(10, 20, 0, 50 + board);
        (format!("n-{board}"), MacAddr([0xdc, 0xa6, 0x32, 0, 0, board]), address)
    });
    enrol(&network.store, boards.collect()).await;
    network.board.run(&["ip", "addr", "add", RELAY, "dev", BOARD_PORT]).await;

    let (boards, times) = (BOARDS.to_string(), EXCHANGES.to_string());
    // The last answer is waited for, in microseconds.
    let common = ["perfdhcp", "-4", "-l", BOARD_PORT, "-b", BASE, "-R", &boards, "-r", "100", "-W", "500000"];
    let (status, said) = perfdhcp(&network, &[common.as_slice(), &["-n", &times]].concat()).await;
    assert_eq!(status, Some(0), "{said}");
    for exchange in ["DISCOVER-OFFER", "REQUEST-ACK"] {
        assert_eq!(exchanges(&said, exchange), (EXCHANGES, EXCHANGES), "{exchange}: {said}");
    }
    assert_eq!(leases_in(&network, LeaseState::Bound).await, usize::from(BOARDS));

    let more = ["-p", "2", "-f", "20", "-F", "20"];
    // Its exit status tells nothing here: no RELEASE has an answer, which it takes for a loss or not, as its clock goes.
    let (_, said) = perfdhcp(&network, &[common.as_slice(), &more].concat()).await;
    for exchange in ["DISCOVER-OFFER", "REQUEST-ACK", "REQUEST-ACK (renewal)"] {
        let (sent, received) = exchanges(&said, exchange);
        assert!(sent > 20 && received == sent, "{exchange}: {said}");
    }
    // A board that gave its address back mostly has it again by now: what was heard is kept.
    assert!(releases_heard(&network).await > 0, "{said}");
}

/// Its exit status, and what it counted.
async fn perfdhcp(network: &Network, arguments: &[&str]) -> (Option<i32>, String) {
    let output = network.board.output(arguments).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.split_once("***Rate statistics***").map_or(said.as_str(), |(_, counted)| counted);
    (output.status.code(), said.to_owned())
}

/// Packets sent and received of that exchange, as perfdhcp counted them.
fn exchanges(said: &str, exchange: &str) -> (u32, u32) {
    let (_, section) = said.split_once(&format!("***Statistics for: {exchange}***")).unwrap();
    let count = |name: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    (count("sent packets:"), count("received packets:"))
}

async fn releases_heard(network: &Network) -> usize {
    let events = network.store.read(|conn| {
        let nodes = nodes::list(conn)?;
        nodes.iter().map(|node| boot_events::by_node(conn, node.id)).collect::<store::Result<Vec<_>>>()
    });
    let is_release = |record: &BootRecord| matches!(&record.event, BootEvent::Dhcp(exchange) if exchange.asked == DhcpAsked::Release);
    events.await.unwrap().iter().flatten().filter(|record| is_release(record)).count()
}

async fn leases_in(network: &Network, state: LeaseState) -> usize {
    let leases = network.store.read(leases::list).await.unwrap();
    leases.iter().filter(|lease| lease.state == state).count()
}
