//! Whether boot firmware is of one release. *IO: reads the files.*
//!
//! Called when boot files have been copied. A start file patches itself with its fixup file, which must be of the same
//! release: with another one the board hangs at a coloured screen or sees 128 MB of memory (raspberrypi/firmware#1041).
//! A fixup file carries no version, but start files do (`VC_BUILD_ID_VERSION: <commit>`), and all files of a release
//! have the same date. So what can be said is: half a pair is missing; start files are of two releases, so that one of
//! them cannot be that of its fixup; a pair was not made on one day. A fixup that was exchanged and dated back is not
//! noticed.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Start files with their fixups, and who boots with them.
const PAIRS: [(&str, &str); 8] = [
    ("start.elf", "fixup.dat"),
    ("start_cd.elf", "fixup_cd.dat"),
    ("start_db.elf", "fixup_db.dat"),
    ("start_x.elf", "fixup_x.dat"),
    ("start4.elf", "fixup4.dat"),
    ("start4cd.elf", "fixup4cd.dat"),
    ("start4db.elf", "fixup4db.dat"),
    ("start4x.elf", "fixup4x.dat"),
];
const VERSION: &[u8] = b"VC_BUILD_ID_VERSION: ";
/// Copies of one release that are further apart were not made together.
const APART: Duration = Duration::from_secs(86_400);
const ADVICE: &str =
    "take all start*.elf and fixup*.dat from one release, or boards hang or see too little memory";

/// What does not fit together in a folder of boot files, in sentences; nothing is wrong with files that cannot be read
/// or say nothing.
pub(super) fn mismatches(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = PAIRS.iter().filter_map(|pair| unlike(folder, *pair)).collect();
    let versions: Vec<(&str, String)> =
        PAIRS.iter().filter_map(|(start, _)| Some((*start, version(&folder.join(start))?))).collect();
    if let [(first, one), rest @ ..] = versions.as_slice()
        && let Some((second, other)) = rest.iter().find(|(_, version)| version != one)
    {
        found.push(format!("{first} is of firmware {one} and {second} of {other}; {ADVICE}"));
    }
    found
}

/// What is wrong with a pair.
fn unlike(folder: &Path, (start, fixup): (&str, &str)) -> Option<String> {
    let of = |name: &str| fs::metadata(folder.join(name)).ok();
    match (of(start), of(fixup)) {
        (Some(start_file), Some(fixup_file)) => {
            let (one, other) = (start_file.modified().ok()?, fixup_file.modified().ok()?);
            let apart = one.duration_since(other).or_else(|_| other.duration_since(one)).ok()?;
            (apart > APART).then(|| {
                let days = apart.as_secs() / 86_400;
                format!("{start} and {fixup} were made {days} days apart; {ADVICE}")
            })
        }
        (Some(_), None) => Some(format!("{start} is there without {fixup}; {ADVICE}")),
        (None, Some(_)) => Some(format!("{fixup} is there without {start}; {ADVICE}")),
        (None, None) => None,
    }
}

/// The release of a start file.
fn version(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    let at = bytes.windows(VERSION.len()).position(|window| window == VERSION)? + VERSION.len();
    let word = bytes.get(at..)?.iter().take(40).take_while(|byte| byte.is_ascii_alphanumeric());
    Some(word.map(|byte| char::from(*byte)).take(12).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn start(folder: &Path, name: &str, version: &str) {
        let text = format!("\x7fELF VC_BUILD_ID_TIME: 14:03\0VC_BUILD_ID_VERSION: {version} (clean)\0more");
        fs::write(folder.join(name), text).unwrap();
    }

    #[test]
    fn pairs_of_one_release_fit() {
        let folder = tempfile::tempdir().unwrap();
        for (name, fixup) in [("start.elf", "fixup.dat"), ("start4.elf", "fixup4.dat")] {
            start(folder.path(), name, "102f1e848393c2112206fadffaaf86db04e98326");
            fs::write(folder.path().join(fixup), "x").unwrap();
        }
        assert_eq!(mismatches(folder.path()), Vec::<String>::new());
        assert_eq!(mismatches(&folder.path().join("none")), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        start(path, "start.elf", "102f1e848393c2112206fadffaaf86db04e98326");
        start(path, "start4.elf", "86ccc427f35fdc604edc511881cdf579df945fb4");
        fs::write(path.join("fixup4.dat"), "x").unwrap();
        let earlier = fs::metadata(path.join("start4.elf")).unwrap().modified().unwrap() - APART * 400;
        File::options().append(true).open(path.join("fixup4.dat")).unwrap().set_modified(earlier).unwrap();
        let found = mismatches(path);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("start.elf is there without fixup.dat"), "{found:?}");
        assert!(found[1].starts_with("start4.elf and fixup4.dat were made 400 days apart"), "{found:?}");
        assert!(
            found[2].starts_with("start.elf is of firmware 102f1e848393 and start4.elf of 86ccc427f35f"),
            "{found:?}"
        );
    }
}
