//! Tables and lines for terminals. *Pure.*

/// Columns side by side, two blanks between them; the first row is the head. Each line ends with a line break.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A head of a table.
pub(super) fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A text of others on one line, without what moves a terminal's cursor.
pub(super) fn plain(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `2026-03-01T14:00:00Z` as `2026-03-01 14:00 UTC`; any other text as it is.
pub(super) fn minute(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16), time.ends_with('Z')) {
        (Some(day), Some("T"), Some(minute), true) => format!("{day} {minute} UTC"),
        _ => time.to_owned(),
    }
}

/// Bytes in GB.
pub(super) fn gigabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [head(&["NODE", "STATE"]), head(&["pi-01-rosé", "free"]), head(&["pi\u{1b}2", ""])];
        assert_eq!(table(&rows), "NODE        STATE\npi-01-rosé  free\npi 2\n");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn times_are_cut_to_the_minute() {
        assert_eq!(minute("2026-03-01T14:00:00.123Z"), "2026-03-01 14:00 UTC");
        assert_eq!(minute("soon"), "soon");
        assert_eq!(minute("2026-03-01T14:00:00+02:00"), "2026-03-01T14:00:00+02:00");
    }

    #[test]
    fn bytes_are_told_in_tenths_of_gigabytes() {
        assert_eq!(gigabytes(2_750_000_000), "2.7 GB");
        assert_eq!(gigabytes(0), "0.0 GB");
    }
}
