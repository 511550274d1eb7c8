//! What `--from` names: this system, a folder with a system, or an OS image. *IO: looks, writes nothing.*
//!
//! Called by `plan` (which kind it is) and by `apply` (whether what it holds can install nodes).

use super::elf::{self, Machine};
use super::error::{Error, Result};
use super::files::failed;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the installer root comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A root folder: `/`, or another.
    Folder(PathBuf),
    /// A disk image.
    Image {
        /// The file.
        file: PathBuf,
        /// Whether it is packed with xz.
        is_packed: bool,
    },
}

impl Source {
    /// Judges what was given.
    pub(super) fn judge(from: &Path) -> Result<Self> {
        let path = from.canonicalize().map_err(failed("find", from))?;
        let metadata = fs::metadata(&path).map_err(failed("look at", from))?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path));
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
        match name.rsplit('.').next().unwrap_or_default() {
            "xz" => Ok(Self::Image { file: path, is_packed: true }),
            "img" | "raw" => Ok(Self::Image { file: path, is_packed: false }),
            ending => Err(Error::refused(
                format!("{} ends in `.{ending}`", from.display()),
                "`/`, a folder with a root file system, or an image (.img, .img.xz)",
                "Unpack other archives first.",
            )),
        }
    }
}

/// Whether a folder holds a system that can install nodes with this copy of pimaster.
pub(super) fn check_system(root: &Path, node_binary: &Path) -> Result<()> {
    let has = |path: &str| fs::symlink_metadata(root.join(path)).is_ok();
    let has_program =
        |name: &str| ["usr/sbin", "sbin", "usr/bin", "bin"].iter().any(|it| has(&format!("{it}/{name}")));
    if !has("etc/passwd") || !has("usr") || !has_program("init") {
        return Err(Error::refused(
            format!("{} has no etc/passwd, usr or sbin/init", root.display()),
            "the root of a Linux system",
            "Give the folder that holds `etc` and `usr`, or an OS image.",
        ));
    }
    let needed = [
        ("sshd", "openssh-server"),
        ("debugfs", "e2fsprogs"),
        ("resize2fs", "e2fsprogs"),
        ("e2fsck", "e2fsprogs"),
    ];
    if let Some((program, package)) = needed.into_iter().find(|(program, _)| !has_program(program)) {
        return Err(Error::refused(
            format!("the system in {} has no `{program}`", root.display()),
            "sshd and e2fsprogs, which an installation needs",
            format!("Install the package {package} in it."),
        ));
    }
    check_binary(root, node_binary)
}

/// The folder with the boot files of a system.
pub(super) fn boot_folder(root: &Path) -> Result<PathBuf> {
    let candidates = ["boot/firmware", "boot"].map(|folder| root.join(folder));
    candidates.into_iter().find(|folder| folder.join("config.txt").is_file()).ok_or_else(|| {
        Error::refused(
            format!("neither boot/firmware nor boot of {} holds a config.txt", root.display()),
            "the boot files of a Raspberry Pi system",
            "Mount its boot partition there, or give an OS image for the Raspberry Pi.",
        )
    })
}

/// The copy of pimaster must be for the system's processor, and find its dynamic linker there, if it has one.
fn check_binary(root: &Path, node_binary: &Path) -> Result<()> {
    const ADVICE: &str =
        "Give the static build for the nodes with --node-binary (scripts/build-static makes it).";
    let program = elf::read(node_binary).map_err(failed("read", node_binary))?.ok_or_else(|| {
        Error::refused(format!("{} is no program", node_binary.display()), "pimaster for the nodes", ADVICE)
    })?;
    // Of these one is a real file everywhere.
    let samples = ["usr/sbin/e2fsck", "sbin/e2fsck", "usr/sbin/sshd", "usr/bin/busybox"];
    let sample = samples.iter().find_map(|path| elf::read(&root.join(path)).ok().flatten());
    if let Some(sample) = sample.filter(|sample| !program.machine.runs_beside(sample.machine)) {
        return Err(Error::refused(
            format!(
                "{} is for {}, the system for {}",
                node_binary.display(),
                program.machine,
                sample.machine
            ),
            "a copy of pimaster for the nodes' processor",
            ADVICE,
        ));
    }
    match program.interpreter {
        Some(linker) if fs::symlink_metadata(root.join(linker.trim_start_matches('/'))).is_err() => {
            Err(Error::refused(
                format!("{} needs {linker}, which the system does not have", node_binary.display()),
                "a static copy of pimaster, or one for that system",
                ADVICE,
            ))
        }
        Some(_) | None => Ok(()),
    }
}

impl Machine {
    /// Whether programs of both run on one node: a 64-bit kernel runs 32-bit systems too.
    fn runs_beside(self, system: Self) -> bool {
        self == system || matches!((self, system), (Self::Arm64, Self::Arm) | (Self::X86_64, Self::X86))
    }
}
