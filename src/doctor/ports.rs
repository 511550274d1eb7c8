//! The ports that pimaster serves on. *IO: trial binds and `/proc`; `judge` is pure.*
//!
//! Whether a port is free is found by binding it as the servers do: two DHCP servers on different interfaces share
//! port 67 and look alike in `/proc`.

use super::finding::{Finding, Verdict};
use super::proc::{self, Holder, Protocol};
use super::scene::{Daemon, Scene};
use crate::config::Config;
use crate::model::check::Check;
use crate::model::network::Mode;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// A port that pimaster serves on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) protocol: Protocol,
    pub(super) address: SocketAddrV4,
    /// What it is for.
    pub(super) role: &'static str,
    /// The interface that the socket is bound to.
    pub(super) interface: Option<String>,
    /// The key of the settings that changes it.
    pub(super) key: &'static str,
}

/// A port as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PortSeen {
    pub(super) port: Port,
    pub(super) bound: Bound,
    pub(super) holders: Vec<Holder>,
}

/// What a trial bind said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// It is free.
    Free,
    /// Somebody holds it.
    Taken,
    /// This user may not bind it.
    Forbidden,
    /// The address or the interface is not there.
    Nowhere,
}

/// The ports of these settings: what a mode or a switch leaves closed is not among them.
pub(super) fn ports(config: &Config) -> Vec<Port> {
    let own = config.dhcp.server_address;
    let interface = || config.dhcp.interface.clone();
    let listening = if config.dhcp.interface.is_some() { Ipv4Addr::UNSPECIFIED } else { own };
    let at = |port| SocketAddrV4::new(own, port);
    let v4 = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddrV4::new(ip, address.port()),
        IpAddr::V6(_) => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, address.port()),
    };
    let udp = |address, role, interface, key| Port { protocol: Protocol::Udp, address, role, interface, key };
    let tcp = |address, role, interface, key| Port { protocol: Protocol::Tcp, address, role, interface, key };
    let mut ports = Vec::new();
    if config.dhcp.mode != Mode::Off {
        let address = SocketAddrV4::new(listening, config.dhcp.port);
        ports.push(udp(address, "DHCP", interface(), "dhcp.port"));
    }
    if config.dhcp.mode == Mode::Proxy {
        ports.push(udp(at(config.dhcp.boot_port), "boot server", interface(), "dhcp.mode"));
    }
    if let Some(dns) = &config.dns {
        ports.push(udp(dns.listen, "DNS", interface(), "dns.port"));
        ports.push(tcp(dns.listen, "DNS", interface(), "dns.port"));
    }
    ports.push(udp(v4(config.tftp.listen), "TFTP", None, "tftp.port"));
    if let Some(listen) = config.netconsole.listen {
        ports.push(udp(listen, "kernels' console", None, "netconsole.port"));
    }
    ports.push(tcp(v4(config.web.listen), "pages and images", None, "web.listen"));
    ports
}

/// Looks at each port.
pub(super) fn look(config: &Config) -> Vec<PortSeen> {
    let own = config.dhcp.server_address;
    let seen = |port: Port| {
        let bound = bind(&port);
        let held = SocketAddrV4::new(own, port.address.port());
        let holders = if bound == Bound::Free { Vec::new() } else { proc::holders(port.protocol, held) };
        PortSeen { port, bound, holders }
    };
    ports(config).into_iter().map(seen).collect()
}

fn bind(port: &Port) -> Bound {
    let kind = match port.protocol {
        Protocol::Tcp => Type::STREAM,
        Protocol::Udp => Type::DGRAM,
    };
    let bound = Socket::new(Domain::IPV4, kind, None).and_then(|socket| {
        // What closed connections leave behind holds no port.
        socket.set_reuse_address(port.protocol == Protocol::Tcp)?;
        socket.bind_device(port.interface.as_deref().map(str::as_bytes))?;
        socket.bind(&SocketAddr::V4(port.address).into())
    });
    match bound {
        Ok(()) => Bound::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Bound::Taken,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Bound::Forbidden,
        Err(_) => Bound::Nowhere,
    }
}

/// The findings about all ports.
pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let runs = matches!(scene.daemon, Daemon::Runs(_));
    let finding = |seen: &PortSeen| {
        let Port { protocol, address, role, .. } = &seen.port;
        judge(seen, runs).of(Check::Ports, format!("{role}, {} port {}", protocol.as_str(), address.port()))
    };
    scene.ports.iter().map(finding).collect()
}

