//! When a lab is open: reservations lie within these hours. *Pure:* times and the zone are given.

use super::clock::{Date, SignedDuration, TimeZone, Timestamp};
use serde::{Deserialize, Serialize};

/// Midnight at the end of a day, in minutes.
pub const WHOLE_DAY_MINUTES: u16 = 24 * 60;

/// When a lab is open, in its own zone. Without limits it always is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OpeningHours {
    /// Whether the days below count.
    pub is_limited: bool,
    /// Each day of the week from Monday; none if it is closed all day.
    pub days: [Option<Open>; 7],
}

/// When it is open on one day, in minutes since midnight on the clock at the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// From when.
    pub from_minutes: u16,
    /// Until when, at most 1440: the midnight after.
    pub until_minutes: u16,
}

/// The lab is closed at some time of a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lab is closed at {at}; expected a time within its opening hours: {hours}")]
pub struct Closed {
    /// The first time at which it is, in the lab's zone.
    pub at: String,
    /// When it is open.
    pub hours: String,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl OpeningHours {
    /// The name under which they are stored.
    pub const NAME: &str = "opening_hours";

    /// Whether the lab is open from `start` to `end`, without a break.
    pub fn judge(&self, start: Timestamp, end: Timestamp, zone: &TimeZone) -> Result<(), Closed> {
        let Some(at) = self.closed_at(start, end, zone) else { return Ok(()) };
        let at = at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
        Err(Closed { at, hours: self.to_string() })
    }

    /// The first time in a period at which the lab is closed.
    pub fn closed_at(&self, start: Timestamp, end: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if !self.is_limited {
            return None;
        }
        let mut open_until = start;
        let mut day = start.to_zoned(zone.clone()).date();
        while open_until < end {
            // Days that touch at midnight are one time. What is open on no later day than the last is closed.
            let (from, until) = match self.on(day, zone) {
                Some(open) => open,
                None => return Some(open_until),
            };
            if from > open_until || until <= open_until {
                return Some(open_until);
            }
            open_until = until;
            day = open_until.to_zoned(zone.clone()).date();
        }
        None
    }

    /// When the lab opens after a time, for the next `days` days.
    pub fn openings(&self, after: Timestamp, days: i32, zone: &TimeZone) -> Vec<Timestamp> {
        if !self.is_limited {
            return Vec::new();
        }
        let first = after.to_zoned(zone.clone()).date();
        let dates =
            (0..=days).map(|ahead| first.saturating_add(SignedDuration::from_hours(24 * i64::from(ahead))));
        dates
            .filter_map(|day| self.on(day, zone))
            .map(|(from, _)| from)
            .filter(|from| *from > after)
            .collect()
    }

    /// From when until when it is open on a day. Times that the clocks leave out at a change are those after it.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        let open = (*self.days.get(weekday)?)?;
        let at = |minutes: u16| {
            let (day, minutes) = match minutes {
                WHOLE_DAY_MINUTES.. => (day.tomorrow().ok()?, 0),
                minutes => (day, minutes),
            };
            let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
            day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok().map(|at| at.timestamp())
        };
        Some((at(open.from_minutes)?, at(open.until_minutes)?))
    }
}

impl std::fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.is_limited {
            return f.write_str("always");
        }
        let mut is_first = true;
        for (name, open) in DAYS.into_iter().zip(self.days).filter_map(|(name, open)| Some((name, open?))) {
            let between = if is_first { "" } else { ", " };
            write!(f, "{between}{name} {open}")?;
            is_first = false;
        }
        if is_first { f.write_str("never") } else { Ok(()) }
    }
}

impl std::fmt::Display for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from_minutes: from, until_minutes: until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// Why a text is no time of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no time of a day from 00:00 to 24:00")]
pub struct BadTime {
    seen: String,
}

