//! Finding the boards at chosen ports of a switch: what is wanted, where it stands, what came out. *Pure.*

use super::clock::Timestamp;
use super::ids::{DetectionId, SwitchId};
use super::net::MacAddr;
use super::power::PowerState;
use serde::{Deserialize, Serialize};

/// The most ports that one detection tries.
pub const MOST_PORTS: usize = 512;

/// A detection as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// Its row.
    pub id: DetectionId,
    /// The switch.
    pub switch: SwitchId,
    /// Whether it runs, or how it ended.
    pub state: DetectionState,
    /// What it does.
    pub step: Step,
    /// Since when.
    pub step_since: Timestamp,
    /// The chosen ports, in order.
    pub ports: Vec<DetectedPort>,
    /// Whether somebody asked for it to stop.
    pub cancel: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Whether a detection runs, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetectionState {
    /// It goes on.
    Running,
    /// Every port was tried.
    Done,
    /// A person stopped it.
    Cancelled,
    /// The switch could not be used, or a port did not get its power back.
    Failed,
}

impl Detection {
    /// The ports that do not have the power they had, and what that was.
    pub fn not_given_back(&self) -> impl Iterator<Item = (u16, PowerState)> {
        let left = self.ports.iter().filter(|it| !it.given_back);
        left.filter_map(|it| Some((it.port, it.was?)))
    }

    /// Those ports in words, with what to do; none if there are none.
    pub fn debt(&self, switch: &str) -> Option<String> {
        let ports: Vec<String> =
            self.not_given_back().map(|(port, was)| format!("port {port} ({})", was.as_str())).collect();
        (!ports.is_empty()).then(|| {
            format!(
                "not given back the power it had: {} of {switch}; once {switch} answers, switch it so on the switch itself, \
                 or detect the same ports again",
                ports.join(", ")
            )
        })
    }
}

impl DetectionState {
    const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Cancelled, Self::Failed];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a detection does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Reads the switch's tables.
    Tables,
    /// Switches the ports off that the tables left open.
    Clear,
    /// All of them are off: who asks now stands elsewhere.
    Quiet,
    /// One port is on: who begins to ask may stand there.
    Listen {
        /// The port.
        port: u16,
        /// Who asked while it was off.
        elsewhere: Vec<MacAddr>,
    },
    /// The port is off again: who stands there falls silent.
    Confirm {
        /// The port.
        port: u16,
        /// Who began to ask.
        heard: Vec<MacAddr>,
    },
    /// Gives each port the power that it had.
    Restore {
        /// How often that was tried in vain.
        #[serde(default)]
        tries: u32,
    },
}

impl Step {
    /// The last step, as it begins.
    pub const RESTORE: Self = Self::Restore { tries: 0 };
}

/// One port of a detection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedPort {
    /// The port's number.
    pub port: u16,
    /// The power that it had before it was touched; none while it was not.
    pub was: Option<PowerState>,
    /// Whether it has that power again.
    #[serde(default)]
    pub given_back: bool,
    /// What came out; none while it was not tried.
    pub outcome: Option<Outcome>,
}

/// What came out at a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// That machine stands there, by the switch's tables.
    Listed {
        /// Its hardware address.
        mac: MacAddr,
    },
    /// That machine began to ask when the port went on and fell silent when it went off.
    Heard {
        /// Its hardware address.
        mac: MacAddr,
    },
    /// Nobody began to ask.
    Silent,
    /// Several did: none is taken.
    Ambiguous {
        /// Their hardware addresses.
        macs: Vec<MacAddr>,
    },
    /// The port was not touched.
    Spared {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// The word in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Listed { .. } => "listed",
            Self::Heard { .. } => "heard",
            Self::Silent => "silent",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Spared { .. } => "spared",
        }
    }

    /// The machine that was found.
    pub fn mac(&self) -> Option<MacAddr> {
        match self {
            Self::Listed { mac } | Self::Heard { mac } => Some(*mac),
            Self::Silent | Self::Ambiguous { .. } | Self::Spared { .. } => None,
        }
    }

    /// The outcome in words.
    pub fn text(&self) -> String {
        match self {
            Self::Listed { mac } => format!("{mac} stands there, says the switch"),
            Self::Heard { mac } => format!("{mac} asked while it was on and only then"),
            Self::Silent => "nobody asked for an address".to_owned(),
            Self::Ambiguous { macs } => {
                let macs: Vec<String> = macs.iter().map(ToString::to_string).collect();
                format!("several asked, none is taken: {}; try this port again alone", macs.join(", "))
            }
            Self::Spared { why } => format!("not touched: {why}"),
        }
    }
}

/// One line of a detection's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionEvent {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
}

/// A detection as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionView {
    /// The row.
    pub detection: Detection,
    /// The switch's name.
    pub switch: String,
    /// The log, oldest first.
    pub events: Vec<DetectionEvent>,
}

/// A wish to find the boards at ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectWish {
    /// The switch's name.
    pub switch: String,
    /// The ports.
    pub ports: Vec<u16>,
}

/// Why a text is no list of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no list of ports; expected numbers and ranges such as 1-8,12")]
pub struct NotPorts {
    seen: String,
}

/// Reads `1-8,12`.
pub fn parse_ports(text: &str) -> Result<Vec<u16>, NotPorts> {
    let wrong = || NotPorts { seen: text.chars().take(40).collect() };
    let mut ports = std::collections::BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: u16 = first.trim().parse().map_err(|_| wrong())?;
        let last: u16 = last.trim().parse().map_err(|_| wrong())?;
        if first == 0 || first > last || usize::from(last) > MOST_PORTS {
            return Err(wrong());
        }
        ports.extend(first..=last);
    }
    Ok(ports.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_ports_are_read() {
        assert_eq!(parse_ports("1-3, 7,2").unwrap(), [1, 2, 3, 7]);
        for text in ["", "0", "3-1", "1-", "x", "1-9999", "1;2"] {
            assert!(parse_ports(text).is_err(), "{text}");
        }
    }
}
