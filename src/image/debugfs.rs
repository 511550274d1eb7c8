//! Reading files of an ext4 file system without mounting it. *IO: runs `debugfs`, which opens the disk read-only.*
//!
//! Called by `inspect`. The disk is named relative to the folder the program runs in, since `debugfs` takes what
//! follows a `?` in a file's name for options. Requests are constants of this program; nothing from an image or a
//! person is put in them.

use super::error::{Error, Result};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = "debugfs";
/// Where it lies on systems whose users do not have the system programs in their path.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];
/// More than any os-release; a hostile image must not fill memory.
const LARGEST_FILE_BYTES: u64 = 64 * 1024;
/// A question takes milliseconds, on a slow disk a second.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// One ext4 file system of a disk.
pub(super) struct ExtFiles<'a> {
    /// The folder that holds the disk.
    pub(super) folder: &'a Path,
    /// The disk's name in it.
    pub(super) disk: &'a str,
    /// First byte of the file system.
    pub(super) start: u64,
}

/// A question to a file system.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    /// A file's content.
    Cat(&'static str),
    /// Whether a path exists, and as what.
    Stat(&'static str),
}

impl ExtFiles<'_> {
    /// A file's text, if the file exists.
    pub(super) fn text(&self, path: &'static str) -> Result<Option<String>> {
        let text = self.ask(Ask::Cat(path))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Whether a path exists, whatever it is.
    pub(super) fn exists(&self, path: &'static str) -> Result<bool> {
        Ok(self.ask(Ask::Stat(path))?.starts_with("Inode:"))
    }

    /// Whether a path is a folder.
    pub(super) fn is_folder(&self, path: &'static str) -> Result<bool> {
        let answer = self.ask(Ask::Stat(path))?;
        Ok(answer.lines().next().is_some_and(|line| line.contains("Type: directory")))
    }

    /// What `debugfs` prints: nothing if there is no such path, or if the file system is too damaged to say.
    fn ask(&self, ask: Ask) -> Result<String> {
        let failed = |source| Error::Program { program: PROGRAM, source };
        let request = match ask {
            Ask::Cat(path) => format!("cat {path}"),
            Ask::Stat(path) => format!("stat {path}"),
        };
        let mut child = Command::new(program())
            .args(["-R", &request])
            .arg(format!("{}?offset={}", self.disk, self.start))
            .current_dir(self.folder)
            .env("DEBUGFS_PAGER", "cat")
            .env("PAGER", "cat")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let bytes = read_in_time(&mut child);
        // The pipe is closed by now, so a longer answer ends with a broken pipe.
        child.wait().map_err(failed)?;
        Ok(String::from_utf8_lossy(&bytes.map_err(failed)?).into_owned())
    }
}

/// What the program prints until it ends, or until it has taken so long that it never will: a damaged file system
/// can send it round in circles.
fn read_in_time(child: &mut Child) -> io::Result<Vec<u8>> {
    let Some(output) = child.stdout.take() else { return Ok(Vec::new()) };
    // The child is not waited for before the watch ends, so its number cannot belong to another process.
    let number = i32::try_from(child.id()).map_err(io::Error::other)?;
    let (ended, watched) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let watch = move || {
            if watched.recv_timeout(LONGEST_RUN) == Err(RecvTimeoutError::Timeout) {
                signal::kill(Pid::from_raw(number), Signal::SIGKILL).ok();
            }
        };
        thread::Builder::new().name("image-debugfs".to_owned()).spawn_scoped(scope, watch)?;
        let mut bytes = Vec::new();
        let read = output.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes);
        drop(ended);
        read.map(|_| bytes)
    })
}

fn program() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join(PROGRAM)).find(|file| file.is_file());
    found.map_or_else(|| OsString::from(PROGRAM), PathBuf::into_os_string)
}
