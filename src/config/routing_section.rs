//! The table `[routing]`. *Pure.* Called by [`super::Config::judge`].

use super::reader::{Finding, Section};
use crate::dhcp;
use crate::model::network::Mode;
use crate::model::routing::{InterfaceName, Routing};
use crate::routing::Config;
use toml::Table;

/// `[routing]`, if it is there. Nodes that get their addresses from pimaster are then told that it is their router,
/// unless the settings name another; with another DHCP server that one tells them.
pub(super) fn routing(root: &Table, dhcp: &mut dhcp::Config, findings: &mut Vec<Finding>) -> Option<Config> {
    let mut section = Section::of(root, "routing");
    let wanted = root.get("routing").is_some_and(toml::Value::is_table);
    let uplink: Option<InterfaceName> =
        if wanted { section.required("uplink", InterfaceName::ALLOWED) } else { None };
    let masquerade = section.flag("masquerade", true);
    let nodes: Option<InterfaceName> = dhcp.interface.as_deref().and_then(|name| name.parse().ok());
    if wanted && nodes.is_none() {
        let seen = dhcp.interface.as_deref().map_or("missing".to_owned(), |name| format!("`{name}`"));
        let allowed = format!("with [routing]: {}", InterfaceName::ALLOWED);
        findings.push(Finding { key: "network.interface".to_owned(), seen, allowed });
    }
    if let Some(name) = uplink.as_ref().filter(|name| nodes.as_ref() == Some(name) || name.as_str() == "lo") {
        section.report("uplink", format!("`{name}`"), "an interface to the outside, not network.interface");
    }
    section.finish(findings);
    let (nodes, uplink) = nodes.zip(uplink)?;
    if dhcp.mode == Mode::Authoritative {
        dhcp.router.get_or_insert(dhcp.server_address);
    }
    let subnets = std::iter::once(dhcp.subnet).chain(dhcp.relayed.iter().map(|network| network.subnet));
    Some(Config { nodes, subnets: subnets.collect(), routing: Routing { uplink, masquerade } })
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use std::net::Ipv4Addr;

    fn judge(network: &str, rest: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[network]\nsubnet = '10.20.0.0/24'\naddress = '10.20.0.1'\ninterface = 'eth0'\n{network}\n\
             [data]\nadmin_email = 'a@lab'\n{rest}"
        );
        let judged = Config::judge(&text.parse().unwrap());
        judged.map_err(|findings| findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn it_is_off_unless_the_table_is_there() {
        let off = judge("", "").unwrap();
        assert_eq!((off.routing, off.dhcp.router), (None, None));
        let relayed = "relayed = [{ subnet = '10.30.0.0/24', router = '10.30.0.1' }]";
        let on = judge(relayed, "[routing]\nuplink = 'wlan0'").unwrap();
        let networks = on.networks();
        let routing = on.routing.unwrap();
        assert_eq!((routing.nodes.as_str(), routing.routing.uplink.as_str()), ("eth0", "wlan0"));
        assert_eq!((routing.subnets.len(), routing.routing.masquerade), (2, true));
        assert_eq!(networks.routing, Some(routing.routing));
        let kept = judge("", "[routing]\nuplink = 'wlan0'\nmasquerade = false").unwrap();
        assert!(!kept.routing.unwrap().routing.masquerade);
    }

    #[test]
    fn pimaster_is_the_router_where_it_gives_the_addresses() {
        let router = |network: &str, dhcp: &str| {
            judge(network, &format!("[routing]\nuplink = 'wlan0'\n{dhcp}")).unwrap().dhcp.router
        };
        assert_eq!(router("", ""), Some(Ipv4Addr::new(10, 20, 0, 1)));
        assert_eq!(router("router = '10.20.0.254'", ""), Some(Ipv4Addr::new(10, 20, 0, 254)));
        assert_eq!(router("", "[dhcp]\nmode = 'proxy'"), None);
        assert_eq!(router("", "[dhcp]\nmode = 'off'"), None);
    }

    #[test]
    fn what_cannot_be_is_named_with_its_key() {
        let check = |network: &str, rest: &str, expected: &str| {
            let findings = judge(network, rest).unwrap_err();
            assert!(matches!(findings.as_slice(), [one] if one.starts_with(expected)), "{findings:?}");
        };
        check("", "[routing]", "routing.uplink: missing");
        check("", "[routing]\nuplink = 'eth0'", "routing.uplink: `eth0`");
        check("", "[routing]\nuplink = 'lo'", "routing.uplink: `lo`");
        check("", "[routing]\nuplink = 'wlan*'", "routing.uplink: \"wlan*\"");
        check("", "[routing]\nuplink = 'wlan0'\nmasquerade = 1", "routing.masquerade: 1");
        check("", "[routing]\nuplink = 'wlan0'\nnat = true", "routing.nat: unknown key");
        let loopback = "[network]\nsubnet = '127.0.0.0/8'\naddress = '127.0.0.1'\n[data]\nadmin_email = 'a@lab'\n\
                        [routing]\nuplink = 'wlan0'";
        let findings = Config::judge(&loopback.parse().unwrap()).unwrap_err();
        assert_eq!(findings.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["network.interface"]);
    }
}
