//! dnsmasq's settings in pimaster's words. *Pure.*
//!
//! Source of the forms: dnsmasq(8) and dnsmasq.conf.example.

use super::dhcp_host;
use super::found::{Found, Host, HostOption};
use super::lines::Line;
use super::option_line;
use crate::model::dhcp_option;
use crate::model::net::Subnet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Settings that pimaster needs no word about: it does so, or does it in its own way.
const SETTLED: [&str; 27] = [
    "bind-dynamic",
    "bind-interfaces",
    "bogus-priv",
    "cache-size",
    "dhcp-authoritative",
    "dhcp-boot",
    "dhcp-leasefile",
    "domain-needed",
    "enable-tftp",
    "expand-hosts",
    "group",
    "keep-in-foreground",
    "local",
    "localise-queries",
    "log-dhcp",
    "log-facility",
    "log-queries",
    "no-hosts",
    "no-poll",
    "no-resolv",
    "pid-file",
    "pxe-prompt",
    "pxe-service",
    "strict-order",
    "tftp-no-blocksize",
    "tftp-root",
    "user",
];

/// Reads the settings. A host is known to be a Raspberry Pi later, when the plan is made.
pub fn find(lines: &[Line]) -> Found {
    let mut reading = Reading::default();
    lines.iter().for_each(|line| reading.line(line));
    reading.finish()
}

#[derive(Default)]
struct Reading {
    found: Found,
    /// Names and addresses from host files, and where they stand.
    names: HashMap<String, (Ipv4Addr, String)>,
}

