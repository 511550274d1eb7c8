//! The rights that serving the ports takes. *IO: `/proc`; `judge` is pure.*

use super::finding::{Finding, Verdict};
use super::ports::Port;
use super::proc::{self, Right, Rights};
use super::scene::Scene;
use crate::model::check::Check;

/// Whose rights are judged: the running pimaster's, or this program's, as a stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Pimaster,
    Doctor,
}

/// The finding.
pub(super) fn check(scene: &Scene) -> Finding {
    let pid = scene.daemon_pid();
    let whose = if pid.is_some() { Whose::Pimaster } else { Whose::Doctor };
    let ports: Vec<Port> = scene.ports.iter().map(|seen| seen.port.clone()).collect();
    let verdict = match Rights::of(pid) {
        Some(rights) => judge(rights, whose, &ports, proc::first_free_port()),
        None => Verdict::not_checked("/proc does not tell them", "Run the doctor as root."),
    };
    verdict.of(Check::Rights, "rights")
}

/// Judges rights against the ports that need them; `first_free` is the first port that everybody may bind.
fn judge(rights: Rights, whose: Whose, ports: &[Port], first_free: u16) -> Verdict {
    let on_interface = ports.iter().any(|port| port.interface.is_some());
    let needed = [
        (Right::LowPorts, ports.iter().any(|port| port.address.port() < first_free)),
        (Right::Frames, on_interface),
        (Right::Neighbours, on_interface),
    ];
    let lacking: Vec<Right> =
        needed.iter().filter(|(right, is_needed)| *is_needed && !rights.has(*right)).map(|it| it.0).collect();
    let names = |rights: &[Right]| rights.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
    let who = match whose {
        Whose::Pimaster => "the running pimaster",
        Whose::Doctor => "this user",
    };
    const ADVICE: &str = "Run pimaster as root, as packaging/pimaster.service does, or give these with AmbientCapabilities= in its unit.";
    match (whose, lacking.as_slice()) {
        (_, []) if needed.iter().all(|(_, is_needed)| !is_needed) => {
            Verdict::Good("these ports need no special rights".to_owned())
        }
        (_, []) => Verdict::Good(format!("{who} may bind low ports and send frames")),
        (Whose::Doctor, lacking) => Verdict::not_checked(
            format!("pimaster is not seen running, and {who} lacks {}", names(lacking)),
            "Run the doctor as root, or as the user that runs pimaster.",
        ),
        (Whose::Pimaster, lacking) if lacking.contains(&Right::LowPorts) => {
            Verdict::failure(format!("{who} lacks {}", names(lacking)), "the right to bind low ports", ADVICE)
        }
        (Whose::Pimaster, lacking) => Verdict::warning(
            format!("{who} lacks {}", names(lacking)),
            "frames to boards that have no address yet; without them answers are broadcast, and boot ROMs of the 3B find no files",
            ADVICE,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::super::proc::Protocol;
    use super::*;

    #[test]
    fn what_is_lacking_depends_on_the_ports() {
        let port = |number, interface: Option<&str>| Port {
            protocol: Protocol::Udp,
            address: std::net::SocketAddrV4::new([0, 0, 0, 0].into(), number),
            role: "DHCP",
            interface: interface.map(str::to_owned),
            key: "dhcp.port",
        };
        let check = |bits: &str, whose, port, outcome| {
            let rights = Rights::parse(&format!("CapEff:\t{bits}\n")).unwrap();
            let verdict = judge(rights, whose, &[port], 1024);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
        };
        let (all, raw_and_admin, bind) = ("3400", "3000", "400");
        check("0", Whose::Doctor, port(6767, None), Outcome::Ok);
        check(all, Whose::Pimaster, port(67, Some("eth0")), Outcome::Ok);
        check(bind, Whose::Pimaster, port(67, Some("eth0")), Outcome::Warning);
        check(bind, Whose::Pimaster, port(67, None), Outcome::Ok);
        check(raw_and_admin, Whose::Pimaster, port(67, Some("eth0")), Outcome::Failure);
        check("0", Whose::Doctor, port(67, Some("eth0")), Outcome::NotChecked);
    }
}
