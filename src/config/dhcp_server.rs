//! The tables `[dhcp]`, `[dhcp.options]` and `[[network.relayed]]`. *Pure.* Called by [`super::Config::judge`].

use super::reader::{Finding, Section, shown};
use super::sections::{RANGE, judge_ranges};
use crate::dhcp::{self, extra};
use crate::model::board::BoardModel;
use crate::model::net::{AddressRange, Subnet};
use crate::model::network::{Mode, Network};
use crate::model::node::NodeName;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use toml::{Table, Value};

/// `[dhcp]`, on top of what `[network]` says and what `[dns]` added to it.
pub(super) fn dhcp_server(
    root: &Table,
    mut network: dhcp::Config,
    findings: &mut Vec<Finding>,
) -> dhcp::Config {
    const MODE: &str = "authoritative, proxy or off";
    let mut section = Section::of(root, "dhcp");
    let mode: Mode = section.optional("mode", MODE).unwrap_or(Mode::Authoritative);
    if mode == Mode::Proxy && network.interface.is_none() {
        section.report("mode", "proxy without network.interface", "an interface, or authoritative or off");
    }
    // Behind a relay the servers are those at home, unless it says others.
    for relayed in &mut network.relayed {
        for (own, home) in [(&mut relayed.dns, &network.dns), (&mut relayed.ntp, &network.ntp)] {
            if own.is_empty() {
                own.clone_from(home);
            }
        }
    }
    let mut config = dhcp::Config {
        mode,
        beside_others: section.flag("beside_others", false),
        port: section.port("port", 67),
        client_port: section.port("client_port", 68),
        ..network
    };
    if let Some((path, table)) = section.table("options") {
        config.options = options(&path, table, findings);
        let most = config.options.most_bytes();
        if most > extra::MOST_BYTES {
            let allowed =
                format!("at most {} bytes for one machine, so that replies fit one frame", extra::MOST_BYTES);
            section.report("options", format!("{most} bytes"), &allowed);
        }
    }
    section.finish(findings);
    config
}

/// A network behind a relay.
pub(super) struct Relayed {
    pub(super) network: Network,
    pub(super) node_ranges: Vec<AddressRange>,
}

/// Networks behind relays, each apart from all others.
pub(super) fn relayed(
    section: &mut Section<'_>,
    home: Option<Subnet>,
    findings: &mut Vec<Finding>,
) -> Vec<Relayed> {
    const SERVER: &str = "an IPv4 address such as 10.30.0.1";
    let mut networks: Vec<Relayed> = Vec::new();
    for (path, table) in section.tables("relayed") {
        let mut section = Section::inner(path, table);
        let subnet: Option<Subnet> = section.required("subnet", "an IPv4 network such as 10.30.0.0/24");
        let router: Option<Ipv4Addr> =
            section.required("router", "the relay's IPv4 address such as 10.30.0.1");
        let node_ranges = section.list("node_ranges", RANGE);
        judge_ranges(&mut section, &node_ranges, subnet, router);
        let (dns, ntp) = (section.list("dns", SERVER), section.list("ntp", SERVER));
        if let (Some(subnet), Some(router)) = (subnet, router) {
            let mut others = networks.iter().map(|other| other.network.subnet).chain(home);
            if others.any(|other| other.contains(subnet.network()) || subnet.contains(other.network())) {
                section.report("subnet", subnet.to_string(), "a network that overlaps no other one");
            }
            if !subnet.is_host(router) {
                section.report("router", router.to_string(), &format!("a host address inside {subnet}"));
            }
            let network = Network { subnet, router: Some(router), dns, ntp };
            networks.push(Relayed { network, node_ranges });
        }
        section.finish(findings);
    }
    networks
}

fn options(path: &str, table: &Table, findings: &mut Vec<Finding>) -> extra::OptionTables {
    let mut tables = extra::OptionTables::default();
    for (key, value) in table {
        let path = format!("{path}.{key}");
        match (key.as_str(), value) {
            ("model", Value::Table(models)) => {
                for (path, name, table) in inner(&path, models, findings) {
                    match name.parse::<BoardModel>() {
                        Ok(model) => {
                            tables.models.insert(model.as_str(), list(&path, table, findings));
                        }
                        Err(error) => findings.push(Finding {
                            key: path,
                            seen: format!("`{name}`"),
                            allowed: error.to_string(),
                        }),
                    }
                }
            }
            ("node", Value::Table(nodes)) => {
                tables.nodes = named(&path, nodes, findings);
            }
            ("device", Value::Table(devices)) => {
                tables.devices = named(&path, devices, findings);
            }
            _ => {
                tables.all.extend(option(&path, key, value, findings));
            }
        }
    }
    tables
}

