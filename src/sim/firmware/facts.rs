//! What each class of boot firmware sends, wants and asks for: a table, with the quirks named. *Pure.*
//!
//! Sources: Raspberry Pi documentation (boot-net, bootflow-legacy, bootflow-eeprom), release notes of the boot
//! loader EEPROM, and packet logs in public issue threads of raspberrypi/firmware and raspberrypi/rpi-eeprom.

use crate::model::board::FirmwareClass;
use std::time::Duration;

/// The facts of one class.
#[derive(Debug)]
pub(super) struct Facts {
    /// Transaction numbers of DHCP.
    pub(super) xid: XidRule,
    /// Option 55.
    pub(super) parameter_list: &'static [u8],
    /// Option 97.
    pub(super) guid: GuidRule,
    /// Whether an OFFER is followed by REQUEST and ACK, or used as it is.
    pub(super) handshake: Handshake,
    /// Length of a BOOTP message, in bytes.
    pub(super) message_bytes: usize,
    /// How many DISCOVERs are sent.
    pub(super) discovers: usize,
    /// How long each is waited for.
    pub(super) patience: Duration,
    /// Which address of an OFFER is the TFTP server.
    pub(super) server: ServerRule,
    /// What is asked for before everything else, without prefix and without options.
    pub(super) rom_files: &'static [Ask],
    /// One of these under the prefix, or the prefix is dropped; one of these without it, or there is nothing.
    pub(super) landmarks: &'static [&'static str],
    /// What is asked for besides, before the kernel.
    pub(super) early_files: &'static [Ask],
    /// Device trees, the first found is taken.
    pub(super) device_trees: &'static [&'static str],
    /// Kernels if `config.txt` names none, the first found is taken.
    pub(super) kernels: &'static [&'static str],
    /// Initramfs names under `auto_initramfs=1`, beside the kernels.
    pub(super) initramfs: &'static [&'static str],
    /// Probed last.
    pub(super) late_files: &'static [Ask],
    /// Options of a request.
    pub(super) options: TransferOptions,
    /// Names of the sections of `config.txt` that apply, besides `all`.
    pub(super) sections: &'static [&'static str],
    /// Time from power-on to the first DISCOVER: self test, link up.
    pub(super) wake: Duration,
    /// Time from the last file to a running kernel with its network up.
    pub(super) kernel_start: Duration,
}

/// Transaction numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XidRule {
    /// The same on every board, each time.
    Constant(u32),
    /// A new one for each exchange.
    Random,
}

/// What option 97 carries after its type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuidRule {
    /// `44` sixteen times, on every board.
    Constant,
    /// The serial number, four times.
    SerialFourTimes,
    /// Four characters, revision code, last four bytes of the MAC address, serial number.
    FourCharacters([u8; 4]),
}

/// How an address is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    /// The OFFER's address is used at once.
    OfferOnly,
    /// REQUEST and ACK follow.
    Full,
}

/// Where the TFTP server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerRule {
    /// Option 66 if it is there, else who sent the OFFER; `siaddr` is ignored.
    OfferSource,
    /// `siaddr`, else option 66, else who sent the OFFER.
    Siaddr,
}

/// One file that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ask {
    /// Its path below the prefix.
    pub(super) path: &'static str,
    /// How it is asked for.
    pub(super) how: How,
    /// How often.
    pub(super) times: usize,
}

/// How a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Loaded; without it the boot ends.
    Need,
    /// Loaded if it is there.
    Try,
    /// Looked for, and dropped at the first answer with `ERROR 0 Early terminate`.
    Probe,
}

/// Options of a read request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransferOptions {
    /// `tsize 0` alone: 512-byte blocks.
    Size,
    /// `tsize 0` and `blksize`.
    SizeAndBlock(usize),
}

const fn need(path: &'static str) -> Ask {
    Ask { path, how: How::Need, times: 1 }
}

const fn attempt(path: &'static str) -> Ask {
    Ask { path, how: How::Try, times: 1 }
}

const fn twice(path: &'static str) -> Ask {
    Ask { path, how: How::Try, times: 2 }
}

const fn probe(path: &'static str) -> Ask {
    Ask { path, how: How::Probe, times: 1 }
}

const ROM_LIST: &[u8] = &[43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66];
const EEPROM_LIST: &[u8] = &[1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135];

