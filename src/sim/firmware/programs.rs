//! The programs of Raspberry Pi boot firmware: a table of facts, with the quirks named. *Pure.*
//!
//! ```text
//! 2B 1.2, 3B, CM3    boot ROM ─► bootcode.bin ─► start.elf         3B+ and its kin: the same with a better ROM
//! 4B, 400, CM4       EEPROM ─► start4.elf                         5, 500, CM5: EEPROM alone
//! ```
//!
//! Sources: Raspberry Pi documentation (boot-net, bootflow-legacy, bootflow-eeprom), release notes of the boot loader
//! EEPROM, openSUSE/netboot-rpi3b, and packet logs in public issues: order of the files firmware#1012, #1605, #935, #754
//! (boards before the Pi 4), rpi-eeprom#74, #417, #87 (Pi 4), rpi-eeprom#857, #720 (Pi 5; its exact order is not known).

use super::facts::{
    Acts, Arp, Ask, Dhcp, Duplicate, GuidRule, Handshake, HopsRule, How, NameRule, PadRule, Ports, Program,
    Reading, RollOver, ServerRule, Step, Tftp, TransferOptions, Version, WithoutOack, XidRule,
};
use crate::model::board::{BoardModel, FirmwareClass};
use std::time::Duration;

const fn need(path: &'static str) -> Step {
    Step::Ask(Ask { path, how: How::Need, times: 1 })
}

const fn attempt(path: &'static str) -> Step {
    Step::Ask(Ask { path, how: How::Try, times: 1 })
}

const fn twice(path: &'static str) -> Step {
    Step::Ask(Ask { path, how: How::Try, times: 2 })
}

const fn update(path: &'static str) -> Step {
    Step::Update(Ask { path, how: How::Try, times: 1 })
}

const ROM_LIST: &[u8] = &[43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66];
const EEPROM_LIST: &[u8] = &[1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135];

/// What takes any reply that the RFCs allow.
pub(super) const LENIENT: Reading =
    Reading { name: NameRule::Anywhere, hops: HopsRule::Any, pads: PadRule::PassedOver };

const DHCP_ROM_3B: Dhcp = Dhcp {
    xid: XidRule::Constant(0x26f3_0339),
    parameter_list: ROM_LIST,
    guid: GuidRule::Constant,
    handshake: Handshake::OfferOnly,
    message_bytes: 320,
    discovers: 5,
    patience: Duration::from_secs(5),
    acts: Acts::AtPacketAfter(Duration::from_secs(1)),
    reading: Reading { name: NameRule::Padded, hops: HopsRule::Zero, pads: PadRule::PassedOver },
    server: ServerRule::OfferSource,
};

const DHCP_ROM_3B_PLUS: Dhcp =
    Dhcp { guid: GuidRule::SerialFourTimes, acts: Acts::AtOnce, reading: LENIENT, ..DHCP_ROM_3B };

/// Also that of `bootcode.bin`, which asks anew.
const DHCP_BOOTCODE: Dhcp = DHCP_ROM_3B_PLUS;

const DHCP_EEPROM_4: Dhcp = Dhcp {
    xid: XidRule::Random,
    parameter_list: EEPROM_LIST,
    guid: GuidRule::FourCharacters(*b"RPi4"),
    handshake: Handshake::Full,
    message_bytes: 322,
    // DHCP_TIMEOUT 45 s in steps of DHCP_REQ_TIMEOUT 4 s.
    discovers: 11,
    patience: Duration::from_secs(4),
    acts: Acts::AtOnce,
    reading: LENIENT,
    server: ServerRule::Siaddr,
};

/// 2020-03-04 brought the revision to option 97, 2020-03-16 the MAC address.
const DHCP_EEPROM_4_2020: Dhcp = Dhcp { guid: GuidRule::FourCharactersWithoutMac(*b"4iPR"), ..DHCP_EEPROM_4 };

/// 2019-10-16: before option 66 (2019-12-03) and before pads were passed over (2020-01-17).
const DHCP_EEPROM_4_2019: Dhcp = Dhcp {
    guid: GuidRule::SerialFourTimes,
    reading: Reading { pads: PadRule::EndsReading, ..LENIENT },
    server: ServerRule::SiaddrAlone,
    ..DHCP_EEPROM_4
};

