//! What people are told of their reservations without asking. *Pure:* times are given.

use super::clock::{SignedDuration, Timestamp};
use super::ids::ReservationId;
use serde::{Deserialize, Serialize};

/// The longest time before an end that somebody can be told of it, in minutes: a week.
pub const LONGEST_NOTICE_MINUTES: u32 = 7 * 24 * 60;

/// What a person wants to be told by mail, as they set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notifications {
    /// That a reservation ends soon.
    pub before_end: bool,
    /// How long before, in minutes; what the rules of booking say if not set. The pages follow it too.
    pub minutes: Option<u32>,
    /// What came of a deployment.
    pub outcome: bool,
    /// That the nodes they waited for are theirs.
    pub turn: bool,
    /// The language of these mails (BCP 47); English if it is none that there is.
    pub language: String,
}

impl Default for Notifications {
    fn default() -> Self {
        Self { before_end: true, minutes: None, outcome: true, turn: true, language: String::new() }
    }
}

impl Notifications {
    /// Whether they want mails of that kind.
    pub fn wants(&self, kind: NoticeKind) -> bool {
        match kind {
            NoticeKind::BeforeEnd => self.before_end,
            NoticeKind::Outcome => self.outcome,
            NoticeKind::Turn => self.turn,
            // Nobody shall miss that their nodes are gone.
            NoticeKind::GivenBack => true,
        }
    }

    /// When they are told of an end; `site_minutes` is what the rules say.
    pub fn told_at(&self, end: Timestamp, site_minutes: u32) -> Timestamp {
        end - SignedDuration::from_mins(i64::from(self.minutes.unwrap_or(site_minutes)))
    }
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// That it ends soon: once for each end that it gets.
    BeforeEnd,
    /// What came of its deployments: once, when none of them goes on by itself.
    Outcome,
    /// That the queue has brought it.
    Turn,
    /// That an administrator's block took it.
    GivenBack,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::BeforeEnd, Self::Outcome, Self::Turn, Self::GivenBack];

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeEnd => "before_end",
            Self::Outcome => "outcome",
            Self::Turn => "turn",
            Self::GivenBack => "given_back",
        }
    }
}

/// A reservation of which its owner's pages tell: it ends soon, or the queue has brought it and nobody configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The reservation.
    pub id: ReservationId,
    /// The name of the bin.
    pub name: String,
    /// When it ends.
    pub end: Timestamp,
    /// Whether it came from the queue and waits for a configuration.
    pub is_turn: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;

    #[test]
    fn people_choose_how_long_before() {
        let end = from_millis(100 * 60_000);
        assert_eq!(Notifications::default().told_at(end, 30), from_millis(70 * 60_000));
        let own = Notifications { minutes: Some(5), ..Notifications::default() };
        assert_eq!(own.told_at(end, 30), from_millis(95 * 60_000));
    }

    #[test]
    fn what_was_never_set_is_wanted() {
        assert_eq!(serde_json::from_str::<Notifications>("{}").unwrap(), Notifications::default());
        let off: Notifications = serde_json::from_str(r#"{"before_end":false,"turn":false}"#).unwrap();
        assert!(
            !off.wants(NoticeKind::BeforeEnd)
                && off.wants(NoticeKind::Outcome)
                && !off.wants(NoticeKind::Turn)
        );
        assert!(off.wants(NoticeKind::GivenBack));
    }
}
