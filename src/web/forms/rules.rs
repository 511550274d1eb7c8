//! The form of the rules by which nodes are booked. *Pure.*

use super::{Errors, Fields};
use crate::model::booking::BookingRules;
use crate::model::notification::LONGEST_NOTICE_MINUTES;
use crate::model::reservation::LONGEST_HOURS;

/// A day, in minutes: no margin and no hold is longer.
const LONGEST_MINUTES: u32 = 24 * 60;
/// More than any rack has in a year.
const MOST_NODE_HOURS: u32 = 10_000_000;

/// What was typed, by the names of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Rules {
    pub(in crate::web) longest_hours: String,
    pub(in crate::web) longest_extended_hours: String,
    pub(in crate::web) node_hours: String,
    pub(in crate::web) nodes_at_once: String,
    pub(in crate::web) margin_minutes: String,
    pub(in crate::web) hold_minutes: String,
    pub(in crate::web) notice_minutes: String,
}

impl Rules {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).trim().to_owned();
        Self {
            longest_hours: text("longest_hours"),
            longest_extended_hours: text("longest_extended_hours"),
            node_hours: text("node_hours"),
            nodes_at_once: text("nodes_at_once"),
            margin_minutes: text("margin_minutes"),
            hold_minutes: text("hold_minutes"),
            notice_minutes: text("notice_minutes"),
        }
    }

    /// The texts of rules.
    pub(in crate::web) fn of(rules: &BookingRules) -> Self {
        Self {
            longest_hours: rules.longest_hours.to_string(),
            longest_extended_hours: rules.longest_extended_hours.to_string(),
            node_hours: rules.node_hours.map(|hours| hours.to_string()).unwrap_or_default(),
            nodes_at_once: rules.nodes_at_once.map(|nodes| nodes.to_string()).unwrap_or_default(),
            margin_minutes: rules.margin_minutes.to_string(),
            hold_minutes: rules.hold_minutes.to_string(),
            notice_minutes: rules.notice_minutes.to_string(),
        }
    }

    /// The rules, or what is wrong with each field.
    pub(in crate::web) fn judge(&self) -> Result<BookingRules, Errors> {
        let mut errors = Errors::default();
        let mut number = |field, text: &str, least, most| errors.keep(field, number(text, least, most));
        let longest = number("longest_hours", &self.longest_hours, 1, LONGEST_HOURS);
        let extended = number("longest_extended_hours", &self.longest_extended_hours, 1, LONGEST_HOURS);
        let node_hours = match self.node_hours.as_str() {
            "" => Some(None),
            text => number("node_hours", text, 1, MOST_NODE_HOURS).map(Some),
        };
        let at_once = match self.nodes_at_once.as_str() {
            "" => Some(None),
            text => number("nodes_at_once", text, 1, MOST_NODE_HOURS).map(Some),
        };
        let margin = number("margin_minutes", &self.margin_minutes, 0, LONGEST_MINUTES);
        let hold = number("hold_minutes", &self.hold_minutes, 1, LONGEST_MINUTES);
        let notice = number("notice_minutes", &self.notice_minutes, 1, LONGEST_NOTICE_MINUTES);
        let (
            Some(longest_hours),
            Some(longest_extended_hours),
            Some(node_hours),
            Some(nodes_at_once),
            Some(margin_minutes),
            Some(hold_minutes),
            Some(notice_minutes),
        ) = (longest, extended, node_hours, at_once, margin, hold, notice)
        else {
            return Err(errors);
        };
        if longest_extended_hours < longest_hours {
            let text = format!(
                "This is less than the {longest_hours} hours of a new reservation; expected at least as many."
            );
            return Err(Errors::one("longest_extended_hours", text));
        }
        Ok(BookingRules {
            longest_hours,
            longest_extended_hours,
            node_hours,
            nodes_at_once,
            margin_minutes,
            hold_minutes,
            notice_minutes,
        })
    }
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("`{text}` is not possible; expected a whole number from {least} to {most}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Rules {
        Rules::read(&Fields::parse(text.as_bytes()))
    }

    #[test]
    fn rules_are_read_as_they_are_shown() {
        for node_hours in [None, Some(40)] {
            let rules = BookingRules { node_hours, ..BookingRules::default() };
            assert_eq!(Rules::of(&rules).judge(), Ok(rules));
        }
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let good = "longest_hours=72&longest_extended_hours=168&node_hours=&margin_minutes=0&hold_minutes=15\
                    &notice_minutes=30";
        assert!(form(good).judge().is_ok());
        let check = |from: &str, to: &str, field: &str| {
            let errors = form(&good.replace(from, to)).judge().unwrap_err();
            assert!(errors.at(field).is_some(), "{to}: {errors:?}");
        };
        check("longest_hours=72", "longest_hours=0", "longest_hours");
        check("longest_hours=72", "longest_hours=9000", "longest_hours");
        check("longest_hours=72", "longest_hours=169", "longest_extended_hours");
        check("node_hours=", "node_hours=many", "node_hours");
        check("margin_minutes=0", "margin_minutes=-1", "margin_minutes");
        check("margin_minutes=0", "margin_minutes=1441", "margin_minutes");
        check("hold_minutes=15", "hold_minutes=", "hold_minutes");
        check("notice_minutes=30", "notice_minutes=0", "notice_minutes");
    }
}
