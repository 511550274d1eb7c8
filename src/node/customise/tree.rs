//! The ext4 root file system. *IO: debugfs on the card; nothing is mounted.*
//!
//! debugfs reads commands from a file. It goes on after a command that failed, so folders are made and looked at
//! before anything is written into them, and everything that was written is read again and compared. Only names
//! made of [`is_plain`] characters stand in a command; contents go through scratch files.

use super::changes::{Change, Entry, Existing, Owner, Seen};
use crate::node::card::Card;
use crate::node::fsck;
use crate::node::stop::Stop;
use crate::node::tool;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

/// No file that is edited here is larger.
const LARGEST: u64 = 64 << 20;

/// A root file system.
pub(super) struct Tree {
    name: String,
    scratch: tempfile::TempDir,
}

impl Tree {
    /// The file system that starts at that byte of the card. One that an earlier run left in the middle of its
    /// changes is repaired first; for a clean one this only reads the superblock.
    pub(super) fn open(card: &Card, start: u64) -> Result<Self, Stop> {
        let name = tool::ext4_name(card.path(), start)?;
        fsck::judge(&tool::run("e2fsck", &["-p", &name].map(OsStr::new))?)?;
        let scratch = tempfile::Builder::new().prefix("pimaster-").tempdir();
        Ok(Self { name, scratch: scratch.map_err(|error| Stop::node("make a scratch folder", &error))? })
    }

