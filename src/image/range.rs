//! The `Range` header of RFC 9110 section 14, as far as a chunk store needs it. *Pure.*

use std::ops::Range;

/// What a request wants of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range, or one in another unit or form, which a server may ignore.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Nothing that the file has.
    Unsatisfiable,
}

/// What a `Range` header wants of a file of `size` bytes. Several ranges count as none: nodes ask for one.
pub(super) fn parse(header: &str, size: u64) -> Wanted {
    let Some((unit, spec)) = header.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let range = match (position(first), position(last)) {
        (Position::At(first), Position::At(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Position::At(first), Position::Missing) => first..size,
        (Position::Missing, Position::At(suffix)) => size.saturating_sub(suffix)..size,
        (Position::At(_) | Position::Missing | Position::Wrong, _) => return Wanted::Whole,
    };
    if range.start < range.end { Wanted::Part(range) } else { Wanted::Unsatisfiable }
}

enum Position {
    At(u64),
    Missing,
    Wrong,
}

fn position(text: &str) -> Position {
    let text = text.trim();
    if text.is_empty() {
        return Position::Missing;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Position::Wrong;
    }
    // More digits than a file can have bytes.
    Position::At(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check =
            |header: &str, size, expect| assert_eq!(parse(header, size), expect, "{header} of {size}");
        check("bytes=0-0", 10, Wanted::Part(0..1));
        check("bytes=0-9", 10, Wanted::Part(0..10));
        check("bytes=3-", 10, Wanted::Part(3..10));
        check("bytes=3-99", 10, Wanted::Part(3..10));
        check("bytes=-4", 10, Wanted::Part(6..10));
        check("bytes=-99", 10, Wanted::Part(0..10));
        check("Bytes = 1 - 2", 10, Wanted::Part(1..3));
        check("bytes=5-18446744073709551615", 10, Wanted::Part(5..10));
        check("bytes=10-", 10, Wanted::Unsatisfiable);
        check("bytes=10-12", 10, Wanted::Unsatisfiable);
        check("bytes=99999999999999999999999-", 10, Wanted::Unsatisfiable);
        check("bytes=-0", 10, Wanted::Unsatisfiable);
        check("bytes=0-", 0, Wanted::Unsatisfiable);
        for ignored in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=0-1,4-5",
            "lines=0-1",
            "bytes=+1-2",
        ] {
            check(ignored, 10, Wanted::Whole);
        }
    }
}