/// The constant transaction number of the ROMs.
const ROM_XID: u32 = 0x26f3_0339;

const ROM_FILES: &[Ask] = &[need("bootcode.bin"), attempt("bootsig.bin")];

const START_ELF_FILES: &[Ask] = &[
    attempt("autoboot.txt"),
    twice("config.txt"),
    attempt("recovery.elf"),
    need("start.elf"),
    need("fixup.dat"),
    attempt("recovery.elf"),
    twice("config.txt"),
    attempt("dt-blob.bin"),
    attempt("bootcfg.txt"),
];

const ROM_3B: Facts = Facts {
    xid: XidRule::Constant(ROM_XID),
    parameter_list: ROM_LIST,
    guid: GuidRule::Constant,
    handshake: Handshake::OfferOnly,
    message_bytes: 320,
    discovers: 5,
    patience: Duration::from_secs(5),
    server: ServerRule::OfferSource,
    rom_files: ROM_FILES,
    landmarks: &["start.elf"],
    early_files: START_ELF_FILES,
    device_trees: &["bcm2710-rpi-3-b.dtb"],
    kernels: &["kernel8.img", "kernel7.img"],
    initramfs: &["initramfs8", "initramfs7"],
    late_files: &[probe("armstub8-32.bin")],
    options: TransferOptions::Size,
    sections: &["pi3"],
    // The ROM looks at the card for 5 s before the network.
    wake: Duration::from_secs(8),
    kernel_start: Duration::from_secs(24),
};

const ROM_3B_PLUS: Facts = Facts {
    guid: GuidRule::SerialFourTimes,
    device_trees: &["bcm2710-rpi-3-b-plus.dtb", "bcm2710-rpi-3-b.dtb"],
    sections: &["pi3", "pi3+"],
    ..ROM_3B
};

const EEPROM_4: Facts = Facts {
    xid: XidRule::Random,
    parameter_list: EEPROM_LIST,
    guid: GuidRule::FourCharacters(*b"RPi4"),
    handshake: Handshake::Full,
    message_bytes: 322,
    // DHCP_TIMEOUT 45 s in steps of DHCP_REQ_TIMEOUT 4 s.
    discovers: 11,
    patience: Duration::from_secs(4),
    server: ServerRule::Siaddr,
    rom_files: &[],
    landmarks: &["start4.elf", "start.elf"],
    early_files: &[
        attempt("config.txt"),
        attempt("vl805.sig"),
        attempt("pieeprom.sig"),
        attempt("recover4.elf"),
        attempt("recovery.elf"),
        need("start4.elf"),
        need("fixup4.dat"),
        twice("config.txt"),
    ],
    device_trees: &["bcm2711-rpi-4-b.dtb", "bcm2711-rpi-400.dtb", "bcm2711-rpi-cm4.dtb"],
    kernels: &["kernel8.img", "kernel7l.img"],
    initramfs: &["initramfs8", "initramfs7l"],
    late_files: &[probe("armstub8-gic.bin")],
    options: TransferOptions::SizeAndBlock(1024),
    sections: &["pi4", "board-type=0x11"],
    wake: Duration::from_secs(6),
    kernel_start: Duration::from_secs(16),
};

const EEPROM_5: Facts = Facts {
    guid: GuidRule::FourCharacters(*b"RPi5"),
    landmarks: &["config.txt"],
    early_files: &[twice("config.txt"), attempt("pieeprom.sig")],
    device_trees: &["bcm2712-rpi-5-b.dtb", "bcm2712-d-rpi-5-b.dtb", "bcm2712-rpi-500.dtb"],
    kernels: &["kernel_2712.img", "kernel8.img"],
    initramfs: &["initramfs_2712", "initramfs8"],
    late_files: &[probe("armstub8-2712.bin")],
    options: TransferOptions::SizeAndBlock(1468),
    sections: &["pi5"],
    wake: Duration::from_secs(5),
    kernel_start: Duration::from_secs(10),
    ..EEPROM_4
};

/// The facts of a class.
pub(super) fn facts(class: FirmwareClass) -> &'static Facts {
    match class {
        FirmwareClass::Rom3b => &ROM_3B,
        FirmwareClass::Rom3bPlus => &ROM_3B_PLUS,
        FirmwareClass::Eeprom4 => &EEPROM_4,
        FirmwareClass::Eeprom5 => &EEPROM_5,
    }
}
