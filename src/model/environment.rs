//! What can be deployed: an image and how its system is customised. *Pure.*

use super::chip::Chip;
use super::clock::Timestamp;
use super::ids::EnvironmentId;
use super::image::{Digest, Layout};
use serde::{Deserialize, Serialize};

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its row; also the name of its folder under the data folder's `images/`.
    pub id: EnvironmentId,
    /// Its name, unique.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The system on it.
    pub family: OsFamily,
    /// The account that people sign in with.
    pub ssh_user: String,
    /// Partitions of the image.
    pub layout: Layout,
    /// Size of the uncompressed image, in bytes: the smallest card it fits on.
    pub disk_bytes: u64,
    /// Bytes of used blocks, what is written to a card.
    pub used_bytes: u64,
    /// Bytes stored and sent.
    pub stored_bytes: u64,
    /// Names the content.
    pub digest: Digest,
    /// The processors it boots on; none if that is not known.
    pub boots_on: Option<Vec<Chip>>,
    /// When it was imported.
    pub imported_at: Timestamp,
}

/// The family of a system, which decides how it is customised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OsFamily {
    /// Raspberry Pi OS (Raspbian).
    RaspberryPiOs,
    /// Ubuntu for Raspberry Pi.
    Ubuntu,
    /// piCore (Tiny Core Linux).
    PiCore,
    /// Another Debian with an ordinary ext4 root.
    Debian,
}

impl OsFamily {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::RaspberryPiOs, Self::Ubuntu, Self::PiCore, Self::Debian];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RaspberryPiOs => "raspberry_pi_os",
            Self::Ubuntu => "ubuntu",
            Self::PiCore => "pi_core",
            Self::Debian => "debian",
        }
    }

    /// The name people read.
    pub fn shown(self) -> &'static str {
        match self {
            Self::RaspberryPiOs => "Raspberry Pi OS",
            Self::Ubuntu => "Ubuntu",
            Self::PiCore => "piCore",
            Self::Debian => "Debian",
        }
    }

    /// The account that people sign in with, unless the administrator chose another.
    pub fn usual_user(self) -> &'static str {
        match self {
            Self::RaspberryPiOs | Self::Ubuntu | Self::Debian => "root",
            Self::PiCore => "tc",
        }
    }

    /// The family of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == word)
    }
}
