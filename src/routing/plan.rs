//! Which rules there are, and what is undone. *Pure.*

use super::Config;
use crate::model::routing::{Before, InterfaceName};

/// Removes the table, whether it is there or not: `destroy` is newer than Debian 12's nft.
pub(super) const REMOVAL: &str = "table inet pimaster\ndelete table inet pimaster\n";

/// The whole table for `nft -f -`, in place of one that is there.
///
/// Other tables may still drop what this one lets pass. IPv6 passes as it did: nothing of it is turned on here.
pub(super) fn rules(config: &Config, before: &Before) -> String {
    let Config { nodes, subnets, routing } = config;
    let uplink = &routing.uplink;
    let subnets = subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut forward = vec![
        "meta nfproto ipv6 accept".to_owned(),
        format!("iifname \"{uplink}\" ct state established,related accept"),
        // A port that somebody else forwards, to a container or a node, is his to open.
        format!("iifname \"{uplink}\" ct status dnat accept"),
        format!("iifname \"{nodes}\" oifname \"{uplink}\" ip saddr {{ {subnets} }} accept"),
        format!("iifname \"{uplink}\" oifname \"{nodes}\" drop"),
    ];
    // The kernel asks the interface where a packet comes in: what is turned on for the way between the two would
    // open all other ways as well. One that was open before is somebody's.
    forward.extend(opened(before).into_iter().map(|interface| format!("iifname \"{interface}\" drop")));
    let forward = chain("forward", "type filter hook forward priority filter; policy accept;", &forward);
    let masquerade = format!("oifname \"{uplink}\" ip saddr {{ {subnets} }} masquerade");
    let masquerade =
        chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", &[masquerade]);
    let masquerade = if routing.masquerade { masquerade } else { String::new() };
    format!("{REMOVAL}table inet pimaster {{\n{forward}{masquerade}}}\n")
}

fn chain(name: &str, kind: &str, rules: &[String]) -> String {
    format!("    chain {name} {{\n        {kind}\n        {}\n    }}\n", rules.join("\n        "))
}

/// The interfaces whose forwarding is turned on, and off again.
pub(super) fn opened(before: &Before) -> Vec<&InterfaceName> {
    let Before { nodes, uplink, forwarding, .. } = before;
    [(nodes, forwarding.nodes), (uplink, forwarding.uplink)]
        .into_iter()
        .filter(|(_, was_on)| !was_on)
        .map(|(interface, _)| interface)
        .collect()
}

/// The interfaces whose forwarding is turned off at the end. None if somebody has since changed the setting of the whole
/// machine, which sets every interface (`ip_forward` in the kernel's ip-sysctl.rst): then theirs counts.
pub(super) fn to_close(before: &Before, machine_forwards: bool) -> Vec<&InterfaceName> {
    if machine_forwards == before.forwarding.machine { opened(before) } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::routing::{Forwarding, Routing};

    fn config(masquerade: bool) -> Config {
        Config {
            nodes: "eth0".parse().unwrap(),
            subnets: ["10.20.0.0/24", "10.30.0.0/24"].map(|subnet| subnet.parse().unwrap()).to_vec(),
            routing: Routing { uplink: "wlan0".parse().unwrap(), masquerade },
        }
    }

    fn before(nodes: bool, uplink: bool, machine: bool) -> Before {
        Before {
            boot: String::new(),
            nodes: "eth0".parse().unwrap(),
            uplink: "wlan0".parse().unwrap(),
            forwarding: Forwarding { nodes, uplink, machine },
        }
    }

    #[test]
    fn a_machine_that_forwarded_nothing_opens_one_way_alone() {
        insta::assert_snapshot!(rules(&config(true), &before(false, false, false)));
    }

    #[test]
    fn ways_that_were_open_stay_so_and_masquerading_is_left_out() {
        insta::assert_snapshot!(rules(&config(false), &before(true, true, true)));
    }

    #[test]
    fn what_was_opened_is_closed_unless_somebody_else_decided() {
        let check = |was: Before, machine_now, expected: &[&str]| {
            let closed: Vec<&str> =
                to_close(&was, machine_now).into_iter().map(InterfaceName::as_str).collect();
            assert_eq!(closed, expected, "{was:?}, now {machine_now}");
        };
        check(before(false, false, false), false, &["eth0", "wlan0"]);
        check(before(false, true, false), false, &["eth0"]);
        check(before(true, true, true), true, &[]);
        check(before(false, false, false), true, &[]);
        check(before(false, false, true), false, &[]);
    }
}
