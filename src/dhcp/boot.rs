//! What firmware is told so that it boots from here. *Pure.*
//!
//! Called by `responder`. A board is told where to boot whatever its boot target: `tftp` decides what it finds
//! there. A board that shall boot its card is refused each file, which takes milliseconds; without these options
//! it would repeat its DISCOVER for 45 s before it turned to the card.

use super::wire::ReplyOption;
use crate::model::board::FirmwareClass;
use crate::model::node::BootTarget;
use crate::model::quirk::{Quirk, Quirks};
use std::net::Ipv4Addr;

/// What a Raspberry Pi looks for in option 43 to know that it can boot from here.
const SERVICE: &str = "Raspberry Pi Boot";
/// The same for boot ROMs of the 3B, which read the string's length wrong: the documentation advises three spaces.
const SERVICE_FOR_ROM_3B: &str = "Raspberry Pi Boot   ";
/// The prompt of the boot menu, which nobody sees.
const PROMPT: &str = "PXE";
/// The only length of option 97 (RFC 4578 section 2.3).
const MACHINE_ID_LENGTH: usize = 17;

/// Sub-options of option 43 (PXE specification 2.1, table 2-1).
const PXE_DISCOVERY_CONTROL: u8 = 6;
const PXE_BOOT_MENU: u8 = 9;
const PXE_MENU_PROMPT: u8 = 10;
const PXE_END: u8 = 255;
/// Neither broadcast nor multicast discovery of boot servers.
const NO_DISCOVERY: u8 = 3;

/// The network-boot options: 60, 97, 43, 66, 67.
pub fn options(
    firmware: FirmwareClass,
    target: BootTarget,
    machine_id: Option<&[u8]>,
    tftp_server: Ipv4Addr,
    quirks: Quirks,
) -> Vec<ReplyOption> {
    if target == BootTarget::Local && !quirks.has(Quirk::AnsweredWhenLocal) {
        return Vec::new();
    }
    let mut options = vec![ReplyOption::VendorClass("PXEClient")];
    let echoed = machine_id.filter(|id| id.len() == MACHINE_ID_LENGTH);
    options.extend(echoed.map(|id| ReplyOption::MachineId(id.to_vec())));
    if quirks.has(Quirk::BootServerName) {
        options.push(ReplyOption::VendorInformation(vendor_information(firmware, quirks)));
    }
    // Boot ROMs take the OFFER's sender, the last option 66 wins; EEPROMs take siaddr or option 66.
    if quirks.has(Quirk::ServerInOption66) {
        options.push(ReplyOption::TftpServer(tftp_server));
    }
    options.extend(boot_file(firmware, target).map(ReplyOption::BootFile));
    options
}

/// Boot ROMs ask for `bootcode.bin` in any case; EEPROM boot loaders ignore option 67.
fn boot_file(firmware: FirmwareClass, target: BootTarget) -> Option<&'static str> {
    match (firmware, target) {
        (_, BootTarget::Local) | (FirmwareClass::Eeprom4 | FirmwareClass::Eeprom5, _) => None,
        (
            FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus,
            BootTarget::Installer | BootTarget::Environment,
        ) => Some("bootcode.bin"),
    }
}

/// Option 43 as dnsmasq writes it for `pxe-service=0,"Raspberry Pi Boot"`, which every model is known to take.
fn vendor_information(firmware: FirmwareClass, quirks: Quirks) -> Vec<u8> {
    let service = match firmware {
        FirmwareClass::Rom3b if quirks.has(Quirk::PaddedServerName) => SERVICE_FOR_ROM_3B,
        FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus | FirmwareClass::Eeprom4 | FirmwareClass::Eeprom5 => {
            SERVICE
        }
    };
    let mut inner = vec![PXE_DISCOVERY_CONTROL, 1, NO_DISCOVERY];
    // A prompt: timeout 0 (take the first entry at once), text. A menu entry: type 0, length, text.
    inner.extend(sub_option(PXE_MENU_PROMPT, &[0], PROMPT));
    inner.extend(sub_option(PXE_BOOT_MENU, &[0, 0, length(service)], service));
    inner.push(PXE_END);
    inner
}

fn sub_option(code: u8, head: &[u8], text: &str) -> Vec<u8> {
    let content = [head, text.as_bytes()].concat();
    let size = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[code, size], content.as_slice()].concat()
}

fn length(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}
