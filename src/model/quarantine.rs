//! Quarantine: an administrator keeps a node from being reserved, and says why. *Pure.*

use super::clock::Timestamp;

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// Why a node cannot be reserved. Reservations that are there already go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// What people read, such as `the fan is broken`.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why a text is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reason has {seen} characters; expected 1 to {LONGEST}, without line breaks")]
pub struct BadReason {
    seen: usize,
}

impl Quarantine {
    /// A quarantine for that reason.
    pub fn new(reason: &str, since: Timestamp) -> Result<Self, BadReason> {
        let reason = reason.trim();
        let seen = reason.chars().count();
        if !(1..=LONGEST).contains(&seen) || reason.chars().any(char::is_control) {
            return Err(BadReason { seen });
        }
        Ok(Self { reason: reason.to_owned(), since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;

    #[test]
    fn a_reason_is_one_line_of_text() {
        let check = |text: &str, expect: Option<&str>| {
            let made = Quarantine::new(text, from_millis(0)).ok().map(|made| made.reason);
            assert_eq!(made.as_deref(), expect, "{text:?}");
        };
        check(" the fan is broken ", Some("the fan is broken"));
        check("  ", None);
        check("two\nlines", None);
        check(&"é".repeat(200), Some(&"é".repeat(200)));
        check(&"x".repeat(201), None);
    }
}
