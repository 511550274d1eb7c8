//! What a Raspberry Pi is: model, revision code, serial number, boot firmware. *Pure.*
//!
//! Source of the revision code's layout: Raspberry Pi documentation, "Revision codes" (new-style codes).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The low 32 bits of a board's serial number: eight hex digits, the name of its TFTP folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardSerial(pub u32);

impl fmt::Display for BoardSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Why a text is no serial number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no Raspberry Pi serial number; expected 8 or 16 hex digits as in /proc/cpuinfo")]
pub struct NotASerial {
    seen: String,
}

impl FromStr for BoardSerial {
    type Err = NotASerial;

    /// Takes the 8 digits of the TFTP folder or the 16 of `/proc/cpuinfo`, whose last 8 count.
    fn from_str(text: &str) -> Result<Self, NotASerial> {
        let wrong = || NotASerial { seen: text.to_owned() };
        let digits = text.trim();
        if !matches!(digits.len(), 8 | 16) || !digits.is_ascii() {
            return Err(wrong());
        }
        let low = digits.get(digits.len() - 8..).ok_or_else(wrong)?;
        u64::from_str_radix(digits, 16).map_err(|_| wrong())?;
        u32::from_str_radix(low, 16).map(Self).map_err(|_| wrong())
    }
}

impl Serialize for BoardSerial {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BoardSerial {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! models {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $shown:literal, $class:ident;)*) => {
        /// A Raspberry Pi model that can boot from the network.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum BoardModel {
            $($(#[$doc])* $variant,)*
        }

        impl BoardModel {
            /// Every model, oldest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in files, the API and the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The name people read.
            pub fn shown(self) -> &'static str {
                match self { $(Self::$variant => $shown,)* }
            }

            /// Which firmware boots it.
            pub fn firmware(self) -> FirmwareClass {
                match self { $(Self::$variant => FirmwareClass::$class,)* }
            }
        }
    };
}

models! {
    /// Pi 2B revision 1.2, the one with the 3B's processor.
    Pi2b12 = "pi2b-1.2", "Raspberry Pi 2B 1.2", Rom3b;
    /// Pi 3B.
    Pi3b = "pi3b", "Raspberry Pi 3B", Rom3b;
    /// Pi 3B+.
    Pi3bPlus = "pi3b+", "Raspberry Pi 3B+", Rom3bPlus;
    /// Pi 3A+, on a USB Ethernet adapter.
    Pi3aPlus = "pi3a+", "Raspberry Pi 3A+", Rom3bPlus;
    /// Compute Module 3.
    Cm3 = "cm3", "Compute Module 3", Rom3b;
    /// Compute Module 3+, with the 3B+'s processor.
    Cm3Plus = "cm3+", "Compute Module 3+", Rom3bPlus;
    /// Zero 2 W, on a USB Ethernet adapter.
    Zero2w = "zero2w", "Raspberry Pi Zero 2 W", Rom3b;
    /// Pi 4B.
    Pi4b = "pi4b", "Raspberry Pi 4B", Eeprom4;
    /// Pi 400.
    Pi400 = "pi400", "Raspberry Pi 400", Eeprom4;
    /// Compute Module 4.
    Cm4 = "cm4", "Compute Module 4", Eeprom4;
    /// Compute Module 4S, in the form of a Compute Module 3.
    Cm4s = "cm4s", "Compute Module 4S", Eeprom4;
    /// Pi 5.
    Pi5 = "pi5", "Raspberry Pi 5", Eeprom5;
    /// Pi 500 and 500+.
    Pi500 = "pi500", "Raspberry Pi 500", Eeprom5;
    /// Compute Module 5, with and without eMMC.
    Cm5 = "cm5", "Compute Module 5", Eeprom5;
    /// Newer than this program, too old to boot from the network, or never seen: shown by its revision code.
    Unknown = "unknown", "Raspberry Pi", Eeprom5;
}

/// The program that does DHCP and TFTP before any kernel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirmwareClass {
    /// Boot ROM of 2B 1.2 and 3B: constant GUID, uses the OFFER without REQUEST.
    Rom3b,
    /// Boot ROM of the 3B+: as the 3B, with its worst faults mended.
    Rom3bPlus,
    /// EEPROM boot loader of 4B, 400 and CM4, then start4.elf.
    Eeprom4,
    /// EEPROM boot loader of 5, 500 and CM5; there is no start.elf.
    Eeprom5,
}

