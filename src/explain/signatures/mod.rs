//! The table of what goes wrong: how it shows in a boot's events, in a sentence, and what to do. *Pure.*
//!
//! A row is judged in its stages alone. Within a stage the judges exclude each other, so that the order of rows means
//! nothing.

mod address;
mod files;
mod power;
mod system;
mod up;

use super::course::{Course, Stage};
use crate::model::boot_event::{BootRecord, System};
use crate::model::explanation::{Explanation, Outlook};

/// A row of the table.
pub(super) struct Signature {
    /// Its name.
    pub(super) id: &'static str,
    /// Where it can be seen.
    stages: &'static [Stage],
    /// How bad it is.
    outlook: Outlook,
    /// How it shows.
    judge: fn(&Course<'_>) -> Option<Finding>,
    /// What to do.
    fix: &'static str,
}

/// A signature that was recognised.
pub(super) struct Finding {
    sentence: String,
    evidence: Vec<i64>,
}

impl Finding {
    fn new<'a>(sentence: impl Into<String>, evidence: impl IntoIterator<Item = &'a BootRecord>) -> Self {
        Self { sentence: sentence.into(), evidence: evidence.into_iter().map(|record| record.id).collect() }
    }
}

impl Signature {
    /// The signature in words.
    pub(super) fn explained(&self, finding: Finding) -> Explanation {
        let Finding { sentence, evidence } = finding;
        let (signature, outlook) = (self.id, self.outlook);
        Explanation { signature, outlook, sentence, fix: Some(self.fix.to_owned()), evidence }
    }
}

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Signature> {
    [power::ROWS, address::ROWS, files::ROWS, files::MISSING, system::ROWS, up::ROWS].into_iter().flatten()
}

/// The rows that a boot shows: one at most.
pub(super) fn matches(course: &Course<'_>) -> Vec<(&'static Signature, Finding)> {
    let stage = course.stage();
    let in_stage = all().filter(|signature| signature.stages.contains(&stage));
    in_stage.filter_map(|signature| Some((signature, (signature.judge)(course)?))).collect()
}

/// A system at the beginning of a sentence.
pub(super) fn capital(system: System) -> &'static str {
    match system {
        System::Installer => "The installer",
        System::Deployed => "The deployed system",
    }
}

/// A number of times in words.
fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}
