//! The switches: each answers, each port's power can be read, and the port that feeds this machine is protected.
//! *IO: SNMP, the database; `judge_*` are pure.* Reading a port stores what the switch said, as everywhere.

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::keys::KeyFolder;
use crate::model::check::Check;
use crate::model::power::PowerState;
use crate::model::rack::{PortRef, PowerDriver, Switch};
use crate::power::{self, Power};
use crate::store::{nodes, switches};
use futures_util::future::join_all;
use std::collections::HashSet;
use std::time::Duration;

/// A request takes no longer here, whatever the settings allow: it is sent twice.
const LONGEST_REQUEST: Duration = Duration::from_secs(10);
/// Names a Raspberry Pi on one.
const OWN_MODEL: &str = "/proc/device-tree/model";

/// A port and what reading it gave.
type Read = (u16, Result<PowerState, power::Error>);

/// The findings.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let store = match scene.store() {
        Ok(store) => store,
        Err(verdict) => return vec![verdict.of(Check::Switches, "switches")],
    };
    let listed = store.read(|conn| Ok((switches::list(conn)?, nodes::list(conn)?))).await;
    let (all, nodes) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let verdict = Verdict::failure(error.to_string(), "the list of switches", "See `database`.");
            return vec![verdict.of(Check::Switches, "switches")];
        }
    };
    if all.is_empty() {
        let verdict = Verdict::warning(
            "none is enrolled",
            "a switch that feeds the nodes",
            "Run `pimaster switch add`; without one, people pull plugs.",
        );
        return vec![verdict.of(Check::Switches, "switches")];
    }
    let mut config = scene.config.power.clone();
    config.timeout = config.timeout.min(LONGEST_REQUEST);
    let power = Power::new(config, store.clone());
    // Without the key each switch says that its community cannot be opened.
    let power = match KeyFolder::open(scene.config.data.root()).and_then(|keys| keys.sealer()) {
        Ok(sealer) => power.with_sealer(sealer),
        Err(_) => power,
    };
    let used: HashSet<PortRef> = nodes.iter().filter_map(|node| node.port).collect();
    let is_pi = std::fs::read_to_string(OWN_MODEL).is_ok_and(|model| model.contains("Raspberry Pi"));
    let found = all.iter().map(|switch| examine(&power, switch, &used, is_pi));
    join_all(found).await.into_iter().flatten().collect()
}

async fn examine(power: &Power, switch: &Switch, used: &HashSet<PortRef>, is_pi: bool) -> Vec<Finding> {
    if switch.driver == PowerDriver::None {
        let seen = "has no driver: people pull plugs".to_owned();
        return vec![Verdict::Good(seen).of(Check::Switches, &switch.name)];
    }
    let mine: HashSet<u16> =
        used.iter().filter(|port| port.switch == switch.id).map(|port| port.port).collect();
    let read = async |port: u16| (port, power.read(PortRef { switch: switch.id, port }).await);
    let first = mine.iter().min().copied().unwrap_or(1);
    let mut seen = vec![read(first).await];
    // A switch that is silent at one port is so at 48, and each takes its time.
    if !seen.iter().any(|(_, answer)| is_silence(answer)) {
        seen.extend(join_all((1..=switch.ports).filter(|port| *port != first).map(read)).await);
    }
    let mut found = vec![judge_ports(&seen, &mine)];
    found.extend(judge_protection(switch.protected_port, &seen, is_pi));
    found.into_iter().map(|verdict| verdict.of(Check::Switches, &switch.name)).collect()
}

fn is_silence(answer: &Result<PowerState, power::Error>) -> bool {
    matches!(answer, Err(power::Error::NoAnswer { .. } | power::Error::Send { .. }))
}

