//! What a packet's word about the board is worth. *Pure.*
//!
//! Called by `server` for each packet of a node. Invariant: anybody in the network can send a node's hardware
//! address with any serial number, so what is stored changes only where the hardware address proves it.

use crate::model::board::{BoardSerial, RevisionCode};
use crate::model::node::Node;
use crate::model::observation::Observation;

/// What a packet tells that the node's row does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The serial number to store.
    pub(crate) serial: Option<BoardSerial>,
    /// The revision code to store.
    pub(crate) revision: Option<RevisionCode>,
    /// What contradicts the row and is not stored, for people to read.
    pub(crate) doubt: Option<String>,
}

impl Identity {
    /// Whether there is something to store.
    pub(crate) fn is_news(&self) -> bool {
        self.serial.is_some() || self.revision.is_some()
    }
}

/// Judges what the packet tells of the node's board.
pub(crate) fn judge(node: &Node, seen: &Observation) -> Identity {
    let serial = seen.serial.filter(|serial| node.serial != Some(*serial));
    let revision = seen.revision.filter(|revision| node.revision != Some(*revision));
    let learnt = serial.filter(|serial| node.learns(*serial));
    // A packet whose serial number is doubted teaches nothing; one whose serial number is proven, all.
    let trusts_revision =
        serial == learnt && (node.revision.is_none() || (learnt.is_some() && node.serial.is_some()));
    let mut doubts = Vec::new();
    if let (Some(seen), Some(stored), None) = (serial, node.serial, learnt) {
        doubts.push(format!("serial number {seen}, but {stored} is known"));
    }
    if let (Some(seen), Some(stored), false) = (revision, node.revision, trusts_revision) {
        doubts.push(format!("revision {:06x}, but {:06x} is known", seen.0, stored.0));
    }
    let doubt = (!doubts.is_empty()).then(|| {
        let doubts = doubts.join("; ");
        format!("a request tells {doubts}: not changed; correct the node if its board is another one")
    });
    Identity { serial: learnt, revision: revision.filter(|_| trusts_revision), doubt }
}

#[cfg(test)]
mod tests {
    use super::super::packets::{MAC_3B_PLUS, MAC_4, eeprom_4, node, rom_3b_plus};
    use super::super::{observe, wire};
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::quirk::Quirks;

    fn told(packet: &super::super::packets::Packet) -> Observation {
        observe::observe(&wire::decode(&packet.bytes()).unwrap(), Quirks::ALL)
    }

    #[test]
    fn what_is_not_known_is_learnt() {
        let learnt = judge(&node(MAC_4, BoardModel::Unknown), &told(&eeprom_4()));
        let (serial, revision) = (Some(BoardSerial(0xe5ef_6e9d)), Some(RevisionCode(0xc0_3112)));
        assert_eq!(learnt, Identity { serial, revision, doubt: None });
        let known = Node { serial, revision, ..node(MAC_4, BoardModel::Pi4b) };
        assert_eq!(judge(&known, &told(&eeprom_4())), Identity::default());
    }

    #[test]
    fn what_is_known_stays_and_the_contradiction_is_told() {
        let (serial, revision) = (Some(BoardSerial(1)), Some(RevisionCode(0xb0_3111)));
        let known = Node { serial, revision, ..node(MAC_4, BoardModel::Pi4b) };
        let judged = judge(&known, &told(&eeprom_4()));
        assert!(!judged.is_news());
        let doubt = judged.doubt.unwrap();
        assert!(doubt.contains("serial number e5ef6e9d, but 00000001 is known"), "{doubt}");
        assert!(doubt.contains("revision c03112, but b03111 is known"), "{doubt}");
        // Nor does a doubted packet fill what is empty.
        let judged = judge(&Node { revision: None, ..known }, &told(&eeprom_4()));
        assert!(!judged.is_news() && judged.doubt.is_some());
    }

    #[test]
    fn the_hardware_address_of_an_older_board_proves_its_serial_number() {
        let right = BoardSerial(0xb66c_4c16);
        let with = |serial| Node { serial: Some(serial), ..node(MAC_3B_PLUS, BoardModel::Pi3bPlus) };
        let seen = told(&rom_3b_plus());
        let judged = judge(&with(BoardSerial(0x1234_5678)), &seen);
        assert_eq!((judged.serial, judged.doubt), (Some(right), None));
        let forged = Observation { serial: Some(BoardSerial(0x1234_5678)), ..seen };
        let judged = judge(&with(right), &forged);
        assert!(judged.serial.is_none() && judged.doubt.is_some());
        // The top byte proves nothing.
        let forged = Observation { serial: Some(BoardSerial(0x006c_4c16)), ..forged };
        assert!(judge(&with(right), &forged).serial.is_none());
    }
}
