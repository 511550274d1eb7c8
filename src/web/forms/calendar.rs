//! Which part of the calendar somebody looks at: the query of the page Reserve. *Pure.*

use crate::model::agent::{CalendarRow, NodeView};
use crate::model::clock::{Date, SignedDuration, TimeZone, Timestamp};
use serde::Deserialize;

/// The query as it was typed or linked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::web) struct CalendarQuery {
    span: String,
    from: String,
    group: String,
    /// Words that a node's name, board, address, serial number or port must contain.
    pub(in crate::web) filter: String,
}

/// How much is seen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Span {
    TwoDays,
    Week,
    Month,
}

impl Span {
    pub(in crate::web) const ALL: [Self; 3] = [Self::TwoDays, Self::Week, Self::Month];

    /// The word in the query.
    pub(in crate::web) fn as_str(self) -> &'static str {
        match self {
            Self::TwoDays => "days",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn days(self) -> u32 {
        match self {
            Self::TwoDays => 2,
            Self::Week => 7,
            Self::Month => 31,
        }
    }

    /// How many hours a column stands for.
    pub(in crate::web) fn slot_hours(self) -> u32 {
        match self {
            Self::TwoDays => 1,
            Self::Week => 3,
            Self::Month => 12,
        }
    }

    /// How many columns there are.
    pub(in crate::web) fn slots(self) -> u32 {
        self.days() * 24 / self.slot_hours()
    }
}

/// What the rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Group {
    Nothing,
    Switch,
    Model,
}

impl Group {
    pub(in crate::web) const ALL: [Self; 3] = [Self::Nothing, Self::Switch, Self::Model];

    /// The word in the query.
    pub(in crate::web) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Switch => "switch",
            Self::Model => "model",
        }
    }

    /// The group of a node.
    pub(in crate::web) fn of(self, node: &NodeView) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Switch => {
                let port = node.port.as_deref().unwrap_or_default();
                port.rsplit_once(' ').map_or(port, |(switch, _)| switch).to_owned()
            }
            Self::Model => node.model.shown().to_owned(),
        }
    }
}

/// The part of the calendar that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Window {
    pub(in crate::web) span: Span,
    pub(in crate::web) group: Group,
    pub(in crate::web) filter: String,
    /// The first day, in the reader's zone.
    pub(in crate::web) day: Date,
    pub(in crate::web) from: Timestamp,
    pub(in crate::web) until: Timestamp,
}

impl CalendarQuery {
    /// The window that it means; what is no day is today, what is no word is the first of its kind.
    pub(in crate::web) fn window(&self, zone: &TimeZone, now: Timestamp) -> Window {
        let span = Span::ALL.into_iter().find(|span| span.as_str() == self.span).unwrap_or(Span::TwoDays);
        let group = Group::ALL.into_iter().find(|group| group.as_str() == self.group);
        let today = now.to_zoned(zone.clone()).date();
        let begin = |day: Date| day.to_zoned(zone.clone()).ok().map(|midnight| (day, midnight.timestamp()));
        let typed = self.from.trim().parse::<Date>().ok().and_then(begin);
        let (day, from) = typed.or_else(|| begin(today)).unwrap_or((today, now));
        let hours = i64::from(span.slots() * span.slot_hours());
        Window {
            span,
            group: group.unwrap_or(Group::Nothing),
            filter: self.filter.trim().chars().take(100).collect(),
            day,
            from,
            until: from + SignedDuration::from_hours(hours),
        }
    }
}

