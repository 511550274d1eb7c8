//! The lines a verb prints. Every verb reports through it. *IO: writes and flushes standard output.*
//!
//! A line that cannot be written means that the daemon is gone: [`Stop::Gone`] ends the verb.

use super::stop::Stop;
use crate::model::verb::{Phase, VerbLine};
use std::io::Write;
use std::time::Duration;

/// How often long work reports at least.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// Writes lines.
pub(crate) struct Reporter<'a> {
    output: &'a mut dyn Write,
}

impl<'a> Reporter<'a> {
    /// Lines go to `output`.
    pub(crate) fn new(output: &'a mut dyn Write) -> Self {
        Self { output }
    }

    /// Writes one line and flushes it.
    pub(crate) fn line(&mut self, line: &VerbLine) -> Result<(), Stop> {
        let mut text = serde_json::to_vec(line).map_err(|_| Stop::Gone)?;
        text.push(b'\n');
        self.output.write_all(&text).and_then(|()| self.output.flush()).map_err(|_| Stop::Gone)
    }

    /// How far the phase is.
    pub(crate) fn progress(&mut self, phase: Phase, done_bytes: u64, total_bytes: u64) -> Result<(), Stop> {
        self.line(&VerbLine::Progress { phase, done_bytes, total_bytes })
    }
}
