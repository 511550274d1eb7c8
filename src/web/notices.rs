//! What the next page of a session says once, such as a password that was made. *Pure.*
//!
//! Kept in memory, not in the database: some of it is secret, and none of it is worth a restart.

use std::collections::HashMap;

/// Beyond so many waiting notices all are dropped: nobody reads them.
const MOST_NOTICES: usize = 1000;

/// Said once on the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// Good news or bad.
    pub(super) tone: Tone,
    /// What happened and, if it is bad, what to do.
    pub(super) text: String,
    /// What happened to each thing it is about.
    pub(super) lines: Vec<String>,
    /// Something to copy now, with what it is.
    pub(super) secret: Option<(String, String)>,
}

/// Good news or bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It was done.
    Good,
    /// It was not done.
    Bad,
}

impl Notice {
    /// It was done.
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into(), lines: Vec::new(), secret: None }
    }

    /// It was not done.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into(), lines: Vec::new(), secret: None }
    }

    /// With what happened to each thing.
    pub(super) fn with_lines(mut self, lines: Vec<String>) -> Self {
        self.lines = lines;
        self
    }

    /// With something to copy.
    pub(super) fn with_secret(mut self, label: impl Into<String>, secret: String) -> Self {
        self.secret = Some((label.into(), secret));
        self
    }
}

/// The notices that wait, by session digest.
#[derive(Default)]
pub(super) struct Notices {
    waiting: HashMap<[u8; 32], Notice>,
}

impl Notices {
    /// Leaves a notice for a session's next page.
    pub(super) fn leave(&mut self, session: [u8; 32], notice: Notice) {
        if self.waiting.len() >= MOST_NOTICES {
            self.waiting.clear();
        }
        self.waiting.insert(session, notice);
    }

    /// Takes the notice of a session.
    pub(super) fn take(&mut self, session: &[u8; 32]) -> Option<Notice> {
        self.waiting.remove(session)
    }
}
