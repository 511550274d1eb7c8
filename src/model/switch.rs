//! Enrolling switches, and what switches say when they are asked. *Pure.*
//!
//! Spoken by every agent; `detect` judges with it, `power` asks and stores the answers.

use super::clock::Timestamp;
use super::ids::{InquiryId, SwitchId};
use super::node::NodeName;
use super::power::PowerState;
use super::problem::Problem;
use super::rack::{Community, PowerDriver};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

/// The most ports of a switch, or of a stack of them.
pub const MOST_PORTS: u16 = 512;
/// The longest name of a switch, in characters.
const LONGEST_NAME: usize = 32;

/// A wish to enrol a switch, or to change one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchWish {
    /// Its name.
    pub name: String,
    /// How its power is switched; none if people pull plugs.
    pub snmp: Option<SnmpWish>,
    /// How many ports it has.
    pub ports: u16,
    /// The port that feeds pimaster itself.
    pub protected_port: Option<u16>,
    /// The address of the node at port 1, if ports give addresses.
    pub first_address: Option<Ipv4Addr>,
}

/// How a switch is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpWish {
    /// Address and UDP port of its SNMP agent.
    pub address: SocketAddr,
    /// Its community.
    pub community: CommunityWish,
    /// The object that switches power, without the port's index.
    pub base_oid: String,
    /// What is added to a port's number to get its table index.
    pub index_offset: u32,
}

/// Where the community comes from, which nobody is shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommunityWish {
    /// It stays as it is.
    Keep,
    /// That one.
    Given(Community),
    /// The one of settings that were tried.
    Tried(InquiryId),
}

/// The settings of a switch, whole: what is stored, and what is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchSettings {
    /// Its name.
    pub name: String,
    /// How its power is switched.
    pub driver: PowerDriver,
    /// How many ports it has.
    pub ports: u16,
    /// The port that feeds pimaster itself.
    pub protected_port: Option<u16>,
    /// The address of the node at port 1.
    pub first_address: Option<Ipv4Addr>,
}

/// Why a switch is not enrolled, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant is")]
pub enum BadSwitch {
    #[error("the name is `{seen}`; expected 1 to 32 letters, digits, `.`, `_`, `-`, a letter or digit first")]
    Name { seen: String },
    #[error("there is a switch called {name} already")]
    Taken { name: String },
    #[error("the number of ports is {seen}; expected 1 to {MOST_PORTS}")]
    Ports { seen: u16 },
    #[error("the protected port is {seen}; expected 1 to {ports}")]
    Protected { seen: u16, ports: u16 },
    #[error("port {port} feeds {node}; expected the port that feeds pimaster, which has no node")]
    ProtectedNode { port: u16, node: NodeName },
    #[error("the base OID is `{seen}`; expected numbers with dots such as 1.3.6.1.2.1.105.1.1.1.3.1")]
    BaseOid { seen: String },
    #[error("the community is missing; expected the switch's read-write community")]
    Community,
    #[error("the first address gives the ports {why}")]
    FirstAddress { why: String },
    #[error("{switch} feeds {}", at(.nodes))]
    Feeds { switch: String, nodes: Vec<(NodeName, u16)> },
}

impl BadSwitch {
    /// The field that must change, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Name { .. } | Self::Taken { .. } => Some("name"),
            Self::Ports { .. } => Some("ports"),
            Self::Protected { .. } | Self::ProtectedNode { .. } => Some("protected_port"),
            Self::BaseOid { .. } => Some("base_oid"),
            Self::Community => Some("community"),
            Self::FirstAddress { .. } => Some("first_address"),
            Self::Feeds { .. } => None,
        }
    }

    /// What to do next.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Name { .. } => "Choose such a name.",
            Self::Taken { .. } => "Choose another name, or edit that switch.",
            Self::Ports { .. } => "Give the number of ports.",
            Self::Protected { .. } => "Give the number printed on the switch, or leave it out.",
            Self::ProtectedNode { .. } => "Correct it, or the port of that node.",
            Self::BaseOid { .. } => "Give the object without the port's number.",
            Self::Community => "Give the community that may write.",
            Self::FirstAddress { .. } => "Give another, or leave it out.",
            Self::Feeds { .. } => "Give these nodes another port or none, or retire them.",
        }
    }

    /// Whether it does not go with what is there, rather than being wrong in itself.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Taken { .. } | Self::ProtectedNode { .. } | Self::Feeds { .. })
    }
}

fn at(nodes: &[(NodeName, u16)]) -> String {
    let told: Vec<String> = nodes.iter().map(|(node, port)| format!("{node} at port {port}")).collect();
    told.join(", ")
}

impl SwitchWish {
    /// What is wrong with it in itself. A name that is there already may be older than the rule.
    pub fn judge(&self, known: Option<&str>) -> Result<(), BadSwitch> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name = self.name.len() <= LONGEST_NAME
            && self.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && self.name.chars().all(plain);
        if !is_name && known != Some(self.name.as_str()) {
            return Err(BadSwitch::Name { seen: self.name.chars().take(80).collect() });
        }
        if !(1..=MOST_PORTS).contains(&self.ports) {
            return Err(BadSwitch::Ports { seen: self.ports });
        }
        if let Some(seen) = self.protected_port.filter(|port| !(1..=self.ports).contains(port)) {
            return Err(BadSwitch::Protected { seen, ports: self.ports });
        }
        self.snmp.as_ref().map_or(Ok(()), |snmp| judge_oid(&snmp.base_oid).map(drop))
    }
}

