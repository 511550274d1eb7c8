//! dhcpcd: gets an address and checks it by ARP, renews, rebinds, reboots, gives back, declines; informs itself beside an
//! address of its own.

use super::event::Events;
use super::network::{BOARD_PORT, Network, with_leases};
use pimaster::store::leases::LeaseState;
use std::time::Duration;

const CONFIG: &str = "duid
persistent
ipv4only
noipv4ll
nodelay
option domain_name_servers, domain_name, host_name, ntp_servers, broadcast_address
require dhcp_server_identifier
";

const SETTINGS: [(&str, &str); 7] = [
    ("new_subnet_mask", "255.255.255.0"),
    ("new_broadcast_address", "10.20.0.255"),
    ("new_routers", "10.20.0.254"),
    ("new_domain_name_servers", "10.20.0.1 9.9.9.9"),
    ("new_ntp_servers", "10.20.0.1"),
    ("new_host_name", "pi-07"),
    ("new_domain_name", "rack.lab"),
];

const LEASE: [(&str, &str); 4] = [
    ("new_ip_address", "10.20.0.7"),
    ("new_dhcp_lease_time", "3600"),
    ("new_dhcp_renewal_time", "1800"),
    ("new_dhcp_rebinding_time", "3150"),
];

#[test]
fn dhcpcd_lives_with_this_server() {
    with_leases(3600, &[("dhcpcd", "dhcpcd-base")], scenario);
}

async fn scenario(network: Network) {
    let mut client = dhcpcd(&network, &[]);
    let bound = client.next("BOUND").await;
    bound.tells(&SETTINGS);
    bound.tells(&LEASE);
    for way in ["--rebind", "--renew"] {
        insist(&network, way, async || client.next("RENEW").await).await.tells(&LEASE);
    }
    stop(&network, &mut client).await;

    let mut client = dhcpcd(&network, &[]);
    let reboot = client.next("REBOOT").await;
    reboot.tells(&SETTINGS);
    reboot.tells(&LEASE);
    insist(&network, "--release", async || network.lease_becomes(LeaseState::Released).await).await;
    client.ended().await;

    network.board.run(&["ip", "addr", "add", "10.20.0.7/24", "dev", BOARD_PORT]).await;
    let mut client = dhcpcd(&network, &["--inform=10.20.0.7/24"]);
    let inform = client.next("INFORM").await;
    inform.tells(&SETTINGS);
    inform.tells(&[("new_dhcp_lease_time", "")]);
    stop(&network, &mut client).await;
    network.board.run(&["ip", "addr", "flush", "dev", BOARD_PORT]).await;

    network.take_the_boards_address().await;
    let mut client = dhcpcd(&network, &[]);
    network.lease_becomes(LeaseState::Declined).await;
    stop(&network, &mut client).await;
}

/// Orders the running client to do something until it is done: dhcpcd loses signals that come while its hook runs.
async fn insist<T>(network: &Network, order: &str, mut done: impl AsyncFnMut() -> T) -> T {
    loop {
        network.board.output(&["dhcpcd", "-4", order, BOARD_PORT]).await;
        if let Ok(done) = tokio::time::timeout(Duration::from_secs(2), done()).await {
            return done;
        }
    }
}

/// Ends it; it keeps its lease.
async fn stop(network: &Network, client: &mut Events) {
    insist(network, "--exit", async || client.ended().await).await;
}

fn dhcpcd(network: &Network, more: &[&str]) -> Events {
    let hook = network.hook("");
    let config = network.folder().join("dhcpcd.conf");
    std::fs::write(&config, CONFIG).unwrap();
    let arguments = ["dhcpcd", "-4", "-B", "-f", config.to_str().unwrap(), "-c", hook.to_str().unwrap()];
    network.board.client(&[arguments.as_slice(), more, &[BOARD_PORT]].concat())
}
