//! What boot firmware sends, wants and gets wrong: the kinds of facts. *Pure.*
//!
//! `programs` is the table of them, `boards` what differs between the models that run the same programs.

use super::boards::{BoardFacts, board};
use super::programs::programs;
use crate::model::board::BoardModel;
use std::time::Duration;

/// What a board does from power-on until a kernel would start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// The programs that run one after the other, each loading the next.
    pub(super) programs: &'static [&'static Program],
    /// What is the model's own.
    pub(super) board: &'static BoardFacts,
}

/// Which version of its boot firmware a board has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// The ROM as it is, or the newest EEPROM and `start.elf` known here.
    #[default]
    Newest,
    /// The EEPROM of March 2020, which leaves out the MAC address in option 97.
    March2020,
    /// The oldest that boots: EEPROM of October 2019, `start4.elf` of early 2021, `start.elf` of 2018.
    Oldest,
    /// `bootcode.bin` on the card does what the ROM would, on boards before the Pi 4.
    BootcodeOnCard,
    /// No version that is known: a Pi 4 that keeps to the PXE specification and asks at the boot server's port.
    AsksBootServer,
    /// The newest, but the start file that it loads does not run on the board. A Pi 5 has none.
    StartCrashes,
}

/// One program.
#[derive(Debug)]
pub(super) struct Program {
    /// How it asks for an address; none if it goes on with that of the program before.
    pub(super) dhcp: Option<&'static Dhcp>,
    /// How it asks for files.
    pub(super) tftp: Tftp,
    /// What it asks for, in its order.
    pub(super) steps: &'static [Step],
}

/// DHCP of one program.
#[derive(Debug)]
pub(super) struct Dhcp {
    /// Transaction numbers.
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
    /// When an OFFER is acted on.
    pub(super) acts: Acts,
    /// How replies are read.
    pub(super) reading: Reading,
    /// Which address of an OFFER is the TFTP server.
    pub(super) server: ServerRule,
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
    /// The same with zeroes for the MAC address.
    FourCharactersWithoutMac([u8; 4]),
}

/// How an address is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    /// The OFFER's address is used at once.
    OfferOnly,
    /// REQUEST and ACK follow.
    Full,
    /// Behind the ACK the board asks the boot server's port what to boot (PXE specification 2.1, section 2.4.5).
    ThenBootServer,
}

/// When a good OFFER is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acts {
    /// When it comes.
    AtOnce,
    /// When another packet comes after the timer; the attempt ends when none comes for as long.
    AtPacketAfter(Duration),
}

/// How replies are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) name: NameRule,
    pub(super) hops: HopsRule,
    pub(super) pads: PadRule,
}

/// How the boot server's name is looked for in option 43.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameRule {
    /// Anywhere.
    Anywhere,
    /// With three spaces behind it: its length is counted wrong.
    Padded,
}

/// Which hops a reply may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HopsRule {
    /// Any.
    Any,
    /// None: what came through a relay that counts is not taken.
    Zero,
}

/// What option 0 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PadRule {
    /// It is passed over.
    PassedOver,
    /// Nothing behind it is read.
    EndsReading,
}

/// Where the TFTP server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerRule {
    /// Option 66 if it is there, else who sent the OFFER; `siaddr` is ignored.
    OfferSource,
    /// `siaddr`, else option 66, else who sent the OFFER.
    Siaddr,
    /// `siaddr`, else who sent the OFFER.
    SiaddrAlone,
}

/// TFTP of one program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tftp {
    /// Options of a read request; none for ROMs.
    pub(super) options: Option<TransferOptions>,
    /// What an answer without OACK does.
    pub(super) without_oack: WithoutOack,
    /// What a block does that comes twice.
    pub(super) duplicate_block: Duplicate,
    /// What an OACK does that comes twice.
    pub(super) duplicate_oack: Duplicate,
    /// What follows block 65535.
    pub(super) roll_over: RollOver,
    /// Ports that requests are sent from.
    pub(super) ports: Ports,
    /// When ARP is answered.
    pub(super) arp: Arp,
}

/// Options of a read request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransferOptions {
    /// `tsize 0` alone: 512-byte blocks.
    Size,
    /// `tsize 0` and `blksize`.
    SizeAndBlock(usize),
}

/// What becomes of a file whose options the server passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutOack {
    /// It is not loaded.
    Fails,
    /// It is loaded, but for config.txt, which is passed over.
    PassesOverConfig,
}

/// What a packet does that comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicate {
    /// Nothing.
    PassedOver,
    /// The board hangs.
    Hangs,
}

/// What follows block 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RollOver {
    /// Block 0.
    Wraps,
    /// Nothing: the file is given up.
    GivesUp,
}

/// Ports that requests are sent from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ports {
    /// One for all requests of the program.
    One,
    /// A new one for each.
    Fresh,
}

/// When ARP is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arp {
    /// Always, once there is an address.
    Answered,
    /// Until the first request for a file.
    UntilFirstRequest,
}

/// What a program asks for next. The file names of the model are in [`BoardFacts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A file.
    Ask(Ask),
    /// A file without the prefix.
    Unprefixed(Ask),
    /// Files of a self-update, asked for if there is a `config.txt`.
    Update(Ask),
    /// One of these under the prefix, each looked for so often, or the prefix is dropped.
    Landmarks(&'static [&'static str], usize),
    /// The first of the initramfs names of `config.txt` or of the model.
    Initramfs,
    /// The device tree, so often.
    DeviceTree(usize),
    /// The overlays that `config.txt` names.
    Overlays,
    /// The kernel command line, so often.
    CommandLine(usize),
    /// The first kernel, looked for.
    KernelProbe,
    /// The first kernel that is there.
    Kernel,
    /// The model's stubs for the processor, looked for.
    Armstubs,
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
    /// Loaded; without it, or if it is empty, the boot ends.
    Need,
    /// Loaded if it is there.
    Try,
    /// Looked for, and dropped at the first answer with `ERROR 0 Early terminate`.
    Probe,
}

/// The facts of a board.
pub(super) fn facts(model: BoardModel, version: Version) -> Facts {
    Facts { programs: programs(model, version), board: board(model) }
}
