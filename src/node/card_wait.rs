//! Waits for a card that another program still holds. Called by [`super::card`] before a card is changed.
//! *IO: opens the device.*
//!
//! An earlier verb whose connection broke leaves its e2fsck or resize2fs to finish: the card is busy for as long,
//! and it is still the card.

use super::card_find::is_mounted;
use super::report::{Reporter, TICK};
use super::stop::Stop;
use crate::model::verb::Phase;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;

/// How many ticks a program may hold the card: ten minutes, enough for resize2fs on a slow card.
pub(crate) const PATIENCE: u64 = 1200;

/// Returns when nothing else holds the device, and says at each tick that it waits.
pub(crate) fn until_free(path: &Path, patience: u64, reporter: &mut Reporter<'_>) -> Result<(), Stop> {
    for tick in 0..=patience {
        if is_mounted(path) {
            return Err(mounted(path));
        }
        // The kernel gives a disk to one exclusive user (open(2), O_EXCL on block devices).
        match OpenOptions::new().read(true).custom_flags(nix::libc::O_EXCL).open(path) {
            Ok(_) => return Ok(()),
            Err(error) if error.raw_os_error() == Some(nix::libc::EBUSY) => {}
            Err(error) => return Err(super::card::cannot_open(path, &error)),
        }
        // The daemon takes a growing number for a sign of life.
        reporter.progress(Phase::WaitForCard, tick, patience)?;
        if tick < patience {
            thread::sleep(TICK);
        }
    }
    Err(Stop::worthwhile(
        format!(
            "the card {} is in use by another program, and was all the time waited for it",
            path.display()
        ),
        "a card that nothing else uses, or whose user (e2fsck, resize2fs, blkdiscard) comes to its end",
        "Power-cycle the node; if it happens again, look on the node with `fuser -v` for who holds the card, and replace a card that hangs.",
    ))
}

fn mounted(path: &Path) -> Stop {
    Stop::pointless(
        format!("{} is in use: something on it is mounted, swapped to, or part of a volume", path.display()),
        "a card that nothing else uses",
        "Boot the node from the network; if this is not a node, name the right card with --card.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::verb::Retry;
    use crate::node::testing::Loop;
    use std::fs::{self, File};
    use std::io;

    fn held(path: &Path) -> File {
        OpenOptions::new().read(true).custom_flags(nix::libc::O_EXCL).open(path).unwrap()
    }

    fn device() -> Option<(tempfile::NamedTempFile, Loop)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4 << 20).unwrap();
        let device = Loop::over(file.path());
        if device.is_none() {
            eprintln!("only root can make a loop device: this test is left out");
        }
        Some((file, device?))
    }

    /// Lets go of the device when so many lines are written.
    struct LetGo {
        holder: Option<File>,
        after: usize,
        text: Vec<u8>,
    }

    impl io::Write for LetGo {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.text.extend_from_slice(bytes);
            if self.text.iter().filter(|byte| **byte == b'\n').count() >= self.after {
                self.holder = None;
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_busy_card_stays_the_card_and_is_waited_for() {
        let Some((_file, device)) = device() else { return };
        let mut output = LetGo { holder: Some(held(&device.path)), after: 2, text: Vec::new() };
        assert!(!is_mounted(&device.path), "a busy disk is not passed over for the next one");
        until_free(&device.path, 50, &mut Reporter::new(&mut output)).unwrap();
        assert!(output.holder.is_none());
        let text = String::from_utf8(output.text).unwrap();
        let line = |tick| {
            format!(r#"{{"kind":"progress","phase":"wait_for_card","done_bytes":{tick},"total_bytes":50}}"#)
        };
        assert!(text.starts_with(&format!("{}\n{}\n", line(0), line(1))), "{text}");
    }

    #[test]
    fn a_card_that_stays_busy_may_be_tried_again() {
        let Some((_file, device)) = device() else { return };
        let _holder = held(&device.path);
        match until_free(&device.path, 1, &mut Reporter::new(&mut io::sink())) {
            Err(Stop::Failed { problem, retry: Retry::Worthwhile }) => {
                assert!(problem.seen.contains("in use by another program"), "{problem:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mounted_card_is_not_waited_for() {
        let Some((_file, device)) = device() else { return };
        let folder = tempfile::tempdir().unwrap();
        let quiet = |program: &str, arguments: &[&std::ffi::OsStr]| {
            crate::node::tool::run(program, arguments).unwrap().status.success()
        };
        assert!(quiet("mke2fs", &["-q".as_ref(), "-F".as_ref(), device.path.as_os_str()]));
        if !quiet("mount", &[device.path.as_os_str(), folder.path().as_os_str()]) {
            eprintln!("nothing can be mounted here: this test is left out");
            return;
        }
        let mut output = Vec::new();
        let outcome = until_free(&device.path, 50, &mut Reporter::new(&mut output));
        let link = folder.path().with_extension("link");
        std::os::unix::fs::symlink(&device.path, &link).unwrap();
        let by_link = is_mounted(&link);
        fs::remove_file(&link).unwrap();
        assert!(quiet("umount", &[folder.path().as_os_str()]));
        assert!(matches!(outcome, Err(Stop::Failed { retry: Retry::Pointless, .. })), "{outcome:?}");
        assert!(output.is_empty() && by_link);
    }
}