impl Window {
    /// The query of this window with another span or day.
    pub(in crate::web) fn query(&self, span: Span, days: i32) -> String {
        let day = self.day.saturating_add(SignedDuration::from_hours(24 * i64::from(days)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("span", span.as_str()).append_pair("from", &day.to_string());
        query.append_pair("group", self.group.as_str()).append_pair("filter", &self.filter);
        query.finish()
    }

    /// This window's own query.
    pub(in crate::web) fn own_query(&self) -> String {
        self.query(self.span, 0)
    }

    /// How many days the arrows go on.
    pub(in crate::web) fn step(&self) -> i32 {
        i32::try_from(self.span.days()).unwrap_or(1)
    }

    /// The rows that pass the filter, in groups.
    pub(in crate::web) fn arrange(&self, rows: Vec<CalendarRow>) -> Vec<(String, Vec<CalendarRow>)> {
        let mut groups: Vec<(String, Vec<CalendarRow>)> = Vec::new();
        for row in rows.into_iter().filter(|row| self.shows(&row.node)) {
            let name = self.group.of(&row.node);
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((name, vec![row])),
            }
        }
        groups.sort_by(|(one, _), (other, _)| one.cmp(other));
        groups
    }

    fn shows(&self, node: &NodeView) -> bool {
        let serial = node.serial.as_deref().unwrap_or_default();
        let port = node.port.as_deref().unwrap_or_default();
        let facts =
            format!("{} {} {} {} {serial} {port}", node.name, node.model.as_str(), node.board, node.address);
        let facts = facts.to_lowercase();
        self.filter.to_lowercase().split_whitespace().all(|word| facts.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::board::BoardModel;

    fn now() -> Timestamp {
        "2026-03-01T23:30:00Z".parse().unwrap()
    }

    fn window(query: &str, zone: &str) -> Window {
        let query: CalendarQuery = serde_urlencoded(query);
        query.window(&TimeZone::get(zone).unwrap(), now())
    }

    fn serde_urlencoded(text: &str) -> CalendarQuery {
        let one = |name: &str| {
            let mut pairs = form_urlencoded::parse(text.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        CalendarQuery { span: one("span"), from: one("from"), group: one("group"), filter: one("filter") }
    }

    #[test]
    fn a_window_begins_at_midnight_where_the_reader_is() {
        let check = |query, zone, from: &str, until: &str| {
            let window = window(query, zone);
            assert_eq!(
                (window.from.to_string(), window.until.to_string()),
                (from.into(), until.into()),
                "{query}"
            );
        };
        check("", "UTC", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z");
        check("", "Europe/Paris", "2026-03-01T23:00:00Z", "2026-03-03T23:00:00Z");
        check("span=week&from=2026-07-01", "Europe/Paris", "2026-06-30T22:00:00Z", "2026-07-07T22:00:00Z");
        check("span=month&from=2025-01-01", "UTC", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z");
        check("span=year&from=yesterday", "UTC", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z");
    }

    #[test]
    fn links_keep_what_is_looked_at() {
        let window = window("span=week&from=2026-02-27&group=model&filter=4b+sw", "UTC");
        assert_eq!(window.query(Span::Month, 2), "span=month&from=2026-03-01&group=model&filter=4b+sw");
        assert_eq!(window.own_query(), "span=week&from=2026-02-27&group=model&filter=4b+sw");
    }

    fn row(number: u8, model: BoardModel, port: &str) -> CalendarRow {
        let node = NodeView {
            name: format!("pi-{number:02}").parse().unwrap(),
            model,
            board: model.shown().into(),
            address: [10, 20, 0, number].into(),
            serial: None,
            port: Some(port.into()),
            quarantine: None,
            taken: None,
            later: Vec::new(),
        };
        CalendarRow { node, booked: Vec::new(), blocked: Vec::new() }
    }

    #[test]
    fn every_word_of_a_filter_must_fit_and_groups_are_sorted() {
        let rows = || {
            vec![
                row(1, BoardModel::Pi5, "hall b 1"),
                row(2, BoardModel::Pi4b, "hall b 2"),
                row(3, BoardModel::Pi4b, "attic 1"),
            ]
        };
        let names = |query: &str| -> Vec<(String, Vec<String>)> {
            let groups = window(query, "UTC").arrange(rows());
            let shown = |rows: Vec<CalendarRow>| rows.iter().map(|row| row.node.name.to_string()).collect();
            groups.into_iter().map(|(name, rows)| (name, shown(rows))).collect()
        };
        assert_eq!(names("filter=PI4B+hall"), [(String::new(), vec!["pi-02".to_owned()])]);
        assert_eq!(names("filter=10.20.0.3"), [(String::new(), vec!["pi-03".to_owned()])]);
        assert!(names("filter=hall+attic").is_empty());
        let switches: Vec<String> = names("group=switch").into_iter().map(|(name, _)| name).collect();
        assert_eq!(switches, ["attic", "hall b"]);
        assert_eq!(names("group=model").len(), 2);
    }
}
