//! Deployments: the states people see, progress, and what is stored of each step. *Pure.*

use super::clock::Timestamp;
use super::ids::{DeploymentId, EnvironmentId, NodeId, ReservationId};
use super::problem::Problem;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// Where a deployment stands. The words are the ones people know from PiSeduce.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DeploymentState {
            $($(#[$doc])* $variant,)*
        }

        impl DeploymentState {
            /// Every state, in the order of a deployment, then those beside it.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on pages, in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

states! {
    /// Reserved, not configured or not yet due.
    Initialized = "initialized";
    /// The boot target becomes the installer.
    NfsBootConf = "nfs_boot_conf";
    /// The port is switched off, for the minimum off time.
    NfsBootOff = "nfs_boot_off";
    /// The port is on; until the installer answers SSH.
    NfsBootOn = "nfs_boot_on";
    /// The image is written to the card.
    EnvCopy = "env_copy";
    /// The card is read back and compared.
    EnvCheck = "env_check";
    /// The root partition's old entry is taken out of the table.
    DeletePartition = "delete_partition";
    /// The root partition's new entry is written.
    CreatePartition = "create_partition";
    /// The root file system is checked.
    MountPartition = "mount_partition";
    /// The root file system starts to grow.
    ResizePartition = "resize_partition";
    /// The root file system grows.
    WaitResizing = "wait_resizing";
    /// Host name, accounts, keys.
    SystemConf = "system_conf";
    /// The boot target becomes local, or the environment's own boot files.
    BootFiles = "boot_files";
    /// The node restarts; until the environment answers SSH.
    EnvBoot = "env_boot";
    /// Accounts that only the running system can set.
    UserConf = "user_conf";
    /// Packages are updated, if asked for.
    SystemUpdate = "system_update";
    /// The user's script runs, if given.
    UserScript = "user_script";
    /// Handed over.
    Deployed = "deployed";
    /// No progress within the deadline, after the automatic power-cycle.
    Lost = "lost";
    /// Off, on, and back to the saved state.
    HardReboot = "hard_reboot";
    /// Access ends, the card is discarded, the port goes off.
    Destroying = "destroying";
    /// Over.
    Destroyed = "destroyed";
    /// The system is saved as an environment.
    SaveEnv = "save_env";
    /// A step said why, and retrying cannot help.
    Failed = "failed";
}

impl DeploymentState {
    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word)
    }

    /// Whether nothing more happens by itself.
    pub fn is_resting(self) -> bool {
        matches!(self, Self::Deployed | Self::Lost | Self::Destroyed | Self::Failed)
    }
}

impl fmt::Display for DeploymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for DeploymentState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DeploymentState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("`{word}` is no state")))
    }
}

/// How far a long step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes done.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
    /// Bytes per second lately.
    pub rate_bytes_per_second: u64,
}

impl Progress {
    /// Hundredths done, 0 to 100.
    pub fn percent(&self) -> u8 {
        let percent = (u128::from(self.done_bytes) * 100).checked_div(u128::from(self.total_bytes));
        u8::try_from(percent.unwrap_or(0).min(100)).unwrap_or(100)
    }

    /// Seconds left at the present rate.
    pub fn seconds_left(&self) -> Option<u64> {
        self.total_bytes.saturating_sub(self.done_bytes).checked_div(self.rate_bytes_per_second)
    }
}

/// What a person asked of a running deployment; stored until the driver has taken it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Power off and on, then go on at the saved state.
    HardReboot,
    /// Start over from the first state.
    DeployAgain,
    /// Take it down.
    Destroy,
}

impl Request {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HardReboot => "hard_reboot",
            Self::DeployAgain => "deploy_again",
            Self::Destroy => "destroy",
        }
    }

    /// The request of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::HardReboot, Self::DeployAgain, Self::Destroy].into_iter().find(|it| it.as_str() == word)
    }
}

/// One environment on one node for one reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its row.
    pub id: DeploymentId,
    /// For which reservation.
    pub reservation: ReservationId,
    /// On which node.
    pub node: NodeId,
    /// Which environment.
    pub environment: EnvironmentId,
    /// Where it stands.
    pub state: DeploymentState,
    /// Since when.
    pub state_since: Timestamp,
    /// The last sign of progress in this state: deadlines count from here.
    pub progress_at: Timestamp,
    /// How far the state is, if it is a long one.
    pub progress: Option<Progress>,
    /// The state to come back to after a hard reboot, or the one in which it was lost.
    pub saved_state: Option<DeploymentState>,
    /// Automatic power-cycles spent on this state so far.
    pub power_cycles: u32,
    /// Retries of this state's step so far.
    pub retries: u32,
    /// What a person asked and the driver has not taken up yet.
    pub request: Option<Request>,
    /// The last failure, in words.
    pub problem: Option<Problem>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// One line of a deployment's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEvent {
    /// When.
    pub at: Timestamp,
    /// In which state.
    pub state: DeploymentState,
    /// What happened.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_their_words() {
        for state in DeploymentState::ALL {
            assert_eq!(DeploymentState::from_word(state.as_str()), Some(*state));
        }
        assert_eq!(DeploymentState::from_word("nonsense"), None);
    }

    #[test]
    fn progress_is_shown_in_percent_and_seconds() {
        let half = Progress { done_bytes: 50, total_bytes: 100, rate_bytes_per_second: 10 };
        assert_eq!((half.percent(), half.seconds_left()), (50, Some(5)));
        let none = Progress { done_bytes: 0, total_bytes: 0, rate_bytes_per_second: 0 };
        assert_eq!((none.percent(), none.seconds_left()), (0, None));
    }
}
