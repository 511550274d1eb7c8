//! Calendars as other programs read them: iCalendar (RFC 5545). *Pure.*

use super::clock::{SignedDuration, Timestamp};
use std::fmt::Write;

/// The longest line, in octets without its end (RFC 5545, 3.1).
const LONGEST_LINE: usize = 75;

/// A calendar that programs fetch again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub events: Vec<Event>,
}

/// An event of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names it for ever, unlike any other in the world (3.8.4.7).
    pub uid: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub changed: Timestamp,
    /// How often it changed (3.8.7.4).
    pub sequence: u32,
    /// From when.
    pub start: Timestamp,
    /// Until when; what ends before it begins never takes place.
    pub end: Timestamp,
    /// One line.
    pub summary: String,
    /// Several lines.
    pub description: String,
    /// Where to read more.
    pub url: String,
}

impl Calendar {
    /// The text, `text/calendar; charset=utf-8`; programs come back after `refresh`.
    pub fn render(&self, refresh: SignedDuration) -> String {
        let mut out = Lines::default();
        out.add("BEGIN", "VCALENDAR");
        out.add("VERSION", "2.0");
        out.add("PRODID", "-//pimaster//reservations//EN");
        out.add("CALSCALE", "GREGORIAN");
        // RFC 7986, 5.1 and 5.7; the names that were used before it are read by more programs.
        out.add("NAME", &text(&self.name));
        out.add("X-WR-CALNAME", &text(&self.name));
        let minutes = refresh.as_mins().max(1);
        out.add("REFRESH-INTERVAL;VALUE=DURATION", &format!("PT{minutes}M"));
        out.add("X-PUBLISHED-TTL", &format!("PT{minutes}M"));
        for event in &self.events {
            event.render(&mut out);
        }
        out.add("END", "VCALENDAR");
        out.0
    }
}

impl Event {
    fn render(&self, out: &mut Lines) {
        let takes_place = self.end > self.start;
        out.add("BEGIN", "VEVENT");
        out.add("UID", &text(&self.uid));
        // Without METHOD it is the time of the last change (3.8.7.2).
        out.add("DTSTAMP", &time(self.changed));
        out.add("CREATED", &time(self.created));
        out.add("LAST-MODIFIED", &time(self.changed));
        out.add("SEQUENCE", &self.sequence.to_string());
        out.add("DTSTART", &time(self.start));
        // DTEND is later than DTSTART (3.6.1, 3.8.2.2); an event that has none ends where it starts.
        if takes_place {
            out.add("DTEND", &time(self.end));
        }
        out.add("STATUS", if takes_place { "CONFIRMED" } else { "CANCELLED" });
        out.add("SUMMARY", &text(&self.summary));
        out.add("DESCRIPTION", &text(&self.description));
        // A URI is no text: it is not escaped (3.3.13).
        out.add("URL", &self.url.replace(char::is_control, ""));
        out.add("END", "VEVENT");
    }
}

/// A time in UTC (3.3.5, form 2).
fn time(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text with what means something escaped (3.3.11); control characters but for tabs are not allowed (3.1).
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' | '\r' => escaped.push_str("\\n"),
            other if other.is_control() && other != '\t' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// Content lines, each ended by CRLF.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line, folded where it is too long, never within a letter.
    fn add(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        let mut line = String::new();
        // A String takes whatever is written.
        let _ = write!(line, "{name}:{value}");
        for letter in line.chars() {
            if octets + letter.len_utf8() > LONGEST_LINE {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(letter);
            octets += letter.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn event() -> Event {
        Event {
            uid: "reservation-7-1772362800000@pimaster".into(),
            created: at("2026-03-01T11:00:00Z"),
            changed: at("2026-03-01T12:30:00Z"),
            sequence: 2,
            start: at("2026-03-01T14:00:00Z"),
            end: at("2026-03-01T18:00:00Z"),
            summary: "night run".into(),
            description: "pi-01, pi-02".into(),
            url: "http://pimaster.lab:9000/reservations/7".into(),
        }
    }

    fn rendered(events: Vec<Event>) -> String {
        Calendar { name: "pimaster".into(), events }.render(SignedDuration::from_mins(15))
    }

    /// As a program reads it (3.1): lines are unfolded, then cut at the first colon.
    fn read(calendar: &str) -> Vec<(String, String)> {
        let unfolded = calendar.replace("\r\n ", "").replace("\r\n\t", "");
        let lines = unfolded.strip_suffix("\r\n").unwrap().split("\r\n");
        lines.map(|line| line.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap()).collect()
    }

    fn unescaped(text: &str) -> String {
        let mut letters = text.chars();
        let mut found = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next().unwrap() {
                    'n' | 'N' => found.push('\n'),
                    other => found.push(other),
                },
                other => found.push(other),
            }
        }
        found
    }

    #[test]
    fn a_calendar_has_what_the_rfc_asks_for() {
        let lines = read(&rendered(vec![event()]));
        let one = |name: &str| {
            let mut found = lines.iter().filter(|(it, _)| it == name).map(|(_, value)| value.as_str());
            (found.next().unwrap_or("none"), found.count())
        };
        assert_eq!(lines.first().unwrap(), &("BEGIN".into(), "VCALENDAR".into()));
        assert_eq!(lines.last().unwrap(), &("END".into(), "VCALENDAR".into()));
        for (name, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//pimaster//reservations//EN"),
            ("UID", "reservation-7-1772362800000@pimaster"),
            ("DTSTAMP", "20260301T123000Z"),
            ("LAST-MODIFIED", "20260301T123000Z"),
            ("CREATED", "20260301T110000Z"),
            ("SEQUENCE", "2"),
            ("DTSTART", "20260301T140000Z"),
            ("DTEND", "20260301T180000Z"),
            ("STATUS", "CONFIRMED"),
            ("DESCRIPTION", "pi-01\\, pi-02"),
            ("URL", "http://pimaster.lab:9000/reservations/7"),
        ] {
            assert_eq!(one(name), (value, 0), "{name}");
        }
    }

    #[test]
    fn what_never_took_place_is_cancelled_and_has_no_end() {
        let never = rendered(vec![Event { end: event().start, ..event() }]);
        assert!(never.contains("STATUS:CANCELLED\r\n") && !never.contains("DTEND"), "{never}");
    }

    #[test]
    fn a_line_of_75_octets_is_whole_and_one_of_76_is_folded() {
        let line = |length: usize| {
            let mut lines = Lines::default();
            lines.add("A", &"x".repeat(length - 2));
            lines.0
        };
        assert_eq!(line(75), format!("A:{}\r\n", "x".repeat(73)));
        assert_eq!(line(76), format!("A:{}\r\n x\r\n", "x".repeat(73)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn whatever_people_type_is_read_as_they_typed_it(summary in "\\PC{0,200}", lines in "[ -~\né€🍓\t]{0,300}") {
            let calendar = rendered(vec![Event { summary: summary.clone(), description: lines.clone(), ..event() }]);
            for line in calendar.strip_suffix("\r\n").unwrap().split("\r\n") {
                prop_assert!(line.len() <= 75, "{} octets: {line}", line.len());
                prop_assert!(!line.contains(['\r', '\n']));
            }
            let found = read(&calendar);
            let value = |name: &str| unescaped(&found.iter().find(|(it, _)| it == name).unwrap().1);
            prop_assert_eq!(value("SUMMARY"), summary);
            prop_assert_eq!(value("DESCRIPTION"), lines);
        }
    }
}