    /// Looks at paths; those that do not exist are left out.
    pub(super) fn look(&self, paths: &[&str]) -> Result<Seen, Stop> {
        let mut commands = String::new();
        for (index, path) in paths.iter().enumerate().filter(|(_, path)| is_plain(path)) {
            let scratch = self.scratch_file("in", index);
            drop(fs::remove_file(&scratch));
            let _never_fails =
                write!(commands, "stat {path}\nls -p {path}\ndump {path} \"{}\"\n", scratch.display());
        }
        let answers = answers(&self.debugfs(&commands, Access::Read)?);
        let mut seen = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let answer = |command: &str| answers.get(&format!("{command} {path}")).map(String::as_str);
            let Some((kind, owner)) = answer("stat").and_then(parse_stat) else { continue };
            let entry = match kind {
                "regular" => Entry::File { owner, content: self.dumped(index)? },
                "directory" => {
                    Entry::Folder { owner, names: parse_names(answer("ls -p").unwrap_or_default()) }
                }
                "symlink" => Entry::Link { target: fast_link(answer("stat").unwrap_or_default()) },
                _ => Entry::Other,
            };
            seen.insert((*path).to_owned(), entry);
        }
        Ok(Seen(seen))
    }

    fn dumped(&self, index: usize) -> Result<Vec<u8>, Stop> {
        let path = self.scratch_file("in", index);
        let size = fs::metadata(&path).map(|metadata| metadata.len());
        let content = match size {
            Ok(size) if size <= LARGEST => fs::read(&path),
            Ok(size) => Err(io::Error::other(format!("a file of the image has {size} bytes"))),
            Err(error) => Err(error),
        };
        content.map_err(|error| Stop::node("read a scratch file", &error))
    }

    /// Makes all changes and looks whether they are there.
    pub(super) fn apply(&self, changes: &[Change]) -> Result<(), Stop> {
        if let Some(change) = changes.iter().find(|change| !is_plain(change.path())) {
            return Err(Stop::pointless(
                format!("the image asks for a change at `{}`", change.path().escape_default()),
                "a path of letters, digits and ._+@-",
                "Give the image's accounts ordinary home folders.",
            ));
        }
        // debugfs keeps no journal: until the last change is there, the file system counts as not clean.
        self.debugfs("set_super_value state 0\n", Access::Write)?;
        self.make_folders(changes)?;
        let mut commands = String::new();
        for (index, change) in changes.iter().enumerate() {
            self.write_commands(&mut commands, index, change)
                .map_err(|error| Stop::node("write a scratch file", &error))?;
        }
        let said = self.debugfs(&commands, Access::Write)?;
        self.compare(changes, &said)?;
        self.debugfs("set_super_value state 1\n", Access::Write).map(drop)
    }

    /// Makes the folders that are missing, and fails if one cannot be made.
    fn make_folders(&self, changes: &[Change]) -> Result<(), Stop> {
        let mut wanted: BTreeMap<&str, Owner> = BTreeMap::new();
        for change in changes {
            let parents = || ancestors(change.path()).map(|path| (path, Owner::root(0o755)));
            match change {
                Change::Put { .. } | Change::Link { .. } => wanted.extend(parents()),
                Change::Folder { path, .. } => {
                    wanted.extend(parents().chain([(path.as_str(), Owner::root(0o755))]))
                }
                Change::Remove { .. } => {}
            }
        }
        for change in changes {
            if let Change::Folder { path, owner, .. } = change {
                wanted.insert(path, *owner);
            }
        }
        let missing = |tree: &Self| -> Result<Vec<&str>, Stop> {
            let found = tree.folders(wanted.keys().copied())?;
            Ok(wanted.keys().copied().filter(|path| !found.contains(*path)).collect())
        };
        let mut commands = String::new();
        for path in missing(self)? {
            // Sorted by name, so a folder comes before what is in it.
            let owner = wanted.get(path).copied().unwrap_or(Owner::root(0o755));
            let _never_fails = writeln!(commands, "mkdir {path}");
            set_owner(&mut commands, path, 0o040_000, owner);
        }
        if commands.is_empty() {
            return Ok(());
        }
        let said = self.debugfs(&commands, Access::Write)?;
        match missing(self)?.first() {
            None => Ok(()),
            Some(path) => Err(refused(path, &said)),
        }
    }

    /// Which of these paths are folders, links to folders followed.
    fn folders<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<BTreeSet<String>, Stop> {
        let commands = paths.fold(String::new(), |commands, path| commands + &format!("stat {path}/.\n"));
        let answers = answers(&self.debugfs(&commands, Access::Read)?);
        let folder = |(command, answer): (&String, &String)| {
            let path = command.strip_prefix("stat ")?.strip_suffix("/.")?;
            (parse_stat(answer)?.0 == "directory").then(|| path.to_owned())
        };
        Ok(answers.iter().filter_map(folder).collect())
    }

    fn write_commands(&self, commands: &mut String, index: usize, change: &Change) -> io::Result<()> {
        let (folder, base) = change.path().rsplit_once('/').unwrap_or(("", change.path()));
        let enter = format!("cd {folder}/.\n");
        match change {
            Change::Put { path, content, owner } => {
                let scratch = self.scratch_file("out", index);
                fs::write(&scratch, content)?;
                let _never_fails =
                    write!(commands, "{enter}rm {base}\nwrite \"{}\" {base}\n", scratch.display());
                set_owner(commands, path, 0o100_000, *owner);
            }
            Change::Folder { path, owner, existing: Existing::Set } => {
                set_owner(commands, path, 0o040_000, *owner)
            }
            Change::Folder { existing: Existing::Kept, .. } => {}
            Change::Link { target, .. } => {
                let _never_fails = write!(commands, "{enter}rm {base}\nsymlink {base} {target}\n");
            }
            Change::Remove { path } => {
                let _never_fails = writeln!(commands, "rm {path}");
            }
        }
        Ok(())
    }

    fn compare(&self, changes: &[Change], said: &str) -> Result<(), Stop> {
        let paths: Vec<&str> = changes.iter().map(Change::path).collect();
        let seen = self.look(&paths)?;
        // The last change of a path is the one that counts.
        let last: BTreeMap<&str, &Change> = changes.iter().map(|change| (change.path(), change)).collect();
        for (path, change) in last {
            let good = match (change, seen.0.get(path)) {
                (Change::Put { content, owner, .. }, Some(Entry::File { owner: is, content: has })) => {
                    is == owner && has == content
                }
                (
                    Change::Folder { owner, existing: Existing::Set, .. },
                    Some(Entry::Folder { owner: is, .. }),
                ) => is == owner,
                (Change::Folder { existing: Existing::Kept, .. }, found) => found.is_some(),
                (Change::Link { target, .. }, Some(Entry::Link { target: has })) => target == has,
                (Change::Remove { .. }, found) => found.is_none(),
                (Change::Put { .. } | Change::Folder { .. } | Change::Link { .. }, _) => false,
            };
            if !good {
                return Err(refused(path, said));
            }
        }
        Ok(())
    }

    fn scratch_file(&self, kind: &str, index: usize) -> PathBuf {
        self.scratch.path().join(format!("{kind}-{index}"))
    }

    /// Runs commands; gives back what debugfs printed, its complaints last.
    fn debugfs(&self, commands: &str, access: Access) -> Result<String, Stop> {
        let file = self.scratch.path().join("commands");
        fs::write(&file, commands).map_err(|error| Stop::node("write a scratch file", &error))?;
        let mut arguments: Vec<&OsStr> = vec!["-f".as_ref(), file.as_os_str(), self.name.as_ref()];
        if access == Access::Write {
            arguments.insert(0, "-w".as_ref());
        }
        let output = tool::run("debugfs", &arguments)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        if complaints.contains("while trying to open") || complaints.contains("Bad magic number") {
            return Err(Stop::pointless(
                format!("the root file system cannot be opened: {}", tool::said(&output)),
                "the ext4 root file system of the image",
                "Deploy again: the image is written anew.",
            ));
        }
        Ok(text + "\n\ndebugfs: complaints\n" + &complaints)
    }
}

