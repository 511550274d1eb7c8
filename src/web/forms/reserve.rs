//! The form in which nodes are chosen. *Pure.* Called by `routes::reserve`.

use super::{Errors, Fields};
use crate::model::agent::{Choice, QueueWish, ReserveWish};
use crate::model::board::BoardModel;
use crate::model::clock::{DateTime, TimeZone, Timestamp};
use crate::model::node::NodeName;
use crate::model::reservation::{BadStart, parse_start};
use std::num::NonZero;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Reserve {
    pub(in crate::web) nodes: Vec<String>,
    /// How many nodes, instead of names.
    pub(in crate::web) count: String,
    /// Of which model; empty for any.
    pub(in crate::web) model: String,
    /// Whether less than all will do.
    pub(in crate::web) as_many_as_possible: bool,
    pub(in crate::web) start: String,
    pub(in crate::web) hours: String,
    pub(in crate::web) name: String,
}

impl Default for Reserve {
    /// An empty form: two hours from now.
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            count: String::new(),
            model: String::new(),
            as_many_as_possible: false,
            start: String::new(),
            hours: "2".into(),
            name: String::new(),
        }
    }
}

impl Reserve {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        Self {
            nodes: fields.all("nodes"),
            count: fields.one("count").trim().to_owned(),
            model: fields.one("model").to_owned(),
            as_many_as_possible: fields.has("as_many_as_possible"),
            start: fields.one("start").trim().to_owned(),
            hours: fields.one("hours").trim().to_owned(),
            name: fields.one("name").trim().to_owned(),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, zone: &TimeZone) -> Result<ReserveWish, Errors> {
        let mut errors = Errors::default();
        let nodes = self.choice(&mut errors);
        let start = errors.keep("start", start(&self.start, zone)).flatten();
        let hours = self.hours.parse::<i64>();
        let hours = hours.map_err(|_| format!("`{}` is no whole number of hours.", self.hours));
        let hours = errors.keep("hours", hours);
        if self.name.is_empty() {
            errors.add("name", "Give the bin a name, such as what you use it for.");
        }
        match hours {
            Some(hours) if errors.is_empty() => {
                let as_many_as_possible = self.as_many_as_possible;
                Ok(ReserveWish { nodes, as_many_as_possible, start, hours, name: self.name.clone() })
            }
            Some(_) | None => Err(errors),
        }
    }
}

impl Reserve {
    /// The wish to wait for nodes: any of a kind, as soon as there are enough.
    pub(in crate::web) fn judge_wait(&self, zone: &TimeZone) -> Result<QueueWish, Errors> {
        let wish = self.judge(zone)?;
        let Choice::Any { count, model } = wish.nodes else {
            return Err(Errors::one("count", "The queue is for any nodes: say how many, and choose none."));
        };
        if wish.start.is_some() {
            return Err(Errors::one(
                "start",
                "Who waits begins as soon as there are enough: leave this empty.",
            ));
        }
        let hours = u32::try_from(wish.hours).map_err(|_| Errors::one("hours", "Choose 1 hour or more."))?;
        Ok(QueueWish { count, model, hours, name: wish.name })
    }

    /// Names, or so many of a kind.
    fn choice(&self, errors: &mut Errors) -> Choice {
        let names: Vec<NodeName> =
            self.nodes.iter().filter_map(|name| errors.keep("nodes", name.parse())).collect();
        if self.count.is_empty() {
            if self.nodes.is_empty() {
                errors.add("nodes", "Choose at least one node, or say how many.");
            }
            return Choice::Named(names);
        }
        if !self.nodes.is_empty() {
            errors.add("count", "Nodes are chosen as well: leave the number empty, or choose no node.");
        }
        let wrong = |_| format!("`{}` is no number of nodes; expected 1 or more.", self.count);
        let count = errors.keep("count", self.count.parse::<NonZero<u32>>().map_err(wrong));
        let model = match self.model.as_str() {
            "" => None,
            word => errors.keep("model", word.parse::<BoardModel>()),
        };
        Choice::Any { count: count.map_or(0, NonZero::get), model }
    }
}

