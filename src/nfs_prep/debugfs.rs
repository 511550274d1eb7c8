//! One request to `debugfs`, which reads ext4 without mounting it. *IO: runs it in the staging folder.*
//!
//! Called by `extract`. A hostile file system can make it run or write without end (sparse files are written out), so
//! it is ended when its time is over, when the disk fills up, and heard no further than a few messages.

use super::disk::Partition;
use super::error::{Error, Result};
use super::extract::DISK;
use super::unpack::{RESERVE_BYTES, free_bytes};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a question may take.
pub(super) const QUESTION: Duration = Duration::from_secs(60);
/// How long a whole system may take; on an SD card it takes minutes.
pub(super) const DUMP: Duration = Duration::from_secs(30 * 60);

/// How often time and disk are looked at.
const PERIOD: Duration = Duration::from_millis(200);
/// What is kept of its words.
const MOST_SAID: u64 = 1 << 20;

/// What it said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    OverTime,
    DiskFull,
}

/// Runs one request. The image is named relative to the staging folder, whose own path could hold a `?`.
pub(super) fn debugfs(staging: &Path, partition: &Partition, request: &str, time: Duration) -> Result<Said> {
    let start = |program: &str| {
        Command::new(program)
            .args(["-R", request])
            .arg(format!("{DISK}?offset={}", partition.start))
            .current_dir(staging)
            .env("LC_ALL", "C")
            .env("DEBUGFS_PAGER", "cat")
            .env("PAGER", "cat")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };
    // System programs are not on every user's path.
    let child = match start("debugfs") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => start("/usr/sbin/debugfs"),
        child => child,
    };
    let failed =
        |source| Error::Program { program: "debugfs".to_owned(), advice: "install e2fsprogs", source };
    let is_full = || free_bytes(staging).is_ok_and(|free| free < RESERVE_BYTES / 2);
    let (said, ended) = hear(child.map_err(failed)?, time, is_full).map_err(failed)?;
    match ended {
        None => Ok(said),
        Some(Ended::OverTime) => Err(Error::refused(
            format!("debugfs was ended: `{request}` took longer than {} s", time.as_secs()),
            "an intact ext4 file system",
            "Check the image's checksum; on a slow disk, unpack the image first and give that folder.",
        )),
        Some(Ended::DiskFull) => Err(Error::refused(
            "debugfs was ended: the system in the image fills the disk",
            format!(
                "room for the unpacked system beside the installer root, and {} MiB more",
                RESERVE_BYTES >> 20
            ),
            "Make room there, or set `nfs.root` to another disk.",
        )),
    }
}

/// Hears a program to its end, or ends it.
fn hear(mut child: Child, time: Duration, is_full: impl Fn() -> bool) -> io::Result<(Said, Option<Ended>)> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (alive, watched) = mpsc::channel::<()>();
    let heard = thread::scope(|scope| {
        let other = alive.clone();
        let stdout = scope.spawn(move || (read(stdout), drop(alive)).0);
        let stderr = scope.spawn(move || (read(stderr), drop(other)).0);
        let mut ended = None;
        let mut passed = Duration::ZERO;
        while watched.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
            passed += PERIOD;
            ended = ended.or_else(|| {
                (passed >= time).then_some(Ended::OverTime).or_else(|| is_full().then_some(Ended::DiskFull))
            });
            if ended.is_some() {
                // It may have ended by itself just now.
                child.kill().ok();
            }
        }
        let broken = |_| io::Error::other("its words could not be read");
        Ok((Said { stdout: stdout.join().map_err(broken)??, stderr: stderr.join().map_err(broken)?? }, ended))
    });
    child.wait()?;
    heard
}

/// The first words; the rest is read and forgotten, so that the program is not stopped by it.
fn read(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let Some(mut pipe) = pipe else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    pipe.by_ref().take(MOST_SAID).read_to_end(&mut bytes)?;
    io::copy(&mut pipe, &mut io::sink())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(program: &str, argument: &str) -> Child {
        let (output, errors) = (Stdio::piped(), Stdio::piped());
        Command::new(program).arg(argument).stdout(output).stderr(errors).spawn().unwrap()
    }

    #[test]
    fn what_takes_too_long_or_too_much_is_ended() {
        let (said, ended) = hear(start("echo", "word"), QUESTION, || false).unwrap();
        assert_eq!((said.stdout.as_slice(), ended), (&b"word\n"[..], None));
        let (_, ended) = hear(start("sleep", "600"), Duration::from_millis(100), || false).unwrap();
        assert_eq!(ended, Some(Ended::OverTime));
        let (_, ended) = hear(start("sleep", "600"), QUESTION, || true).unwrap();
        assert_eq!(ended, Some(Ended::DiskFull));
        let (said, ended) = hear(start("yes", "y"), Duration::from_millis(400), || false).unwrap();
        assert_eq!((said.stdout.len() as u64, ended), (MOST_SAID, Some(Ended::OverTime)));
    }
}
