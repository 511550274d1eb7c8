//! Groups of people, and what each may book beyond or below the rules for all. *Pure.*

use super::booking::BookingRules;
use super::ids::{GroupId, UserId};
use serde::{Deserialize, Serialize};

/// The longest name of a group, in characters.
const LONGEST_NAME: usize = 64;

/// What the members of a group may book; what is not set is as for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The longest reservation when it is made, in hours.
    pub longest_hours: Option<u32>,
    /// The longest a reservation may become by being extended, in hours from its start.
    pub longest_extended_hours: Option<u32>,
    /// What a member's unfinished reservations may add up to, in nodes times hours.
    pub node_hours: Option<u32>,
    /// How many nodes a member may have at the same time.
    pub nodes_at_once: Option<u32>,
}

impl Limits {
    /// What somebody may who is in these groups: of each limit the most generous of those groups that set it.
    pub fn of_all(groups: impl IntoIterator<Item = Self>) -> Self {
        let most = |one: Option<u32>, other: Option<u32>| one.max(other);
        groups.into_iter().fold(Self::default(), |all, group| Self {
            longest_hours: most(all.longest_hours, group.longest_hours),
            longest_extended_hours: most(all.longest_extended_hours, group.longest_extended_hours),
            node_hours: most(all.node_hours, group.node_hours),
            nodes_at_once: most(all.nodes_at_once, group.nodes_at_once),
        })
    }
}

impl BookingRules {
    /// The rules for somebody with those limits of their groups, which go before what is for all.
    pub fn within(self, limits: Limits) -> Self {
        let longest_hours = limits.longest_hours.unwrap_or(self.longest_hours);
        Self {
            longest_hours,
            // Whoever may book longer than others may extend needs no permission to keep what they booked.
            longest_extended_hours: match limits.longest_extended_hours {
                Some(hours) => hours,
                None => self.longest_extended_hours.max(longest_hours),
            },
            node_hours: limits.node_hours.or(self.node_hours),
            nodes_at_once: limits.nodes_at_once.or(self.nodes_at_once),
            ..self
        }
    }
}

/// A group with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its row.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// What its members may book.
    pub limits: Limits,
    /// Their accounts and e-mail addresses, by address.
    pub members: Vec<(UserId, String)>,
}

/// Why a text is no name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name has {seen} characters; expected 1 to {LONGEST_NAME}, without line breaks")]
pub struct BadGroupName {
    seen: usize,
}

/// The name of a group.
pub fn judge_name(text: &str) -> Result<String, BadGroupName> {
    let name = text.trim();
    let seen = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&seen) || name.chars().any(char::is_control) {
        return Err(BadGroupName { seen });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_groups_the_most_generous_counts_and_goes_before_the_rules_for_all() {
        let rules = || BookingRules { longest_hours: 72, node_hours: Some(100), ..BookingRules::default() };
        let hours = |hours| Limits { longest_hours: Some(hours), ..Limits::default() };
        let check = |groups: &[Limits], expect: u32| {
            let found = rules().within(Limits::of_all(groups.iter().copied()));
            assert_eq!(found.longest_hours, expect, "{groups:?}");
        };
        check(&[], 72);
        check(&[hours(4)], 4);
        check(&[hours(4), hours(200)], 200);
        check(&[hours(200), Limits::default()], 200);
        check(&[Limits::default()], 72);
        let quota = Limits { node_hours: Some(500), nodes_at_once: Some(8), ..Limits::default() };
        let found = rules().within(Limits::of_all([hours(4), quota]));
        assert_eq!((found.longest_hours, found.node_hours, found.nodes_at_once), (4, Some(500), Some(8)));
        assert_eq!(rules().within(Limits::default()), rules());
        let long = rules().within(hours(1000));
        assert_eq!(long.longest_extended_hours, 1000, "what may be booked may be kept");
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(judge_name(" Course A "), Ok("Course A".into()));
        for wrong in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert!(judge_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
