//! Other DHCP servers on the nodes' network: which offer addresses, and whether that is what the mode wants.
//! *IO: frames on the interface, by `dhcp::other_servers`; `judge` is pure.*
//!
//! | mode | wants |
//! |---|---|
//! | authoritative | nobody else |
//! | proxy | one that gives addresses |
//! | off | one that gives addresses and names pimaster as TFTP server, as firmware looks for it |

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::dhcp::{self, ServerSight};
use crate::model::check::Check;
use crate::model::network::Mode;
use crate::model::observation::Asker;
use std::io;

/// The finding.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let config = &scene.config.dhcp;
    let Some(interface) = config.interface.as_deref() else {
        let verdict = Verdict::Good("no interface is set, so that no other server can be met".to_owned());
        return vec![verdict.of(Check::ForeignDhcp, "network")];
    };
    let asker = match config.mode {
        Mode::Authoritative | Mode::Proxy => Asker::System,
        Mode::Off => Asker::Firmware,
    };
    let verdicts = match dhcp::other_servers(config, interface, asker).await {
        Ok(servers) => judge(&servers, config),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            vec![Verdict::not_checked("asking takes CAP_NET_RAW", "Run the doctor as root.")]
        }
        Err(error) => vec![Verdict::not_checked(
            format!("cannot ask on {interface}: {error}"),
            "See the finding `interface`.",
        )],
    };
    verdicts.into_iter().map(|verdict| verdict.of(Check::ForeignDhcp, interface)).collect()
}

/// One verdict for each other server, or one about there being none.
fn judge(servers: &[ServerSight], config: &dhcp::Config) -> Vec<Verdict> {
    match (config.mode, servers) {
        (Mode::Authoritative, []) => {
            vec![Verdict::Good("no other DHCP server offers addresses here".to_owned())]
        }
        (Mode::Authoritative, servers) => servers.iter().map(|server| rival(server, config)).collect(),
        (mode @ (Mode::Proxy | Mode::Off), []) => vec![Verdict::failure(
            "no DHCP server offers addresses here",
            format!("one that does: with dhcp.mode = \"{}\" pimaster gives none", mode.as_str()),
            "Start it, connect it to this network, or set dhcp.mode = \"authoritative\".",
        )],
        (Mode::Proxy, [server]) => {
            vec![Verdict::Good(format!("{} gives the addresses", shown(server)))]
        }
        (Mode::Proxy, servers) => {
            let names: Vec<String> = servers.iter().map(shown).collect();
            vec![Verdict::warning(
                format!("several DHCP servers offer addresses: {}", names.join(", ")),
                "one",
                "Stop all but one: boards take whichever offer comes first.",
            )]
        }
        (Mode::Off, servers) => servers.iter().map(|server| guide(server, config)).collect(),
    }
}

fn shown(server: &ServerSight) -> String {
    format!("the DHCP server {} (hardware address {})", server.server, server.mac)
}

/// Another server beside an authoritative pimaster.
fn rival(server: &ServerSight, config: &dhcp::Config) -> Verdict {
    let seen = format!("{} {server}", shown(server));
    let own = config.server_address;
    if config.beside_others {
        return Verdict::warning(
            seen,
            "a server that leaves the nodes alone, as dhcp.beside_others says",
            "See that its ranges hold no address of a node, and that it answers no board.",
        );
    }
    Verdict::failure(
        seen,
        format!("no other DHCP server than {own} on the nodes' network"),
        "Stop it or take its cable out of this network: boards take whichever offer comes first. To work beside it \
         set dhcp.mode = \"proxy\".",
    )
}

/// The other server of mode off, which must tell firmware what pimaster would. Boards before the Pi 4 read option 66
/// alone and the oldest Pi 4 the header alone, so that both must be right.
fn guide(server: &ServerSight, config: &dhcp::Config) -> Verdict {
    let own = config.server_address;
    let lacking = [
        (server.tftp_server != Some(own), format!("option 66 = {own}")),
        (server.siaddr != Some(own), format!("siaddr (next server) = {own}")),
        (!server.names_boot, "option 43 with \"Raspberry Pi Boot\"".to_owned()),
    ];
    let lacking: Vec<String> =
        lacking.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect();
    if lacking.is_empty() {
        return Verdict::Good(format!("{} gives the addresses and names pimaster", shown(server)));
    }
    Verdict::failure(
        format!("{} does not tell firmware: {}", shown(server), lacking.join("; ")),
        "a server that names pimaster as TFTP server, since pimaster does no DHCP with dhcp.mode = \"off\"",
        format!(
            "Set it there; for dnsmasq: dhcp-boot=,,{own} and dhcp-option-force=66,{own} and \
             dhcp-option-force=43,\"Raspberry Pi Boot   \" (three spaces). Or set dhcp.mode = \"proxy\"."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::config::Config;
    use crate::model::net::MacAddr;
    use std::net::Ipv4Addr;

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 1);

    fn server(last: u8) -> ServerSight {
        let (mac, client) = (MacAddr([9; 6]), MacAddr([2; 6]));
        ServerSight::new([10, 20, 0, last].into(), mac, client, Some([10, 20, 0, 200].into()))
    }

    fn check(dhcp: &str, servers: &[ServerSight], outcome: Outcome, part: &str) {
        let text = format!(
            "[network]\nsubnet='10.20.0.0/24'\naddress='10.20.0.1'\ninterface='eth0'\n[data]\nadmin_email='a@lab'\n[dhcp]\n{dhcp}"
        );
        let config = Config::judge(&text.parse().unwrap()).unwrap().dhcp;
        let found = judge(servers, &config);
        assert!(found.iter().all(|verdict| verdict.outcome() == outcome), "{dhcp}: {found:?}");
        assert!(format!("{found:?}").contains(part), "{part} is not in {found:?}");
    }

    #[test]
    fn beside_an_authoritative_pimaster_each_server_is_named() {
        let mode = "mode = 'authoritative'";
        check(mode, &[], Outcome::Ok, "no other DHCP server");
        check(mode, &[server(66)], Outcome::Failure, "10.20.0.66 (hardware address 09:");
        check(mode, &[server(66), server(67)], Outcome::Failure, "10.20.0.67");
        check("beside_others = true", &[server(66)], Outcome::Warning, "leaves the nodes alone");
    }

    #[test]
    fn a_proxy_needs_one_server() {
        let mode = "mode = 'proxy'";
        check(mode, &[], Outcome::Failure, "gives none");
        check(mode, &[server(66)], Outcome::Ok, "10.20.0.66");
        check(mode, &[server(66), server(67)], Outcome::Warning, "all but one");
    }

    #[test]
    fn without_dhcp_of_its_own_the_other_server_must_name_pimaster() {
        let mode = "mode = 'off'";
        check(mode, &[], Outcome::Failure, "authoritative");
        let other = Some(Ipv4Addr::new(10, 20, 0, 66));
        let named =
            |siaddr, tftp_server, names_boot| [ServerSight { siaddr, tftp_server, names_boot, ..server(66) }];
        check(mode, &named(Some(OWN), Some(OWN), true), Outcome::Ok, "names pimaster");
        check(mode, &named(other, Some(OWN), true), Outcome::Failure, "siaddr (next server) = 10.20.0.1");
        check(mode, &named(Some(OWN), None, true), Outcome::Failure, "option 66 = 10.20.0.1");
        check(mode, &named(Some(OWN), Some(OWN), false), Outcome::Failure, "Raspberry Pi Boot");
    }
}
