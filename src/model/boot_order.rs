//! The boot order in the EEPROM of a Pi 4 or later: where it looks for a system, and whether pimaster comes first. *Pure.*
//!
//! Read by `node probe`, stored and judged by `deploy`. Source: Raspberry Pi documentation, "Raspberry Pi bootloader
//! configuration", BOOT_ORDER: one hex digit for each mode, tried from the right.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A boot order, such as 0xf12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootOrder(pub u32);

const NETWORK: u32 = 0x2;

impl BootOrder {
    /// What applies when the configuration names none: card, USB, again.
    pub const DEFAULT: Self = Self(0xf41);

    /// The order of a boot loader configuration; the last line that applies to all boards counts. None for a text that
    /// is no configuration.
    pub fn from_config(text: &str) -> Option<Self> {
        let mut order = None;
        let (mut is_config, mut applies) = (false, true);
        for line in text.trim_end_matches(['\0', '\u{ff}']).lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                (is_config, applies) = (true, section == "all]");
            } else if let Some((key, value)) = line.split_once('=').filter(|(key, _)| is_key(key)) {
                is_config = true;
                let digits = value.trim().trim_start_matches("0x");
                if applies && key.trim() == "BOOT_ORDER" {
                    order = u32::from_str_radix(digits, 16).ok().or(order);
                }
            }
        }
        is_config.then(|| order.map_or(Self::DEFAULT, Self))
    }

    /// Whether the board asks pimaster before it looks anywhere else.
    pub fn is_network_first(self) -> bool {
        self.0 & 0xf == NETWORK
    }

    /// What an order means in which the network is not the first.
    pub fn warning(self) -> String {
        format!(
            "the EEPROM boots {self}: a card that can be booted keeps the board from pimaster; set BOOT_ORDER=0xf12 with \
             `rpi-eeprom-config --edit` on the board"
        )
    }

    /// The modes in the order in which they are tried.
    fn modes(self) -> impl Iterator<Item = &'static str> {
        let digits = (0..8u32).map(move |place| (self.0 >> (4 * place)) & 0xf);
        let used = 8 - self.0.leading_zeros() / 4;
        digits.take(usize::try_from(used).unwrap_or(0)).map(|digit| match digit {
            0x0 => "card detect",
            0x1 => "card",
            NETWORK => "network",
            0x3 => "rpiboot",
            0x4 | 0x5 => "USB",
            0x6 => "NVMe",
            0x7 => "HTTP",
            0xe => "stop",
            0xf => "again",
            _ => "unknown",
        })
    }
}

/// Whether it is a key of a configuration: what a firmware without EEPROM answers has `error=1` in it.
fn is_key(word: &str) -> bool {
    word.trim().bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl fmt::Display for BootOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.modes().collect::<Vec<_>>().join(", "), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_from_the_right() {
        let check = |order, shown: &str, network_first| {
            assert_eq!(BootOrder(order).to_string(), shown);
            assert_eq!(BootOrder(order).is_network_first(), network_first, "{order:x}");
        };
        check(0xf12, "network, card, again (0xf12)", true);
        check(0xf21, "card, network, again (0xf21)", false);
        check(0xf2461, "card, NVMe, USB, network, again (0xf2461)", false);
        check(0xe2, "network, stop (0xe2)", true);
        check(0, " (0x0)", false);
    }

    #[test]
    fn configurations_are_read() {
        let check = |text: &str, expect: Option<u32>| {
            assert_eq!(BootOrder::from_config(text), expect.map(BootOrder), "{text:?}");
        };
        check("[all]\nBOOT_UART=1\n# Default\nBOOT_ORDER=0xf2461\n", Some(0xf2461));
        check("BOOT_ORDER=0xf41\nBOOT_ORDER=0xf12\0\0", Some(0xf12));
        check("[all]\nBOOT_ORDER=0xf12\n[gpio4=1]\nBOOT_ORDER=0xf1\n", Some(0xf12));
        check("[all]\nBOOT_UART=0\n", Some(0xf41));
        check("BOOT_ORDER=nonsense\n", Some(0xf41));
        check("", None);
        check("error=1 error_msg=\"Command not registered\"\n", None);
    }
}
