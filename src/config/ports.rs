//! No two servers of this machine at one port. *Pure.* Called by [`super::Config::judge`].

use super::reader::Finding;
use crate::model::network::Mode;
use crate::{dhcp, dns, netconsole, web};

/// A port that these settings use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    protocol: Protocol,
    port: u16,
    /// The key that changes it, or what fixes it.
    key: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Udp,
    Tcp,
}

/// The ports of all servers that run with these settings. The port of DHCP clients is among them: a server there would
/// hear what is meant for clients.
pub(super) fn used(
    dhcp: &dhcp::Config,
    dns: Option<&dns::Config>,
    tftp_port: u16,
    netconsole: &netconsole::Config,
    web: &web::Config,
) -> Vec<Used> {
    let udp = |port, key| Used { protocol: Protocol::Udp, port, key };
    let tcp = |port, key| Used { protocol: Protocol::Tcp, port, key };
    let mut used = Vec::new();
    if dhcp.mode != Mode::Off {
        used.extend([udp(dhcp.port, "dhcp.port"), udp(dhcp.client_port, "dhcp.client_port")]);
    }
    if dhcp.mode == Mode::Proxy {
        used.push(udp(dhcp.boot_port, "that of dhcp.mode = \"proxy\""));
    }
    if let Some(dns) = dns {
        used.extend([udp(dns.listen.port(), "dns.port"), tcp(dns.listen.port(), "dns.port")]);
    }
    used.push(udp(tftp_port, "tftp.port"));
    used.extend(netconsole.listen.map(|listen| udp(listen.port(), "netconsole.port")));
    used.push(tcp(web.listen.port(), "web.listen"));
    used
}

/// Reports each port that another server has, once.
pub(super) fn judge(used: &[Used], findings: &mut Vec<Finding>) {
    for (number, this) in used.iter().enumerate() {
        let before = used.iter().take(number);
        let taken = before.clone().find(|it| (it.protocol, it.port) == (this.protocol, this.port));
        if let Some(other) = taken {
            findings.push(Finding {
                key: this.key.to_owned(),
                seen: this.port.to_string(),
                allowed: format!("another port than {}", other.key),
            });
        }
    }
}
