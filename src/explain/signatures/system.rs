//! From the kernel to SSH. *Pure.*

use super::power::boots_card_first;
use super::{Finding, Signature, capital};
use crate::explain::boots::file_name;
use crate::explain::course::{Course, Stage};
use crate::explain::numbers::{KERNEL_START, MOUNT, RESTART, SSH};
use crate::model::board::FirmwareClass;
use crate::model::boot_event::{BootRecord, FileOutcome, FileTransfer, SshSeen};
use crate::model::explanation::Outlook;

pub(super) const ROWS: &[Signature] = &[
    Signature {
        id: "kernel_panic",
        stages: &[Stage::Panicked],
        outlook: Outlook::Trouble,
        judge: kernel_panic,
        fix: "The lines before say why. A root that cannot be mounted: check the export and nfsroot= on the command \
              line. Missing modules or a wrong architecture: run `pimaster nfs prepare` again.",
    },
    Signature {
        id: "config_without_options",
        stages: &[Stage::Kernel],
        outlook: Outlook::Trouble,
        judge: config_without_options,
        fix: "Update the boot loader: without TFTP options a Pi 4 ignores config.txt or reads no more than 4096 bytes \
              of it (raspberrypi/firmware#1012). Until then keep config.txt short.",
    },
    Signature {
        id: "no_kernel_dhcp",
        stages: &[Stage::Kernel],
        outlook: Outlook::Trouble,
        judge: no_kernel_dhcp,
        fix: "The kernel does not start, or without network: check that kernel, device tree and initramfs are for this \
              board and of one version, and that the kernel has its network driver. [netconsole] shows what it says; \
              run `pimaster nfs prepare` again.",
    },
    Signature {
        id: "root_not_mounted",
        stages: &[Stage::Running],
        outlook: Outlook::Trouble,
        judge: root_not_mounted,
        fix: "Check that the NFS server runs and exports the installer root to this node (`exportfs -v`), that it \
              serves version 3 over TCP, and that rpcbind and mountd can be reached; klibc takes vers=3 and no proto=.",
    },
    Signature {
        id: "system_silent",
        stages: &[Stage::Running],
        outlook: Outlook::Trouble,
        judge: system_silent,
        fix: "It has an address but no SSH server: for the installer check the export of its root and its sshd; for a \
              deployed system, that the image starts sshd and has no firewall. A screen or [netconsole] tells more.",
    },
    Signature {
        id: "mounted_no_ssh",
        stages: &[Stage::Mounted],
        outlook: Outlook::Trouble,
        judge: mounted_no_ssh,
        fix: "The installer runs but its sshd does not: run `pimaster nfs prepare` again, and check that the root holds \
              sshd, its host key and overlay-init for the board's architecture.",
    },
    Signature {
        id: "other_host_key",
        stages: &[Stage::Running, Stage::Mounted],
        outlook: Outlook::Trouble,
        judge: other_host_key,
        fix: "Another system or another machine answers at the node's address. If it is the node: choose hard reboot, \
              and after a change of keys run `pimaster nfs prepare` again. If not: give one of them another address.",
    },
    Signature {
        id: "key_refused",
        stages: &[Stage::Running, Stage::Mounted],
        outlook: Outlook::Trouble,
        judge: key_refused,
        fix: "The right system answers but does not let pimaster in: for the installer run `pimaster nfs prepare` \
              again; for a deployed system choose deploy again.",
    },
];

fn kernel_panic(course: &Course<'_>) -> Option<Finding> {
    let (record, line) = course.panic?;
    Some(Finding::new(format!("The kernel gave up: {line}"), [record]))
}

/// `config.txt` that an EEPROM loaded without asking for its size.
fn plain_config<'a>(course: &Course<'a>) -> Option<&'a BootRecord> {
    if course.facts.firmware != FirmwareClass::Eeprom4 {
        return None;
    }
    let is_plain = |file: &FileTransfer| {
        file.outcome == FileOutcome::Complete && !file.options && file_name(&file.path) == "config.txt"
    };
    course.files.iter().find(|(_, file)| is_plain(file)).map(|(record, _)| *record)
}

fn config_without_options(course: &Course<'_>) -> Option<Finding> {
    let plain = plain_config(course)?;
    let seconds = course.since(course.kernel?);
    let sentence = format!(
        "config.txt was loaded without TFTP options, so the firmware ignores it or cuts it; the kernel it chose has \
         been silent for {seconds} s."
    );
    (seconds >= KERNEL_START).then(|| Finding::new(sentence, [plain]))
}

fn no_kernel_dhcp(course: &Course<'_>) -> Option<Finding> {
    let kernel = course.kernel?;
    let seconds = course.since(kernel);
    let sentence = format!(
        "The kernel was loaded {seconds} s ago and has not asked for an address; kernels do so within 10 to 25 s."
    );
    (seconds >= KERNEL_START && plain_config(course).is_none()).then(|| Finding::new(sentence, [kernel]))
}

fn root_not_mounted(course: &Course<'_>) -> Option<Finding> {
    let granted = course.granted()?;
    let seconds = course.since(granted);
    let is_expected =
        course.wants_installer() && course.facts.notices_mounts && !course.skipped_the_network();
    let sentence = format!(
        "The installer's kernel has had its address for {seconds} s and has not mounted its root; it does so at once."
    );
    (is_expected && course.ssh.is_empty() && seconds >= MOUNT).then(|| Finding::new(sentence, [granted]))
}

fn system_silent(course: &Course<'_>) -> Option<Finding> {
    let granted = course.granted()?;
    let seconds = course.since(granted);
    let awaited = course.facts.awaited?;
    let explained = course.wants_installer() && (course.facts.notices_mounts || course.skipped_the_network());
    let sentence = format!(
        "A system has had the node's address for {seconds} s, but {}'s SSH server does not answer.",
        awaited.shown()
    );
    (!explained && course.ssh.is_empty() && seconds >= SSH).then(|| Finding::new(sentence, [granted]))
}

fn mounted_no_ssh(course: &Course<'_>) -> Option<Finding> {
    let mount = course.mount?;
    let seconds = course.since(mount);
    let sentence = format!("The installer root was mounted {seconds} s ago, but no SSH server answers.");
    (course.ssh.is_empty() && seconds >= SSH).then(|| Finding::new(sentence, [mount]))
}

fn other_host_key(course: &Course<'_>) -> Option<Finding> {
    let (record, expected, seen) = course.ssh.last()?;
    let key = match seen {
        SshSeen::OtherKey { key } => key,
        SshSeen::Expected | SshSeen::KeyRefused => return None,
    };
    let sentence = format!(
        "{} was expected at the node's address, but a server with another host key answers ({key}).",
        capital(*expected)
    );
    let is_so = course.since(record) >= RESTART && boots_card_first(course).is_none();
    is_so.then(|| Finding::new(sentence, [*record]))
}

fn key_refused(course: &Course<'_>) -> Option<Finding> {
    let (record, expected, seen) = course.ssh.last()?;
    let sentence = format!("{} answers, but does not accept pimaster's key.", capital(*expected));
    let is_so = **seen == SshSeen::KeyRefused && boots_card_first(course).is_none();
    is_so.then(|| Finding::new(sentence, [*record]))
}
