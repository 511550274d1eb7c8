//! A tree made equal to another, as far as rules let it through. *IO: both trees.*
//!
//! Called by `apply` for the system and for its boot files. Files of the same size and time are left alone, what
//! has vanished is removed: doing it again, or after an interruption, ends in the same tree. Devices, pipes and
//! sockets are not copied, nor are folders into which something foreign is mounted.

use super::error::Result;
use super::files::{self, failed};
use super::rules::{Fate, is_private_key, may_hold_a_key};
use super::settings::{has_own_below, is_own};
use super::{Event, Listener};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Largest file that is looked into for a private key, in bytes.
const KEY_FILE_BYTES: u64 = 64 * 1024;

/// Folders that are part of a system also when they are mounted from a partition of their own.
const SYSTEM: [&str; 7] = ["bin", "etc", "lib", "opt", "sbin", "usr", "var"];

/// What a copy did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files and links that were copied.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files and links that were already there.
    pub unchanged: u64,
    /// What was removed because the source does not have it, or must not give it.
    pub removed: u64,
    /// Private keys that were left out, relative to the source.
    pub keys_left_out: Vec<PathBuf>,
}

/// How a tree is copied.
pub(super) struct Mirror<'a> {
    pub(super) from: &'a Path,
    pub(super) to: &'a Path,
    pub(super) fate: fn(&Path) -> Fate,
    /// Absolute paths that are not copied: the root itself, pimaster's data.
    pub(super) excluded: &'a [PathBuf],
    /// Whether modes and owners are kept, and pimaster's own files spared.
    pub(super) is_system: bool,
}

impl Mirror<'_> {
    /// Makes `to` equal to `from`.
    pub(super) fn run(&self, listener: Listener<'_>) -> Result<Copied> {
        let metadata = fs::metadata(self.from).map_err(failed("read", self.from))?;
        let mut walk = Walk {
            mirror: self,
            device: metadata.dev(),
            with_owner: self.is_system && files::root_if_root().is_some(),
            listener,
            copied: Copied::default(),
        };
        fs::create_dir_all(self.to).map_err(failed("create the folder", self.to))?;
        walk.folder(Path::new(""), Fate::Copy)?;
        walk.finish(Path::new(""), &metadata)?;
        Ok(walk.copied)
    }
}

struct Walk<'a> {
    mirror: &'a Mirror<'a>,
    device: u64,
    with_owner: bool,
    listener: Listener<'a>,
    copied: Copied,
}

impl Walk<'_> {
    /// The contents of a folder whose own fate is known.
    fn folder(&mut self, path: &Path, fate: Fate) -> Result<()> {
        let mut kept = BTreeSet::new();
        let names = if fate == Fate::Empty { Vec::new() } else { names_in(&self.mirror.from.join(path))? };
        for name in names {
            let below = path.join(&name);
            if self.entry(&below, fate)? {
                kept.insert(name);
            }
        }
        self.clear(path, &kept)
    }

    /// One entry; whether it is in the copy now.
    fn entry(&mut self, path: &Path, above: Fate) -> Result<bool> {
        let from = self.mirror.from.join(path);
        let fate = (self.mirror.fate)(path);
        if matches!(fate, Fate::Leave | Fate::Own) || self.mirror.excluded.contains(&from) {
            return Ok(false);
        }
        // What a running system removes meanwhile was not there.
        let Some(metadata) = files::look(&from)? else { return Ok(false) };
        let kind = metadata.file_type();
        if kind.is_dir() {
            let fate = match fate {
                Fate::Copy if !self.is_part(path, &metadata) => Fate::Empty,
                Fate::Copy => above,
                Fate::Empty | Fate::FoldersAlone | Fate::Leave | Fate::Own => fate,
            };
            files::folder(&self.mirror.to.join(path))?;
            self.folder(path, fate)?;
            self.finish(path, &metadata)?;
            return Ok(true);
        }
        if above == Fate::FoldersAlone {
            return Ok(false);
        }
        let present = if kind.is_file() {
            self.file(path, &metadata)?
        } else if kind.is_symlink() && self.mirror.is_system {
            self.link(path)?
        } else {
            return Ok(false);
        };
        if present {
            self.finish(path, &metadata)?;
        }
        Ok(present)
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) -> Result<bool> {
        let (from, to) = (self.mirror.from.join(path), self.mirror.to.join(path));
        if metadata.len() <= KEY_FILE_BYTES && may_hold_a_key(path) {
            let content = match fs::read(&from) {
                Ok(content) => content,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(failed("read", &from)(error)),
            };
            if is_private_key(&content) {
                self.copied.keys_left_out.push(path.to_owned());
                return Ok(false);
            }
        }
        let copied = files::copy(&from, metadata, &to, self.mode(metadata))?;
        self.count(copied, metadata.len());
        Ok(true)
    }

    fn link(&mut self, path: &Path) -> Result<bool> {
        let from = self.mirror.from.join(path);
        let target = fs::read_link(&from).map_err(failed("read", &from))?;
        let copied = files::link(&self.mirror.to.join(path), &target)?;
        self.count(copied, 0);
        Ok(true)
    }

    fn count(&mut self, copied: bool, bytes: u64) {
        if copied {
            self.copied.files += 1;
            self.copied.bytes += bytes;
            (self.listener)(Event::Copied { files: self.copied.files, bytes: self.copied.bytes });
        } else {
            self.copied.unchanged += 1;
        }
    }

    /// Owner and mode, also of what was there already.
    fn finish(&self, path: &Path, metadata: &Metadata) -> Result<()> {
        let owner = self.with_owner.then(|| (metadata.uid(), metadata.gid()));
        files::own_by(&self.mirror.to.join(path), owner, self.mode(metadata))
    }

    /// TFTP serves boot files to everybody, and FAT has no modes: they get plain ones.
    fn mode(&self, metadata: &Metadata) -> u32 {
        match (self.mirror.is_system, metadata.is_dir()) {
            (true, _) => metadata.mode() & 0o7777,
            (false, true) => 0o755,
            (false, false) => 0o644,
        }
    }

    /// Removes what is in the copy and should not be.
    fn clear(&mut self, path: &Path, kept: &BTreeSet<OsString>) -> Result<()> {
        for name in names_in(&self.mirror.to.join(path))? {
            let (below, to) = (path.join(&name), self.mirror.to.join(path).join(&name));
            let is_spared = self.mirror.is_system && is_own(&below);
            if kept.contains(&name) || is_spared {
                continue;
            }
            let is_folder = files::look(&to)?.is_some_and(|metadata| metadata.is_dir());
            if self.mirror.is_system && is_folder && has_own_below(&below) {
                self.clear(&below, &BTreeSet::new())?;
            } else {
                files::remove(&to)?;
                self.copied.removed += 1;
            }
        }
        Ok(())
    }

    /// Whether a folder belongs to the tree, and is not a disk, a share or a pseudo file system mounted in it.
    fn is_part(&self, path: &Path, metadata: &Metadata) -> bool {
        let is_system = || SYSTEM.iter().any(|folder| path.starts_with(folder));
        metadata.dev() == self.device || (self.mirror.is_system && is_system())
    }
}

fn names_in(folder: &Path) -> Result<Vec<OsString>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read the folder", folder)(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<_> = names.collect::<io::Result<_>>().map_err(failed("read the folder", folder))?;
    names.sort_unstable();
    Ok(names)
}
