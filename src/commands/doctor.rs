//! `pimaster doctor`. *IO: everything the doctor looks at, output.*

use super::{Failure, Output, load, runtime};
use crate::model::check::Check;
use crate::{cli, doctor, telemetry};
use std::time::Instant;

/// Examines the set-up; gives the exit status.
pub(super) fn run(options: &cli::Doctor, out: &Output) -> Result<u8, Failure> {
    let started = Instant::now();
    let config = load(&options.config)?;
    telemetry::init("error");
    let checks = if options.only.is_empty() { Check::ALL } else { &options.only };
    let mut written = Ok(());
    let hear = |finding: &doctor::Finding| {
        if !options.json && written.is_ok() {
            written = out.line(format_args!("{finding}"));
        }
    };
    let findings = runtime()?.block_on(doctor::examine(config, checks, hear));
    written?;
    let path = options.config.path.display().to_string();
    let report = doctor::Report::new(path, findings, started.elapsed());
    if options.json {
        out.line(format_args!("{}", serde_json::to_string_pretty(&report)?))?;
    } else {
        out.line(format_args!("{report}"))?;
    }
    Ok(report.exit_status())
}