impl Reading {
    fn line(&mut self, line: &Line) {
        let Line { origin, key, value } = line;
        let settings = &mut self.found.settings;
        let understood = match key.as_str() {
            "dhcp-host" => return self.host(origin, value),
            "dhcp-option" | "dhcp-option-force" => match option_line::parse(value) {
                Some(option) => return self.option(origin, &shown(key, value), option),
                None => false,
            },
            "dhcp-range" => self.range(value),
            "addn-hosts" => self.addresses(origin, &value.split_whitespace().collect::<Vec<_>>()),
            "host-record" => {
                let mut words: Vec<&str> = value.split(',').map(str::trim).collect();
                words.reverse();
                let at = words.iter().position(|word| word.parse::<Ipv4Addr>().is_ok());
                at.is_some_and(|at| self.addresses(origin, words.get(at..).unwrap_or_default()))
            }
            "address" => match value.trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
                [name, address] => self.addresses(origin, &[*address, *name]),
                _ => false,
            },
            "interface" => set(&mut settings.interface, value.clone()),
            "listen-address" => value
                .split(',')
                .filter_map(|word| word.trim().parse().ok())
                .filter(|address: &Ipv4Addr| !address.is_loopback())
                .all(|address| set(&mut settings.address, address)),
            "domain" => set(&mut settings.domain, value.split(',').next().unwrap_or_default().to_owned()),
            "server" => match forwarder(value) {
                Some(server) => {
                    settings.forward.push(server);
                    true
                }
                None => false,
            },
            settled if SETTLED.contains(&settled) => {
                let text = shown(key, value);
                return self.found.remark(origin, &text, "not needed: pimaster does this in its own way");
            }
            _ => false,
        };
        if !understood {
            self.found.remark(origin, &shown(key, value), "not understood: nothing is taken over from it");
        }
    }

    fn host(&mut self, origin: &str, value: &str) {
        let host = dhcp_host::parse(value);
        if host.is_ignored {
            return self.found.remark(
                origin,
                value,
                "ignored by dnsmasq, and by pimaster: it answers nodes alone",
            );
        }
        let &[mac] = host.macs.as_slice() else {
            let why = if host.macs.is_empty() {
                "has no hardware address, by which pimaster knows machines; add it to this line"
            } else {
                "has several hardware addresses, a node has one; make a line for each, with names of their own"
            };
            return self.found.remark(origin, value, why);
        };
        if !host.unused.is_empty() {
            let unused = host.unused.join(",");
            self.found.remark(
                origin,
                &unused,
                "not taken over: identifiers, IPv6 and lease times of one host",
            );
        }
        let tags = host.tags;
        self.found.hosts.push(Host {
            origin: origin.to_owned(),
            name: host.name,
            mac: Some(mac),
            address: host.address,
            model: None,
            serial: None,
            port: None,
            tags,
        });
    }

    /// Options for all that are settings of their own go there, the others into a table of options.
    fn option(&mut self, origin: &str, text: &str, option: option_line::OptionLine) {
        let option_line::OptionLine { tag, code, value } = option;
        let settings = &mut self.found.settings;
        let understood = match (&tag, code, &value) {
            (None, 3, option_line::Value::Addresses(list)) => {
                list.first().is_some_and(|router| set(&mut settings.router, *router))
            }
            (None, 6, option_line::Value::Addresses(list)) => extend(&mut settings.dns, list),
            (None, 42, option_line::Value::Addresses(list)) => extend(&mut settings.ntp, list),
            (None, 15, option_line::Value::Text(name)) => set(&mut settings.domain, name.clone()),
            (_, code, _) if dhcp_option::DECIDED.contains(&code) => {
                return self.found.remark(origin, text, "not needed: pimaster decides this option itself");
            }
            (_, _, value) => {
                let (origin, value) = (origin.to_owned(), value.to_string());
                self.found.options.push(HostOption { origin, tag, code, value });
                true
            }
        };
        if !understood {
            self.found.remark(origin, text, "not understood: nothing is taken over from it");
        }
    }

    /// `[tag,]first,last|static|proxy[,netmask[,broadcast]][,lease time]`.
    fn range(&mut self, value: &str) -> bool {
        let words: Vec<&str> = value.split(',').map(str::trim).collect();
        let addresses: Vec<Ipv4Addr> = words.iter().filter_map(|word| word.parse().ok()).collect();
        if words.iter().any(|word| word.contains(':') || *word == "proxy") {
            return false;
        }
        let is_mask = |address: &&Ipv4Addr| address.octets().first() == Some(&255);
        let Some((first, rest)) = addresses.split_first() else { return false };
        let prefix = rest.iter().find(is_mask).map_or(24, |mask| mask.to_bits().leading_ones());
        let subnet = Subnet::containing(*first, u8::try_from(prefix).unwrap_or(24));
        let settings = &mut self.found.settings;
        // A second range, or one of another network, is left to the person who imports.
        let is_one = match rest.first().filter(|last| !is_mask(last) && first <= *last) {
            Some(last) => set(&mut settings.range, (*first, *last)),
            None => true,
        };
        set(&mut settings.subnet, subnet) && is_one
    }

    /// `address name name ...`.
    fn addresses(&mut self, origin: &str, words: &[&str]) -> bool {
        let Some((address, names)) = words.split_first() else { return false };
        let Ok(address) = address.parse::<Ipv4Addr>() else { return false };
        for name in names {
            self.names.insert((*name).to_owned(), (address, origin.to_owned()));
        }
        !names.is_empty()
    }

    /// Names and addresses from host files complete the hosts; the rest are names that pimaster does not know.
    fn finish(mut self) -> Found {
        for host in &mut self.found.hosts {
            match (&host.name, host.address) {
                (Some(name), None) => host.address = self.names.get(name).map(|(address, _)| *address),
                (None, Some(address)) => {
                    let named =
                        self.names.iter().filter(|(_, (known, _))| *known == address).map(|(name, _)| name);
                    host.name = named.min().cloned();
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        let mut left: Vec<(String, (Ipv4Addr, String))> = self.names.into_iter().collect();
        left.retain(|(_, (address, _))| !self.found.hosts.iter().any(|host| host.address == Some(*address)));
        left.sort();
        for (name, (address, origin)) in left {
            let why = "a name without a machine: pimaster's DNS knows the names of machines alone";
            self.found.remark(&origin, &format!("{address} {name}"), why);
        }
        self.found
    }
}

/// `address[#port]` as `[dns] forward` has it; none for servers of one domain or one interface.
fn forwarder(value: &str) -> Option<String> {
    let Some((address, port)) = value.split_once('#') else {
        return value.parse().ok().map(|address: IpAddr| address.to_string());
    };
    Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?).to_string())
}

fn shown(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key}={value}") }
}

/// Sets what was not set before, or is the same; a second value is not understood.
fn set<T: PartialEq>(slot: &mut Option<T>, value: T) -> bool {
    match slot {
        Some(known) => *known == value,
        None => {
            *slot = Some(value);
            true
        }
    }
}

fn extend(list: &mut Vec<Ipv4Addr>, more: &[Ipv4Addr]) -> bool {
    list.extend(more);
    true
}