impl FirmwareClass {
    /// Whether pimaster sends such a board to its card by refusing all files (boot order network, then card).
    /// The older ROMs look at the card first and have no order to change: they boot the card's system only
    /// from files that pimaster serves.
    pub fn falls_through_to_card(self) -> bool {
        match self {
            Self::Rom3b | Self::Rom3bPlus => false,
            Self::Eeprom4 | Self::Eeprom5 => true,
        }
    }
}

/// Why a word is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no model; expected one of {}", BoardModel::words())]
pub struct NotAModel {
    seen: String,
}

impl BoardModel {
    fn words() -> String {
        Self::ALL.iter().map(|model| model.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What people read of a board: its model, or as much as its revision code tells of one that is not known here.
    pub fn shown_with(self, revision: Option<RevisionCode>) -> String {
        match (self, revision) {
            (Self::Unknown, Some(revision)) => format!("{}, revision {revision}", revision.type_name()),
            (model, _) => model.shown().to_owned(),
        }
    }
}

impl FromStr for BoardModel {
    type Err = NotAModel;
    fn from_str(text: &str) -> Result<Self, NotAModel> {
        let found = Self::ALL.iter().copied().find(|model| model.as_str() == text);
        found.ok_or_else(|| NotAModel { seen: text.to_owned() })
    }
}

impl TryFrom<String> for BoardModel {
    type Error = NotAModel;
    fn try_from(text: String) -> Result<Self, NotAModel> {
        text.parse()
    }
}

impl From<BoardModel> for String {
    fn from(model: BoardModel) -> Self {
        model.as_str().to_owned()
    }
}

/// A board's revision code as in `/proc/cpuinfo`, such as `c03112` (4B, 4 GB, revision 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevisionCode(pub u32);

/// The types of new-style codes: bits 4 to 11, name, model. 2B boards are told apart by their processor.
const TYPES: [(u8, &str, BoardModel); 24] = [
    (0x00, "Raspberry Pi A", BoardModel::Unknown),
    (0x01, "Raspberry Pi B", BoardModel::Unknown),
    (0x02, "Raspberry Pi A+", BoardModel::Unknown),
    (0x03, "Raspberry Pi B+", BoardModel::Unknown),
    (0x04, "Raspberry Pi 2B", BoardModel::Pi2b12),
    (0x06, "Compute Module 1", BoardModel::Unknown),
    (0x08, "Raspberry Pi 3B", BoardModel::Pi3b),
    (0x09, "Raspberry Pi Zero", BoardModel::Unknown),
    (0x0a, "Compute Module 3", BoardModel::Cm3),
    (0x0c, "Raspberry Pi Zero W", BoardModel::Unknown),
    (0x0d, "Raspberry Pi 3B+", BoardModel::Pi3bPlus),
    (0x0e, "Raspberry Pi 3A+", BoardModel::Pi3aPlus),
    (0x10, "Compute Module 3+", BoardModel::Cm3Plus),
    (0x11, "Raspberry Pi 4B", BoardModel::Pi4b),
    (0x12, "Raspberry Pi Zero 2 W", BoardModel::Zero2w),
    (0x13, "Raspberry Pi 400", BoardModel::Pi400),
    (0x14, "Compute Module 4", BoardModel::Cm4),
    (0x15, "Compute Module 4S", BoardModel::Cm4s),
    (0x17, "Raspberry Pi 5", BoardModel::Pi5),
    (0x18, "Compute Module 5", BoardModel::Cm5),
    (0x19, "Raspberry Pi 500", BoardModel::Pi500),
    (0x1a, "Compute Module 5 Lite", BoardModel::Cm5),
    (0x1b, "Compute Module 0", BoardModel::Unknown),
    // Codes of the old style, which have no type.
    (0xff, "Raspberry Pi 1", BoardModel::Unknown),
];
const OLD_STYLE: u8 = 0xff;
/// The processor of 2B boards before revision 1.2, whose ROM knows no network.
const BCM2836: u32 = 1;

impl RevisionCode {
    /// The model, if the code is of the new style, known here, and of a board that boots from the network.
    pub fn model(self) -> BoardModel {
        match self.known_type() {
            Some((_, _, BoardModel::Pi2b12)) if (self.0 >> 12) & 0xf == BCM2836 => BoardModel::Unknown,
            Some((_, _, model)) => *model,
            None => BoardModel::Unknown,
        }
    }

    /// The type's name; "Raspberry Pi" for types newer than this program.
    pub fn type_name(self) -> &'static str {
        self.known_type().map_or("Raspberry Pi", |(_, name, _)| name)
    }

    /// The board's revision, such as 1.2: codes of the new style count the second part alone.
    pub fn board_revision(self) -> Option<String> {
        self.is_new_style().then(|| format!("1.{}", self.0 & 0xf))
    }

    /// The memory size in MiB, for codes of the new style; 7 stands for sizes that the code cannot tell.
    pub fn memory_mib(self) -> Option<u32> {
        let size = (self.0 >> 20) & 7;
        (self.is_new_style() && size < 7).then(|| 256 << size)
    }

    /// Whether the parts of the code mean something (bit 23).
    pub fn is_new_style(self) -> bool {
        self.0 & (1 << 23) != 0
    }

    fn known_type(self) -> Option<&'static (u8, &'static str, BoardModel)> {
        let [_, _, high, low] = self.0.to_be_bytes();
        let code = if self.is_new_style() { (high << 4) | (low >> 4) } else { OLD_STYLE };
        TYPES.iter().find(|(known, _, _)| *known == code)
    }
}

