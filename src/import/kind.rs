//! What a host becomes: a node or a device. *Pure.* Called by `hosts`.
//!
//! | known of it | becomes |
//! |---|---|
//! | the source lists it as a board, or it asked for an address as a Raspberry Pi does | a node |
//! | its hardware address is one of Raspberry Pi's | what `--as` says; a node if `--model` is given; else it is left |
//! | nothing | what `--as` says, else a device |

use super::found::Host;
use super::plan::Choices;
use crate::model::board::BoardModel;
use crate::model::net::MacAddr;
use crate::store::sightings::Sighting;

/// First halves of hardware addresses that belong to Raspberry Pi (IEEE, as of 2025). A hint: the same firm makes
/// things that are no boards of a rack.
const PREFIXES: [[u8; 3]; 7] = [
    [0xb8, 0x27, 0xeb],
    [0xdc, 0xa6, 0x32],
    [0xe4, 0x5f, 0x01],
    [0xd8, 0x3a, 0xdd],
    [0x28, 0xcd, 0xc1],
    [0x2c, 0xcf, 0x67],
    [0x88, 0xa2, 0x9e],
];

/// What hosts are that nothing else tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Boards.
    Node,
    /// Machines with a fixed address that are no boards.
    Device,
}

/// What one host becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes {
    Node(BoardModel),
    Device,
}

/// Decides, or says what is needed to decide.
pub(super) fn judge(
    host: &Host,
    mac: MacAddr,
    sighting: Option<&Sighting>,
    choices: &Choices,
) -> Result<Becomes, String> {
    let known = |model: &BoardModel| *model != BoardModel::Unknown;
    let seen = sighting.map(|seen| seen.observation.model()).filter(known);
    let told = host.model.filter(known).or(seen);
    let chosen = choices.model.unwrap_or(BoardModel::Unknown);
    let is_board = host.model.is_some() || sighting.is_some_and(|seen| seen.observation.is_board);
    let has_prefix = PREFIXES.iter().any(|prefix| mac.0.starts_with(prefix));
    match (told, is_board, choices.kind, has_prefix) {
        (Some(model), ..) => Ok(Becomes::Node(model)),
        (None, true, ..) | (None, false, Some(Kind::Node), _) => Ok(Becomes::Node(chosen)),
        (None, false, Some(Kind::Device), _) | (None, false, None, false) => Ok(Becomes::Device),
        (None, false, None, true) if known(&chosen) => Ok(Becomes::Node(chosen)),
        (None, false, None, true) => Err("may be a Raspberry Pi by its hardware address; import again with \
                                          --model MODEL, or with --as node, and it is learnt at the first boot; \
                                          or with --as device, if it is none"
            .to_owned()),
    }
}
