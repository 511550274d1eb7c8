//! Which reservations an administrator wants to see. *Pure.*

use crate::model::agent::ReservationView;
use serde::Deserialize;

/// A filter of everybody's reservations; what is empty lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::web) struct Filter {
    /// A part of the owner's e-mail address.
    #[serde(default)]
    pub(in crate::web) owner: String,
    /// A part of the name of a node.
    #[serde(default)]
    pub(in crate::web) node: String,
}

impl Filter {
    /// Without the spaces that come with pasted text.
    pub(in crate::web) fn trimmed(self) -> Self {
        Self { owner: self.owner.trim().to_lowercase(), node: self.node.trim().to_lowercase() }
    }

    /// Whether a reservation is wanted.
    pub(in crate::web) fn passes(&self, reservation: &ReservationView) -> bool {
        reservation.owner_email.to_lowercase().contains(&self.owner)
            && (self.node.is_empty()
                || reservation.nodes.iter().any(|node| node.node.as_str().contains(&self.node)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::model::ids::{ReservationId, UserId};
    use crate::model::reservation::ReservationState;

    #[test]
    fn parts_of_names_are_enough_and_nothing_lets_all_through() {
        let reservation = ReservationView {
            id: ReservationId(1),
            name: "bin".into(),
            owner: UserId(1),
            owner_email: "Ada@lab".into(),
            start: from_millis(0),
            end: from_millis(1),
            held_until: None,
            state: ReservationState::Held,
            environment: None,
            nodes: Vec::new(),
        };
        let check = |owner: &str, node: &str, expected| {
            let filter = Filter { owner: owner.into(), node: node.into() }.trimmed();
            assert_eq!(filter.passes(&reservation), expected, "{owner} {node}");
        };
        check("", "", true);
        check(" ADA ", "", true);
        check("bob", "", false);
        check("", "pi-01", false);
    }
}
