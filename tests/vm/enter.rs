//! Builds what the rack needs and runs the test again inside of it. *IO: processes.*
//!
//! Process 1 of the rack's namespaces dies with the test, and all others with process 1: nothing is left
//! behind, however it ends.

use crate::rack::Rack;
use anyhow::{Context, Result, bail};
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set inside the rack.
const INSIDE: &str = "PIMASTER_VM_RACK";
/// The static build that boards and daemon run.
const BINARY: &str = "target/x86_64-unknown-linux-musl/vm/pimaster";
/// A whole reservation takes about two minutes on two quiet cores.
const LONGEST: Duration = Duration::from_secs(720);
const SHOWN_LINES: usize = 40;

/// Prints a line with the seconds since `start`.
pub(crate) fn say(start: Instant, text: &str) {
    // Standard output is taken by the test harness's own format.
    drop(writeln!(std::io::stderr(), "[{:6.1} s] {text}", start.elapsed().as_secs_f32()));
}

/// Why the test failed, on few lines and without a backtrace of the test harness.
pub(crate) struct Failure(anyhow::Error);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

/// A scenario on virtual boards. Outside: assembles their systems, builds, and runs the named test inside a rack.
pub(crate) fn in_a_rack(test: &str, scenario: fn(&Rack) -> Result<()>) -> Result<(), Failure> {
    let prepare = |start, out: &Path| {
        say(start, "assembling the systems of the boards");
        run(Command::new(project().join("tests/vm/assemble.sh")).arg(out))?;
        say(start, "building the static binary");
        run(Command::new(project().join("scripts/build-static")).args(["x86_64-unknown-linux-musl", "vm"]))
    };
    let inside = |run: &Path| scenario(&Rack::build(project(), run, &project().join(BINARY))?);
    enter(test, &[], prepare, inside).map_err(Failure)
}

/// A scenario on ordinary machines: the run's folder is all it needs. The named script assembles what they boot.
pub(crate) fn among_machines(
    test: &str,
    script: &str,
    scenario: fn(&Path) -> Result<()>,
) -> Result<(), Failure> {
    let prepare = |start, _: &Path| {
        say(start, "assembling what the machines boot");
        run(Command::new(project().join("tests/vm").join(script)).current_dir(project()))
    };
    enter(test, &[("BOARDS", "3"), ("NFS", "off")], prepare, scenario).map_err(Failure)
}

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Outside: prepares, and runs the named test inside namespaces of its own. Inside: runs the scenario.
fn enter(
    test: &str,
    settings: &[(&str, &str)],
    prepare: impl FnOnce(Instant, &Path) -> Result<()>,
    scenario: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if let Some(run) = std::env::var_os(INSIDE) {
        return scenario(Path::new(&run));
    }
    let start = Instant::now();
    let out = project().join("target/vm");
    std::fs::create_dir_all(&out)?;
    prepare(start, &out)?;
    let folder = out.join("run");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("cannot empty target/vm/run")?;
    }
    std::fs::create_dir_all(&folder)?;
    say(start, "entering the rack");
    let mut rack = Command::new(project().join("tests/vm/inside.sh"));
    rack.arg(&folder).arg(std::env::current_exe()?).args(["--exact", test, "--nocapture"]);
    let outcome = finish(rack.env(INSIDE, &folder).envs(settings.iter().copied()));
    if outcome.is_err() {
        show_logs(&folder);
    }
    outcome.with_context(|| format!("the scenario inside the rack; logs are in {}", folder.display()))
}

fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Waits for the rack, at most [`LONGEST`].
fn finish(rack: &mut Command) -> Result<()> {
    let start = Instant::now();
    let mut child = rack.stdin(Stdio::null()).spawn().context("cannot enter the rack")?;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("it ended with {status}"),
            None if start.elapsed() > LONGEST => {
                child.kill()?;
                child.wait()?;
                bail!("it was not done after {} s", LONGEST.as_secs());
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Prints the ends of all logs.
fn show_logs(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut logs = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = entry.file_type().ok();
            if kind.is_some_and(|kind| kind.is_dir()) && !path.ends_with("nfsroot") && !path.ends_with("data")
            {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "log") {
                logs.push(path);
            }
        }
    }
    // The boards' own come last, where one looks first.
    logs.sort();
    logs.reverse();
    let mut screen = std::io::stderr().lock();
    for log in logs {
        let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default().join("\n");
        drop(writeln!(screen, "---- end of {} ({} lines)\n{tail}", log.display(), lines.len()));
    }
}
