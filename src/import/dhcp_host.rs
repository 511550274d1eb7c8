//! One `dhcp-host` of dnsmasq: `[mac][,id:..][,set:tag][,address][,name][,lease time][,ignore]`. *Pure.*
//!
//! Source: dnsmasq(8), --dhcp-host. The order of the parts is free.

use crate::model::net::MacAddr;
use std::net::Ipv4Addr;

/// What it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DhcpHost {
    pub(super) macs: Vec<MacAddr>,
    pub(super) name: Option<String>,
    pub(super) address: Option<Ipv4Addr>,
    /// dnsmasq does not answer it.
    pub(super) is_ignored: bool,
    /// Words by which options are meant for it.
    pub(super) tags: Vec<String>,
    /// Parts that pimaster has no use for.
    pub(super) unused: Vec<String>,
}

pub(super) fn parse(value: &str) -> DhcpHost {
    let mut host = DhcpHost::default();
    for part in value.split(',').map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty()) {
        if part == "ignore" {
            host.is_ignored = true;
        } else if let Some(mac) = mac(part) {
            host.macs.push(mac);
        } else if let Ok(address) = part.parse() {
            host.address = Some(address);
        } else if let Some(tag) = part.strip_prefix("set:") {
            host.tags.push(tag.to_owned());
        } else if part.contains([':', '*', '[']) || is_time(part) {
            // Client identifiers, IPv6 addresses, wildcards, lease times.
            host.unused.push(part.to_owned());
        } else {
            host.name = Some(part.to_owned());
        }
    }
    host
}

/// Six pairs of one or two digits, with the hardware type of Ethernet before them or without.
fn mac(text: &str) -> Option<MacAddr> {
    let text = text.strip_prefix("1-").unwrap_or(text);
    let mut octets = [0; 6];
    let mut parts = text.split([':', '-']);
    for octet in &mut octets {
        let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(MacAddr(octets))
}

fn is_time(text: &str) -> bool {
    let digits = text.strip_suffix(['s', 'm', 'h', 'd', 'w']).unwrap_or(text);
    text == "infinite" || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
