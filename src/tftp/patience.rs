//! How long a silent client is left alone before anything is sent to it again. *Pure.*
//!
//! Called by `session`. Firmware of 2020 and 2021 hangs at a block that it sees twice, even if its acknowledgement was
//! only late (`firmware#1631`; start.elf and start4.elf are built from one source since April 2020, `firmware#1913`).
//! Under loss every wait counts: who cannot be such firmware waits no longer than with an ordinary server.

use super::options::Wish;
use crate::model::board::{BoardModel, FirmwareClass};
use crate::model::quirk::{Quirk, Quirks};
use std::time::Duration;

/// For what may be such firmware; dnsmasq's, which it gets on with.
const FIRMWARE_WAIT: Duration = Duration::from_secs(2);

/// For all others, tftpd-hpa's. 0.1 s repeated to clients that were only kept from their processor.
const ORDINARY_WAIT: Duration = Duration::from_secs(1);

/// The least wait for a client: the board of a node, or a device, which is none; and what it asked for.
pub(crate) fn least_wait(board: Option<BoardModel>, wishes: &[Wish], quirks: Quirks) -> Duration {
    let hangs = quirks.has(Quirk::PatientRepetition)
        && board.is_some_and(may_load_start_elf)
        && !wishes.iter().any(is_no_firmwares);
    if hangs { FIRMWARE_WAIT } else { ORDINARY_WAIT }
}

/// The boot loader of the Pi 5 loads kernels itself, and is younger. What nobody has named may be any board.
fn may_load_start_elf(board: BoardModel) -> bool {
    match board.firmware() {
        FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus | FirmwareClass::Eeprom4 => true,
        FirmwareClass::Eeprom5 => board == BoardModel::Unknown,
    }
}

/// Whether no boot firmware asks for it: U-Boot, iPXE and clients on Linux do.
fn is_no_firmwares(wish: &Wish) -> bool {
    match wish {
        Wish::Window(_) | Wish::TimeoutSeconds(_) => true,
        Wish::BlockBytes(_) | Wish::TransferBytes => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_hang_is_waited_for_longer() {
        let check = |board, wishes: &[Wish], seconds| {
            let wait = least_wait(board, wishes, Quirks::ALL);
            assert_eq!(wait, Duration::from_secs(seconds), "{board:?} {wishes:?}");
        };
        let firmwares = [Wish::TransferBytes, Wish::BlockBytes(1024)];
        for board in [BoardModel::Pi3b, BoardModel::Pi3bPlus, BoardModel::Pi4b, BoardModel::Unknown] {
            check(Some(board), &[], 2);
            check(Some(board), &firmwares, 2);
            check(Some(board), &[Wish::Window(1)], 1);
            check(Some(board), &[Wish::BlockBytes(1468), Wish::TimeoutSeconds(5)], 1);
        }
        for board in [BoardModel::Pi5, BoardModel::Pi500, BoardModel::Cm5] {
            check(Some(board), &firmwares, 1);
        }
        check(None, &firmwares, 1);
        let quirks = Quirks::without(Quirk::PatientRepetition);
        assert_eq!(least_wait(Some(BoardModel::Pi4b), &[], quirks), ORDINARY_WAIT);
    }
}
