//! Routing for the nodes: by which interface they reach the outside, and what the kernel did before. *Pure.*

use std::fmt;
use std::str::FromStr;

/// The name of a network interface, such as `wlan0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InterfaceName(String);

/// Why a text is no name of an interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no interface; expected {}", InterfaceName::ALLOWED)]
pub struct NotAnInterface {
    seen: String,
}

impl InterfaceName {
    /// What is allowed. The kernel takes more, but a `*` would be a pattern to nft and a `/` another file.
    pub const ALLOWED: &str = "1 to 15 letters, digits and - _ . such as wlan0";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InterfaceName {
    type Err = NotAnInterface;
    fn from_str(text: &str) -> Result<Self, NotAnInterface> {
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        // `all` and `default` stand beside the interfaces under /proc/sys/net/ipv4/conf.
        let is_other = matches!(text, "." | ".." | "all" | "default");
        if (1..=15).contains(&text.len()) && is_plain && !is_other {
            return Ok(Self(text.to_owned()));
        }
        Err(NotAnInterface { seen: text.to_owned() })
    }
}

/// How nodes reach what lies beyond their network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// The interface to the outside.
    pub uplink: InterfaceName,
    /// Whether the outside sees this machine's address in place of the nodes'.
    pub masquerade: bool,
}

/// Who forwarded IPv4 packets, by the kernel's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forwarding {
    /// The interface to the nodes.
    pub nodes: bool,
    /// The interface to the outside.
    pub uplink: bool,
    /// The machine as a whole: what was set for all interfaces last.
    pub machine: bool,
}

/// The kernel before pimaster changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The kernel's number for this run of the system: after another start nothing is left to be undone.
    pub boot: String,
    /// The interface to the nodes.
    pub nodes: InterfaceName,
    /// The interface to the outside.
    pub uplink: InterfaceName,
    /// Who forwarded.
    pub forwarding: Forwarding,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for good in ["wlan0", "enx00e04c680001", "eth0.10", "br-lab", "usb_0"] {
            assert_eq!(good.parse::<InterfaceName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for wrong in ["", "eth*", "a b", "..", "a/b", "all", "default", "eth0\"", "sixteen-letters-"] {
            assert!(wrong.parse::<InterfaceName>().is_err(), "{wrong}");
        }
    }
}
