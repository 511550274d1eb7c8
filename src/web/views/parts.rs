//! Small parts of pages: times, sizes, fields. *Pure.*

use crate::model::clock::{Timestamp, seconds_between};
use crate::model::version::Version;
use crate::web::forms::Errors;
use crate::web::reader::Reader;
use maud::{Markup, html};

/// The hidden field that proves that a form is ours.
pub(super) fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(token); }
}

/// The hidden field that tells from what an edit was made.
pub(super) fn version(version: &Version) -> Markup {
    html! { input type="hidden" name="version" value=(version); }
}

/// What is stored of a field now, if it is not what stands in it.
pub(super) fn stored(typed: &str, stored: &str, reader: &Reader) -> Markup {
    html! {
        @if typed != stored { p.hint { (reader.say("stale-stored")) " " @if stored.is_empty() { "–" } @else { (stored) } } }
    }
}

/// A time, with its zone and how far away it is.
pub(super) fn moment(at: Timestamp, reader: &Reader) -> Markup {
    html! {
        (minute(at, reader))
        " " span.far { "(" (away(at, reader)) ")" }
    }
}

/// A time to the minute, with its zone.
pub(super) fn minute(at: Timestamp, reader: &Reader) -> Markup {
    html! { time datetime=(machine(at)) { (local(at, reader, "%Y-%m-%d %H:%M %Z")) } }
}

/// A time to the second, for histories.
pub(super) fn second(at: Timestamp, reader: &Reader) -> Markup {
    let whole = local(at, reader, "%Y-%m-%d %H:%M:%S %Z");
    html! { time datetime=(machine(at)) title=(whole) { (local(at, reader, "%m-%d %H:%M:%S")) } }
}

/// The hour and minute, with its zone.
pub(super) fn hour(at: Timestamp, reader: &Reader) -> Markup {
    html! { time datetime=(machine(at)) { (local(at, reader, "%H:%M %Z")) } }
}

/// A time in the reader's zone.
fn local(at: Timestamp, reader: &Reader, format: &str) -> String {
    at.to_zoned(reader.zone.clone()).strftime(format).to_string()
}

/// A time as programs read it.
fn machine(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How far away a time is, in words.
pub(in crate::web) fn away(at: Timestamp, reader: &Reader) -> String {
    match (seconds_between(reader.now, at), seconds_between(at, reader.now)) {
        (0, 0) => reader.say("time-now"),
        (0, ago) => reader.with("time-ago", &[("duration", duration(ago).into())]),
        (ahead, _) => reader.with("time-in", &[("duration", duration(ahead).into())]),
    }
}

/// A number of seconds in words, to two units.
pub(super) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |whole: u64, unit: &str, rest: u64, part: &str| match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {part}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => two(minutes, "min", seconds % 60, "s"),
        (0 | 1, hours, minutes) => two(hours, "h", minutes % 60, "min"),
        (days, hours, _) => two(days, "d", hours % 24, "h"),
    }
}

/// A number of bytes in words, in decimal units as cards are sold.
pub(super) fn bytes(number: u64) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)] {
        if number >= size {
            let tenths = u128::from(number) * 10 / u128::from(size);
            let (whole, tenth) = (tenths / 10, tenths % 10);
            return if whole < 100 { format!("{whole}.{tenth} {unit}") } else { format!("{whole} {unit}") };
        }
    }
    format!("{number} bytes")
}

/// A power in milliwatts, in watts to a tenth.
pub(super) fn watts(milliwatts: u32) -> String {
    let tenths = (milliwatts.saturating_add(50)) / 100;
    format!("{}.{} W", tenths / 10, tenths % 10)
}

/// The error beside a field, which the field names by `aria-describedby`.
pub(super) fn wrong(errors: &Errors, field: &str) -> Markup {
    html! {
        @if let Some(text) = errors.at(field) { p.wrong id={ (field) "-wrong" } { (text) } }
    }
}

/// The attribute values of a field that may be wrong: `aria-invalid` and `aria-describedby`.
pub(super) fn marks(errors: &Errors, field: &str) -> (Option<&'static str>, Option<String>) {
    let is_wrong = errors.at(field).is_some();
    (is_wrong.then_some("true"), is_wrong.then(|| format!("{field}-wrong")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::TimeZone;
    use crate::web::words::Language;

    fn reader(zone: &str) -> Reader {
        let zone = TimeZone::get(zone).unwrap();
        Reader { language: Language::English, zone, now: "2026-03-01T12:00:00Z".parse().unwrap() }
    }

    #[test]
    fn times_are_of_the_readers_zone() {
        let at = "2026-07-01T22:30:00Z".parse().unwrap();
        let shown = moment(at, &reader("Europe/Paris")).into_string();
        assert!(shown.contains("2026-07-01T22:30:00Z") && shown.contains("2026-07-02 00:30 CEST"), "{shown}");
        assert!(moment(at, &reader("UTC")).into_string().contains("2026-07-01 22:30 UTC"));
    }

    #[test]
    fn durations_have_two_units() {
        let check = |seconds, text: &str| assert_eq!(duration(seconds), text);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(125, "2 min 5 s");
        check(3600, "1 h");
        check(2 * 3600 + 305, "2 h 5 min");
        check(30 * 3600, "30 h");
        check(50 * 3600, "2 d 2 h");
    }

    #[test]
    fn times_are_near_or_far() {
        let reader = reader("UTC");
        let check = |at: &str, text: &str| assert_eq!(away(at.parse().unwrap(), &reader), text);
        check("2026-03-01T12:00:00.4Z", "now");
        check("2026-03-01T14:05:00Z", "in 2 h 5 min");
        check("2026-03-01T11:59:20Z", "40 s ago");
    }

    #[test]
    fn power_is_read_to_a_tenth() {
        let check = |number, text: &str| assert_eq!(watts(number), text);
        check(0, "0.0 W");
        check(3_249, "3.2 W");
        check(15_400, "15.4 W");
    }

    #[test]
    fn sizes_are_read_as_on_the_card() {
        let check = |number, text: &str| assert_eq!(bytes(number), text);
        check(999, "999 bytes");
        check(1_800_000_000, "1.8 GB");
        check(23_456_789, "23.4 MB");
        check(512_000_000, "512 MB");
    }
}
