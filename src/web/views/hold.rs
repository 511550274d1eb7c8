//! Until when nodes are held that nobody has configured. *Pure.*

use super::parts;
use crate::model::clock::{Timestamp, seconds_between};
use crate::web::reader::Reader;
use maud::{Markup, html};

/// Says when a reservation ends by itself, and counts down: the script goes on from the seconds that are left, so that
/// a wrong clock of the browser does not matter.
pub(super) fn countdown(until: Timestamp, reader: &Reader) -> Markup {
    let left = seconds_between(reader.now, until);
    html! {
        p.hold.wide role="timer" {
            (reader.say("hold-ends")) " " strong data-left=(left) { (parts::duration(left)) }
            " (" (parts::minute(until, reader)) ")"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::TimeZone;
    use crate::web::words::Language;

    #[test]
    fn it_says_how_long_and_until_when_and_never_less_than_nothing() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let reader =
            Reader { language: Language::English, zone, now: "2026-03-01T12:00:00Z".parse().unwrap() };
        let at = |text: &str| countdown(text.parse().unwrap(), &reader).into_string();
        let shown = at("2026-03-01T12:12:00Z");
        assert!(
            shown.contains("data-left=\"720\">12 min<") && shown.contains("2026-03-01 13:12 CET"),
            "{shown}"
        );
        assert!(at("2026-03-01T11:00:00Z").contains("data-left=\"0\">0 s<"));
    }
}
