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
    /// Pi 3A+ and compute modules 3.
    Cm3 = "cm3", "Compute Module 3", Rom3b;
    /// Pi 4B.
    Pi4b = "pi4b", "Raspberry Pi 4B", Eeprom4;
    /// Pi 400.
    Pi400 = "pi400", "Raspberry Pi 400", Eeprom4;
    /// Compute Module 4.
    Cm4 = "cm4", "Compute Module 4", Eeprom4;
    /// Pi 5.
    Pi5 = "pi5", "Raspberry Pi 5", Eeprom5;
    /// Pi 500.
    Pi500 = "pi500", "Raspberry Pi 500", Eeprom5;
    /// Compute Module 5.
    Cm5 = "cm5", "Compute Module 5", Eeprom5;
    /// Newer than this program, or never seen: shown by its revision code.
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
#[error(
    "`{seen}` is no model; expected one of pi2b-1.2, pi3b, pi3b+, cm3, pi4b, pi400, cm4, pi5, pi500, cm5, unknown"
)]
pub struct NotAModel {
    seen: String,
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

impl RevisionCode {
    /// The model, if the code is of the new style and known here.
    pub fn model(self) -> BoardModel {
        if self.0 & (1 << 23) == 0 {
            return BoardModel::Unknown;
        }
        match (self.0 >> 4) & 0xff {
            0x04 => BoardModel::Pi2b12,
            0x08 => BoardModel::Pi3b,
            0x0d => BoardModel::Pi3bPlus,
            0x0a | 0x0e | 0x10 => BoardModel::Cm3,
            0x11 => BoardModel::Pi4b,
            0x13 => BoardModel::Pi400,
            0x14 => BoardModel::Cm4,
            0x17 => BoardModel::Pi5,
            0x18 | 0x1a => BoardModel::Cm5,
            0x19 => BoardModel::Pi500,
            _ => BoardModel::Unknown,
        }
    }

    /// The memory size in MiB, for codes of the new style.
    pub fn memory_mib(self) -> Option<u32> {
        (self.0 & (1 << 23) != 0).then(|| 256 << ((self.0 >> 20) & 7))
    }
}

impl fmt::Display for RevisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
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
        check(0xa0_2082, BoardModel::Pi3b, 1024);
        check(0xa0_20d3, BoardModel::Pi3bPlus, 1024);
        check(0xc0_3112, BoardModel::Pi4b, 4096);
        check(0xd0_4170, BoardModel::Pi5, 8192);
        assert_eq!(RevisionCode(0x000e).model(), BoardModel::Unknown);
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
