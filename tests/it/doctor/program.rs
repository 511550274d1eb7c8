//! Runs the doctor as a process and reads its document.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

/// A whole run must end within so many seconds.
const LIMIT_SECONDS: f64 = 60.0;

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) report: Value,
}

/// The doctor with other options.
pub(crate) fn run(config: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pimaster"));
    command.args(["doctor", "--config"]).arg(config).args(options).env_remove("PIMASTER_LOG");
    command.output().unwrap()
}

/// Examines these settings; `only` may be empty for all checks.
pub(crate) fn examine(config: &Path, only: &[&str]) -> Said {
    let started = Instant::now();
    let only = if only.is_empty() { Vec::new() } else { [&["--only"], only].concat() };
    let output = run(config, &[&["--json"], only.as_slice()].concat());
    let took = started.elapsed().as_secs_f64();
    assert!(took < LIMIT_SECONDS, "the doctor took {took:.1} s");
    let report = serde_json::from_slice(&output.stdout);
    let report: Value = report.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    Said { status: output.status.code(), report }
}

impl Said {
    /// The outcome and the whole text of the first finding of that check whose subject contains `subject`.
    pub(crate) fn finding(&self, check: &str, subject: &str) -> (String, String) {
        let all = self.report["findings"].as_array().unwrap();
        let found = all.iter().find(|finding| {
            finding["check"] == check && finding["subject"].as_str().unwrap().contains(subject)
        });
        let found = found.unwrap_or_else(|| panic!("no {check} of {subject} in {:#}", self.report));
        (found["outcome"].as_str().unwrap().to_owned(), found.to_string())
    }

    /// The finding has that outcome and says that.
    pub(crate) fn has(&self, check: &str, subject: &str, outcome: &str, part: &str) {
        let (seen, text) = self.finding(check, subject);
        assert!(seen == outcome && text.contains(part), "expected {outcome} with `{part}`: {text}");
    }
}