/// Minutes since midnight of a text such as `08:30`.
pub fn parse_minutes(text: &str) -> Result<u16, BadTime> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.get(..2)?.parse::<u16>().ok()?);
        let all = hours.checked_mul(60)?.checked_add(minutes)?;
        (minutes < 60 && all <= WHOLE_DAY_MINUTES && text.len() <= 8).then_some(all)
    };
    read().ok_or_else(|| BadTime { seen: text.chars().take(20).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn open(from: &str, until: &str) -> Option<Open> {
        let (from_minutes, until_minutes) = (parse_minutes(from).unwrap(), parse_minutes(until).unwrap());
        Some(Open { from_minutes, until_minutes })
    }

    fn working_week() -> OpeningHours {
        let day = open("08:00", "20:00");
        OpeningHours { is_limited: true, days: [day, day, day, day, day, None, None] }
    }

    #[test]
    fn reservations_lie_in_the_hours_of_the_labs_own_clock() {
        let check = |hours: &OpeningHours, start: &str, end: &str, closed: Option<&str>| {
            assert_eq!(hours.closed_at(at(start), at(end), &paris()), closed.map(at), "{start} {end}");
        };
        let week = working_week();
        // Monday 2 March 2026, an hour ahead of UTC.
        check(&week, "2026-03-02T07:00:00Z", "2026-03-02T19:00:00Z", None);
        check(&week, "2026-03-02T06:59:00Z", "2026-03-02T09:00:00Z", Some("2026-03-02T06:59:00Z"));
        check(&week, "2026-03-02T18:00:00Z", "2026-03-02T19:01:00Z", Some("2026-03-02T19:00:00Z"));
        check(&week, "2026-03-07T10:00:00Z", "2026-03-07T11:00:00Z", Some("2026-03-07T10:00:00Z"));
        // Monday 30 March, after the clocks went forward: two hours ahead.
        check(&week, "2026-03-30T06:00:00Z", "2026-03-30T18:00:00Z", None);
        check(&week, "2026-03-30T06:00:00Z", "2026-03-30T18:30:00Z", Some("2026-03-30T18:00:00Z"));
        check(&OpeningHours::default(), "2026-03-07T10:00:00Z", "2026-05-07T11:00:00Z", None);
        let never = OpeningHours { is_limited: true, ..OpeningHours::default() };
        check(&never, "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", Some("2026-03-02T10:00:00Z"));
    }

    #[test]
    fn days_that_touch_are_one_time_also_when_the_clocks_change() {
        let all = open("00:00", "24:00");
        let mut week = OpeningHours { is_limited: true, days: [all; 7] };
        let check = |hours: &OpeningHours, start: &str, end: &str, closed: Option<&str>| {
            assert_eq!(hours.closed_at(at(start), at(end), &paris()), closed.map(at), "{start} {end}");
        };
        // Over both changes of 2026.
        check(&week, "2026-03-01T10:00:00Z", "2026-11-30T10:00:00Z", None);
        week.days[6] = None;
        // Sunday 29 March begins at 23:00 UTC of the 28th.
        check(&week, "2026-03-27T10:00:00Z", "2026-03-30T10:00:00Z", Some("2026-03-28T23:00:00Z"));
        // That night has no 02:30: it opens when the clocks have gone forward.
        week.days[6] = open("02:30", "24:00");
        check(&week, "2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z", None);
        check(&week, "2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z", Some("2026-03-29T00:30:00Z"));
    }

    #[test]
    fn it_is_known_when_the_lab_opens_next() {
        let openings = working_week().openings(at("2026-03-06T12:00:00Z"), 4, &paris());
        assert_eq!(openings, [at("2026-03-09T07:00:00Z"), at("2026-03-10T07:00:00Z")]);
        assert_eq!(OpeningHours::default().openings(at("2026-03-06T12:00:00Z"), 4, &paris()), []);
    }

    #[test]
    fn a_refusal_says_when_and_when_instead() {
        let closed = working_week()
            .judge(at("2026-03-07T10:00:00Z"), at("2026-03-07T11:00:00Z"), &paris())
            .unwrap_err();
        let text = closed.to_string();
        assert!(text.starts_with("the lab is closed at Sat 2026-03-07 11:00 CET; "), "{text}");
        assert!(
            text.contains("Mon 08:00-20:00, Tue 08:00-20:00") && text.ends_with("Fri 08:00-20:00"),
            "{text}"
        );
    }

    #[test]
    fn times_of_a_day_are_read() {
        for (text, minutes) in [("00:00", 0), ("08:30", 510), ("8:05", 485), ("23:59", 1439), ("24:00", 1440)]
        {
            assert_eq!(parse_minutes(text), Ok(minutes), "{text}");
        }
        for wrong in ["", "8", "24:01", "12:60", "-1:00", "noon", "12:3", "99:00"] {
            assert!(parse_minutes(wrong).is_err(), "{wrong}");
        }
    }
}
