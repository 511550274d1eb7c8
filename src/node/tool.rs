//! Runs programs of e2fsprogs and util-linux. Called by everything that edits a card.
//! *IO: starts processes, with argument vectors only.*

use super::report::{Reporter, TICK};
use super::stop::Stop;
use crate::model::verb::Phase;
use std::env;
use std::ffi::OsStr;
use std::io;
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

fn command(program: &str, arguments: &[&OsStr]) -> Result<Command, Stop> {
    let file = locate(program).ok_or_else(|| {
        Stop::pointless(
            format!("the program `{program}` is not installed on the node"),
            "e2fsprogs and util-linux in the installer",
            "Run `pimaster nfs prepare` again from a system that has them.",
        )
    })?;
    let mut command = Command::new(file);
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

/// Runs a program to its end and says at least each second that it is still at work. If nobody listens any more,
/// the program is left to finish its work: half an e2fsck is worse than a late one.
pub(crate) fn run_reporting(
    program: &str,
    arguments: &[&OsStr],
    reporter: &mut Reporter<'_>,
    phase: Phase,
    bytes: u64,
) -> Result<Output, Stop> {
    reporter.progress(phase, 0, bytes)?;
    let child = start(program, &mut command(program, arguments)?)?;
    let (sender, receiver) = mpsc::channel::<io::Result<Output>>();
    let wait = move || drop(sender.send(child.wait_with_output()));
    let failed = |error: &io::Error| Stop::node(&format!("wait for {program}"), error);
    std::thread::Builder::new().name(program.to_owned()).spawn(wait).map_err(|error| failed(&error))?;
    let mut listening = Ok(());
    let output = loop {
        match receiver.recv_timeout(TICK) {
            Ok(output) => break output.map_err(|error| failed(&error))?,
            Err(mpsc::RecvTimeoutError::Timeout) if listening.is_ok() => {
                listening = reporter.progress(phase, 0, bytes);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(failed(&io::Error::other("it is lost"))),
        }
    };
    listening?;
    reporter.progress(phase, bytes, bytes)?;
    Ok(output)
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
