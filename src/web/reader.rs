//! For whom a page is made: their language, their time zone, and when. *Pure.* Made by `extract`.

use super::words::{Language, Value};
use crate::model::clock::{TimeZone, Timestamp};

/// For whom a page is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) language: Language,
    /// The zone in which times are shown and typed.
    pub(super) zone: TimeZone,
    pub(super) now: Timestamp,
}

impl Reader {
    /// The text of that name.
    pub(super) fn say(&self, name: &str) -> String {
        self.language.say(name)
    }

    /// The text of that name, completed.
    pub(super) fn with(&self, name: &str, values: &[(&str, Value<'_>)]) -> String {
        self.language.with(name, values)
    }
}
