//! Reservations: nodes booked for a time, and what shall be put on them. *Pure.*

use super::clock::{SignedDuration, Timestamp};
use super::ids::{EnvironmentId, NodeId, ReservationId, UserId};
use super::image::{Layout, TableKind};
use super::ssh_key::PublicKey;
use serde::{Deserialize, Serialize};

/// Beyond so many hours nobody reserves, whatever the rules say.
pub const LONGEST_HOURS: u32 = 366 * 24;
/// How far ahead a start may lie, in days.
pub const FARTHEST_DAYS: i64 = 366;
/// How far in the past a start may lie: people fill in forms slowly.
pub const START_GRACE: SignedDuration = SignedDuration::from_mins(15);
/// The largest root partition, in bytes: the most that an MBR can describe.
pub const LARGEST_PARTITION_BYTES: u64 = 2 << 40;
/// The largest user script, in bytes.
pub const LONGEST_SCRIPT_BYTES: usize = 256 * 1024;

/// Nodes booked for a person and a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its row.
    pub id: ReservationId,
    /// Who booked.
    pub owner: UserId,
    /// The name of the bin.
    pub name: String,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// Where it stands.
    pub state: ReservationState,
    /// Its nodes.
    pub nodes: Vec<NodeId>,
    /// What shall be put on them, once configured.
    pub configuration: Option<Configuration>,
    /// When it was booked.
    pub created: Timestamp,
}

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// Booked, nothing chosen.
    Held,
    /// Configured: deploys by itself at its start.
    Configured,
    /// Its deployments exist.
    Active,
    /// Being taken down.
    Ending,
    /// Over; its nodes are free.
    Ended,
}

impl ReservationState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Held, Self::Configured, Self::Active, Self::Ending, Self::Ended];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Configured => "configured",
            Self::Active => "active",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How large the root partition becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum PartitionSize {
    /// The whole card.
    #[default]
    Whole,
    /// So many bytes.
    Bytes(u64),
}

/// What a GPT keeps at the end of a disk for its backup.
const GPT_TAIL_BYTES: u64 = 33 * 512;

impl PartitionSize {
    /// The smallest card, in bytes, on which the root partition of that layout can have this size.
    pub fn least_card_bytes(self, layout: &Layout) -> u64 {
        let tail = match layout.table {
            TableKind::Mbr => 0,
            TableKind::Gpt => GPT_TAIL_BYTES,
        };
        match (self, layout.partition(layout.root)) {
            (Self::Bytes(bytes), Some(root)) => root.start_bytes.saturating_add(bytes).saturating_add(tail),
            // The image's own size is judged with the image.
            (Self::Bytes(_), None) | (Self::Whole, _) => 0,
        }
    }
}

/// What a person chose for the nodes of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The environment to deploy.
    pub environment: EnvironmentId,
    /// How large the root partition becomes.
    pub partition_size: PartitionSize,
    /// The sha512-crypt hash of the system password; the password itself is never stored.
    pub password_hash: String,
    /// All keys to install: the account's and those given here.
    pub ssh_keys: Vec<PublicKey>,
    /// A script to run at the end, as root.
    pub user_script: Option<String>,
    /// Whether to update the system's packages.
    pub system_update: bool,
    /// What is otherwise on single nodes, at most one of each node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<NodeChange>,
}

/// What is otherwise on one node; what is not given is as on all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeChange {
    /// The node.
    pub node: NodeId,
    /// Another environment.
    pub environment: Option<EnvironmentId>,
    /// Another size of the root partition.
    pub partition_size: Option<PartitionSize>,
    /// Another script; an empty one: none.
    pub user_script: Option<String>,
}

impl Configuration {
    /// What that node gets.
    pub fn for_node(&self, node: NodeId) -> Self {
        let mut own = Self { changes: Vec::new(), ..self.clone() };
        if let Some(change) = self.changes.iter().find(|change| change.node == node) {
            own.environment = change.environment.unwrap_or(own.environment);
            own.partition_size = change.partition_size.unwrap_or(own.partition_size);
            if let Some(script) = &change.user_script {
                own.user_script = Some(script.clone()).filter(|script| !script.trim().is_empty());
            }
        }
        own
    }
}

/// Why a text is no start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStart {
    /// It is no time in RFC 3339.
    #[error("is no time")]
    NotATime,
    /// It is one, beyond what a timestamp holds.
    #[error("is too far ahead; expected a time within the next {FARTHEST_DAYS} days")]
    TooFar,
}

/// A start in RFC 3339. What no timestamp holds (from the end of the year 9999) is told from what is no time.
pub fn parse_start(text: &str) -> Result<Timestamp, BadStart> {
    if let Ok(start) = text.parse() {
        return Ok(start);
    }
    // Browsers send years of up to six digits.
    let (year, rest) = text.split_once('-').ok_or(BadStart::NotATime)?;
    if !(4..=6).contains(&year.len()) || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadStart::NotATime);
    }
    // The same time of a year that every timestamp holds, and that has a 29th of February.
    let is_time = format!("2000-{rest}").parse::<Timestamp>().is_ok();
    Err(if is_time && year.parse::<u32>().is_ok_and(|year| year >= 9999) {
        BadStart::TooFar
    } else {
        BadStart::NotATime
    })
}

