//! What the daemon and a node say to each other: `pimaster node <verb>`. *Pure.*
//!
//! One JSON object of the verb's arguments goes in on standard input; JSON lines ([`VerbLine`]) come out on
//! standard output: any number of `progress`, then one `done` or `failed`. The exit status is 0 for `done`,
//! 1 for `failed`; no line at all means the connection or the node broke, and the verb is run again. Every
//! verb is idempotent.

use super::boot_order::BootOrder;
use super::environment::OsFamily;
use super::image::{Digest, Layout, Partition};
use super::problem::Problem;
use super::reservation::PartitionSize;
use super::ssh_key::PublicKey;
use serde::{Deserialize, Serialize};

/// The verbs of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Says what the node is; [`ProbeReport`].
    Probe,
    /// Writes an image to the card and reads it back; [`WriteImageArgs`], [`WriteImageReport`].
    WriteImage,
    /// Grows the root partition and its file system; [`GrowArgs`], [`GrowReport`].
    Grow,
    /// Makes the system the user's own; [`CustomiseArgs`], [`CustomiseReport`].
    Customise,
    /// Flushes the card and restarts or powers down the node; [`FinishArgs`], no report.
    Finish,
    /// Discards the whole card; no arguments, [`WipeReport`].
    Wipe,
}

/// Where the installer root holds the node's copy of this binary: put there by `nfs prepare`, run by `deploy`.
pub const NODE_BINARY: &str = "/usr/local/bin/pimaster";

impl Verb {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::WriteImage => "write-image",
            Self::Grow => "grow",
            Self::Customise => "customise",
            Self::Finish => "finish",
            Self::Wipe => "wipe",
        }
    }
}

/// One line that a verb prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VerbLine {
    /// At least each second during long work.
    Progress {
        /// What is going on.
        phase: Phase,
        /// Bytes done in this phase.
        done_bytes: u64,
        /// Bytes of this phase in all.
        total_bytes: u64,
    },
    /// The verb is done.
    Done {
        /// The verb's report, `null` for those without.
        report: serde_json::Value,
    },
    /// The verb could not be done.
    Failed {
        /// What was seen, expected, to do.
        problem: Problem,
        /// Whether running it again, perhaps after a power-cycle, can help.
        retry: Retry,
    },
}

/// Whether another try can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It may go through the next time.
    Worthwhile,
    /// It will fail again.
    Pointless,
}

/// What a long verb is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A program of an earlier run still works on the card; half seconds are counted in place of bytes.
    WaitForCard,
    /// The card's old content is discarded.
    Discard,
    /// Chunks are written (deployment state `env_copy`).
    Write,
    /// Chunks are read back (deployment state `env_check`).
    Check,
    /// The partition table is edited (`delete_partition`, `create_partition`).
    Table,
    /// The file system is checked (`mount_partition`).
    CheckFileSystem,
    /// The file system grows (`resize_partition`, `wait_resizing`).
    Resize,
}

/// What `probe` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The node's host name.
    pub host_name: String,
    /// Version of the node's copy of pimaster.
    pub version: String,
    /// The model line of the device tree, if there is one.
    pub model: Option<String>,
    /// The serial number from `/proc/cpuinfo` or the device tree.
    pub serial: Option<String>,
    /// The revision code in hex.
    pub revision: Option<String>,
    /// The boot order of the EEPROM, on boards that have one and systems that show it.
    #[serde(default)]
    pub boot_order: Option<BootOrder>,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Changes with each boot (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: String,
    /// The card, if one was found.
    pub card: Option<CardReport>,
}

/// The card as the node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardReport {
    /// Its device or file.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether it refuses writes.
    pub read_only: bool,
    /// The manufacturer's identity (`/sys/block/.../device/cid`), if any.
    pub identity: Option<String>,
}

/// Arguments of `write-image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteImageArgs {
    /// Base of the image's addresses: `{url}/manifest` and `{url}/chunks`.
    pub url: String,
    /// The deployment's token, sent as `Authorization: Bearer`.
    pub token: String,
    /// The content expected: another manifest is refused.
    pub digest: Digest,
    /// The smallest card that has room for the chosen root partition; a smaller one is refused untouched.
    #[serde(default)]
    pub least_card_bytes: u64,
    /// The boot partition, on boards whose ROM looks at the card first (Pi 3): `bootcode.bin` leaves it before the
    /// partition table is written. With it a card that is not customised yet would keep the board off the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_bootcode: Option<Partition>,
}

/// What `write-image` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteImageReport {
    /// The digest that was written and read back.
    pub digest: Digest,
    /// Bytes written this time.
    pub written_bytes: u64,
    /// Bytes that were on the card already from an interrupted run.
    pub resumed_bytes: u64,
    /// Time spent writing, in milliseconds.
    pub write_millis: u64,
    /// Time spent reading back, in milliseconds.
    pub check_millis: u64,
}

/// Arguments of `grow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrowArgs {
    /// The image's partitions.
    pub layout: Layout,
    /// How large the root partition becomes.
    pub size: PartitionSize,
}

/// What `grow` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrowReport {
    /// Size of the root partition now, in bytes.
    pub partition_bytes: u64,
    /// Size of the file system now, in bytes.
    pub file_system_bytes: u64,
}

/// Arguments of `customise`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomiseArgs {
    /// The image's partitions.
    pub layout: Layout,
    /// The system on it.
    pub family: OsFamily,
    /// The host name.
    pub host_name: String,
    /// The account that people sign in with.
    pub ssh_user: String,
    /// crypt(3) hash of that account's password.
    pub password_hash: String,
    /// The user's keys, for root and the account.
    pub user_keys: Vec<PublicKey>,
    /// pimaster's key, for root (piCore: `tc`).
    pub pimaster_key: PublicKey,
    /// The node's own host key, an OpenSSH private key (ed25519), the same at each deployment.
    pub host_key: String,
    /// The public half.
    pub host_public_key: PublicKey,
    /// A script to leave at [`USER_SCRIPT_PATH`].
    pub user_script: Option<String>,
    /// Whether `bootcode.bin` must leave the card so that the ROM comes back to the network (Pi 3).
    pub remove_bootcode: bool,
}

/// Where `customise` leaves the user's script, and what the daemon runs.
pub const USER_SCRIPT_PATH: &str = "/var/lib/pimaster/user-script";

/// What `customise` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomiseReport {
    /// The card's kernel command line as it now stands.
    pub cmdline: String,
    /// What was done, one line each.
    pub notes: Vec<String>,
}

/// Arguments of `finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishArgs {
    /// What the node does after the card is flushed.
    pub then: After,
}

/// What a node does last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// Restart.
    Reboot,
    /// Power down.
    PowerOff,
    /// Stay up.
    Stay,
}

/// What `wipe` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WipeReport {
    /// How it was done.
    pub method: WipeMethod,
    /// Bytes discarded or overwritten.
    pub wiped_bytes: u64,
}

/// How a card's content went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WipeMethod {
    /// BLKDISCARD, or a hole punched in a file.
    Discard,
    /// Zeroes written over it, since the card cannot discard.
    Overwrite,
}
