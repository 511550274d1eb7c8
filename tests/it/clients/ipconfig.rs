//! klibc's ipconfig: what reads the kernel's `ip=dhcp` in the initramfs of Debian and Raspberry Pi OS.
//!
//! The kernel's own client was found in no Debian package: the kernels that were looked at leave CONFIG_IP_PNP unset.

use super::network::{BOARD_PORT, Network, with_leases};
use pimaster::store::leases::LeaseState;

const PROGRAM: &str = "/usr/lib/klibc/bin/ipconfig";

/// What it leaves for the scripts of the initramfs.
const SETTINGS: [&str; 11] = [
    "DEVICE='pm-board'",
    "PROTO='dhcp'",
    "IPV4ADDR='10.20.0.7'",
    "IPV4BROADCAST='10.20.0.255'",
    "IPV4NETMASK='255.255.255.0'",
    "IPV4GATEWAY='10.20.0.254'",
    "IPV4DNS0='10.20.0.1'",
    "HOSTNAME='pi-07'",
    "DNSDOMAIN='rack.lab'",
    "ROOTSERVER='10.20.0.1'",
    "DHCPLEASETIME='3600'",
];

#[test]
fn ipconfig_configures_an_initramfs() {
    with_leases(3600, &[(PROGRAM, "klibc-utils")], scenario);
}

async fn scenario(network: Network) {
    let said = network.board.run(&[PROGRAM, "-t", "10", "-c", "dhcp", "-d", BOARD_PORT]).await;
    assert!(!said.contains("no response"), "it had to ask twice: {said}");
    network.lease_becomes(LeaseState::Bound).await;
    let file = network.board.run(&["cat", &format!("/run/net-{BOARD_PORT}.conf")]).await;
    for setting in SETTINGS {
        assert!(file.lines().any(|line| line == setting), "{setting} is missing:\n{file}");
    }
}