/// Judges one port, `runs` being whether pimaster answers on its web port.
fn judge(seen: &PortSeen, runs: bool) -> Verdict {
    const OURS: &str = "pimaster holds it, or nobody";
    let stranger = seen.holders.iter().find(|holder| !holder.is_pimaster);
    let ours = seen.holders.iter().find(|holder| holder.is_pimaster);
    match (seen.bound, ours, stranger) {
        (Bound::Free, _, _) if runs => Verdict::failure(
            "pimaster runs and does not hold it",
            "the running pimaster, of these settings",
            "Restart pimaster: it may run with other settings than these.",
        ),
        (Bound::Free, _, _) => Verdict::Good("is free for pimaster".to_owned()),
        (Bound::Taken | Bound::Forbidden, Some(holder), None) => {
            Verdict::Good(format!("pimaster (process {}) holds it", holder.pid))
        }
        (Bound::Taken | Bound::Forbidden, _, Some(holder)) => Verdict::failure(
            format!("{} (process {}) holds it", holder.name, holder.pid),
            OURS,
            format!("{}, or change {}.", remedy(&holder.name), seen.port.key),
        ),
        (Bound::Taken, None, None) if runs => {
            Verdict::Good("is held, presumably by pimaster, whose processes this user may not see".to_owned())
        }
        (Bound::Taken, None, None) => Verdict::failure(
            "a program that this user may not see holds it",
            OURS,
            "Run the doctor as root, who sees which program.",
        ),
        (Bound::Forbidden, None, None) => Verdict::not_checked(
            "this user may not bind it, and sees nobody who holds it",
            "Run the doctor as root.",
        ),
        (Bound::Nowhere, _, _) => {
            let Port { address, interface, .. } = &seen.port;
            let place = interface.clone().unwrap_or_else(|| address.ip().to_string());
            Verdict::failure(
                format!("{place} cannot be bound"),
                "an address of this machine",
                "See the finding `interface`.",
            )
        }
    }
}

/// How to get rid of programs that are often there.
fn remedy(name: &str) -> String {
    let unit = match name {
        "dnsmasq" => "dnsmasq",
        "named" => "named",
        "unbound" => "unbound",
        "dhcpd" => "isc-dhcp-server",
        "kea-dhcp4" => "kea-dhcp4-server",
        "in.tftpd" => "tftpd-hpa",
        "atftpd" => "atftpd",
        "systemd-network" => {
            return "Set DHCPServer=no for this interface in /etc/systemd/network, restart systemd-networkd"
                .to_owned();
        }
        "systemd-resolve" => {
            return "Set DNSStubListener=no in /etc/systemd/resolved.conf, restart systemd-resolved"
                .to_owned();
        }
        other => return format!("Stop {other}"),
    };
    format!("Stop it for good with `systemctl disable --now {unit}`")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    fn seen(bound: Bound, holders: &[(&str, bool)]) -> PortSeen {
        let port = Port {
            protocol: Protocol::Udp,
            address: "0.0.0.0:67".parse().unwrap(),
            role: "DHCP",
            interface: Some("eth0".to_owned()),
            key: "dhcp.port",
        };
        let holder = |(name, is_pimaster): &(&str, bool)| Holder {
            pid: 7,
            name: (*name).to_owned(),
            is_pimaster: *is_pimaster,
        };
        PortSeen { port, bound, holders: holders.iter().map(holder).collect() }
    }

    #[test]
    fn each_mode_has_its_ports() {
        const SMALLEST: &str = "[network]\nsubnet='10.20.0.0/24'\naddress='10.20.0.1'\ninterface='eth0'\n[data]\nadmin_email='a@lab'\n";
        let check = |more: &str, expect: &[&str]| {
            let config = Config::judge(&format!("{SMALLEST}{more}").parse().unwrap()).unwrap();
            let line = |port: Port| format!("{} {}", port.protocol.as_str(), port.address);
            assert_eq!(ports(&config).into_iter().map(line).collect::<Vec<_>>(), expect, "{more}");
        };
        let [dns, dns_tcp, tftp] = ["UDP 10.20.0.1:53", "TCP 10.20.0.1:53", "UDP 10.20.0.1:69"];
        let web = "TCP 0.0.0.0:9000";
        check("", &["UDP 0.0.0.0:67", dns, dns_tcp, tftp, web]);
        let proxy = "[dhcp]\nmode = 'proxy'\n[dns]\nenabled = false";
        check(proxy, &["UDP 0.0.0.0:67", "UDP 10.20.0.1:4011", tftp, web]);
        let off = "[dhcp]\nmode = 'off'\n[netconsole]\nenabled = true";
        check(off, &[dns, dns_tcp, tftp, "UDP 10.20.0.1:6666", web]);
    }

    #[test]
    fn a_port_is_ours_free_or_a_failure() {
        let check = |bound, holders: &[(&str, bool)], runs, outcome, part: &str| {
            let verdict = judge(&seen(bound, holders), runs);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(Bound::Free, &[], false, Outcome::Ok, "free");
        check(Bound::Free, &[], true, Outcome::Failure, "other settings");
        check(Bound::Taken, &[("pimaster", true)], true, Outcome::Ok, "process 7");
        check(Bound::Taken, &[("dnsmasq", false)], false, Outcome::Failure, "disable --now dnsmasq");
        check(Bound::Taken, &[("dhcpd", false)], false, Outcome::Failure, "isc-dhcp-server");
        check(Bound::Taken, &[("in.tftpd", false)], false, Outcome::Failure, "tftpd-hpa");
        check(Bound::Taken, &[("nc", false)], true, Outcome::Failure, "Stop nc, or change dhcp.port");
        check(Bound::Taken, &[("pimaster", true), ("nc", false)], true, Outcome::Failure, "nc");
        check(Bound::Taken, &[], true, Outcome::Ok, "presumably");
        check(Bound::Taken, &[], false, Outcome::Failure, "as root");
        check(Bound::Forbidden, &[], true, Outcome::NotChecked, "as root");
        check(Bound::Forbidden, &[("pimaster", true)], true, Outcome::Ok, "process 7");
        check(Bound::Nowhere, &[], false, Outcome::Failure, "eth0");
    }
}