/// Why a period cannot be booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPeriod {
    /// The start lies too far back.
    #[error("start is {minutes} minutes in the past; expected now or later (leave start out for now)")]
    Past {
        /// How far.
        minutes: i64,
    },
    /// The length is out of range.
    #[error("hours is {hours}; expected 1 to {LONGEST_HOURS}")]
    Hours {
        /// What was asked.
        hours: i64,
    },
    /// The start lies more than a year ahead.
    #[error("start is {start}; expected a time within the next {FARTHEST_DAYS} days")]
    TooFar {
        /// What was asked.
        start: Timestamp,
    },
}

/// Start and end of a period that may be booked now.
pub fn judge_period(
    start: Option<Timestamp>,
    hours: i64,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), BadPeriod> {
    if !(1..=i64::from(LONGEST_HOURS)).contains(&hours) {
        return Err(BadPeriod::Hours { hours });
    }
    let asked = start.unwrap_or(now);
    let behind = now.duration_since(asked);
    if behind > START_GRACE {
        return Err(BadPeriod::Past { minutes: behind.as_mins() });
    }
    if asked.duration_since(now) > SignedDuration::from_hours(FARTHEST_DAYS * 24) {
        return Err(BadPeriod::TooFar { start: asked });
    }
    let begin = asked.max(now);
    Ok((begin, begin + SignedDuration::from_hours(hours)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::image::{FileSystem, Partition};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_node_gets_what_is_said_of_it_and_the_rest_as_all() {
        let stored = r#"{"environment":1,"partition_size":"whole","password_hash":"$6$x","ssh_keys":[],
            "user_script":"date","system_update":false}"#;
        let mut all: Configuration = serde_json::from_str(stored).unwrap();
        assert_eq!(all.changes, [], "stored before nodes could differ");
        let change = |number| NodeChange {
            node: NodeId(number),
            environment: None,
            partition_size: None,
            user_script: None,
        };
        all.changes = vec![
            NodeChange { environment: Some(EnvironmentId(2)), ..change(2) },
            NodeChange { partition_size: Some(PartitionSize::Bytes(5)), ..change(3) },
            NodeChange { user_script: Some(String::new()), ..change(4) },
        ];
        let check = |node, environment, size, script: Option<&str>| {
            let own = all.for_node(NodeId(node));
            assert_eq!((own.environment, own.partition_size), (EnvironmentId(environment), size), "{node}");
            assert_eq!((own.user_script.as_deref(), own.changes.len()), (script, 0), "{node}");
        };
        check(1, 1, PartitionSize::Whole, Some("date"));
        check(2, 2, PartitionSize::Whole, Some("date"));
        check(3, 1, PartitionSize::Bytes(5), Some("date"));
        check(4, 1, PartitionSize::Whole, None);
    }

    #[test]
    fn a_chosen_size_needs_a_card_that_holds_it() {
        let root = Partition { number: 2, start_bytes: 100, size_bytes: 50, file_system: FileSystem::Ext4 };
        let layout = |table| Layout { table, partitions: vec![root], boot: 1, root: 2 };
        let check = |size: PartitionSize, table, expect: u64| {
            assert_eq!(size.least_card_bytes(&layout(table)), expect, "{size:?} {table:?}");
        };
        check(PartitionSize::Whole, TableKind::Mbr, 0);
        check(PartitionSize::Bytes(400), TableKind::Mbr, 500);
        check(PartitionSize::Bytes(400), TableKind::Gpt, 500 + 16_896);
        check(PartitionSize::Bytes(u64::MAX), TableKind::Gpt, u64::MAX);
        let rootless = Layout { root: 3, ..layout(TableKind::Mbr) };
        assert_eq!(PartitionSize::Bytes(400).least_card_bytes(&rootless), 0);
    }

    #[test]
    fn starts_beyond_every_timestamp_are_too_far_ahead() {
        assert_eq!(parse_start("2026-03-01T14:00:00Z"), Ok(at("2026-03-01T14:00:00Z")));
        for text in [
            "9999-12-31T23:00:00Z",
            "9999-12-30T23:00:00+00:00",
            "12026-03-01T14:00:00Z",
            "275760-02-29T00:00Z",
        ] {
            assert_eq!(parse_start(text), Err(BadStart::TooFar), "{text}");
        }
        let wrong = [
            "",
            "tomorrow",
            "9999-13-31T23:00:00Z",
            "9999-12-31T25:00:00Z",
            "9999-12-31T23:00:00",
            "9999999-01-01T00:00Z",
            "2027-02-29T00:00:00Z",
            "0x26-01-01T00:00Z",
        ];
        for text in wrong {
            assert_eq!(parse_start(text), Err(BadStart::NotATime), "{text}");
        }
    }

    #[test]
    fn periods_are_judged() {
        let now = at("2026-03-01T12:00:00Z");
        let (start, end) = judge_period(None, 2, now).unwrap();
        assert_eq!((start, end), (now, at("2026-03-01T14:00:00Z")));
        assert_eq!(judge_period(Some(at("2026-03-01T11:50:00Z")), 2, now).unwrap().0, now);
        let error = judge_period(Some(at("2026-03-01T11:00:00Z")), 2, now).unwrap_err();
        assert_eq!(error, BadPeriod::Past { minutes: 60 });
        for hours in [0, -1, 366 * 24 + 1, 100_000] {
            assert_eq!(judge_period(None, hours, now), Err(BadPeriod::Hours { hours }));
        }
        assert!(judge_period(Some(at("2031-01-01T00:00:00Z")), 2, now).is_err());
    }
}
