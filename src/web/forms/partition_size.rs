//! Sizes of partitions as people type them. *Pure.* Called by the configure form and the API.

use crate::model::reservation::PartitionSize;

/// Why a text is no partition size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no partition size; expected whole, a number of bytes, or a size such as 5GB or 4GiB")]
pub(in crate::web) struct NotASize {
    seen: String,
}

impl NotASize {
    /// What was typed.
    pub(in crate::web) fn seen(&self) -> &str {
        &self.seen
    }
}

const UNITS: [(&str, u64); 7] = [
    ("", 1),
    ("b", 1),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("g", 1_000_000_000),
];

/// `whole`, bytes, or a whole number with a unit.
pub(in crate::web) fn parse(text: &str) -> Result<PartitionSize, NotASize> {
    let word = text.trim().to_ascii_lowercase();
    if word == "whole" {
        return Ok(PartitionSize::Whole);
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = word.strip_prefix(digits).unwrap_or_default().trim();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let number = digits.parse::<u64>().ok().filter(|number| *number > 0);
    let bytes = factor.zip(number).and_then(|(factor, number)| number.checked_mul(factor));
    // Beyond 2^63 no card is made, and no column holds it.
    let bytes = bytes.filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.map(PartitionSize::Bytes).ok_or_else(|| NotASize { seen: text.chars().take(40).collect() })
}

/// A size as `parse` reads it: in gigabytes if it is a whole number of them.
pub(in crate::web) fn render(size: PartitionSize) -> String {
    const GIGABYTE: u64 = 1_000_000_000;
    match size {
        PartitionSize::Whole => "whole".to_owned(),
        PartitionSize::Bytes(bytes) if bytes % GIGABYTE == 0 => format!("{}GB", bytes / GIGABYTE),
        PartitionSize::Bytes(bytes) => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_again() {
        let check = |size, text: &str| {
            assert_eq!(render(size), text);
            assert_eq!(parse(text), Ok(size));
        };
        check(PartitionSize::Whole, "whole");
        check(PartitionSize::Bytes(5_000_000_000), "5GB");
        check(PartitionSize::Bytes(4 << 30), "4294967296");
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let check = |text: &str, bytes| assert_eq!(parse(text), Ok(PartitionSize::Bytes(bytes)), "{text}");
        assert_eq!(parse(" Whole "), Ok(PartitionSize::Whole));
        check("5GB", 5_000_000_000);
        check("5 gb", 5_000_000_000);
        check("2gb", 2_000_000_000);
        check("4GiB", 4 << 30);
        check("700MB", 700_000_000);
        check("123456", 123_456);
    }

    #[test]
    fn nonsense_is_no_size() {
        for text in
            ["", "0", "-5GB", "5.5GB", "GB", "5TB5", "half", "99999999999999999999", "9999999999999GB"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
