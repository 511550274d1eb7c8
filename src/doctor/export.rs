//! Whether the installer root can be exported and mounted. *IO: `exportfs`, RPC, statfs; `judge_*` are pure.*
//!
//! Mounting itself takes a node: the export goes to installing nodes alone, and the doctor is none.

use super::finding::{Finding, Verdict};
use super::rpc;
use super::scene::Scene;
use crate::model::check::Check;
use crate::nfs_prep::Exports;
use nix::sys::statfs::{OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const INSTALL: &str = "Run `apt-get install nfs-kernel-server`, then `systemctl enable --now nfs-server`; `rpcinfo -p` lists what is there.";

/// The findings.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let config = &scene.config;
    let Exports::Exportfs(program) = &config.nfs.exports else {
        let advice = "See that whoever exports the root does so to installing nodes alone, read-only.";
        let verdict = Verdict::not_checked("nfs.exports is off: somebody else exports the root", advice);
        return vec![verdict.of(Check::Export, "export")];
    };
    let server = config.dhcp.server_address;
    let (exportfs, nfs, mount) = tokio::join!(list(program), rpc::nfs(server), rpc::mount(server));
    vec![
        judge_exportfs(exportfs, program).of(Check::Export, program.display().to_string()),
        judge_rpc(&nfs, "NFS version 3").of(Check::Export, "NFS server"),
        judge_rpc(&mount, "mount version 3").of(Check::Export, "mount service"),
        judge_file_system(file_system(&config.nfs.root))
            .of(Check::Export, config.nfs.root.display().to_string()),
    ]
}

/// What `exportfs -v` says: its exit and its complaint.
async fn list(program: &Path) -> Result<(), String> {
    let run = Command::new(program).arg("-v").stdin(Stdio::null()).kill_on_drop(true).output();
    match timeout(PATIENCE, run).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no end within {} s", PATIENCE.as_secs())),
    }
}

fn judge_exportfs(listed: Result<(), String>, program: &Path) -> Verdict {
    match listed {
        Ok(()) => Verdict::Good("runs and lists the exports".to_owned()),
        Err(complaint) => Verdict::failure(
            format!("`{} -v` fails: {complaint}", program.display()),
            "a list of exports",
            format!("{INSTALL} Or set nfs.exports."),
        ),
    }
}

fn judge_rpc(answer: &Result<(), rpc::Error>, what: &str) -> Verdict {
    match answer {
        Ok(()) => Verdict::Good(format!("answers for {what} over TCP")),
        Err(error) => Verdict::failure(error.to_string(), format!("{what} over TCP"), INSTALL),
    }
}

/// File systems that the kernel's NFS server does not export as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileSystem {
    Overlay,
    Memory,
    Other,
    Missing,
}

fn file_system(root: &Path) -> FileSystem {
    match statfs(root).map(|found| found.filesystem_type()) {
        Ok(OVERLAYFS_SUPER_MAGIC) => FileSystem::Overlay,
        Ok(TMPFS_MAGIC) => FileSystem::Memory,
        Ok(_) => FileSystem::Other,
        Err(_) => FileSystem::Missing,
    }
}

fn judge_file_system(seen: FileSystem) -> Verdict {
    const MOVE: &str = "Move nfs.root to a disk (ext4, xfs, btrfs) and prepare it there.";
    const EXPECTED: &str = "a file system that can be exported";
    match seen {
        FileSystem::Other => Verdict::Good("lies on a file system that can be exported".to_owned()),
        FileSystem::Overlay => Verdict::failure("lies on an overlay", EXPECTED, MOVE),
        FileSystem::Memory => Verdict::failure("lies in memory (tmpfs)", EXPECTED, MOVE),
        FileSystem::Missing => Verdict::failure(
            "is not there",
            "the installer root",
            "Run `pimaster nfs prepare --from / | DIR | IMAGE`, to its end.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn what_cannot_be_exported_is_named() {
        let check = |verdict: Verdict, outcome, part: &str| {
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(judge_file_system(FileSystem::Other), Outcome::Ok, "");
        check(judge_file_system(FileSystem::Overlay), Outcome::Failure, "overlay");
        check(judge_file_system(FileSystem::Memory), Outcome::Failure, "tmpfs");
        check(judge_file_system(FileSystem::Missing), Outcome::Failure, "nfs prepare");
        check(judge_rpc(&Ok(()), "NFS version 3"), Outcome::Ok, "NFS");
        check(judge_rpc(&Err(rpc::Error::Closed(2049)), "NFS"), Outcome::Failure, "2049");
        check(judge_rpc(&Err(rpc::Error::NotRegistered), "mount"), Outcome::Failure, "nfs-kernel-server");
        let program = Path::new("/usr/sbin/exportfs");
        check(judge_exportfs(Ok(()), program), Outcome::Ok, "");
        check(judge_exportfs(Err("no kernel".to_owned()), program), Outcome::Failure, "no kernel");
    }

    #[tokio::test]
    async fn a_missing_program_and_its_complaint_come_back() {
        assert!(list(Path::new("/no/such/exportfs")).await.unwrap_err().contains("No such file"));
        assert_eq!(list(Path::new("/bin/true")).await, Ok(()));
        assert!(list(Path::new("/bin/false")).await.is_err());
    }
}