/// An object as numbers with dots, without the dot that some write first.
pub fn judge_oid(text: &str) -> Result<String, BadSwitch> {
    let arcs: Vec<&str> = text.trim().trim_start_matches('.').split('.').collect();
    if arcs.len() < 3 || arcs.iter().any(|arc| arc.parse::<u32>().is_err()) {
        return Err(BadSwitch::BaseOid { seen: text.chars().take(80).collect() });
    }
    Ok(arcs.join("."))
}

/// A question to a switch: what its ports say, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Its row.
    pub id: InquiryId,
    /// The switch, if it is enrolled: what it says of its ports is stored.
    pub switch: Option<SwitchId>,
    /// The settings that are tried before they are saved.
    pub draft: Option<SwitchSettings>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// What the switch said, and when.
    pub answer: Option<(SwitchAnswer, Timestamp)>,
}

/// What a switch said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SwitchAnswer {
    /// What it calls itself: `sysDescr` of RFC 3418.
    pub description: Option<String>,
    /// Its ports, those that were asked for.
    pub ports: Vec<PortAnswer>,
    /// What all its ports take together, in watts: `pethMainPseConsumptionPower` of RFC 3621.
    pub watts: Option<u32>,
    /// Why it could not be asked at all.
    pub failure: Option<Problem>,
}

/// What a switch said of a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortAnswer {
    /// The port.
    pub port: u16,
    /// Whether it feeds its node.
    pub seen: Option<PowerState>,
    /// Why that is not known.
    pub problem: Option<Problem>,
    /// What it takes, in milliwatts, of switches that measure each port.
    pub milliwatts: Option<u32>,
}

impl SwitchAnswer {
    /// What is wrong, if something is: at the first port that failed, with the others named.
    pub fn problem(&self) -> Option<Problem> {
        if let Some(failure) = &self.failure {
            return Some(failure.clone());
        }
        let failed: Vec<&PortAnswer> = self.ports.iter().filter(|it| it.problem.is_some()).collect();
        let mut problem = failed.first()?.problem.clone()?;
        if failed.len() > 1 {
            let ports: Vec<String> = failed.iter().map(|it| it.port.to_string()).collect();
            problem.seen.push_str(&format!(" (ports in trouble: {})", ports.join(", ")));
        }
        Some(problem)
    }

    /// The ports that are on, and all that said something.
    pub fn counts(&self) -> (usize, usize) {
        let seen = || self.ports.iter().filter_map(|it| it.seen);
        (seen().filter(|state| *state == PowerState::On).count(), seen().count())
    }

    /// Whether that port is known to be off: the one that feeds pimaster cannot be.
    pub fn is_off(&self, port: u16) -> bool {
        self.ports.iter().any(|it| it.port == port && it.seen == Some(PowerState::Off))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> SwitchWish {
        let snmp = SnmpWish {
            address: "10.20.0.2:161".parse().unwrap(),
            community: CommunityWish::Keep,
            base_oid: ".1.3.6.1".into(),
            index_offset: 0,
        };
        let name = "sw1".to_owned();
        SwitchWish { name, snmp: Some(snmp), ports: 8, protected_port: Some(8), first_address: None }
    }

    #[test]
    fn each_field_is_judged() {
        assert_eq!(wish().judge(None), Ok(()));
        let check = |change: fn(&mut SwitchWish), field: &str| {
            let mut wish = wish();
            change(&mut wish);
            assert_eq!(wish.judge(Some("sw1")).unwrap_err().field(), Some(field));
        };
        check(|it| it.name = "the switch".into(), "name");
        check(|it| it.name = String::new(), "name");
        check(|it| it.ports = 0, "ports");
        check(|it| it.ports = 513, "ports");
        check(|it| it.protected_port = Some(9), "protected_port");
        check(|it| it.snmp.as_mut().unwrap().base_oid = "1.3.x".into(), "base_oid");
        let old = SwitchWish { name: "the switch".into(), ..wish() };
        assert_eq!(old.judge(Some("the switch")), Ok(()), "older than the rule");
    }

    #[test]
    fn an_answer_tells_its_first_problem_and_all_ports_that_have_one() {
        let port = |port, seen, problem: Option<&str>| PortAnswer {
            port,
            seen,
            problem: problem.map(|seen| Problem::new(seen, "1 or 2", "Check the base OID.")),
            milliwatts: None,
        };
        let good =
            SwitchAnswer { ports: vec![port(1, Some(PowerState::Off), None)], ..SwitchAnswer::default() };
        assert_eq!((good.problem(), good.counts(), good.is_off(1)), (None, (0, 1), true));
        let bad = SwitchAnswer {
            ports: vec![
                port(1, Some(PowerState::On), None),
                port(2, None, Some("nothing")),
                port(3, None, Some("x")),
            ],
            ..SwitchAnswer::default()
        };
        assert_eq!(bad.problem().unwrap().seen, "nothing (ports in trouble: 2, 3)");
        assert_eq!(bad.counts(), (1, 1));
    }
}