/// How debugfs opens the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

fn set_owner(commands: &mut String, path: &str, kind: u32, owner: Owner) {
    let Owner { mode, uid, gid } = owner;
    let mode = kind | mode;
    let _never_fails =
        write!(commands, "sif {path} mode 0{mode:o}\nsif {path} uid {uid}\nsif {path} gid {gid}\n");
}

fn refused(path: &str, said: &str) -> Stop {
    let complaints = said.rsplit_once("debugfs: complaints\n").map_or("", |(_, complaints)| complaints);
    // Complaints about `rm` of what is not there are ordinary.
    let telling =
        |line: &&str| !line.contains("File not found") && !line.starts_with("debugfs 1") && !line.is_empty();
    let last = complaints.lines().rfind(telling).unwrap_or("no word of why");
    Stop::worthwhile(
        format!("the root file system did not take the change at {path}: {last}"),
        "a whole ext4 file system with some free space",
        "Deploy again with a larger root partition; if it fails again, check the image's root file system.",
    )
}

/// A path that can stand in a command of debugfs.
fn is_plain(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+@-".contains(c);
    path.starts_with('/')
        && path.len() > 1
        && path.chars().all(plain)
        && path.split('/').skip(1).all(|name| !matches!(name, "" | "." | ".."))
}

/// The folders above a path, the root left out.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).filter_map(|at| path.get(..at))
}

/// debugfs repeats each command before its answer.
fn answers(text: &str) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    let mut command = String::new();
    for line in text.lines() {
        match line.strip_prefix("debugfs: ") {
            Some(next) => next.clone_into(&mut command),
            None => {
                let answer: &mut String = answers.entry(command.clone()).or_default();
                answer.push_str(line);
                answer.push('\n');
            }
        }
    }
    answers
}

/// The kind of file and its owner.
fn parse_stat(text: &str) -> Option<(&str, Owner)> {
    let after = |name: &str| text.split_once(name)?.1.split_ascii_whitespace().next();
    let mode = u32::from_str_radix(after("Mode:")?, 8).ok()?;
    let owner = Owner { mode, uid: after("User:")?.parse().ok()?, gid: after("Group:")?.parse().ok()? };
    Some((after("Type:")?, owner))
}

fn fast_link(stat: &str) -> String {
    let quoted = stat.split_once("Fast link dest: \"").and_then(|(_, rest)| rest.split_once('"'));
    quoted.map(|(target, _)| target.to_owned()).unwrap_or_default()
}

/// Lines `/inode/mode/uid/gid/name/size/` of `ls -p`.
fn parse_names(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.split('/').nth(5));
    names.filter(|name| !matches!(*name, "" | "." | "..")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_stand_in_commands() {
        for path in ["/etc/passwd", "/home/pi/.ssh", "/etc/systemd/system/getty@tty1.service.d"] {
            assert!(is_plain(path), "{path}");
        }
        for path in ["etc", "/", "/a b", "/a\nrm /etc", "/a/../b", "/a//b", "/a\"", "/ä"] {
            assert!(!is_plain(path), "{path:?}");
        }
        assert_eq!(ancestors("/etc/ssh/x").collect::<Vec<_>>(), ["/etc", "/etc/ssh"]);
    }

    #[test]
    fn answers_of_debugfs_are_read() {
        let text = "debugfs: stat /etc\nInode: 12   Type: directory    Mode:  0755   Flags: 0x80000\nUser:     0   Group:    42   Project:     0   Size: 1024\ndebugfs: ls -p /etc\n/12/040755/0/0/.//\n/13/100644/0/0/hostname/4/\ndebugfs: stat /no\n";
        let answers = answers(text);
        assert_eq!(
            parse_stat(&answers["stat /etc"]),
            Some(("directory", Owner { mode: 0o755, uid: 0, gid: 42 }))
        );
        assert_eq!(parse_names(&answers["ls -p /etc"]), ["hostname"]);
        assert_eq!(answers.get("stat /no"), None);
        assert_eq!(fast_link("x\nFast link dest: \"/dev/null\"\n"), "/dev/null");
    }
}