fn named(path: &str, table: &Table, findings: &mut Vec<Finding>) -> BTreeMap<NodeName, extra::Options> {
    let mut found = BTreeMap::new();
    for (path, name, table) in inner(path, table, findings) {
        match name.parse::<NodeName>() {
            Ok(name) => {
                found.insert(name, list(&path, table, findings));
            }
            Err(error) => {
                findings.push(Finding { key: path, seen: format!("`{name}`"), allowed: error.to_string() });
            }
        }
    }
    found
}

/// The tables of a table; what is none is reported.
fn inner<'a>(path: &str, table: &'a Table, findings: &mut Vec<Finding>) -> Vec<(String, &'a str, &'a Table)> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = format!("{path}.{name}");
        match value.as_table() {
            Some(table) => found.push((key, name.as_str(), table)),
            None => {
                findings.push(Finding { key, seen: shown(value), allowed: "a table of options".to_owned() })
            }
        }
    }
    found
}

fn list(path: &str, table: &Table, findings: &mut Vec<Finding>) -> extra::Options {
    let read = |(key, value): (&String, &Value)| option(&format!("{path}.{key}"), key, value, findings);
    table.iter().filter_map(read).collect()
}

fn option(path: &str, key: &str, value: &Value, findings: &mut Vec<Finding>) -> Option<(u8, Vec<u8>)> {
    let read = || -> Result<(u8, Vec<u8>), (String, String)> {
        let (code, format) = extra::key(key).map_err(|allowed| (format!("`{key}`"), allowed))?;
        let plain =
            plain(value).ok_or_else(|| (shown(value), "a number, a text or a list of texts".to_owned()))?;
        let data = extra::bytes(format, &plain).map_err(|allowed| (shown(value), allowed))?;
        Ok((code, data))
    };
    read().map_err(|(seen, allowed)| findings.push(Finding { key: path.to_owned(), seen, allowed })).ok()
}

