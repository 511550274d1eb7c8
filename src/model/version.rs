//! Which state of something an edit was made from, so that two people do not overwrite each other. *Pure.*

use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Names the content of something that can be edited: 16 hex digits of BLAKE3. The same content has the same version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

const DIGITS: usize = 16;

impl Version {
    /// The version of that content.
    pub fn of<T: Serialize>(content: &T) -> Self {
        let text = serde_json::to_vec(content).unwrap_or_default();
        Self(blake3::hash(&text).to_hex().chars().take(DIGITS).collect())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Version {
    type Err = NotAVersion;
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let is_one = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_one { Ok(Self(text.to_owned())) } else { Err(NotAVersion) }
    }
}

/// A text that names no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 16 hex digits")]
pub struct NotAVersion;

/// What somebody had before them when they made an edit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen(Option<Vec<Version>>);

/// The edit was made from something that is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was changed meanwhile by somebody else")]
pub struct Stale;

impl Seen {
    /// They did not say: the edit counts whatever is there.
    pub fn unsaid() -> Self {
        Self(None)
    }

    /// One of these.
    pub fn one_of(versions: Vec<Version>) -> Self {
        Self(Some(versions))
    }

    /// Judges an edit of what is now of that version.
    pub fn judge(&self, present: &Version) -> Result<(), Stale> {
        match &self.0 {
            Some(versions) if !versions.contains(present) => Err(Stale),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_from_what_is_there() {
        let (one, other) = (Version::of(&("a", 1)), Version::of(&("a", 2)));
        assert_eq!(one, Version::of(&("a", 1)));
        assert_eq!(one.to_string().parse(), Ok(one.clone()));
        assert_eq!(Seen::unsaid().judge(&one), Ok(()));
        assert_eq!(Seen::one_of(vec![other.clone(), one.clone()]).judge(&one), Ok(()));
        assert_eq!(Seen::one_of(vec![other]).judge(&one), Err(Stale));
        assert_eq!(Seen::one_of(Vec::new()).judge(&one), Err(Stale));
        for text in ["", "0123456789abcde", "0123456789abcdeg"] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion));
        }
    }
}
