//! A datagram of netconsole as lines of text. *Pure.*
//!
//! Source: Linux `Documentation/networking/netconsole.rst`. A kernel sends its messages as they are, with the time in
//! brackets; in the extended format (`netconsole=+...`) each begins with `level,number,microseconds,flags;`, and what
//! follows in indented lines are details of the device.

/// Characters kept of a line: a longer one is no message of a kernel.
const LONGEST_LINE: usize = 256;
/// Lines kept of a datagram; kernels send one, rarely a few.
const MOST_LINES: usize = 16;

/// The lines of a datagram, without control characters and without empty ones.
pub fn lines(datagram: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(datagram);
    let lines = text.split(['\n', '\r']).filter(|line| !line.starts_with(' '));
    let clean =
        lines.map(|line| message(line).chars().filter(|it| !is_hidden(*it)).take(LONGEST_LINE).collect());
    clean
        .map(|line: String| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .take(MOST_LINES)
        .collect()
}

/// A message without the header of the extended format.
fn message(line: &str) -> &str {
    let Some((header, message)) = line.split_once(';') else { return line };
    let mut fields = header.split(',');
    let numbers = fields.by_ref().take(3).filter(|field| field.parse::<u64>().is_ok()).count();
    if numbers == 3 && fields.next().is_some() { message } else { line }
}

/// Control characters, and those that turn or hide text.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_become_lines() {
        let check = |datagram: &[u8], expect: &[&str]| assert_eq!(lines(datagram), expect);
        check(
            b"[    1.234567] bcmgenet fd580000.ethernet eth0: Link is Up\n",
            &["[    1.234567] bcmgenet fd580000.ethernet eth0: Link is Up"],
        );
        check(
            b"6,416,1758426,-;VFS: Unable to mount root fs\n SUBSYSTEM=block\n",
            &["VFS: Unable to mount root fs"],
        );
        check(b"4,12,99,-,ncfrag=0/33;part", &["part"]);
        check(b"one; two\nthree\r\n\n", &["one; two", "three"]);
        check(b"\x1b[31mred\x1b[0m\0\x07", &["[31mred[0m"]);
        check("a\u{202e}b\u{feff}".as_bytes(), &["ab"]);
        check(b"\xff\xfe", &["\u{fffd}\u{fffd}"]);
        check(b"", &[]);
        check(&[b'x'; 1400], &[&"x".repeat(LONGEST_LINE)]);
        assert_eq!(lines(&b"a\n".repeat(700)).len(), MOST_LINES);
    }
}
