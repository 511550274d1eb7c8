//! Where the programs of e2fsprogs and coreutils lie. *IO: looks at the path.*

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Where system programs lie that an ordinary user's path leaves out.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// A command for that program; running one that is nowhere gives `NotFound`.
pub(super) fn command(program: &str) -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(SYSTEM_FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| PathBuf::from(program)))
}