impl fmt::Display for RevisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revision_codes_name_model_and_memory() {
        let check = |code, model, mib| {
            assert_eq!(RevisionCode(code).model(), model, "{code:x}");
            assert_eq!(RevisionCode(code).memory_mib(), Some(mib), "{code:x}");
        };
        check(0xa0_2042, BoardModel::Pi2b12, 1024);
        check(0xa0_1041, BoardModel::Unknown, 1024);
        check(0xa0_2082, BoardModel::Pi3b, 1024);
        check(0xa0_20d3, BoardModel::Pi3bPlus, 1024);
        check(0x90_20e0, BoardModel::Pi3aPlus, 512);
        check(0xa0_20a0, BoardModel::Cm3, 1024);
        check(0xa0_2100, BoardModel::Cm3Plus, 1024);
        check(0x90_2120, BoardModel::Zero2w, 512);
        check(0xc0_3112, BoardModel::Pi4b, 4096);
        // With the overvoltage and OTP bits set.
        check(0xe0c0_3112, BoardModel::Pi4b, 4096);
        check(0xc0_3130, BoardModel::Pi400, 4096);
        check(0xa0_3140, BoardModel::Cm4, 1024);
        check(0xa0_3150, BoardModel::Cm4s, 1024);
        check(0xd0_4170, BoardModel::Pi5, 8192);
        check(0xe0_4171, BoardModel::Pi5, 16_384);
        check(0xb0_4180, BoardModel::Cm5, 2048);
        check(0xe0_4190, BoardModel::Pi500, 16_384);
        check(0xb0_41a0, BoardModel::Cm5, 2048);
        check(0x90_0092, BoardModel::Unknown, 512);
        assert_eq!(RevisionCode(0x000e).model(), BoardModel::Unknown);
        assert_eq!(RevisionCode(0x000e).memory_mib(), None);
        assert_eq!(RevisionCode(0xf0_4170).memory_mib(), None);
        assert_eq!(RevisionCode(0xc0_3112).board_revision().as_deref(), Some("1.2"));
        assert_eq!(RevisionCode(0x000e).board_revision(), None);
    }

    #[test]
    fn boards_that_are_not_known_show_their_revision() {
        let check = |model: BoardModel, code: Option<u32>, expect: &str| {
            assert_eq!(model.shown_with(code.map(RevisionCode)), expect);
        };
        check(BoardModel::Unknown, Some(0xe0_51c0), "Raspberry Pi, revision e051c0");
        check(BoardModel::Unknown, Some(0x90_00c1), "Raspberry Pi Zero W, revision 9000c1");
        check(BoardModel::Unknown, Some(0x000e), "Raspberry Pi 1, revision 000e");
        check(BoardModel::Unknown, None, "Raspberry Pi");
        check(BoardModel::Pi4b, Some(0xc0_3112), "Raspberry Pi 4B");
    }

    #[test]
    fn serials_take_the_last_eight_digits() {
        let serial: BoardSerial = "0c8f7e5cbd989ae1".parse().unwrap();
        assert_eq!(serial.to_string(), "bd989ae1");
        for text in ["", "12345", "xd989ae1", "bd989ae1bd989ae", "é1234567"] {
            assert!(text.parse::<BoardSerial>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_model_survives_its_word() {
        for model in BoardModel::ALL {
            assert_eq!(model.as_str().parse::<BoardModel>().unwrap(), *model);
        }
    }
}
