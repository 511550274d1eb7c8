//! The installer root and its boot files. *IO: files; `judge_*` are pure.*

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::config::Config;
use crate::keys::{KeyFolder, KeyPair};
use crate::model::board::FirmwareClass;
use crate::model::check::Check;
use crate::model::verb::NODE_BINARY;
use crate::nfs_prep;
use crate::store::nodes;
use std::fs;
use std::io;
use std::path::Path;

const PREPARE: &str = "Run `pimaster nfs prepare --from / | DIR | IMAGE`, to its end.";
const HOST_KEY: &str = "etc/ssh/ssh_host_ed25519_key";
const AUTHORISED: &str = "root/.ssh/authorized_keys";

/// One of these files must be there, and not empty.
type OneOf = &'static [&'static str];

/// What each class of firmware cannot boot without (`sim::firmware` knows the order and the rest).
fn needed(class: FirmwareClass) -> &'static [OneOf] {
    const TREES_3: OneOf = &["bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb", "bcm2710-rpi-cm3.dtb"];
    const TREES_4: OneOf = &["bcm2711-rpi-4-b.dtb", "bcm2711-rpi-400.dtb", "bcm2711-rpi-cm4.dtb"];
    const TREES_5: OneOf = &["bcm2712-rpi-5-b.dtb", "bcm2712-d-rpi-5-b.dtb", "bcm2712-rpi-500.dtb"];
    match class {
        FirmwareClass::Rom3b | FirmwareClass::Rom3bPlus => &[
            &["config.txt"],
            &["bootcode.bin"],
            &["start.elf"],
            &["fixup.dat"],
            &["kernel8.img", "kernel7.img"],
            TREES_3,
        ],
        FirmwareClass::Eeprom4 => {
            &[&["config.txt"], &["start4.elf"], &["fixup4.dat"], &["kernel8.img", "kernel7l.img"], TREES_4]
        }
        FirmwareClass::Eeprom5 => &[&["config.txt"], &["kernel_2712.img", "kernel8.img"], TREES_5],
    }
}

/// The findings.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let config = &scene.config;
    let mut classes = match scene.store() {
        Ok(store) => {
            let listed = store.read(nodes::list).await.unwrap_or_default();
            listed.iter().map(|node| node.firmware()).collect()
        }
        Err(_) => Vec::new(),
    };
    if classes.is_empty() {
        // The simulated board.
        classes.push(FirmwareClass::Eeprom4);
    }
    let root = config.nfs.root.display().to_string();
    let files = config.data.tftp_installer();
    let of_files = match fs::read_dir(&files) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => closed(&error.to_string()),
        Ok(_) | Err(_) => judge_files(&missing(&files, &classes), &files),
    };
    vec![
        judge_root(&look(config)).of(Check::Installer, root),
        of_files.of(Check::Installer, files.display().to_string()),
    ]
}

fn closed(error: &str) -> Verdict {
    Verdict::not_checked(format!("cannot be read: {error}"), "Run the doctor as root.")
}

/// The installer root as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    NotPrepared,
    Closed(String),
    /// A file that `nfs prepare` writes is not there, or not as it was written.
    Wrong {
        file: &'static str,
        why: &'static str,
    },
    Whole,
}

fn look(config: &Config) -> Root {
    let root = &config.nfs.root;
    if !nfs_prep::is_whole(root) {
        return Root::NotPrepared;
    }
    match compare(config, root) {
        Ok(root) => root,
        Err(error) => Root::Closed(error.to_string()),
    }
}

/// Compares the keys in the root with those in the data folder.
fn compare(config: &Config, root: &Path) -> io::Result<Root> {
    if fs::metadata(root.join(NODE_BINARY.trim_start_matches('/'))).is_err() {
        return Ok(Root::Wrong { file: "usr/local/bin/pimaster", why: "is not there" });
    }
    // An error, unlike an answer, says that the folder is closed to this user.
    if !config.data.root().join("keys").try_exists()? {
        return Ok(Root::Wrong { file: HOST_KEY, why: "is of a data folder that has no keys any more" });
    }
    let keys = KeyFolder::open(config.data.root()).map_err(io::Error::other)?;
    let host = keys.installer_host().map_err(io::Error::other)?.public;
    let own = keys.pimaster().map_err(io::Error::other)?.public;
    let shown = KeyPair::parse(&fs::read_to_string(root.join(HOST_KEY))?).map(|pair| pair.public);
    if shown.is_none_or(|shown| shown.blob() != host.blob()) {
        return Ok(Root::Wrong { file: HOST_KEY, why: "is not the host key that pimaster knows" });
    }
    if !fs::read_to_string(root.join(AUTHORISED))?.contains(own.blob()) {
        return Ok(Root::Wrong { file: AUTHORISED, why: "does not admit pimaster's key" });
    }
    Ok(Root::Whole)
}

