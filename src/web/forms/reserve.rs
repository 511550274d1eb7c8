//! The form in which nodes are chosen. *Pure.* Called by `routes::reserve`.

use super::{Errors, Fields};
use crate::model::agent::ReserveWish;
use crate::model::clock::{DateTime, TimeZone, Timestamp};
use crate::model::node::NodeName;
use crate::model::reservation::{BadStart, parse_start};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Reserve {
    pub(in crate::web) nodes: Vec<String>,
    pub(in crate::web) start: String,
    pub(in crate::web) hours: String,
    pub(in crate::web) name: String,
}

impl Default for Reserve {
    /// An empty form: two hours from now.
    fn default() -> Self {
        Self { nodes: Vec::new(), start: String::new(), hours: "2".into(), name: String::new() }
    }
}

impl Reserve {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        Self {
            nodes: fields.all("nodes"),
            start: fields.one("start").trim().to_owned(),
            hours: fields.one("hours").trim().to_owned(),
            name: fields.one("name").trim().to_owned(),
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, zone: &TimeZone) -> Result<ReserveWish, Errors> {
        let mut errors = Errors::default();
        let nodes: Vec<NodeName> =
            self.nodes.iter().filter_map(|name| errors.keep("nodes", name.parse())).collect();
        if self.nodes.is_empty() {
            errors.add("nodes", "Choose at least one node.");
        }
        let start = errors.keep("start", start(&self.start, zone)).flatten();
        let hours = self.hours.parse::<i64>();
        let hours = hours.map_err(|_| format!("`{}` is no whole number of hours.", self.hours));
        let hours = errors.keep("hours", hours);
        if self.name.is_empty() {
            errors.add("name", "Give the bin a name, such as what you use it for.");
        }
        match hours {
            Some(hours) if errors.is_empty() => {
                Ok(ReserveWish { nodes, start, hours, name: self.name.clone() })
            }
            Some(_) | None => Err(errors),
        }
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
        assert_eq!(wish.nodes.len(), 2);
        assert_eq!((wish.hours, wish.name.as_str()), (3, "night run"));
        assert_eq!(wish.start, Some("2026-03-01T14:00:00Z".parse().unwrap()));
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let summer = form("nodes=pi-01&hours=3&name=x&start=2026-07-01T14%3A00").judge(&paris).unwrap();
        assert_eq!(summer.start, Some("2026-07-01T12:00:00Z".parse().unwrap()));
        assert_eq!(form("nodes=pi-01&hours=3&name=x&start=").judge(&TimeZone::UTC).unwrap().start, None);
    }

    #[test]
    fn each_wrong_field_has_its_error() {
        let check = |text: &str, fields: &[&str]| {
            let errors = form(text).judge(&TimeZone::UTC).unwrap_err();
            for field in ["nodes", "start", "hours", "name"] {
                assert_eq!(errors.at(field).is_some(), fields.contains(&field), "{text}: {field}");
            }
        };
        check("", &["nodes", "hours", "name"]);
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
