//! The interface to the nodes: there, up, with a cable, and with the configured address. *IO: the system's interfaces;
//! `judge` is pure.*

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::model::check::Check;
use crate::model::net::Subnet;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use std::fs;
use std::net::Ipv4Addr;

/// An interface as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) exists: bool,
    pub(super) is_up: bool,
    /// None if the system does not say.
    pub(super) has_carrier: Option<bool>,
    /// Addresses with their prefixes.
    pub(super) addresses: Vec<(Ipv4Addr, u8)>,
}

/// What the settings say.
#[derive(Debug, Clone)]
struct Wanted<'a> {
    name: &'a str,
    address: Ipv4Addr,
    subnet: Subnet,
}

/// The findings.
pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let dhcp = &scene.config.dhcp;
    let address = dhcp.server_address;
    let Some(name) = dhcp.interface.as_deref() else {
        let seen = format!("no interface is set: pimaster serves {address} alone, to relayed requests");
        return vec![Verdict::Good(seen).of(Check::Interface, address.to_string())];
    };
    let wanted = Wanted { name, address, subnet: dhcp.subnet };
    judge(&look(name), &wanted).into_iter().map(|it| it.of(Check::Interface, name)).collect()
}

/// Looks at an interface of that name.
pub(super) fn look(name: &str) -> Seen {
    let mut seen = Seen::default();
    for entry in getifaddrs().into_iter().flatten().filter(|entry| entry.interface_name == name) {
        seen.exists = true;
        seen.is_up |= entry.flags.contains(InterfaceFlags::IFF_UP);
        let v4 = |address: Option<nix::sys::socket::SockaddrStorage>| {
            address.and_then(|address| address.as_sockaddr_in().map(nix::sys::socket::SockaddrIn::ip))
        };
        if let (Some(address), Some(mask)) = (v4(entry.address), v4(entry.netmask)) {
            let prefix = u8::try_from(mask.to_bits().leading_ones()).unwrap_or(32);
            seen.addresses.push((address, prefix));
        }
    }
    // Reading the carrier of an interface that is down fails.
    let carrier = fs::read_to_string(format!("/sys/class/net/{name}/carrier")).ok();
    seen.has_carrier = carrier.map(|text| text.trim() == "1");
    seen
}

/// The address, and the cable.
fn judge(seen: &Seen, wanted: &Wanted<'_>) -> Vec<Verdict> {
    let Wanted { name, address, subnet } = wanted;
    let prefix = subnet.prefix();
    if !seen.exists {
        return vec![Verdict::failure(
            "there is no such interface",
            "the interface to the nodes",
            "Correct network.interface in the settings; `ip link` lists what there is.",
        )];
    }
    if !seen.is_up {
        let advice = format!("Run `ip link set {name} up`, and see that the system does so at each start.");
        return vec![Verdict::failure("is down", "an interface that is up", advice)];
    }
    let set = format!("`ip address add {address}/{prefix} dev {name}`, and in the system's own settings");
    let all: Vec<String> = seen.addresses.iter().map(|(it, prefix)| format!("{it}/{prefix}")).collect();
    let all = if all.is_empty() { "no address".to_owned() } else { all.join(", ") };
    let of_address = match seen.addresses.iter().find(|(it, _)| it == address) {
        None => Verdict::failure(
            format!("has {all}"),
            format!("{address}/{prefix}, which is network.address"),
            format!("Set it with {set}; or correct network.address."),
        ),
        Some((_, other)) if *other != prefix => Verdict::failure(
            format!("has {address}/{other}"),
            format!("{address}/{prefix}: network.subnet is {subnet}"),
            format!("Give the address that prefix ({set}), or correct network.subnet."),
        ),
        Some(_) => Verdict::Good(format!("is up and has {address}/{prefix}")),
    };
    let of_cable = match seen.has_carrier {
        Some(true) => Verdict::Good("has a link to the switch".to_owned()),
        Some(false) => Verdict::failure(
            "has no link",
            "a cable to the switch of the nodes",
            "Plug the cable in at both ends and see that the switch is on.",
        ),
        None => Verdict::not_checked("the system does not say whether it has a link", "Look at its lights."),
    };
    vec![of_address, of_cable]
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome::{self, Failure, NotChecked, Ok};
    use super::*;

    #[test]
    fn interfaces_are_judged() {
        let subnet: Subnet = "10.20.0.0/24".parse().unwrap();
        let wanted = Wanted { name: "eth0", address: [10, 20, 0, 1].into(), subnet };
        let good = Seen {
            exists: true,
            is_up: true,
            has_carrier: Some(true),
            addresses: vec![([192, 168, 1, 5].into(), 24), ([10, 20, 0, 1].into(), 24)],
        };
        let check = |seen: Seen, outcomes: &[Outcome], part: &str| {
            let verdicts = judge(&seen, &wanted);
            let found: Vec<Outcome> = verdicts.iter().map(Verdict::outcome).collect();
            assert_eq!(found, outcomes, "{verdicts:?}");
            assert!(format!("{verdicts:?}").contains(part), "{verdicts:?} lacks {part}");
        };
        check(good.clone(), &[Ok, Ok], "10.20.0.1/24");
        check(Seen::default(), &[Failure], "ip link");
        check(Seen { is_up: false, ..good.clone() }, &[Failure], "ip link set eth0 up");
        check(Seen { has_carrier: Some(false), ..good.clone() }, &[Ok, Failure], "cable");
        check(Seen { has_carrier: None, ..good.clone() }, &[Ok, NotChecked], "lights");
        check(Seen { addresses: vec![], ..good.clone() }, &[Failure, Ok], "has no address");
        let wide = vec![([10, 20, 0, 1].into(), 16)];
        check(Seen { addresses: wide, ..good }, &[Failure, Ok], "10.20.0.1/16");
    }

    #[test]
    fn loopback_is_seen() {
        let seen = look("lo");
        assert!(seen.is_up && seen.addresses.contains(&(Ipv4Addr::LOCALHOST, 8)), "{seen:?}");
        assert!(!look("no-such-if").exists);
    }
}
