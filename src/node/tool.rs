//! Runs programs of e2fsprogs and util-linux. Called by everything that edits a card.
//! *IO: starts processes, with argument vectors only.*

use super::report::{Reporter, TICK};
use super::stop::Stop;
use crate::model::verb::Phase;
use std::env;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

/// Where a program lies: on the path, or where system programs lie that an ordinary user's path leaves out.
fn locate(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders =
        env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn found(program: &str) -> Result<PathBuf, Stop> {
    locate(program).ok_or_else(|| {
        Stop::pointless(
            format!("the program `{program}` is not installed on the node"),
            "e2fsprogs and util-linux in the installer",
            "Run `pimaster nfs prepare` again from a system that has them.",
        )
    })
}

fn command(program: &str, arguments: &[&OsStr]) -> Result<Command, Stop> {
    let mut command = Command::new(found(program)?);
    command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

fn start(program: &str, command: &mut Command) -> Result<Child, Stop> {
    command.spawn().map_err(|error| Stop::node(&format!("start {program}"), &error))
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&OsStr]) -> Result<Output, Stop> {
    let child = start(program, &mut command(program, arguments)?)?;
    child.wait_with_output().map_err(|error| Stop::node(&format!("wait for {program}"), &error))
}

/// Starts a program a second from now, after our answer is out; it belongs to nobody and outlives us.
pub(crate) fn run_later(program: &str, arguments: &[&str]) -> Result<(), Stop> {
    let file = found(program)?;
    let mut waiting = Command::new("sh");
    waiting.args(["-c", "sleep 1; exec \"$0\" \"$@\""]).arg(file).args(arguments).process_group(0);
    waiting.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    start(program, &mut waiting).map(drop)
}

/// What becomes of a program when nobody listens to the verb any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// It finishes its work: half an e2fsck is worse than a late one.
    Finishes,
    /// It ends at once: what it leaves undone, the next run does again.
    Ends,
}

/// Runs a program to its end and says at least each second how far it is: by the bytes it has read and written, so
/// that one that works for minutes is told from one that hangs. What it prints, on whichever
/// stream, stands in the output's `stdout`.
pub(crate) fn run_reporting(
    program: &str,
    arguments: &[&OsStr],
    reporter: &mut Reporter<'_>,
    phase: Phase,
    bytes: u64,
    unheard: Unheard,
) -> Result<Output, Stop> {
    reporter.progress(phase, 0, bytes)?;
    let failed = |error: &io::Error| Stop::node(&format!("wait for {program}"), error);
    let (mut said, ear) = io::pipe().map_err(|error| failed(&error))?;
    let mut command = command(program, arguments)?;
    command.stdout(ear.try_clone().map_err(|error| failed(&error))?).stderr(ear);
    let mut child = start(program, &mut command)?;
    // Its copies of the pipe's end would keep the pipe open.
    drop(command);
    let (sender, receiver) = mpsc::channel();
    let listen = move || {
        let mut text = Vec::new();
        drop(sender.send(said.read_to_end(&mut text).map(|_| text)));
    };
    std::thread::Builder::new().name(program.to_owned()).spawn(listen).map_err(|error| failed(&error))?;
    let mut listening = Ok(());
    let stdout = loop {
        match receiver.recv_timeout(TICK) {
            Ok(text) => break text.map_err(|error| failed(&error))?,
            Err(mpsc::RecvTimeoutError::Timeout) if listening.is_ok() => {
                let done = moved_bytes(&child);
                listening = reporter.progress(phase, done, bytes.max(done));
                if listening.is_err() && unheard == Unheard::Ends {
                    child.kill().map_err(|error| failed(&error))?;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(failed(&io::Error::other("it is lost"))),
        }
    };
    let status = child.wait().map_err(|error| failed(&error))?;
    listening?;
    reporter.progress(phase, bytes, bytes)?;
    Ok(Output { status, stdout, stderr: Vec::new() })
}

/// What a running program has read and written so far, from `/proc/PID/io`; 0 where that cannot be read.
fn moved_bytes(child: &Child) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap_or_default();
    let counters = text.lines().filter_map(|line| line.split_once(": "));
    let moved = counters.filter(|(name, _)| matches!(*name, "rchar" | "wchar"));
    moved.filter_map(|(_, count)| count.parse::<u64>().ok()).sum()
}

/// The last lines of what a program said, for a person.
pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).join("\n");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
    if last.is_empty() { format!("{} and no word", output.status) } else { last.join("; ") }
}

/// How e2fsprogs name a file system that starts at an offset of a file or device.
pub(crate) fn ext4_name(card: &Path, offset: u64) -> Result<String, Stop> {
    let text = card.to_str().filter(|text| !text.contains('?'));
    text.map(|text| format!("{text}?offset={offset}")).ok_or_else(|| {
        Stop::pointless(
            format!("the card's path {} holds a `?` or is not UTF-8", card.display()),
            "a path that e2fsprogs can take with an offset behind it",
            "Give the card's file another name.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Takes one line, then nobody listens.
    struct OneLine(bool);

    impl io::Write for OneLine {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn unheard(script: &str, unheard: Unheard) -> Result<Output, Stop> {
        let mut output = OneLine(false);
        let mut reporter = Reporter::new(&mut output);
        run_reporting("sh", &["-c", script].map(OsStr::new), &mut reporter, Phase::Discard, 1, unheard)
    }

    #[test]
    fn a_program_that_may_ends_with_the_verb() {
        let started = Instant::now();
        assert!(matches!(unheard("exec sleep 60", Unheard::Ends), Err(Stop::Gone)));
        assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    }

    #[test]
    fn a_program_that_must_finishes() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("sleep 1; echo done > {}", mark.display());
        assert!(matches!(unheard(&script, Unheard::Finishes), Err(Stop::Gone)));
        assert!(mark.exists());
    }

    #[test]
    fn a_program_that_works_is_seen_to_move() {
        let mut lines = Vec::new();
        let mut reporter = Reporter::new(&mut lines);
        // Ends when it has been reported on: the second line is written while it runs.
        let script = "dd if=/dev/zero of=/dev/null bs=4096 count=1000 2>/dev/null; sleep 1";
        let arguments = ["-c", script].map(OsStr::new);
        run_reporting("sh", &arguments, &mut reporter, Phase::Resize, 1, Unheard::Finishes).unwrap();
        let moved = String::from_utf8(lines).unwrap().lines().any(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["done_bytes"].as_u64().unwrap() > 1
        });
        assert!(moved);
    }

    #[test]
    fn both_streams_are_kept() {
        let mut sink = io::sink();
        let arguments = ["-c", "echo one; echo two >&2; exit 3"].map(OsStr::new);
        let mut reporter = Reporter::new(&mut sink);
        let output =
            run_reporting("sh", &arguments, &mut reporter, Phase::Resize, 1, Unheard::Finishes).unwrap();
        assert_eq!((said(&output).as_str(), output.status.code()), ("one; two", Some(3)));
    }
}
