//! The data folder, its keys and its database. *IO: metadata, the database file; `judge_*` are pure.*

use super::finding::{Finding, Verdict};
use super::scene::{Daemon, Scene};
use crate::model::check::Check;
use crate::model::folder::DataFolder;
use crate::store::{self, Look};
use nix::unistd::{AccessFlags, access};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Rights of the group and of others.
const OTHERS: u32 = 0o077;
const AS_ROOT: &str = "Run the doctor as root, or as the user that runs pimaster.";

/// A folder as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    Missing,
    OtherKind,
    Closed,
    There { mode: u32, writable: bool },
}

/// The findings about the data folder and the keys in it.
pub(super) fn folder(data: &DataFolder) -> Vec<Finding> {
    let root = data.root();
    let mut found = vec![judge_folder(look(root)).of(Check::Data, root.display().to_string())];
    if let Some(open) = open_to_others(&root.join("keys")) {
        let path = open.display().to_string();
        let (seen, expected) = ("others may read it", "mode 0600 for a secret, 0700 for its folder");
        let advice = format!("Run `chmod go-rwx {path}`, and ask yourself who has read it.");
        found.push(Verdict::failure(seen, expected, advice).of(Check::Data, path));
    }
    found
}

fn look(path: &Path) -> Folder {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Folder::Missing,
        Err(_) => Folder::Closed,
        Ok(metadata) if !metadata.is_dir() => Folder::OtherKind,
        Ok(metadata) => Folder::There {
            mode: metadata.permissions().mode() & 0o777,
            writable: access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok(),
        },
    }
}

/// The first of the keys, or their folder, that others may read.
fn open_to_others(keys: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(keys).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_open = |path: &PathBuf| {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
    };
    let mut all: Vec<PathBuf> = std::iter::once(keys.to_owned()).chain(files).collect();
    all.sort();
    all.into_iter().find(is_open)
}

fn judge_folder(folder: Folder) -> Verdict {
    match folder {
        Folder::Missing => Verdict::warning(
            "is not there",
            "the data folder",
            "Start pimaster, which makes it, or correct data.folder in the settings.",
        ),
        Folder::OtherKind => {
            Verdict::failure("is no folder", "the data folder", "Correct data.folder in the settings.")
        }
        Folder::Closed => {
            Verdict::failure("this user may not look into it", "the data folder, readable", AS_ROOT)
        }
        Folder::There { mode, .. } if mode & OTHERS != 0 => Verdict::failure(
            format!("has mode {mode:04o}: others may look into it"),
            "mode 0700, since it holds keys and passwords",
            "Run `chmod 0700` on it.",
        ),
        Folder::There { writable: false, .. } => {
            Verdict::failure("this user may not write it", "a folder that pimaster writes", AS_ROOT)
        }
        Folder::There { mode, writable: true } => {
            Verdict::Good(format!("is there, private (mode {mode:04o}) and writable"))
        }
    }
}

/// The finding about the database.
pub(super) fn database(scene: &Scene) -> Finding {
    let opened = scene.store.is_some();
    let runs = matches!(scene.daemon, Daemon::Runs(_));
    let verdict = match &scene.file {
        Ok(Some(look)) => judge_database(look, opened, runs),
        Ok(None) => Verdict::warning(
            "there is none yet",
            "the database of a pimaster that has run",
            "Start pimaster, which makes it; enrol switches and nodes; then run the doctor again.",
        ),
        Err(error) => judge_error(error),
    };
    verdict.of(Check::Database, scene.config.data.database().display().to_string())
}

fn judge_error(error: &store::Error) -> Verdict {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Verdict::failure(
        format!("cannot be read{cause}"),
        "pimaster's database",
        "Run the doctor as root or as the user that runs pimaster; if that does not help, restore a backup.",
    )
}

fn judge_database(look: &Look, opened: bool, runs: bool) -> Verdict {
    const RESTORE: &str = "Stop pimaster and restore a backup.";
    let Look { schema, known, damage, .. } = look;
    if let Some(damage) = damage {
        return Verdict::failure(format!("is damaged: {damage}"), "a sound database", RESTORE);
    }
    if schema > known {
        let seen = format!("has schema {schema}, this program knows up to {known}");
        return Verdict::failure(
            seen,
            "a schema that this program knows",
            "Install the newer pimaster again.",
        );
    }
    if schema < known {
        let seen = format!("has schema {schema}, older than this program's {known}");
        return if runs {
            let advice = "Restart pimaster, which brings the database up to date.";
            Verdict::warning(seen, "the schema of the installed program", advice)
        } else {
            let advice = "Start pimaster, which brings it up to date; back it up before.";
            Verdict::warning(seen, "the schema of this program", advice)
        };
    }
    if opened {
        return Verdict::Good(format!("opens, is sound and has schema {schema}"));
    }
    Verdict::failure("cannot be opened for writing", "a database that this user may write", AS_ROOT)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn folders_are_judged() {
        let check = |folder, outcome| {
            let verdict = judge_folder(folder);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
        };
        check(Folder::Missing, Outcome::Warning);
        check(Folder::OtherKind, Outcome::Failure);
        check(Folder::Closed, Outcome::Failure);
        check(Folder::There { mode: 0o700, writable: true }, Outcome::Ok);
        check(Folder::There { mode: 0o755, writable: true }, Outcome::Failure);
        check(Folder::There { mode: 0o700, writable: false }, Outcome::Failure);
    }

    #[test]
    fn an_open_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        let keys = crate::keys::KeyFolder::open(folder.path()).unwrap();
        keys.pimaster().unwrap();
        assert_eq!(super::folder(&data).len(), 1);
        let key = folder.path().join("keys/pimaster_ed25519");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let found = super::folder(&data);
        assert!(found[1].subject.ends_with("keys/pimaster_ed25519"), "{found:?}");
        assert_eq!(found[1].verdict.outcome(), Outcome::Failure);
    }

    #[test]
    fn databases_are_judged() {
        let look = |schema, damage: Option<&str>| Look {
            schema,
            known: 3,
            damage: damage.map(str::to_owned),
            newest: None,
        };
        let check = |look: Look, opened, runs, outcome, part: &str| {
            let verdict = judge_database(&look, opened, runs);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(look(3, None), true, true, Outcome::Ok, "schema 3");
        check(look(3, None), false, true, Outcome::Failure, "as root");
        check(look(4, None), false, true, Outcome::Failure, "newer");
        check(look(2, None), false, true, Outcome::Warning, "Restart");
        check(look(2, None), false, false, Outcome::Warning, "Start pimaster");
        check(look(3, Some("row 7 missing")), false, true, Outcome::Failure, "row 7 missing");
    }
}
