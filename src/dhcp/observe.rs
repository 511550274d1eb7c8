//! What a request tells about the board that sent it. *Pure.*
//!
//! Called by `responder` and `server`. Sources: Raspberry Pi documentation (network boot, DHCP_OPTION97) and
//! traces of each model; the byte layouts are in the tests.

use super::wire::Request;
use crate::model::board::{BoardSerial, RevisionCode};
use crate::model::net::MacAddr;
use crate::model::observation::{Asker, Observation};
use crate::model::quirk::{Quirk, Quirks};

/// What network-boot clients start option 60 with.
const PXE_CLIENT: &[u8] = b"PXEClient";
/// Option 97 of the 3B's boot ROM, the same on every board.
const ROM_3B_ID: [u8; 16] = [0x44; 16];
/// Characters kept of a text that a stranger sent.
const TEXT_KEPT: usize = 64;

/// What the request tells.
pub fn observe(request: &Request, quirks: Quirks) -> Observation {
    let id = request.machine_id.as_deref().and_then(type_0);
    let identity = id.and_then(|id| identity(id, request.mac, quirks));
    Observation {
        asker: asker(request, quirks),
        vendor_class: request.vendor_class.as_deref().map(shown),
        architecture: request.architecture,
        machine_id: request.machine_id.as_deref().map(hex),
        host_name: request.host_name.as_deref().map(shown),
        serial: identity.map(|(serial, _)| serial),
        revision: identity.and_then(|(_, revision)| revision),
        rom_3b: id == Some(&ROM_3B_ID) && quirks.has(Quirk::RomByMachineId),
        relay: request.relay(),
        is_board: identity.is_some() || id == Some(&ROM_3B_ID) || asks_as_a_board(request),
    }
}

/// Tells a board's firmware from its kernel and system. Option 60 decides if it is there; the Pi 4 leaves it out
/// of its REQUEST, so then the marks of a boot ROM decide: 93, 97, or asking for the boot settings.
fn asker(request: &Request, quirks: Quirks) -> Asker {
    let boots = match &request.vendor_class {
        Some(class) => class.starts_with(PXE_CLIENT),
        None if !quirks.has(Quirk::FirmwareWithoutClass) => false,
        None => request.machine_id.is_some() || request.architecture.is_some() || request.asks_for_boot(),
    };
    if boots { Asker::Firmware } else { Asker::System }
}

/// Whether option 55 is the list of a Raspberry Pi's firmware, item by item: the ROMs' twelve, or the EEPROMs'
/// fourteen. They come in no other order, and PCs ask for other things.
fn asks_as_a_board(request: &Request) -> bool {
    const ROM: [u8; 12] = [43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66];
    const EEPROM: [u8; 14] = [1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135];
    request.parameters == ROM || request.parameters == EEPROM
}

/// The 16 bytes of a machine identifier of type 0 (RFC 4578 section 2.3).
fn type_0(id: &[u8]) -> Option<&[u8; 16]> {
    match id {
        [0, id @ ..] => id.try_into().ok(),
        _ => None,
    }
}

/// Serial number and revision code of a Raspberry Pi's machine identifier: four times the serial number (3B+,
/// `bootcode.bin`, EEPROMs before March 2020), or prefix, revision, end of the MAC address, serial number.
fn identity(id: &[u8; 16], mac: MacAddr, quirks: Quirks) -> Option<(BoardSerial, Option<RevisionCode>)> {
    let (words, _) = id.as_chunks::<4>();
    let &[prefix, revision, mac_end, serial] = words else { return None };
    if prefix == revision && prefix == mac_end && prefix == serial {
        let is_serial = *id != ROM_3B_ID && quirks.has(Quirk::SerialFourTimes);
        return if is_serial { named(serial).map(|serial| (serial, None)) } else { None };
    }
    // The prefix can be set by DHCP_OPTION97; then the MAC address vouches for the layout.
    if is_board_code(prefix, quirks) || mac.0.ends_with(&mac_end) {
        let revision = RevisionCode(u32::from_le_bytes(revision));
        return named(serial).map(|serial| (serial, revision.is_new_style().then_some(revision)));
    }
    None
}

fn named(serial: [u8; 4]) -> Option<BoardSerial> {
    let serial = u32::from_le_bytes(serial);
    (serial != 0 && serial != u32::MAX).then_some(BoardSerial(serial))
}

/// "RPi4", "RPi5" and those to come, seen on the wire in both byte orders.
fn is_board_code(prefix: [u8; 4], quirks: Quirks) -> bool {
    match prefix {
        [b'R', b'P', b'i', b'0'..=b'9'] => true,
        [b'0'..=b'9', b'i', b'P', b'R'] => quirks.has(Quirk::EitherByteOrder),
        _ => false,
    }
}

fn shown(text: &[u8]) -> String {
    let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
    text.iter().take(TEXT_KEPT).map(printable).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(TEXT_KEPT).map(|byte| format!("{byte:02x}")).collect()
}
