//! What a machine tells about itself on the wire, before anything runs on it. *Pure.*
//!
//! Made by `dhcp::observe` from one packet, stored with sightings, shown to the person who adds a node.

use super::board::{BoardModel, BoardSerial, FirmwareClass, RevisionCode};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

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
    /// Whether the packet has the marks of a Raspberry Pi's boot firmware at all.
    #[serde(default)]
    pub is_board: bool,
    /// An address in the network behind the relay that passed the packet on; none if it was heard directly.
    #[serde(default)]
    pub relay: Option<Ipv4Addr>,
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

    /// The machine as people call it: its model and memory, or as much as it tells.
    pub fn shown(&self) -> String {
        if !self.is_board && self.model() == BoardModel::Unknown && self.revision.is_none() {
            return "Unknown machine".to_owned();
        }
        let board = self.model().shown_with(self.revision);
        match self.revision.and_then(RevisionCode::memory_mib) {
            Some(mib) if mib < 1024 => format!("{board}, {mib} MB"),
            Some(mib) => format!("{board}, {} GB", mib / 1024),
            None => board,
        }
    }

    /// How much it tells: a later packet that tells less does not hide it.
    pub fn weight(&self) -> u8 {
        u8::from(self.is_board) + 2 * u8::from(self.serial.is_some())
    }

    /// The firmware that asks: what the packet proves goes before what the node's row says.
    pub fn firmware(&self, known: FirmwareClass) -> FirmwareClass {
        if self.rom_3b { FirmwareClass::Rom3b } else { known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(revision: Option<u32>, is_board: bool) -> Observation {
        Observation {
            asker: Asker::Firmware,
            vendor_class: None,
            architecture: None,
            machine_id: None,
            host_name: None,
            serial: None,
            revision: revision.map(RevisionCode),
            rom_3b: false,
            relay: None,
            is_board,
        }
    }

    #[test]
    fn machines_are_named_by_what_they_tell() {
        let check = |revision, is_board, shown: &str| assert_eq!(seen(revision, is_board).shown(), shown);
        check(Some(0xc0_3112), true, "Raspberry Pi 4B, 4 GB");
        check(Some(0x90_2120), true, "Raspberry Pi Zero 2 W, 512 MB");
        check(Some(0xd0_4fe0), true, "Raspberry Pi, revision d04fe0, 8 GB");
        check(None, true, "Raspberry Pi");
        check(None, false, "Unknown machine");
        assert_eq!(Observation { rom_3b: true, ..seen(None, true) }.shown(), "Raspberry Pi 3B");
    }

    #[test]
    fn rows_of_older_versions_are_read() {
        let mut row = serde_json::to_value(seen(None, true)).unwrap();
        row.as_object_mut().unwrap().remove("is_board");
        assert!(!serde_json::from_value::<Observation>(row).unwrap().is_board);
    }
}
