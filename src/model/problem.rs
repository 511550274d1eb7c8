//! What a person is told when something did not work: seen, expected, what to do next. *Pure.*

use serde::{Deserialize, Serialize};
use std::fmt;

/// A failure in three sentences, stored with deployments and printed by the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What was seen.
    pub seen: String,
    /// What was expected instead.
    pub expected: String,
    /// What to do next.
    pub advice: String,
}

impl Problem {
    /// A problem from its three parts.
    pub fn new(seen: impl Into<String>, expected: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { seen: seen.into(), expected: expected.into(), advice: advice.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; expected {}. {}", self.seen, self.expected, self.advice)
    }
}
