//! A node: a board in the rack, with its name, address and port. *Pure.*

use super::board::{BoardModel, BoardSerial, FirmwareClass, RevisionCode};
use super::ids::NodeId;
use super::net::MacAddr;
use super::rack::PortRef;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A node of the rack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its row.
    pub id: NodeId,
    /// Its name, also the host name of what is deployed on it.
    pub name: NodeName,
    /// The hardware address its requests come from.
    pub mac: MacAddr,
    /// The address it always gets.
    pub address: Ipv4Addr,
    /// The board's model.
    pub model: BoardModel,
    /// The board's revision code, once seen.
    pub revision: Option<RevisionCode>,
    /// The board's serial number, once seen.
    pub serial: Option<BoardSerial>,
    /// The switch port that feeds it.
    pub port: Option<PortRef>,
    /// Where it boots the next time.
    pub boot_target: BootTarget,
}

impl Node {
    /// The firmware that this node's board boots with.
    pub fn firmware(&self) -> FirmwareClass {
        self.model.firmware()
    }

    /// Whether the hardware address proves a serial number: boards before the Pi 4 have the same low three bytes
    /// in both. Of later boards it proves none.
    pub fn proves(&self, serial: BoardSerial) -> bool {
        let [_, _, _, a, b, c] = self.mac.0;
        match self.firmware() {
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => {
                serial.0 & 0x00ff_ffff == u32::from_be_bytes([0, a, b, c])
            }
            FirmwareClass::Eeprom4 | FirmwareClass::Eeprom5 => false,
        }
    }

    /// Whether a serial number heard on the wire is to be stored: there is none, or the hardware address proves
    /// this one and not the stored one. Who is in the network can send any.
    pub fn learns(&self, serial: BoardSerial) -> bool {
        self.serial.is_none_or(|stored| !self.proves(stored) && self.proves(serial))
    }
}

/// The longest name of a node, in characters.
pub const LONGEST_NAME: usize = 32;

/// A host name of one label: letters, digits and hyphens, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(String);

/// Why a text is no node name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{seen}` is no node name; expected 1 to 32 lower-case letters, digits and hyphens that start with a letter and end with no hyphen, such as pi-07"
)]
pub struct NotANodeName {
    seen: String,
}

impl NodeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NotANodeName;
    fn from_str(text: &str) -> Result<Self, NotANodeName> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = (1..=LONGEST_NAME).contains(&text.len())
            && text.chars().all(allowed)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-');
        if good { Ok(Self(text.to_owned())) } else { Err(NotANodeName { seen: text.to_owned() }) }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for NodeName {
    type Error = NotANodeName;
    fn try_from(text: String) -> Result<Self, NotANodeName> {
        text.parse()
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.0
    }
}

/// What a node finds when it boots from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootTarget {
    /// The installer: kernel and command line for the NFS root.
    Installer,
    /// Nothing: the firmware goes on to its card.
    Local,
    /// The boot files of the deployed environment, for ROMs that cannot fall through to a card.
    Environment,
}

impl BootTarget {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installer => "installer",
            Self::Local => "local",
            Self::Environment => "environment",
        }
    }

    /// The target of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Installer, Self::Local, Self::Environment].into_iter().find(|target| target.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names_are_host_names() {
        for text in ["pi-07", "a", "imt-rack-2-pi-11"] {
            assert_eq!(text.parse::<NodeName>().unwrap().as_str(), text);
        }
        for text in ["", "7pi", "Pi", "pi_7", "pi-", "pi.lab", "../etc", &"p".repeat(33)] {
            assert!(text.parse::<NodeName>().is_err(), "{text}");
        }
    }
}
