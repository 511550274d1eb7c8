//! Free space where pimaster writes. *IO: statvfs; `judge` is pure.*

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::model::check::Check;
use nix::sys::statvfs::statvfs;
use std::path::Path;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
/// An image of a desktop system takes about so much, with the room to unpack it.
const ENOUGH_BYTES: u64 = 5 * GIB;
/// With less, the database soon cannot be written.
const TOO_LITTLE_BYTES: u64 = 100 * MIB;

/// Room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    free: u64,
    total: u64,
}

/// What a folder needs room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The database and images.
    Data,
    /// The installer root, once.
    Root,
}

/// The findings.
pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let config = &scene.config;
    let folders = [(config.data.root(), Needs::Data), (config.nfs.root.as_path(), Needs::Root)];
    let finding = |(folder, needs): (&Path, Needs)| {
        // What is not there yet will lie on its nearest ancestor's file system.
        let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
        let verdict = match statvfs(there) {
            Ok(stat) => judge(
                Room {
                    free: stat.blocks_available() * stat.fragment_size(),
                    total: stat.blocks() * stat.fragment_size(),
                },
                needs,
            ),
            Err(errno) => Verdict::not_checked(
                format!("cannot ask for its file system: {errno}"),
                "Run the doctor as root, or as the user that runs pimaster.",
            ),
        };
        verdict.of(Check::Disk, folder.display().to_string())
    };
    folders.into_iter().map(finding).collect()
}

fn judge(room: Room, needs: Needs) -> Verdict {
    let Room { free, total } = room;
    let percent = u128::from(free) * 100 / u128::from(total.max(1));
    let seen = format!("{} free of {} ({percent} %)", shown(free), shown(total));
    if free < TOO_LITTLE_BYTES && needs == Needs::Data {
        let expected = format!("{} at least: the database must be writable", shown(TOO_LITTLE_BYTES));
        return Verdict::failure(
            seen,
            expected,
            "Make room at once: remove environments with `pimaster image remove`.",
        );
    }
    match needs {
        Needs::Data if free < ENOUGH_BYTES || percent < 10 => Verdict::warning(
            seen,
            format!("10 % and {} free, room for one more image", shown(ENOUGH_BYTES)),
            "Make room, or move data.folder to a larger disk.",
        ),
        Needs::Root if percent < 10 => Verdict::warning(
            seen,
            "10 % free, for the next `pimaster nfs prepare`",
            "Make room, or move nfs.root to a larger disk and prepare it there.",
        ),
        Needs::Data | Needs::Root => Verdict::Good(seen),
    }
}

fn shown(bytes: u64) -> String {
    let tenths = |unit: u64| (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    let (tenths, unit) = if bytes >= GIB { (tenths(GIB), "GiB") } else { (tenths(MIB), "MiB") };
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn room_is_judged_in_numbers() {
        let check = |free, total, needs, outcome, part: &str| {
            let verdict = judge(Room { free, total }, needs);
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(20 * GIB, 29 * GIB, Needs::Data, Outcome::Ok, "20.0 GiB free of 29.0 GiB (68 %)");
        check(4 * GIB, 29 * GIB, Needs::Data, Outcome::Warning, "5.0 GiB free");
        check(9 * GIB, 100 * GIB, Needs::Data, Outcome::Warning, "9.0 GiB");
        check(99 * MIB, 29 * GIB, Needs::Data, Outcome::Failure, "99.0 MiB free");
        check(0, 0, Needs::Data, Outcome::Failure, "0.0 MiB");
        check(4 * GIB, 29 * GIB, Needs::Root, Outcome::Ok, "13 %");
        check(GIB, 29 * GIB, Needs::Root, Outcome::Warning, "nfs prepare");
    }
}
