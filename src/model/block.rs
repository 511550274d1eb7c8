//! Blocks: times in which an administrator keeps nodes for a group, or for nobody. *Pure.*

use super::board::BoardModel;
use super::clock::Timestamp;
use super::ids::{BlockId, GroupId, NodeId, SwitchId};
use super::node::Node;
use serde::{Deserialize, Serialize};

/// A time in which nodes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its row.
    pub id: BlockId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// What people read, such as `course on networks`.
    pub reason: String,
    /// Which nodes.
    pub scope: Scope,
    /// Who may book in it; nobody if not set.
    pub group: Option<GroupId>,
}

/// Which nodes a block keeps. Nodes that come later are kept too, if they are of the kind or at the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All.
    All,
    /// Those of a model.
    Model(BoardModel),
    /// Those at a switch.
    Switch(SwitchId),
    /// These.
    Nodes(Vec<NodeId>),
}

impl Scope {
    /// Whether it is about that node.
    pub fn covers(&self, node: &Node) -> bool {
        match self {
            Self::All => true,
            Self::Model(model) => node.model == *model,
            Self::Switch(switch) => node.port.is_some_and(|port| port.switch == *switch),
            Self::Nodes(nodes) => nodes.contains(&node.id),
        }
    }
}

impl Block {
    /// Whether it lies in a period.
    pub fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.start < end && self.end > start
    }

    /// Whether it keeps nodes from somebody who is in those groups.
    pub fn binds(&self, groups: &[GroupId]) -> bool {
        self.group.is_none_or(|group| !groups.contains(&group))
    }
}

/// What becomes of reservations that lie in a new block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collisions {
    /// There must be none: else nothing is blocked and they are named.
    #[default]
    Refuse,
    /// They stay and go on: they were there first.
    Keep,
    /// Those that begin before the block end when it begins, the others now. Their owners are told.
    GiveBack,
}

impl Collisions {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::Keep, Self::GiveBack];

    /// The word in forms and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
            Self::GiveBack => "give_back",
        }
    }

    /// The choice of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;

    #[test]
    fn a_block_binds_whoever_is_not_in_its_group() {
        let of = |group| Block {
            id: BlockId(1),
            start: from_millis(10),
            end: from_millis(20),
            reason: "course".into(),
            scope: Scope::All,
            group,
        };
        assert!(of(None).binds(&[GroupId(1)]) && of(None).binds(&[]));
        assert!(
            of(Some(GroupId(1))).binds(&[GroupId(2)])
                && !of(Some(GroupId(1))).binds(&[GroupId(2), GroupId(1)])
        );
        let check = |start, end, expect| {
            assert_eq!(of(None).overlaps(from_millis(start), from_millis(end)), expect, "{start} {end}");
        };
        check(0, 10, false);
        check(0, 11, true);
        check(19, 30, true);
        check(20, 30, false);
        check(12, 13, true);
    }

    #[test]
    fn a_scope_is_stored_as_words() {
        let check = |scope: Scope, expect: &str| {
            assert_eq!(serde_json::to_string(&scope).unwrap(), expect);
            assert_eq!(serde_json::from_str::<Scope>(expect).unwrap(), scope);
        };
        check(Scope::All, "\"all\"");
        check(Scope::Model(BoardModel::Pi4b), r#"{"model":"pi4b"}"#);
        check(Scope::Switch(SwitchId(2)), r#"{"switch":2}"#);
        check(Scope::Nodes(vec![NodeId(1), NodeId(3)]), r#"{"nodes":[1,3]}"#);
    }
}