fn plain(value: &Value) -> Option<extra::Value> {
    if let Some(number) = value.as_integer() {
        return Some(extra::Value::Number(number));
    }
    if let Some(text) = value.as_str() {
        return Some(extra::Value::Text(text.to_owned()));
    }
    let items = value.as_array()?;
    items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().map(extra::Value::List)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn judge(text: &str) -> Result<dhcp::Config, Vec<String>> {
        const NETWORK: &str = "network = { subnet = '10.20.0.0/24', address = '10.20.0.1', interface = 'eth0', relayed = [{ subnet = '10.30.0.0/24', router = '10.30.0.1' }] }\ndata = { admin_email = 'a@lab' }\n";
        let judged = Config::judge(&format!("{NETWORK}{text}").parse().unwrap());
        judged.map(|config| config.dhcp).map_err(|findings| findings.into_iter().map(|it| it.key).collect())
    }

    #[test]
    fn modes_and_options_are_read() {
        let config = judge(
            "[dhcp]\nmode = 'proxy'\nbeside_others = true
             [dhcp.options]\ndefault-ttl = 64\nntp = ['10.20.0.1']\n240 = 'hex:0a'
             [dhcp.options.model.pi4b]\nmtu = 1400\n[dhcp.options.node.pi-07]\n241 = 'text'
             [dhcp.options.device.switch]\nlog-server = '10.20.0.1'",
        )
        .unwrap();
        assert_eq!((config.mode, config.beside_others), (Mode::Proxy, true));
        let name = "pi-07".parse().unwrap();
        let codes: Vec<u8> = config.options.of_node(&name, BoardModel::Pi4b).into_keys().collect();
        assert_eq!(codes, [23, 26, 42, 240, 241]);
        let codes: Vec<u8> = config.options.of_device(&"switch".parse().unwrap()).into_keys().collect();
        assert_eq!(codes, [7, 23, 42, 240]);
        assert_eq!(config.relayed.len(), 1);
    }

    #[test]
    fn wrong_options_are_named_with_their_key() {
        let check = |text: &str, key: &str| {
            let keys = judge(&format!("[dhcp.options]\n{text}")).unwrap_err();
            assert_eq!(keys, [key], "{text}");
        };
        check("43 = 'hex:01'", "dhcp.options.43");
        check("speed = 1", "dhcp.options.speed");
        check("mtu = 70000", "dhcp.options.mtu");
        check("mtu = true", "dhcp.options.mtu");
        check("model = 7", "dhcp.options.model");
        check("model.pi9 = { mtu = 1400 }", "dhcp.options.model.pi9");
        check("node.PI = { mtu = 1400 }", "dhcp.options.node.PI");
        check("node.pi-07 = 7", "dhcp.options.node.pi-07");
        check("node.pi-07 = { mtu = 'x' }", "dhcp.options.node.pi-07.mtu");
        let long: String = (128..136).map(|code| format!("{code} = '{}'\n", "x".repeat(100))).collect();
        check(&long, "dhcp.options");
        assert_eq!(judge("[dhcp]\nmode = 'maybe'").unwrap_err(), ["dhcp.mode"]);
        assert_eq!(judge("[dhcp]\nbeside_others = 'yes'").unwrap_err(), ["dhcp.beside_others"]);
    }

    #[test]
    fn a_relayed_network_has_ranges_and_servers_of_its_own() {
        let network = "network = { subnet = '10.20.0.0/24', address = '10.20.0.1', interface = 'eth0', ntp = ['10.20.0.9'],
            node_ranges = ['10.20.0.10-10.20.0.19'], relayed = [
            { subnet = '10.30.0.0/24', router = '10.30.0.1', node_ranges = ['10.30.0.10-10.30.0.19'], dns = ['10.30.0.53'] },
            { subnet = '10.40.0.0/24', router = '10.40.0.1' } ] }\ndata = { admin_email = 'a@lab' }";
        let config = Config::judge(&network.parse().unwrap()).unwrap();
        let told: Vec<_> = config.dhcp.relayed.iter().map(|it| (it.dns.clone(), it.ntp.clone())).collect();
        let (home, ntp) = (vec![Ipv4Addr::new(10, 20, 0, 1)], vec![Ipv4Addr::new(10, 20, 0, 9)]);
        assert_eq!(told, [(vec![Ipv4Addr::new(10, 30, 0, 53)], ntp.clone()), (home, ntp)]);
        let pools: Vec<_> = config.detect.rules.networks.iter().map(|it| it.node_ranges.len()).collect();
        assert_eq!(pools, [1, 1, 0]);
    }

    #[test]
    fn relayed_networks_lie_apart() {
        let check = |relayed: &str, keys: &[&str]| {
            let text = format!(
                "network = {{ subnet = '10.20.0.0/24', address = '10.20.0.1', interface = 'eth0', relayed = {relayed} }}\ndata = {{ admin_email = 'a@lab' }}"
            );
            let findings = Config::judge(&text.parse().unwrap()).unwrap_err();
            assert_eq!(findings.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), keys, "{relayed}");
        };
        check("7", &["network.relayed"]);
        check("[{ subnet = '10.30.0.0/24' }]", &["network.relayed[0].router"]);
        check("[{ subnet = '10.20.0.0/25', router = '10.20.0.9' }]", &["network.relayed[0].subnet"]);
        check("[{ subnet = '10.0.0.0/8', router = '10.30.0.9' }]", &["network.relayed[0].subnet"]);
        check("[{ subnet = '10.30.0.0/24', router = '10.31.0.1' }]", &["network.relayed[0].router"]);
        let ranges = |ranges: &str, key| {
            check(
                &format!("[{{ subnet = '10.30.0.0/24', router = '10.30.0.1', node_ranges = {ranges} }}]"),
                &[key],
            );
        };
        ranges("['10.20.0.10-10.20.0.19']", "network.relayed[0].node_ranges");
        ranges("['10.30.0.1-10.30.0.19']", "network.relayed[0].node_ranges");
        ranges("['10.30.0.9-10.30.0.2']", "network.relayed[0].node_ranges[0]");
        check(
            "[{ subnet = '10.30.0.0/24', router = '10.30.0.1', dns = ['resolver'] }]",
            &["network.relayed[0].dns[0]"],
        );
        check(
            "[{ subnet = '10.30.0.0/24', router = '10.30.0.1', speed = 1 }]",
            &["network.relayed[0].speed"],
        );
    }
}