/// What PXE firmware does that goes by the specification; no Raspberry Pi is known to.
const DHCP_PXE_4: Dhcp = Dhcp { handshake: Handshake::ThenBootServer, ..DHCP_EEPROM_4 };

/// The four characters have been seen in both byte orders.
const DHCP_EEPROM_5: Dhcp = Dhcp { guid: GuidRule::FourCharacters(*b"5iPR"), ..DHCP_EEPROM_4 };

const TFTP_ROM: Tftp = Tftp {
    options: None,
    without_oack: WithoutOack::Fails,
    duplicate_block: Duplicate::PassedOver,
    duplicate_oack: Duplicate::PassedOver,
    roll_over: RollOver::GivesUp,
    ports: Ports::One,
    arp: Arp::Answered,
};

const TFTP_ROM_3B: Tftp = Tftp { arp: Arp::UntilFirstRequest, ..TFTP_ROM };

/// `bootcode.bin` and start.elf.
const TFTP_START: Tftp = Tftp { options: Some(TransferOptions::Size), ..TFTP_ROM };

const TFTP_START_2018: Tftp = Tftp { duplicate_oack: Duplicate::Hangs, ..TFTP_START };

const TFTP_EEPROM_4: Tftp = Tftp {
    options: Some(TransferOptions::SizeAndBlock(1468)),
    without_oack: WithoutOack::PassesOverConfig,
    roll_over: RollOver::Wraps,
    ports: Ports::Fresh,
    ..TFTP_ROM
};

const TFTP_EEPROM_4_2019: Tftp = Tftp {
    options: Some(TransferOptions::SizeAndBlock(1024)),
    roll_over: RollOver::GivesUp,
    ..TFTP_EEPROM_4
};

const TFTP_START_4_2021: Tftp = Tftp { duplicate_block: Duplicate::Hangs, ..TFTP_EEPROM_4_2019 };

const TFTP_EEPROM_5: Tftp = Tftp { without_oack: WithoutOack::Fails, ..TFTP_EEPROM_4 };

const ROM_STEPS: &[Step] = &[
    Step::Unprefixed(Ask { path: "bootcode.bin", how: How::Need, times: 1 }),
    Step::Unprefixed(Ask { path: "bootsig.bin", how: How::Try, times: 1 }),
];

const BOOTCODE_STEPS: &[Step] = &[
    Step::Landmarks(&["start.elf"], 2),
    attempt("autoboot.txt"),
    attempt("config.txt"),
    attempt("recovery.elf"),
    need("start.elf"),
    need("fixup.dat"),
];

const START_STEPS: &[Step] = &[
    attempt("recovery.elf"),
    twice("config.txt"),
    attempt("dt-blob.bin"),
    attempt("recovery.elf"),
    twice("config.txt"),
    attempt("bootcfg.txt"),
    Step::DeviceTree(2),
    twice("overlays/overlay_map.dtb"),
    twice("config.txt"),
    Step::Overlays,
    Step::CommandLine(2),
    attempt("recovery8.img"),
    attempt("recovery7.img"),
    Step::KernelProbe,
    Step::Initramfs,
    Step::Armstubs,
    Step::Kernel,
];

const EEPROM_4_STEPS: &[Step] = &[
    Step::Landmarks(&["start4.elf", "start.elf"], 1),
    attempt("config.txt"),
    update("vl805.sig"),
    update("pieeprom.sig"),
    attempt("recover4.elf"),
    attempt("recovery.elf"),
    need("start4.elf"),
];

const START_4_STEPS: &[Step] = &[
    need("fixup4.dat"),
    twice("config.txt"),
    Step::Initramfs,
    Step::DeviceTree(1),
    attempt("config.txt"),
    attempt("overlays/overlay_map.dtb"),
    Step::Overlays,
    Step::CommandLine(1),
    Step::Kernel,
    Step::Armstubs,
];

