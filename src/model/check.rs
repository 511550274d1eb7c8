//! What `pimaster doctor` looks at: one word for each check. *Pure.*

use std::fmt;
use std::str::FromStr;

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// One check of a set-up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $($(#[$doc])* $variant,)*
        }

        impl Check {
            /// Every check, in the order in which a report lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the command line and in reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

checks! {
    /// The settings file.
    Settings = "settings";
    /// The data folder and its keys: there, private, writable.
    Data = "data";
    /// The database opens, is sound and has this program's schema.
    Database = "database";
    /// Free space of the data folder and of the installer root.
    Disk = "disk";
    /// The system's clock.
    Clock = "clock";
    /// The interface to the nodes, its address and its cable.
    Interface = "interface";
    /// The ports of DHCP, TFTP and the pages: held by pimaster, free, or taken by another program.
    Ports = "ports";
    /// The rights that pimaster needs to serve them.
    Rights = "rights";
    /// Whether pimaster runs.
    Daemon = "daemon";
    /// The installer root and its boot files.
    Installer = "installer";
    /// The NFS server and `exportfs`.
    Export = "export";
    /// The switches answer, and so does each of their ports.
    Switches = "switches";
    /// What can be deployed, and whether its files are whole.
    Environments = "environments";
    /// Routing for the nodes: the uplink, the rules, forwarding.
    Routing = "routing";
    /// Other DHCP servers on the nodes' network.
    ForeignDhcp = "foreign-dhcp";
    /// A simulated Pi 4 boots up to the last file.
    Boot = "boot";
}

/// Why a word is no check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no check; expected one of {}", Check::ALL.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", "))]
pub struct NotACheck {
    seen: String,
}

impl FromStr for Check {
    type Err = NotACheck;
    fn from_str(text: &str) -> Result<Self, NotACheck> {
        let found = Self::ALL.iter().copied().find(|check| check.as_str() == text);
        found.ok_or_else(|| NotACheck { seen: text.to_owned() })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_survives_its_word_and_others_are_refused() {
        for check in Check::ALL {
            assert_eq!(check.as_str().parse::<Check>(), Ok(*check));
        }
        let refusal = "nonsense".parse::<Check>().unwrap_err().to_string();
        assert!(refusal.contains("foreign-dhcp, boot"), "{refusal}");
    }
}
