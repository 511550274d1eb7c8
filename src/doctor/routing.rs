//! Routing for the nodes: the uplink and its way on, the rules, forwarding, what else may stop packets. *IO: `nft`,
//! `/proc`; `judge` is pure.*

use super::finding::{Finding, Verdict};
use super::interface;
use super::scene::{Daemon, Scene};
use crate::config::Config;
use crate::model::check::Check;
use crate::model::network::Mode;
use crate::routing::{self, Error, Kernel, Nft};
use std::fs;
use std::net::Ipv4Addr;

/// What nft said: its tables, or why it did not tell.
#[derive(Debug, Clone)]
enum Filter {
    Seen(routing::Seen),
    Missing,
    Silent(String),
}

/// The machine as it was found.
#[derive(Debug, Clone)]
struct Seen {
    filter: Filter,
    uplink: interface::Seen,
    /// Whether a default route leads through the uplink.
    has_way_on: bool,
    /// The interfaces of the two that do not forward.
    closed: Vec<String>,
}

/// The findings.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let filter = match Nft::default().look().await {
        Ok(seen) => Filter::Seen(seen),
        Err(Error::Program(_)) => Filter::Missing,
        Err(error) => Filter::Silent(error.to_string()),
    };
    let Some(config) = &scene.config.routing else {
        return vec![judge_off(&filter).of(Check::Routing, "routing")];
    };
    let uplink = config.routing.uplink.as_str();
    let mut closed = Vec::new();
    for interface in [&config.nodes, &config.routing.uplink] {
        if matches!(Kernel::default().forwards(interface).await, Ok(Some(false))) {
            closed.push(interface.to_string());
        }
    }
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let seen =
        Seen { filter, uplink: interface::look(uplink), has_way_on: has_default(&routes, uplink), closed };
    let runs = matches!(scene.daemon, Daemon::Runs(_));
    vec![
        judge_uplink(&seen, config).of(Check::Routing, uplink),
        judge_rules(&seen, runs).of(Check::Routing, "rules"),
        judge_router(&scene.config).of(Check::Routing, "router"),
    ]
}

/// Whether a table of `/proc/net/route` has a default route through that interface. *Pure.*
fn has_default(table: &str, interface: &str) -> bool {
    const NOTHING: &str = "00000000";
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.first() == Some(&interface)
            && fields.get(1) == Some(&NOTHING)
            && fields.get(7) == Some(&NOTHING)
    })
}

/// Without `[routing]`.
fn judge_off(filter: &Filter) -> Verdict {
    match filter {
        Filter::Seen(seen) if seen.has_table => Verdict::warning(
            "is off, and the table `inet pimaster` of an earlier pimaster is there",
            "no such table",
            "Restart pimaster, which removes it if its database knows of it; else `nft delete table inet pimaster`.",
        ),
        Filter::Seen(_) | Filter::Missing | Filter::Silent(_) => Verdict::Good("is off".to_owned()),
    }
}

fn judge_uplink(seen: &Seen, config: &routing::Config) -> Verdict {
    let uplink = &config.routing.uplink;
    let nodes = |address: Ipv4Addr| config.subnets.iter().find(|subnet| subnet.contains(address));
    let both = seen.uplink.addresses.iter().find_map(|(address, _)| Some((address, nodes(*address)?)));
    if !seen.uplink.exists {
        return Verdict::failure(
            "there is no such interface",
            "the interface to the outside",
            "Correct routing.uplink in the settings; `ip link` lists what there is.",
        );
    }
    if !seen.uplink.is_up {
        let advice = format!("Run `ip link set {uplink} up`, and see that the system does so at each start.");
        return Verdict::failure("is down", "an interface that is up", advice);
    }
    if let Some((address, subnet)) = both {
        return Verdict::failure(
            format!("has {address}, which lies in the nodes' network {subnet}"),
            "different networks on both sides",
            "Give the nodes another network (network.subnet), or correct routing.uplink.",
        );
    }
    if !seen.has_way_on {
        return Verdict::warning(
            "has no default route",
            "a way on: nodes reach no more than the network at the uplink",
            format!("Give {uplink} a gateway; `ip route` shows what there is."),
        );
    }
    Verdict::Good("is up and has a default route".to_owned())
}

fn judge_rules(seen: &Seen, runs: bool) -> Verdict {
    let filter = match &seen.filter {
        Filter::Seen(filter) => filter,
        Filter::Missing => {
            return Verdict::failure(
                "nft is not installed",
                "the program that sets up routing",
                "`apt-get install nftables`, or take the table [routing] out of the settings.",
            );
        }
        Filter::Silent(said) => return Verdict::not_checked(said.clone(), "Run the doctor as root."),
    };
    if !runs {
        return Verdict::Good("nft is there; pimaster sets up the rules when it starts".to_owned());
    }
    if !filter.has_table || !seen.closed.is_empty() {
        let closed = seen.closed.join(" and ");
        let text = if filter.has_table {
            format!("forwarding is off at {closed}")
        } else {
            "the table `inet pimaster` is not there".to_owned()
        };
        return Verdict::failure(
            text,
            "rules and forwarding, as the running pimaster sets them up",
            "Wait half a minute, in which it does so again; else restart it, and look for what takes them away \
             (nftables.service empties the packet filter when it restarts).",
        );
    }
    if !filter.closed.is_empty() {
        return Verdict::warning(
            format!("another firewall drops what it does not know: {}", filter.closed.join(", ")),
            "rules of it that let the nodes' packets pass",
            "Allow forwarding from the nodes' interface to the uplink and back there (ufw: `ufw route allow`; Docker: \
             the chain DOCKER-USER).",
        );
    }
    Verdict::Good("the table `inet pimaster` is there, and both interfaces forward".to_owned())
}

