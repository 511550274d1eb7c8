//! Opening a file beneath a folder, and nowhere else. *IO: the served trees, read-only.*
//!
//! Called by `content`. The kernel resolves the path (`openat2` with `RESOLVE_BENEATH`): neither `..` nor a
//! symbolic link leads out of the tree, whatever happens to it meanwhile.

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::path::Path;

/// Opens the regular file of that path in the first tree that has it; none if no tree has it.
pub(super) fn open_beneath(trees: &[impl AsRef<Path>], path: &str) -> io::Result<Option<File>> {
    for tree in trees {
        if let Some(file) = open_in(tree.as_ref(), path)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn open_in(tree: &Path, path: &str) -> io::Result<Option<File>> {
    let folder = match open(tree, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(folder) => folder,
        Err(errno) => return absent(errno),
    };
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOCTTY | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let file = match openat2(&folder, path, how) {
        Ok(file) => File::from(file),
        Err(errno) => return absent(errno),
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Reasons that are the same as not being there.
fn absent(errno: Errno) -> io::Result<Option<File>> {
    const ABSENT: [Errno; 6] =
        [Errno::ENOENT, Errno::ENOTDIR, Errno::ENAMETOOLONG, Errno::EXDEV, Errno::ELOOP, Errno::ENXIO];
    if ABSENT.contains(&errno) { Ok(None) } else { Err(errno.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_lead_nowhere_but_down() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("secret"));
        fs::create_dir_all(tree.join("overlays")).unwrap();
        fs::write(&outside, "secret").unwrap();
        fs::write(tree.join("kernel8.img"), "kernel").unwrap();
        symlink("kernel8.img", tree.join("vmlinuz")).unwrap();
        symlink("../kernel8.img", tree.join("overlays/up")).unwrap();
        symlink(&outside, tree.join("absolute")).unwrap();
        symlink("../secret", tree.join("relative")).unwrap();
        symlink(folder.path(), tree.join("folder")).unwrap();
        symlink("/proc/self/fd/0", tree.join("magic")).unwrap();
        symlink("loop", tree.join("loop")).unwrap();
        nix::unistd::mkfifo(&tree.join("pipe"), Mode::S_IRWXU).unwrap();
        for name in ["kernel8.img", "vmlinuz", "overlays/up", "overlays/../kernel8.img"] {
            let mut text = String::new();
            open_beneath(&[&tree], name).unwrap().expect(name).read_to_string(&mut text).unwrap();
            assert_eq!(text, "kernel");
        }
        for name in [
            "absolute",
            "relative",
            "folder/secret",
            "magic",
            "loop",
            "pipe",
            "overlays",
            "none",
            "../secret",
            "/etc/passwd",
            "kernel8.img/x",
            "overlays/../../secret",
        ] {
            assert!(open_beneath(&[&tree], name).unwrap().is_none(), "{name}");
        }
        assert!(open_beneath(&[folder.path().join("no tree")], "a").unwrap().is_none());
        assert!(open_beneath(&[&folder.path().join("no tree"), &tree], "vmlinuz").unwrap().is_some());
    }
}