fn judge_root(root: &Root) -> Verdict {
    match root {
        Root::Whole => {
            Verdict::Good("is prepared; it shows pimaster's host key and admits its key".to_owned())
        }
        Root::NotPrepared => Verdict::failure(
            "is not prepared, or not to the end",
            "the system that nodes install from",
            PREPARE,
        ),
        Root::Wrong { file, why } => {
            let expected = "the root that this pimaster prepared";
            Verdict::failure(format!("{file} {why}"), expected, PREPARE)
        }
        Root::Closed(error) => closed(error),
    }
}

/// The files that these boards need and do not find.
fn missing(folder: &Path, classes: &[FirmwareClass]) -> Vec<OneOf> {
    // A config.txt with names of its own is beyond a list: the simulated boot reads it.
    let config = fs::read_to_string(folder.join("config.txt")).unwrap_or_default();
    let names_others = config
        .lines()
        .map(str::trim_start)
        .any(|line| ["kernel=", "os_prefix=", "device_tree="].iter().any(|key| line.starts_with(key)));
    let is_there = |name: &str| fs::metadata(folder.join(name)).is_ok_and(|it| it.is_file() && it.len() > 0);
    let may_differ =
        |one_of: OneOf| one_of.iter().any(|name| name.ends_with(".img") || name.ends_with(".dtb"));
    let mut lacking: Vec<OneOf> = classes
        .iter()
        .flat_map(|class| needed(*class).iter().copied())
        .filter(|one_of| !(names_others && may_differ(one_of)))
        .filter(|one_of| !one_of.iter().any(|name| is_there(name)))
        .collect();
    lacking.sort_unstable();
    lacking.dedup();
    lacking
}

fn judge_files(missing: &[OneOf], folder: &Path) -> Verdict {
    if missing.is_empty() {
        return Verdict::Good(
            "firmware, kernels and device trees for the enrolled boards are there".to_owned(),
        );
    }
    let names: Vec<String> = missing.iter().map(|one_of| one_of.join(" or ")).collect();
    let seen = if folder.is_dir() {
        format!("these files are missing or empty: {}", names.join(", "))
    } else {
        "there are no boot files".to_owned()
    };
    Verdict::failure(seen, "what the enrolled boards load from the network", PREPARE)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::sim::tree::{Bulk, write_boot};

    #[test]
    fn missing_and_empty_files_are_named_for_the_boards_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        write_boot(at, Bulk { firmware_bytes: 9, kernel_bytes: 9, ..Bulk::NONE }).unwrap();
        let all = [FirmwareClass::Rom3b, FirmwareClass::Eeprom4, FirmwareClass::Eeprom5];
        assert_eq!(missing(at, &all), Vec::<OneOf>::new());
        fs::write(at.join("start4.elf"), "").unwrap();
        fs::remove_file(at.join("kernel8.img")).unwrap();
        let check = |class, expected: &[OneOf]| assert_eq!(missing(at, &[class, class]), expected);
        check(FirmwareClass::Eeprom4, &[&["kernel8.img", "kernel7l.img"], &["start4.elf"]]);
        check(FirmwareClass::Eeprom5, &[]);
        check(FirmwareClass::Rom3b, &[&["kernel8.img", "kernel7.img"]]);
        fs::write(at.join("config.txt"), "[pi4]\nkernel=other.img\n").unwrap();
        check(FirmwareClass::Eeprom4, &[&["start4.elf"]]);
        let verdict = judge_files(&missing(at, &all), at);
        assert!(format!("{verdict:?}").contains("missing or empty: start4.elf"), "{verdict:?}");
        assert!(format!("{:?}", judge_files(&[&["x"]], &at.join("none"))).contains("no boot files"));
    }

    #[test]
    fn roots_are_judged() {
        let check = |root: Root, outcome| assert_eq!(judge_root(&root).outcome(), outcome, "{root:?}");
        check(Root::Whole, Outcome::Ok);
        check(Root::NotPrepared, Outcome::Failure);
        check(Root::Wrong { file: HOST_KEY, why: "is gone" }, Outcome::Failure);
        check(Root::Closed("denied".to_owned()), Outcome::NotChecked);
    }
}
