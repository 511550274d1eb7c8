//! What a check found: one line for people, one object for programs. *Pure.*

use crate::model::check::Check;
use crate::model::problem::Problem;
use serde::Serialize;
use std::fmt;

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What it is about: a file, a port, a switch.
    pub subject: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it shall be; what was seen.
    Good(String),
    /// Works, and should be looked at.
    Warning(Problem),
    /// Does not work, or will not for long.
    Failure(Problem),
    /// Could not be looked at.
    NotChecked {
        /// Why.
        why: String,
        /// What to do so that it can be.
        advice: String,
    },
}

/// The kinds of verdicts, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it shall be.
    Ok,
    /// Could not be looked at.
    NotChecked,
    /// Works, and should be looked at.
    Warning,
    /// Does not work.
    Failure,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotChecked => "not checked",
            Self::Warning => "warning",
            Self::Failure => "FAILURE",
        }
    }
}

impl Verdict {
    /// A warning in three parts.
    pub(super) fn warning(
        seen: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Warning(Problem::new(seen, expected, advice))
    }

    /// A failure in three parts.
    pub(super) fn failure(
        seen: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Failure(Problem::new(seen, expected, advice))
    }

    /// Something that could not be looked at.
    pub(super) fn not_checked(why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::NotChecked { why: why.into(), advice: advice.into() }
    }

    /// Which kind it is.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Good(_) => Outcome::Ok,
            Self::Warning(_) => Outcome::Warning,
            Self::Failure(_) => Outcome::Failure,
            Self::NotChecked { .. } => Outcome::NotChecked,
        }
    }

    /// The finding of that check about that subject.
    pub(super) fn of(self, check: Check, subject: impl Into<String>) -> Finding {
        Finding { check, subject: subject.into(), verdict: self }
    }
}

/// A finding as programs read it.
#[derive(Serialize)]
struct Shown<'a> {
    check: &'static str,
    subject: &'a str,
    outcome: Outcome,
    seen: &'a str,
    expected: Option<&'a str>,
    advice: Option<&'a str>,
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (seen, expected, advice) = match &self.verdict {
            Verdict::Good(seen) => (seen, None, None),
            Verdict::Warning(problem) | Verdict::Failure(problem) => {
                (&problem.seen, Some(problem.expected.as_str()), Some(problem.advice.as_str()))
            }
            Verdict::NotChecked { why, advice } => (why, None, Some(advice.as_str())),
        };
        let (check, subject, outcome) = (self.check.as_str(), self.subject.as_str(), self.verdict.outcome());
        Shown { check, subject, outcome, seen, expected, advice }.serialize(serializer)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, subject, verdict } = self;
        write!(f, "{:<12} {:<13} {subject}: ", verdict.outcome().as_str(), check.as_str())?;
        match verdict {
            Verdict::Good(seen) => f.write_str(seen),
            Verdict::Warning(problem) | Verdict::Failure(problem) => {
                let Problem { seen, expected, advice } = problem;
                write!(f, "{seen}\n{:26} expected: {expected}\n{:26} do: {advice}", "", "")
            }
            Verdict::NotChecked { why, advice } => write!(f, "{why}\n{:26} do: {advice}", ""),
        }
    }
}
