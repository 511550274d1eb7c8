//! Why a verb ends early. *Pure.* Every file of `node` returns it.

use crate::model::problem::Problem;
use crate::model::verb::Retry;
use std::io;

/// Why a verb ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The node or its card failed: told to the daemon as the last line.
    Failed {
        /// What was seen, expected, to do.
        problem: Problem,
        /// Whether another try can help.
        retry: Retry,
    },
    /// Nobody reads our lines any more: the daemon or the connection is gone.
    Gone,
}

impl Stop {
    /// It will fail again.
    pub(crate) fn pointless(
        seen: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Failed { problem: Problem::new(seen, expected, advice), retry: Retry::Pointless }
    }

    /// It may go through the next time.
    pub(crate) fn worthwhile(
        seen: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Failed { problem: Problem::new(seen, expected, advice), retry: Retry::Worthwhile }
    }

    /// A field of the verb's arguments is wrong.
    pub(crate) fn argument(field: &str, seen: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::pointless(
            format!("argument `{field}`: {}", seen.into()),
            expected,
            "The daemon and the node's copy of pimaster may differ in version: run `pimaster nfs prepare` again.",
        )
    }

    /// Something on the node itself that ought to work did not: a scratch file, a thread.
    pub(crate) fn node(what: &str, error: &io::Error) -> Self {
        Self::worthwhile(
            format!("the node could not {what}: {error}"),
            "a working installer with some free memory",
            "Power-cycle the node; if it comes back, look at the node's memory.",
        )
    }
}
