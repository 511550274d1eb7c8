//! busybox udhcpc: gets, renews, gives back and declines an address, as a system and with firmware's option 60.

use super::event::Events;
use super::network::{BOARD_PORT, MAC, Network, SERVER_PORT, ip, with_leases};
use nix::sys::signal::Signal;
use pimaster::store::leases::LeaseState;

/// Configures the interface as a system would.
const DOES: &str = r#"case "$1" in
bound) ip addr add "$ip/$mask" broadcast "$broadcast" dev "$interface" ;;
deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
esac"#;

const BOUND: [(&str, &str); 11] = [
    ("ip", "10.20.0.7"),
    ("subnet", "255.255.255.0"),
    ("broadcast", "10.20.0.255"),
    ("router", "10.20.0.254"),
    ("dns", "10.20.0.1 9.9.9.9"),
    ("ntpsrv", "10.20.0.1"),
    ("hostname", "pi-07"),
    ("domain", "rack.lab"),
    ("lease", "3600"),
    ("serverid", "10.20.0.1"),
    ("siaddr", "10.20.0.1"),
];

#[test]
fn udhcpc_lives_with_this_server() {
    with_leases(3600, &[("busybox", "busybox-static")], scenario);
}

async fn scenario(network: Network) {
    let mut client = udhcpc(&network, &[]);
    client.next("bound").await.tells(&BOUND);
    assert_eq!(network.receivers(), [MAC.0, MAC.0], "frames to the board alone, before it has an address");
    client.signal(Signal::SIGUSR1);
    client.next("renew").await.tells(&BOUND);
    client.signal(Signal::SIGUSR2);
    client.next("deconfig").await;
    network.lease_becomes(LeaseState::Released).await;
    client.signal(Signal::SIGKILL);
    drop(network.receivers());

    let mut client = udhcpc(&network, &["-B"]);
    client.next("bound").await.tells(&BOUND);
    assert_eq!(network.receivers(), [[0xff; 6]; 2], "the client asked for broadcasts");
    client.signal(Signal::SIGKILL);

    ip(&["neighbour", "flush", "dev", SERVER_PORT]).await;
    let mut client = udhcpc(&network, &["-V", "PXEClient:Arch:00000:UNDI:002001"]);
    let bound = client.next("bound").await;
    bound.tells(&[("ip", "10.20.0.7"), ("router", "10.20.0.254"), ("siaddr", "10.20.0.1"), ("dns", "")]);
    bound.tells(&[("ntpsrv", ""), ("hostname", ""), ("domain", "")]);
    let neighbours = super::network::output_of(&["ip", "neighbour", "show", "10.20.0.7"]).await;
    assert!(
        neighbours.contains(&format!("lladdr {MAC} REACHABLE")),
        "firmware is found without ARP: {neighbours}"
    );
    client.signal(Signal::SIGKILL);

    network.take_the_boards_address().await;
    let mut client = udhcpc(&network, &["-a500"]);
    let rests = network.lease_becomes(LeaseState::Declined).await;
    assert_eq!(rests.expires_at.duration_since(rests.since).as_secs(), 60);
    client.signal(Signal::SIGKILL);
    assert!(!client.ended().await);
}

fn udhcpc(network: &Network, more: &[&str]) -> Events {
    let hook = network.hook(DOES);
    let hook = hook.to_str().unwrap();
    let arguments = ["busybox", "udhcpc", "-f", "-i", BOARD_PORT, "-O", "ntpsrv", "-s", hook];
    network.board.client(&[arguments.as_slice(), more].concat())
}
