//! What a machine tells about itself on the wire, before anything runs on it. *Pure.*
//!
//! Made by `dhcp::observe` from one packet, stored with sightings, shown to the person who adds a node.

use super::board::{BoardModel, BoardSerial, FirmwareClass, RevisionCode};
use serde::{Deserialize, Serialize};

/// Who of a board is asking: the same board asks again and again on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// A boot ROM or boot loader that wants to be told where its boot files are.
    Firmware,
    /// A kernel or an operating system that wants an address.
    System,
}

impl Asker {
    /// The word people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::System => "system",
        }
    }
}

/// What one DHCP packet tells about the machine that sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Firmware or system.
    pub asker: Asker,
    /// Option 60, with what is not printable replaced.
    pub vendor_class: Option<String>,
    /// Option 93; Raspberry Pis say 0, as if they were PCs.
    pub architecture: Option<u16>,
    /// Option 97 as hex digits.
    pub machine_id: Option<String>,
    /// Option 12, with what is not printable replaced.
    pub host_name: Option<String>,
    /// The board's serial number, from option 97.
    pub serial: Option<BoardSerial>,
    /// The board's revision code, from option 97.
    pub revision: Option<RevisionCode>,
    /// Whether the packet has the marks of the 3B's boot ROM, which needs special answers.
    pub rom_3b: bool,
}

impl Observation {
    /// The model, as far as the packet tells.
    pub fn model(&self) -> BoardModel {
        match self.revision {
            Some(revision) => revision.model(),
            None if self.rom_3b => BoardModel::Pi3b,
            None => BoardModel::Unknown,
        }
    }

    /// The firmware that asks: what the packet proves goes before what the node's row says.
    pub fn firmware(&self, known: FirmwareClass) -> FirmwareClass {
        if self.rom_3b { FirmwareClass::Rom3b } else { known }
    }
}
