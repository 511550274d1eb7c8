//! Power of a node's port. *Pure.*

use serde::{Deserialize, Serialize};

/// Whether a port feeds its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerState {
    /// The port is switched on.
    On,
    /// The port is switched off.
    Off,
}

impl PowerState {
    /// The word people see and the database stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|state| state.as_str() == word)
    }
}
