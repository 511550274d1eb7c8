//! SSH keys as people paste them into a text area. *Pure.*

use crate::model::ssh_key::{NotAKey, PublicKey};

/// More than anybody has.
pub(in crate::web) const MOST_KEYS: usize = 50;

/// Why a text is no list of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::web) enum BadKeys {
    /// That line is none, counted from 1.
    #[error("Line {number}: {why}.")]
    Line { number: usize, why: NotAKey },
    /// There are more than anybody has.
    #[error("There are {seen} keys; expected at most {MOST_KEYS}.")]
    TooMany { seen: usize },
}

/// One key per line; empty lines and lines that begin with `#` are passed over. The first wrong line is named.
pub(in crate::web) fn parse(text: &str) -> Result<Vec<PublicKey>, BadKeys> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let key =
        |(number, line): (usize, &str)| PublicKey::parse(line).map_err(|why| BadKeys::Line { number, why });
    let keys: Vec<PublicKey> = lines.map(key).collect::<Result<_, _>>()?;
    if keys.len() > MOST_KEYS {
        return Err(BadKeys::TooMany { seen: keys.len() });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA ada@lab";

    #[test]
    fn lines_are_keys() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse(&format!("# mine\r\n\r\n{KEY}\r\n  {KEY}\r\n")).unwrap().len(), 2);
    }

    #[test]
    fn the_wrong_line_is_named() {
        let error = parse(&format!("{KEY}\nnonsense")).unwrap_err().to_string();
        assert!(error.starts_with("Line 2: `nonsense` is no public SSH key"), "{error}");
        assert!(parse(&format!("{KEY}\n").repeat(51)).unwrap_err().to_string().contains("51 keys"));
    }
}
