//! All findings of one run: a document for programs, a last line for people, an exit status. *Pure.*

use super::finding::{Finding, Outcome};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// The exit status when something does not work. Warnings and what could not be checked leave it 0.
pub const EXIT_FAILURE: u8 = 2;

/// Everything that one run found. As JSON it is `pimaster doctor --json`; fields are added, never changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version of this program.
    pub version: &'static str,
    /// The settings file.
    pub config: String,
    /// The worst finding.
    pub outcome: Outcome,
    /// How long the run took, in seconds.
    pub seconds: f64,
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Puts the findings in their order.
    pub fn new(config: String, mut findings: Vec<Finding>, took: Duration) -> Self {
        findings.sort_by(|a, b| (a.check, &a.subject).cmp(&(b.check, &b.subject)));
        let outcome = findings.iter().map(|finding| finding.verdict.outcome()).max().unwrap_or(Outcome::Ok);
        let seconds = (took.as_secs_f64() * 10.0).round() / 10.0;
        Self { version: env!("CARGO_PKG_VERSION"), config, outcome, seconds, findings }
    }

    /// The exit status for scripts.
    pub fn exit_status(&self) -> u8 {
        match self.outcome {
            Outcome::Ok | Outcome::NotChecked | Outcome::Warning => 0,
            Outcome::Failure => EXIT_FAILURE,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |outcome| self.findings.iter().filter(|it| it.verdict.outcome() == outcome).count();
        write!(
            f,
            "ok {}, warnings {}, failures {}, not checked {}; took {} s",
            count(Outcome::Ok),
            count(Outcome::Warning),
            count(Outcome::Failure),
            count(Outcome::NotChecked),
            self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use crate::model::check::Check;

    fn report() -> Report {
        let findings = vec![
            Verdict::warning("3.0 GiB free", "5 GiB", "Remove images.").of(Check::Disk, "/data"),
            Verdict::failure("dnsmasq (pid 7) holds it", "pimaster, or nobody", "Stop it.")
                .of(Check::Ports, "UDP 67"),
            Verdict::not_checked("no database yet", "Start pimaster.").of(Check::Switches, "switches"),
            Verdict::Good("pimaster.toml is good".to_owned()).of(Check::Settings, "pimaster.toml"),
        ];
        Report::new("/etc/pimaster/pimaster.toml".to_owned(), findings, Duration::from_millis(1_234))
    }

    #[test]
    fn the_document_is_stable() {
        insta::assert_json_snapshot!(Report { version: "0.0.0", ..report() });
    }

    #[test]
    fn people_read_what_to_do() {
        let text: Vec<String> = report().findings.iter().map(Finding::to_string).collect();
        insta::assert_snapshot!(format!("{}\n{}", text.join("\n"), report()));
    }

    #[test]
    fn only_failures_fail() {
        let check = |verdicts: &[Verdict], status| {
            let findings = verdicts.iter().map(|verdict| verdict.clone().of(Check::Disk, "x")).collect();
            assert_eq!(Report::new(String::new(), findings, Duration::ZERO).exit_status(), status);
        };
        let (good, warning) = (Verdict::Good(String::new()), Verdict::warning("a", "b", "c"));
        check(&[], 0);
        check(std::slice::from_ref(&good), 0);
        check(&[good.clone(), warning.clone(), Verdict::not_checked("a", "b")], 0);
        check(&[good, Verdict::failure("a", "b", "c"), warning], EXIT_FAILURE);
    }
}
