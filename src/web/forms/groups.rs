//! The form of a group. *Pure.* Called by `routes::groups`.

use super::{Errors, Fields};
use crate::model::agent::GroupWish;
use crate::model::group::{Group, Limits};

/// No limit is larger.
const LARGEST: u32 = 10_000_000;

/// A group as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::web) struct GroupForm {
    pub(in crate::web) name: String,
    /// The e-mail addresses of its members, one a line.
    pub(in crate::web) members: String,
    pub(in crate::web) longest_hours: String,
    pub(in crate::web) longest_extended_hours: String,
    pub(in crate::web) node_hours: String,
    pub(in crate::web) nodes_at_once: String,
}

impl GroupForm {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).trim().to_owned();
        Self {
            name: text("name"),
            members: text("members"),
            longest_hours: text("longest_hours"),
            longest_extended_hours: text("longest_extended_hours"),
            node_hours: text("node_hours"),
            nodes_at_once: text("nodes_at_once"),
        }
    }

    /// The texts of a group.
    pub(in crate::web) fn of(group: &Group) -> Self {
        let text = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let emails: Vec<&str> = group.members.iter().map(|(_, email)| email.as_str()).collect();
        Self {
            name: group.name.clone(),
            members: emails.join("\n"),
            longest_hours: text(group.limits.longest_hours),
            longest_extended_hours: text(group.limits.longest_extended_hours),
            node_hours: text(group.limits.node_hours),
            nodes_at_once: text(group.limits.nodes_at_once),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self) -> Result<GroupWish, Errors> {
        let mut errors = Errors::default();
        let mut limit = |field, text: &str| match text {
            "" => None,
            text => errors.keep(field, number(text)),
        };
        let limits = Limits {
            longest_hours: limit("longest_hours", &self.longest_hours),
            longest_extended_hours: limit("longest_extended_hours", &self.longest_extended_hours),
            node_hours: limit("node_hours", &self.node_hours),
            nodes_at_once: limit("nodes_at_once", &self.nodes_at_once),
        };
        let emails = self.members.split(['\n', '\r', ',', ' ']).filter(|word| !word.is_empty());
        let members = emails.map(str::to_owned).collect();
        if errors.is_empty() {
            Ok(GroupWish { name: self.name.clone(), limits, members })
        } else {
            Err(errors)
        }
    }
}

fn number(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (1..=LARGEST).contains(number));
    number.ok_or_else(|| format!("`{text}` is not possible; expected a whole number from 1, or nothing."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{GroupId, UserId};

    #[test]
    fn a_group_is_read_as_it_is_shown() {
        let group = Group {
            id: GroupId(1),
            name: "Course".into(),
            limits: Limits { longest_hours: Some(4), nodes_at_once: Some(2), ..Limits::default() },
            members: vec![(UserId(1), "ada@lab".into()), (UserId(2), "bob@lab".into())],
        };
        let wish = GroupForm::of(&group).judge().unwrap();
        assert_eq!((wish.name.as_str(), wish.limits), ("Course", group.limits));
        assert_eq!(wish.members, ["ada@lab", "bob@lab"]);
        let wrong = GroupForm { node_hours: "many".into(), ..GroupForm::of(&group) };
        assert!(wrong.judge().unwrap_err().at("node_hours").is_some());
    }
}