const EEPROM_5_STEPS: &[Step] = &[
    Step::Landmarks(&["config.txt"], 1),
    need("config.txt"),
    update("pieeprom.sig"),
    Step::DeviceTree(1),
    attempt("overlays/overlay_map.dtb"),
    attempt("overlays/bcm2712d0.dtbo"),
    Step::Overlays,
    Step::CommandLine(1),
    Step::Kernel,
    Step::Initramfs,
    Step::Armstubs,
];

const ROM_3B: Program = Program { dhcp: Some(&DHCP_ROM_3B), tftp: TFTP_ROM_3B, steps: ROM_STEPS };
const ROM_3B_PLUS: Program = Program { dhcp: Some(&DHCP_ROM_3B_PLUS), tftp: TFTP_ROM, steps: ROM_STEPS };
const BOOTCODE: Program = Program { dhcp: Some(&DHCP_BOOTCODE), tftp: TFTP_START, steps: BOOTCODE_STEPS };
const START: Program = Program { dhcp: None, tftp: TFTP_START, steps: START_STEPS };
const START_2018: Program = Program { dhcp: None, tftp: TFTP_START_2018, steps: START_STEPS };
const EEPROM_4: Program = Program { dhcp: Some(&DHCP_EEPROM_4), tftp: TFTP_EEPROM_4, steps: EEPROM_4_STEPS };
const PXE_4: Program = Program { dhcp: Some(&DHCP_PXE_4), tftp: TFTP_EEPROM_4, steps: EEPROM_4_STEPS };
const EEPROM_4_2020: Program =
    Program { dhcp: Some(&DHCP_EEPROM_4_2020), tftp: TFTP_EEPROM_4_2019, steps: EEPROM_4_STEPS };
const EEPROM_4_2019: Program =
    Program { dhcp: Some(&DHCP_EEPROM_4_2019), tftp: TFTP_EEPROM_4_2019, steps: EEPROM_4_STEPS };
const START_4: Program = Program { dhcp: None, tftp: TFTP_EEPROM_4, steps: START_4_STEPS };
const START_4_2021: Program = Program { dhcp: None, tftp: TFTP_START_4_2021, steps: START_4_STEPS };
const EEPROM_5: Program = Program { dhcp: Some(&DHCP_EEPROM_5), tftp: TFTP_EEPROM_5, steps: EEPROM_5_STEPS };

/// The programs of a board. Versions that a board never had are its newest.
pub(super) fn programs(model: BoardModel, version: Version) -> &'static [&'static Program] {
    use FirmwareClass::{Eeprom4, Eeprom5, Rom3b, Rom3bPlus};
    match (model.firmware(), version) {
        (Rom3b | Rom3bPlus, Version::BootcodeOnCard) => &[&BOOTCODE, &START],
        (Rom3b, Version::StartCrashes) => &[&ROM_3B, &BOOTCODE],
        (Rom3bPlus, Version::StartCrashes) => &[&ROM_3B_PLUS, &BOOTCODE],
        (Eeprom4, Version::StartCrashes) => &[&EEPROM_4],
        (Rom3b, Version::Oldest) => &[&ROM_3B, &BOOTCODE, &START_2018],
        (Rom3b, Version::Newest | Version::March2020 | Version::AsksBootServer) => {
            &[&ROM_3B, &BOOTCODE, &START]
        }
        (Rom3bPlus, Version::Oldest) => &[&ROM_3B_PLUS, &BOOTCODE, &START_2018],
        (Rom3bPlus, Version::Newest | Version::March2020 | Version::AsksBootServer) => {
            &[&ROM_3B_PLUS, &BOOTCODE, &START]
        }
        (Eeprom4, Version::Newest | Version::BootcodeOnCard) => &[&EEPROM_4, &START_4],
        (Eeprom4, Version::AsksBootServer) => &[&PXE_4, &START_4],
        (Eeprom4, Version::March2020) => &[&EEPROM_4_2020, &START_4],
        (Eeprom4, Version::Oldest) => &[&EEPROM_4_2019, &START_4_2021],
        (Eeprom5, _) => &[&EEPROM_5],
    }
}
