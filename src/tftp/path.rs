//! The name in a read request: a prefix that says which board asks, and a path below it. *Pure.*
//!
//! Called by `session` with what the packet held. Invariant: a path that leaves here has only plain components,
//! so that it cannot name anything above the tree it is opened in; `tree` holds that once more in the kernel.

use crate::model::board::BoardSerial;
use crate::model::net::MacAddr;
use std::fmt;

/// Longest name that is looked at, in bytes; the longest real one is about 60.
const NAME_BYTES: usize = 255;

/// A name that was asked for, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which board it says it is for.
    pub prefix: Option<Prefix>,
    /// The path without the prefix: plain components joined by `/`, none of them empty.
    pub path: String,
}

/// The folder that firmware puts before each name (EEPROM setting `TFTP_PREFIX`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `1234abcd/`, the low half of the serial number; what boards do unless told otherwise.
    Serial(BoardSerial),
    /// `dc-a6-32-01-36-c2/`.
    Mac(MacAddr),
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(serial) => write!(f, "{serial}"),
            Self::Mac(mac) => write!(f, "{mac}"),
        }
    }
}

/// Why a name cannot be a file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Nothing is left of it.
    #[error("the name is empty")]
    Empty,
    /// Longer than any boot file's.
    #[error("the name is too long")]
    TooLong,
    /// It would leave the tree.
    #[error("the name holds `..`")]
    Parent,
    /// A control character.
    #[error("the name holds a control character")]
    Control,
}

impl Asked {
    /// Judges a name. Leading and doubled slashes and `.` go away; backslashes become slashes, as in dnsmasq.
    pub fn parse(name: &str) -> Result<Self, PathFault> {
        if name.len() > NAME_BYTES {
            return Err(PathFault::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(PathFault::Control);
        }
        let mut parts: Vec<&str> =
            name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(PathFault::Parent);
        }
        let prefix = match parts.as_slice() {
            [first, _, ..] => parse_prefix(first),
            [] | [_] => None,
        };
        if prefix.is_some() {
            parts.remove(0);
        }
        if parts.is_empty() { Err(PathFault::Empty) } else { Ok(Self { prefix, path: parts.join("/") }) }
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

fn parse_prefix(component: &str) -> Option<Prefix> {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match component.len() {
        8 if is_hex(component) => component.parse().ok().map(Prefix::Serial),
        17 => component.parse().ok().map(Prefix::Mac),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(name: &str, expect: Result<(Option<&str>, &str), PathFault>) {
        let seen = Asked::parse(name);
        let seen = seen
            .as_ref()
            .map(|asked| (asked.prefix.map(|prefix| prefix.to_string()), asked.path.as_str()))
            .map_err(|fault| *fault);
        assert_eq!(seen, expect.map(|(prefix, path)| (prefix.map(str::to_owned), path)), "{name:?}");
    }

    #[test]
    fn names_lose_their_prefix() {
        check("config.txt", Ok((None, "config.txt")));
        check("bd989ae1/config.txt", Ok((Some("bd989ae1"), "config.txt")));
        check("/BD989AE1//overlays/a.dtbo", Ok((Some("bd989ae1"), "overlays/a.dtbo")));
        check("bd989ae1\\overlays\\a.dtbo", Ok((Some("bd989ae1"), "overlays/a.dtbo")));
        check("dc-a6-32-01-36-c2/start4.elf", Ok((Some("dc:a6:32:01:36:c2"), "start4.elf")));
        check("./overlays/./a.dtbo", Ok((None, "overlays/a.dtbo")));
        check("overlays/a.dtbo", Ok((None, "overlays/a.dtbo")));
        check("bd989ae1", Ok((None, "bd989ae1")));
        check("bd989ae/x", Ok((None, "bd989ae/x")));
        check("+d989ae1/x", Ok((None, "+d989ae1/x")));
    }

    #[test]
    fn names_that_are_none() {
        for name in ["", "/", "\\", "./", "//."] {
            check(name, Err(PathFault::Empty));
        }
        for name in ["..", "../x", "a/../../etc/passwd", "bd989ae1/..\\x", "/../../etc/shadow", "a/.."] {
            check(name, Err(PathFault::Parent));
        }
        check("a\nb", Err(PathFault::Control));
        check("a\0b", Err(PathFault::Control));
        check(&"a".repeat(256), Err(PathFault::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_let_through_stays_below(name in "[./\\\\a-f0-9]{0,30}|.{0,300}") {
            if let Ok(asked) = Asked::parse(&name) {
                prop_assert!(!asked.path.is_empty());
                for part in asked.path.split('/') {
                    prop_assert!(!matches!(part, "" | "." | ".."));
                    prop_assert!(!part.contains(['\\', '\0']));
                }
            }
        }
    }
}
