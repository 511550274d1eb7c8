//! Sets of byte ranges of a disk: sorted, disjoint, not touching. *Pure.*

use std::ops::Range;

/// A set of byte ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extents(Vec<Range<u64>>);

impl Extents {
    /// The set of these ranges, in any order, overlapping or not.
    pub(super) fn of(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| range.start < range.end).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut set = Self::default();
        for range in ranges {
            set.push(range);
        }
        set
    }

    /// The set of one range.
    pub(super) fn one(range: Range<u64>) -> Self {
        Self::of(std::iter::once(range))
    }

    /// Adds a range that does not start before the last one.
    pub(super) fn push(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        match self.0.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => self.0.push(range),
        }
    }

    /// The ranges, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }

    /// Bytes in all.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// What is in this set and not in the other.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut left = Self::default();
        let mut holes = other.0.iter().peekable();
        for range in &self.0 {
            let mut start = range.start;
            while let Some(hole) = holes.peek().filter(|hole| hole.start < range.end) {
                if hole.end > start {
                    left.push(start..hole.start.max(start));
                    start = hole.end;
                }
                if hole.end > range.end {
                    break;
                }
                holes.next();
            }
            left.push(start..range.end);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> Extents {
        Extents::of(ranges.iter().map(|&(start, end)| start..end))
    }

    #[test]
    fn ranges_merge_when_they_touch() {
        assert_eq!(set(&[(5, 7), (0, 5), (9, 9), (6, 8)]), set(&[(0, 8)]));
        assert_eq!(set(&[(0, 2), (3, 4)]).total(), 3);
    }

    #[test]
    fn differences() {
        let check = |a: &[(u64, u64)], b: &[(u64, u64)], left: &[(u64, u64)]| {
            assert_eq!(set(a).without(&set(b)), set(left), "{a:?} without {b:?}");
        };
        check(&[(0, 10)], &[], &[(0, 10)]);
        check(&[(0, 10)], &[(0, 10)], &[]);
        check(&[(0, 10)], &[(2, 3), (5, 6)], &[(0, 2), (3, 5), (6, 10)]);
        check(&[(2, 4), (6, 8)], &[(0, 3), (7, 20)], &[(3, 4), (6, 7)]);
        check(&[(2, 4), (6, 8), (9, 12)], &[(3, 10)], &[(2, 3), (10, 12)]);
        check(&[(5, 6)], &[(0, 1), (7, 8)], &[(5, 6)]);
    }

    proptest::proptest! {
        #[test]
        fn differences_agree_with_counting(
            a in proptest::collection::vec((0u64..60, 0u64..9), 0..8),
            b in proptest::collection::vec((0u64..60, 0u64..9), 0..8),
        ) {
            let of = |list: &[(u64, u64)]| Extents::of(list.iter().map(|&(start, size)| start..start + size));
            let has = |set: &Extents, at: u64| set.iter().any(|range| range.contains(&at));
            let (a, b) = (of(&a), of(&b));
            let left = a.without(&b);
            for at in 0..80 {
                proptest::prop_assert_eq!(has(&left, at), has(&a, at) && !has(&b, at));
            }
        }
    }
}
