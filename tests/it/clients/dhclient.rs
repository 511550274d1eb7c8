//! ISC dhclient: each state of RFC 2131 from INIT to REBINDING, INIT-REBOOT, release and decline.

use super::event::Events;
use super::network::{BOARD_PORT, Network, with_leases};
use nix::sys::signal::Signal;
use pimaster::store::leases::LeaseState;

/// T1 after 8 s, T2 after 14 s: it looks at its watch only when it repeats a request, each second or so.
const LEASE_SECONDS: u32 = 16;

const CONFIG: &str = "initial-interval 1;
backoff-cutoff 1;
request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name, ntp-servers;\n";

/// Configures the interface as a system would; with a file `refuse` it finds fault with the address, which makes
/// dhclient decline it.
const DOES: &str = r#"case "$reason" in
PREINIT) ip link set "$interface" up ;;
BOUND) [ ! -e "$0.refuse" ] || exit 1; ip addr replace "$new_ip_address/24" dev "$interface" ;;
REBOOT) ip addr replace "$new_ip_address/24" dev "$interface" ;;
esac"#;

const BOUND: [(&str, &str); 12] = [
    ("new_ip_address", "10.20.0.7"),
    ("new_subnet_mask", "255.255.255.0"),
    ("new_broadcast_address", "10.20.0.255"),
    ("new_routers", "10.20.0.254"),
    ("new_domain_name_servers", "10.20.0.1 9.9.9.9"),
    ("new_ntp_servers", "10.20.0.1"),
    ("new_host_name", "pi-07"),
    ("new_domain_name", "rack.lab"),
    ("new_dhcp_lease_time", "16"),
    ("new_dhcp_renewal_time", "8"),
    ("new_dhcp_rebinding_time", "14"),
    ("new_dhcp_server_identifier", "10.20.0.1"),
];

#[test]
fn dhclient_lives_with_this_server() {
    with_leases(LEASE_SECONDS, &[("dhclient", "isc-dhcp-client")], scenario);
}

async fn scenario(network: Network) {
    let mut client = dhclient(&network, &[]);
    client.next("BOUND").await.tells(&BOUND);
    client.next("RENEW").await.tells(&BOUND);
    network.board.lose_unicasts().await;
    // It rebinds by broadcast now, but calls it the same.
    client.next("RENEW").await.tells(&BOUND);
    assert!(dhclient(&network, &["-x"]).ended().await, "it keeps its lease");
    client.ended().await;

    let mut client = dhclient(&network, &[]);
    client.next("REBOOT").await.tells(&BOUND);
    network.board.find_server().await;
    let mut release = dhclient(&network, &["-r"]);
    release.next("RELEASE").await;
    network.lease_becomes(LeaseState::Released).await;
    assert!(release.ended().await);
    client.ended().await;

    std::fs::write(network.folder().join("hook.refuse"), "").unwrap();
    let mut client = dhclient(&network, &[]);
    network.lease_becomes(LeaseState::Declined).await;
    client.signal(Signal::SIGKILL);
    client.ended().await;
}

fn dhclient(network: &Network, more: &[&str]) -> Events {
    let (hook, folder) = (network.hook(DOES), network.folder());
    let config = folder.join("dhclient.conf");
    std::fs::write(&config, CONFIG).unwrap();
    let (leases, pid) = (folder.join("dhclient.leases"), folder.join("dhclient.pid"));
    let path = |path: &'_ std::path::Path| path.to_str().unwrap().to_owned();
    let (config, leases, pid, hook) = (path(&config), path(&leases), path(&pid), path(&hook));
    let arguments = ["dhclient", "-4", "-d", "-cf", &config, "-lf", &leases, "-pf", &pid, "-sf", &hook];
    network.board.client(&[arguments.as_slice(), more, &[BOARD_PORT]].concat())
}
