//! systemd-networkd: gets, renews, rebinds and gives back an address.
//!
//! It runs alone: without systemd as process 1, without D-Bus, and without udev, which it looks for only where /sys
//! can be written to. Its DECLINE never leaves the machine (systemd 252: "Failed to send DHCP DECLINE, ignoring:
//! Network is unreachable"), so that there is nothing to test.

use super::network::{Network, signal, with_leases};
use nix::sys::signal::Signal;
use pimaster::store::leases::LeaseState;
use std::io::Write;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr};

const PROGRAM: &str = "/lib/systemd/systemd-networkd";

/// T1 after 4 s, T2 after 7 s.
const LEASE_SECONDS: u32 = 8;

/// Its folders, as the unit file would make them, and the settings of the interface.
const PREPARE: &str = "mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
chown -R systemd-network: /run/systemd/netif
cat >/run/systemd/network/10.network <<END
[Match]
Name=pm-board
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
[DHCPv4]
UseHostname=no
END";

const LEASE: [&str; 9] = [
    "ADDRESS=10.20.0.7",
    "NETMASK=255.255.255.0",
    "ROUTER=10.20.0.254",
    "SERVER_ADDRESS=10.20.0.1",
    "DNS=10.20.0.1 9.9.9.9",
    "NTP=10.20.0.1",
    "HOSTNAME=pi-07",
    "DOMAINNAME=rack.lab",
    "LIFETIME=8",
];

#[test]
fn systemd_networkd_lives_with_this_server() {
    with_leases(LEASE_SECONDS, &[(PROGRAM, "systemd")], scenario);
}

async fn scenario(network: Network) {
    network.board.run(&["sh", "-c", PREPARE]).await;
    let mut client = Networkd::start(&network);
    client.says("DHCPv4 address 10.20.0.7/24, gateway 10.20.0.254 acquired from 10.20.0.1").await;
    client.says("REQUEST (renewing)").await;
    let lease = network.board.run(&["sh", "-c", "cat /run/systemd/netif/leases/*"]).await;
    for setting in LEASE {
        assert!(lease.lines().any(|line| line == setting), "{setting} is missing:\n{lease}");
    }
    client.says("DHCPv4 client: ACK").await;
    network.board.lose_unicasts().await;
    client.says("REQUEST (rebinding)").await;
    client.says("DHCPv4 client: ACK").await;
    network.board.find_server().await;
    client.terminate().await;
    network.lease_becomes(LeaseState::Released).await;
}

/// A running networkd that logs to us.
struct Networkd {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Networkd {
    fn start(network: &Network) -> Self {
        let mut command = network.board.command(&[PROGRAM]);
        command.env("SYSTEMD_LOG_LEVEL", "debug").env("SYSTEMD_LOG_TARGET", "console");
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    async fn says(&mut self, text: &str) {
        loop {
            let Some(line) = self.log.next_line().await.unwrap() else {
                panic!("systemd-networkd ended early")
            };
            // Shown when the test fails.
            drop(writeln!(std::io::stderr(), "{line}"));
            if line.contains(text) {
                return;
            }
        }
    }

    async fn terminate(mut self) {
        signal(&self.child, Signal::SIGTERM);
        // Read on: it must not wait for room in the pipe.
        while self.log.next_line().await.unwrap().is_some() {}
        assert!(self.child.wait().await.unwrap().success());
    }
}