/// Whom the nodes are told to send their packets to.
fn judge_router(config: &Config) -> Verdict {
    let own = config.dhcp.server_address;
    match (config.dhcp.mode, config.dhcp.router) {
        (Mode::Authoritative, Some(router)) if router == own => {
            Verdict::Good(format!("nodes are told that it is {own}"))
        }
        (Mode::Authoritative, other) => Verdict::warning(
            format!("nodes are told that it is {}", other.map_or("nobody".to_owned(), |it| it.to_string())),
            format!("{own}, this machine: otherwise nothing goes through it"),
            "Take network.router out of the settings, or the table [routing].",
        ),
        (Mode::Proxy | Mode::Off, _) => Verdict::not_checked(
            "another DHCP server tells nodes their router",
            format!("Set it to {own} there."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::model::routing::Routing;

    fn config() -> routing::Config {
        routing::Config {
            nodes: "eth0".parse().unwrap(),
            subnets: vec!["10.20.0.0/24".parse().unwrap()],
            routing: Routing { uplink: "wlan0".parse().unwrap(), masquerade: true },
        }
    }

    fn good() -> Seen {
        let addresses = vec![([192, 168, 1, 5].into(), 24)];
        Seen {
            filter: Filter::Seen(routing::Seen { has_table: true, closed: Vec::new() }),
            uplink: interface::Seen { exists: true, is_up: true, has_carrier: Some(true), addresses },
            has_way_on: true,
            closed: Vec::new(),
        }
    }

    fn expect(verdict: &Verdict, outcome: Outcome, part: &str) {
        assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
        assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
    }

    #[test]
    fn the_uplink_leads_somewhere_else() {
        let check = |change: fn(&mut Seen), outcome, part: &str| {
            let mut seen = good();
            change(&mut seen);
            expect(&judge_uplink(&seen, &config()), outcome, part);
        };
        check(|_| {}, Outcome::Ok, "default route");
        check(|seen| seen.uplink.exists = false, Outcome::Failure, "routing.uplink");
        check(|seen| seen.uplink.is_up = false, Outcome::Failure, "ip link set wlan0 up");
        check(|seen| seen.has_way_on = false, Outcome::Warning, "gateway");
        let inside = |seen: &mut Seen| seen.uplink.addresses.push(([10, 20, 0, 9].into(), 24));
        check(inside, Outcome::Failure, "10.20.0.9, which lies in the nodes' network");
    }

    #[test]
    fn rules_forwarding_and_other_firewalls_are_judged() {
        let check = |filter: Filter, closed: &[&str], runs, outcome, part: &str| {
            let closed = closed.iter().map(|name| (*name).to_owned()).collect();
            expect(&judge_rules(&Seen { filter, closed, ..good() }, runs), outcome, part);
        };
        let seen = |has_table, closed: &[&str]| {
            let closed = closed.iter().map(|name| (*name).to_owned()).collect();
            Filter::Seen(routing::Seen { has_table, closed })
        };
        check(seen(true, &[]), &[], true, Outcome::Ok, "both interfaces");
        check(seen(false, &[]), &["eth0"], false, Outcome::Ok, "when it starts");
        check(seen(false, &[]), &[], true, Outcome::Failure, "nftables.service");
        check(seen(true, &[]), &["eth0", "wlan0"], true, Outcome::Failure, "eth0 and wlan0");
        check(seen(true, &["ip filter FORWARD"]), &[], true, Outcome::Warning, "DOCKER-USER");
        check(Filter::Missing, &[], true, Outcome::Failure, "apt-get install nftables");
        check(Filter::Silent("not permitted".to_owned()), &[], true, Outcome::NotChecked, "as root");
        expect(&judge_off(&seen(false, &[])), Outcome::Ok, "off");
        expect(&judge_off(&Filter::Missing), Outcome::Ok, "off");
        expect(&judge_off(&seen(true, &[])), Outcome::Warning, "nft delete table inet pimaster");
    }

    #[test]
    fn the_router_that_nodes_are_told() {
        let check = |network: &str, rest: &str, outcome, part: &str| {
            let text = format!(
                "[network]\nsubnet = '10.20.0.0/24'\naddress = '10.20.0.1'\ninterface = 'eth0'\n{network}\n\
                 [data]\nadmin_email = 'a@lab'\n[routing]\nuplink = 'wlan0'\n{rest}"
            );
            expect(&judge_router(&Config::judge(&text.parse().unwrap()).unwrap()), outcome, part);
        };
        check("", "", Outcome::Ok, "10.20.0.1");
        check("router = '10.20.0.254'", "", Outcome::Warning, "10.20.0.254");
        check("", "[dhcp]\nmode = 'proxy'", Outcome::NotChecked, "Set it to 10.20.0.1 there");
    }

    #[test]
    fn default_routes_are_read() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                     eth0\t0000140A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        assert!(has_default(table, "wlan0"));
        assert!(!has_default(table, "eth0"));
        assert!(!has_default("", "wlan0"));
    }
}