/// Judges what the ports said, `mine` being those that feed nodes.
fn judge_ports(seen: &[Read], mine: &HashSet<u16>) -> Verdict {
    let on = seen.iter().filter(|(_, answer)| matches!(answer, Ok(PowerState::On))).count();
    let failed = seen.iter().filter_map(|(port, answer)| Some((*port, answer.as_ref().err()?)));
    let mut failed: Vec<(u16, &power::Error)> = failed.collect();
    failed.sort_by_key(|(port, _)| (!mine.contains(port), *port));
    let Some((port, error)) = failed.first() else {
        return Verdict::Good(format!("answers; {} ports can be read, {on} are on", seen.len()));
    };
    let mut problem = error.problem(PowerState::On);
    if failed.len() > 1 {
        let ports: Vec<String> = failed.iter().map(|(port, _)| port.to_string()).collect();
        problem.seen.push_str(&format!(" (ports in trouble: {})", ports.join(", ")));
    }
    let all_silent = failed.len() == seen.len();
    if mine.contains(port) || all_silent { Verdict::Failure(problem) } else { Verdict::Warning(problem) }
}

/// Judges the protected port of a switch that answers; `is_pi` when this machine may itself be fed by it.
fn judge_protection(protected: Option<u16>, seen: &[Read], is_pi: bool) -> Option<Verdict> {
    const SET: &str = "Run `pimaster switch add` again with --protected-port.";
    let state = |port| seen.iter().find(|(number, _)| *number == port).map(|(_, answer)| answer);
    match protected {
        Some(port) => match state(port)? {
            Ok(PowerState::Off) => Some(Verdict::warning(
                format!("protected port {port} is off"),
                "the port that feeds this machine, which is on",
                SET,
            )),
            Ok(PowerState::On) | Err(_) => {
                Some(Verdict::Good(format!("port {port} is protected: it is never switched off")))
            }
        },
        None if is_pi && seen.iter().any(|(_, answer)| answer.is_ok()) => Some(Verdict::warning(
            "no port is protected, and this machine is a Raspberry Pi",
            "a protected port, if this switch feeds it",
            SET,
        )),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    fn nonsense(port: u16) -> Read {
        (port, Err(power::Error::Nonsense { switch: "sw1".to_owned(), port, seen: "nothing".to_owned() }))
    }

    fn silence(port: u16) -> Read {
        let (switch, address) = ("sw1".to_owned(), "10.20.0.2:161".parse().unwrap());
        (port, Err(power::Error::NoAnswer { switch, address, port, timeout: Duration::from_secs(5) }))
    }

    #[test]
    fn ports_of_nodes_must_answer() {
        let check = |seen: &[Read], mine: &[u16], outcome, part: &str| {
            let verdict = judge_ports(seen, &mine.iter().copied().collect());
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        let (on, off) = ((1, Ok(PowerState::On)), (2, Ok(PowerState::Off)));
        check(&[on, off], &[1], Outcome::Ok, "2 ports can be read, 1 are on");
        let on = || (1, Ok(PowerState::On));
        check(&[on(), nonsense(9), nonsense(10)], &[1], Outcome::Warning, "9, 10");
        check(&[on(), nonsense(9)], &[1, 9], Outcome::Failure, "base OID");
        check(&[silence(1)], &[], Outcome::Failure, "community");
    }

    #[test]
    fn a_pi_on_poe_must_not_switch_itself_off() {
        let on = || (8, Ok(PowerState::On));
        let check = |protected, seen: &[Read], is_pi, outcome| {
            let verdict = judge_protection(protected, seen, is_pi);
            assert_eq!(verdict.map(|verdict| verdict.outcome()), outcome);
        };
        check(Some(8), &[on()], true, Some(Outcome::Ok));
        check(Some(8), &[(8, Ok(PowerState::Off))], true, Some(Outcome::Warning));
        check(Some(8), &[silence(1)], true, None);
        check(None, &[on()], true, Some(Outcome::Warning));
        check(None, &[on()], false, None);
        check(None, &[silence(1)], true, None);
    }
}
