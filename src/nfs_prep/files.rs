//! Single files and folders of the installer root. *IO: below the folder it is given.*
//!
//! Called by `copy` and `apply`. Each file appears whole or not at all: it is written beside its place and
//! renamed. Invariant: no link of the tree is followed on the way to a file, so that nothing outside is written.

use super::error::{Error, Result};
use super::settings::{Content, Own};
use nix::unistd::{Gid, Uid, fchownat};
use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Drafts that an interruption leaves; `copy` removes them, since no source has them.
const DRAFT: &str = ".pimaster-draft";

/// Adds the verb and the path to an error.
pub(super) fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { act, path, source }
}

/// What lies there, without following a link; none if nothing does.
pub(super) fn look(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// Removes whatever lies there.
pub(super) fn remove(path: &Path) -> Result<()> {
    let Some(metadata) = look(path)? else { return Ok(()) };
    let removed = if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(failed("remove", path))
}

/// Makes a folder be there, in place of anything else.
pub(super) fn folder(path: &Path) -> Result<()> {
    match look(path)? {
        Some(metadata) if metadata.is_dir() => return Ok(()),
        Some(_) => remove(path)?,
        None => {}
    }
    fs::create_dir(path).map_err(failed("create the folder", path))
}

/// Makes a link be there with that target.
pub(super) fn link(path: &Path, target: &Path) -> Result<bool> {
    if fs::read_link(path).is_ok_and(|old| old == target) {
        return Ok(false);
    }
    let draft = draft(path);
    remove(&draft)?;
    symlink(target, &draft).map_err(failed("create the link", path))?;
    put(&draft, path)?;
    Ok(true)
}

/// Copies a file's content, mode and time, unless size and time already agree. Says whether it did.
pub(super) fn copy(from: &Path, source: &Metadata, to: &Path, mode: u32) -> Result<bool> {
    if look(to)?.is_some_and(|old| is_same(&old, source)) {
        return Ok(false);
    }
    let draft = draft(to);
    remove(&draft)?;
    let mut input = File::open(from).map_err(failed("read", from))?;
    let mut output = File::create_new(&draft).map_err(failed("write", to))?;
    io::copy(&mut input, &mut output).map_err(failed("copy", from))?;
    let time = source.modified().map_err(failed("look at", from))?;
    output.set_times(FileTimes::new().set_modified(time)).map_err(failed("set the time of", to))?;
    output.set_permissions(Permissions::from_mode(mode)).map_err(failed("set the mode of", to))?;
    put(&draft, to)?;
    Ok(true)
}

/// Gives a file, folder or link an owner, and all but links a mode.
pub(super) fn own_by(path: &Path, owner: Option<(u32, u32)>, mode: u32) -> Result<()> {
    let Some(seen) = look(path)? else { return Ok(()) };
    if let Some((user, group)) = owner.filter(|owner| *owner != (seen.uid(), seen.gid())) {
        let (user, group) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
        fchownat(nix::fcntl::AT_FDCWD, path, user, group, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| failed("set the owner of", path)(errno.into()))?;
    }
    // After the owner: a change of owner takes set-user-id bits away.
    let is_right = look(path)?.is_none_or(|seen| seen.is_symlink() || seen.mode() & 0o7777 == mode & 0o7777);
    if is_right {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777)).map_err(failed("set the mode of", path))
}

/// Places one of pimaster's own files below the root.
pub(super) fn place(root: &Path, own: &Own) -> Result<()> {
    let path = root.join(&own.path);
    parents(root, Path::new(&own.path))?;
    let mode = match &own.content {
        Content::Link(target) => return link(&path, Path::new(target)).map(drop),
        Content::CopyOf { file, mode } => {
            let source = fs::metadata(file).map_err(failed("read", file))?;
            copy(file, &source, &path, *mode)?;
            *mode
        }
        Content::Text { text, mode } => {
            write(&path, text.as_bytes(), *mode)?;
            *mode
        }
    };
    own_by(&path, root_if_root(), mode)
}

/// Owner of what pimaster makes: root, where that can be done.
pub(super) fn root_if_root() -> Option<(u32, u32)> {
    Uid::effective().is_root().then_some((0, 0))
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    if look(path)?.is_some_and(|old| old.is_file()) && fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let draft = draft(path);
    remove(&draft)?;
    let mut file = File::create_new(&draft).map_err(failed("write", path))?;
    // The mode comes first: nobody may read a key that is half written.
    file.set_permissions(Permissions::from_mode(mode)).map_err(failed("set the mode of", path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed("write", path))?;
    put(&draft, path)
}

/// Makes the folders above a path below the root; none of them may be a link, which could lead out.
fn parents(root: &Path, path: &Path) -> Result<()> {
    let mut place = root.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        place.push(part);
        match look(&place)? {
            Some(metadata) if metadata.is_dir() => {}
            Some(_) => {
                return Err(Error::refused(
                    format!("{} is no folder", place.display()),
                    "an ordinary system root",
                    "Give another system, or mend this one: pimaster follows no link out of the root.",
                ));
            }
            None => {
                fs::create_dir(&place).map_err(failed("create the folder", &place))?;
                let mode = if part.as_os_str() == ".ssh" { 0o700 } else { 0o755 };
                own_by(&place, root_if_root(), mode)?;
            }
        }
    }
    Ok(())
}

fn put(draft: &Path, path: &Path) -> Result<()> {
    if look(path)?.is_some_and(|old| old.is_dir()) {
        remove(path)?;
    }
    fs::rename(draft, path).map_err(failed("replace", path))
}

fn draft(path: &Path) -> PathBuf {
    path.with_file_name(DRAFT)
}

fn is_same(old: &Metadata, new: &Metadata) -> bool {
    old.is_file() && (old.len(), old.mtime(), old.mtime_nsec()) == (new.len(), new.mtime(), new.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&outside).unwrap();
        symlink(&outside, root.join("etc")).unwrap();
        let own = |path: &str, text: &str| Own {
            path: path.to_owned(),
            content: Content::Text { text: text.to_owned(), mode: 0o600 },
        };
        assert!(place(&root, &own("etc/shadow", "x")).is_err());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        fs::write(outside.join("file"), "kept").unwrap();
        symlink(outside.join("file"), root.join("fstab")).unwrap();
        place(&root, &own("fstab", "new")).unwrap();
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(root.join("fstab")).unwrap(), "new");
        place(&root, &own("root/.ssh/authorized_keys", "key")).unwrap();
        let mode = |path| fs::metadata(root.join(path)).unwrap().mode() & 0o777;
        assert_eq!((mode("root/.ssh"), mode("root/.ssh/authorized_keys")), (0o700, 0o600));
    }
}