/// `2026-03-01T14:00` in the reader's zone, as `datetime-local` fields send it; empty is now.
fn start(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    let text = text.trim_end_matches('Z').replace(' ', "T");
    if text.is_empty() {
        return Ok(None);
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    if let Some(local) = local {
        return Ok(Some(local.timestamp()));
    }
    // What is wrong with it does not depend on the zone.
    parse_start(&format!("{text}Z")).map(Some).map_err(|error| match error {
        BadStart::NotATime => {
            format!("`{text}` {error}; expected one such as 2026-03-01T14:00, or nothing to start now.")
        }
        BadStart::TooFar => format!("`{text}` {error}, or nothing to start now."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Reserve {
        Reserve::read(&Fields::parse(text.as_bytes()))
    }

    #[test]
    fn a_good_form_is_a_wish() {
        let wish = form("nodes=pi-01&nodes=pi-02&hours=3&name=+night+run+&start=2026-03-01T14%3A00")
            .judge(&TimeZone::UTC)
            .unwrap();
        assert!(matches!(&wish.nodes, Choice::Named(names) if names.len() == 2));
        let any =
            form("count=3&model=pi4b&as_many_as_possible=on&hours=3&name=x").judge(&TimeZone::UTC).unwrap();
        assert_eq!(any.nodes, Choice::Any { count: 3, model: Some(BoardModel::Pi4b) });
        assert!(any.as_many_as_possible);
        assert_eq!((wish.hours, wish.name.as_str()), (3, "night run"));
        assert_eq!(wish.start, Some("2026-03-01T14:00:00Z".parse().unwrap()));
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let summer = form("nodes=pi-01&hours=3&name=x&start=2026-07-01T14%3A00").judge(&paris).unwrap();
        assert_eq!(summer.start, Some("2026-07-01T12:00:00Z".parse().unwrap()));
        assert_eq!(form("nodes=pi-01&hours=3&name=x&start=").judge(&TimeZone::UTC).unwrap().start, None);
    }

    #[test]
    fn one_waits_for_any_nodes_as_soon_as_there_are() {
        let wait = |text: &str| form(text).judge_wait(&TimeZone::UTC);
        let good = wait("count=3&model=pi4b&hours=2&name=x").unwrap();
        assert_eq!((good.count, good.model, good.hours), (3, Some(BoardModel::Pi4b), 2));
        assert!(wait("nodes=pi-01&hours=2&name=x").unwrap_err().at("count").is_some());
        let later = wait("count=3&hours=2&name=x&start=2026-03-01T14%3A00");
        assert!(later.unwrap_err().at("start").is_some());
        assert!(wait("count=3&hours=-2&name=x").unwrap_err().at("hours").is_some());
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let check = |text: &str, fields: &[&str]| {
            let errors = form(text).judge(&TimeZone::UTC).unwrap_err();
            for field in ["nodes", "count", "model", "start", "hours", "name"] {
                assert_eq!(errors.at(field).is_some(), fields.contains(&field), "{text}: {field}");
            }
        };
        check("", &["nodes", "hours", "name"]);
        check("count=0&hours=1&name=x", &["count"]);
        check("count=two&model=zx81&hours=1&name=x", &["count", "model"]);
        check("count=2&nodes=pi-01&hours=1&name=x", &["count"]);
        check("nodes=pi-01&hours=two&name=x", &["hours"]);
        check("nodes=pi-01&hours=1.5&name=x", &["hours"]);
        check("nodes=..%2Fetc&hours=1&name=x", &["nodes"]);
        check("nodes=pi-01&hours=1&name=x&start=tomorrow", &["start"]);
        check("nodes=pi-01&hours=1&name=+", &["name"]);
        let far =
            form("nodes=pi-01&hours=1&name=x&start=9999-12-31T23%3A00").judge(&TimeZone::UTC).unwrap_err();
        let message = format!("{:?}", far.at("start"));
        assert!(message.contains("too far ahead; expected a time within the next 366 days"), "{message}");
    }
}
