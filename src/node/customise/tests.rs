//! Whole runs of `customise` on small systems of each family, read back with other tools.

use super::super::testing::{Disk, verb_at};
use crate::model::environment::OsFamily;
use crate::model::image::TableKind;
use crate::model::ssh_key::PublicKey;
use crate::model::verb::{CustomiseArgs, CustomiseReport, Retry, Verb};
use std::io::Read;

const USER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA ada@lab";
const MASTER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqpkxWcoDSr1SYtUWEJC0R4C7ntxLQ2yJ+m0cGOwqpl pimaster";
const HASH: &str = "$6$saltsalt$0123456789abcdefABCDEF./";
const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n";
const SHADOW: &str = "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\npi:!:0:0:99999:7:::\n";

fn key(text: &str) -> PublicKey {
    PublicKey::parse(text).unwrap()
}

pub(in crate::node) fn args(disk: &Disk, family: OsFamily) -> CustomiseArgs {
    CustomiseArgs {
        layout: disk.layout.clone(),
        family,
        host_name: "pi-07".to_owned(),
        ssh_user: family.usual_user().to_owned(),
        password_hash: HASH.to_owned(),
        user_keys: vec![key(USER)],
        pimaster_key: key(MASTER),
        host_key: "-----BEGIN OPENSSH PRIVATE KEY-----\nnode\n-----END OPENSSH PRIVATE KEY-----\n".to_owned(),
        host_public_key: key(MASTER),
        user_script: Some("echo hi\r\n".to_owned()),
        remove_bootcode: true,
    }
}

pub(in crate::node) fn raspberry_pi_os() -> Disk {
    Disk::new(
        TableKind::Mbr,
        &[
            (
                "cmdline.txt",
                "console=tty1 root=PARTUUID=4e639091-02 rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n",
            ),
            ("bootcode.bin", "firmware"),
            ("config.txt", "arm_64bit=1\n"),
        ],
        &[
            ("etc/passwd", PASSWD),
            ("etc/shadow", SHADOW),
            ("etc/hostname", "raspberrypi\n"),
            ("etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n"),
            ("etc/fstab", "PARTUUID=4e639091-02 / ext4 defaults,noatime 0 1\n"),
            ("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"),
            ("etc/ssh/sshd_config.d/rename_user.conf", "Banner x\n"),
            ("etc/ssh/ssh_host_rsa_key", "everybody's"),
            ("etc/ssh/ssh_host_ed25519_key", "everybody's"),
            ("root/.ssh/authorized_keys", "ssh-ed25519 somebody-else\n"),
            ("etc/systemd/system/multi-user.target.wants/", ""),
            ("etc/init.d/resize2fs_once", "#!/bin/sh\n"),
            ("usr/lib/systemd/system/ssh.service", "[Unit]\n"),
            ("usr/lib/systemd/system/regenerate_ssh_host_keys.service", "[Unit]\n"),
            ("usr/lib/systemd/system/userconfig.service", "[Unit]\n"),
            ("lib", "->usr/lib"),
            ("home/pi/", ""),
        ],
    )
}

fn cat(disk: &Disk, path: &str) -> String {
    disk.debugfs(&format!("cat {path}"))
}

/// Mode, owner and group as `stat` prints them.
fn owner(disk: &Disk, path: &str) -> (String, String) {
    let text = disk.debugfs(&format!("stat {path}"));
    let after =
        |name: &str| text.split(name).nth(1).unwrap_or("").split_whitespace().next().unwrap_or("").to_owned();
    (after("Mode:"), format!("{}:{}", after("User:"), after("Group:")))
}

#[test]
fn raspberry_pi_os_becomes_the_users_own() {
    let disk = raspberry_pi_os();
    let report: CustomiseReport =
        verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::RaspberryPiOs)).report();
    disk.assert_clean();
    assert_eq!(report.cmdline, "console=tty1 root=PARTUUID=4e639091-02 rootwait quiet");
    assert_eq!(disk.boot_file("cmdline.txt").unwrap().trim(), report.cmdline);
    assert_eq!(disk.boot_file("bootcode.bin"), None);
    assert_eq!(disk.boot_file("ssh").as_deref(), Some(""));
    assert_eq!(disk.boot_file("config.txt").as_deref(), Some("arm_64bit=1\n"));

    assert_eq!(cat(&disk, "/etc/hostname"), "pi-07\n");
    assert_eq!(cat(&disk, "/etc/hosts"), "127.0.0.1\tlocalhost\n127.0.1.1\tpi-07\n");
    assert!(cat(&disk, "/etc/fstab").starts_with("PARTUUID=4e639091-02 "));
    assert_eq!(cat(&disk, "/root/.ssh/authorized_keys"), format!("{USER}\n{MASTER}\n"));
    assert_eq!(cat(&disk, "/home/pi/.ssh/authorized_keys"), format!("{USER}\n"));
    let shadow = cat(&disk, "/etc/shadow");
    assert!(
        shadow.contains(&format!("root:{HASH}:19000:")) && shadow.contains(&format!("pi:{HASH}:")),
        "{shadow}"
    );
    assert!(shadow.contains("sshd:!:19000::::::\n"));
    assert_eq!(cat(&disk, "/var/lib/pimaster/user-script"), "#!/bin/sh\necho hi\n");
    assert!(cat(&disk, "/etc/ssh/ssh_host_ed25519_key").contains("\nnode\n"));
    assert!(
        cat(&disk, "/etc/ssh/sshd_config.d/00-pimaster.conf").contains("PermitRootLogin prohibit-password")
    );
    let names = disk.debugfs("ls -p /etc/ssh") + &disk.debugfs("ls -p /etc/ssh/sshd_config.d");
    assert!(!names.contains("rsa") && !names.contains("rename_user"), "{names}");

    let check = |path: &str, mode: &str, who: &str| {
        assert_eq!(owner(&disk, path), (mode.to_owned(), who.to_owned()), "{path}")
    };
    check("/root/.ssh", "0700", "0:0");
    check("/root/.ssh/authorized_keys", "0600", "0:0");
    check("/home/pi/.ssh", "0700", "1000:1000");
    check("/home/pi/.ssh/authorized_keys", "0600", "1000:1000");
    check("/etc/ssh/ssh_host_ed25519_key", "0600", "0:0");
    check("/etc/ssh/ssh_host_ed25519_key.pub", "0644", "0:0");
    check("/var/lib/pimaster/user-script", "0700", "0:0");
    let link = |path: &str, target: &str| {
        assert!(disk.debugfs(&format!("stat {path}")).contains(&format!("\"{target}\"")), "{path}")
    };
    link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/usr/lib/systemd/system/ssh.service");
    for unit in ["regenerate_ssh_host_keys", "userconfig", "resize2fs_once"] {
        link(&format!("/etc/systemd/system/{unit}.service"), "/dev/null");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let disk = raspberry_pi_os();
    let look = || {
        let paths =
            ["/etc", "/etc/ssh", "/root/.ssh", "/home/pi/.ssh", "/etc/systemd/system", "/var/lib/pimaster"];
        let listings: Vec<String> = paths
            .iter()
            .map(|path| disk.debugfs(&format!("ls -p {path}")))
            // The inode's number is the first field, and may change.
            .map(|text| {
                let mut names: Vec<&str> =
                    text.lines().filter_map(|line| line.splitn(3, '/').nth(2)).collect();
                names.sort_unstable();
                names.join("\n")
            })
            .collect();
        (
            listings,
            cat(&disk, "/etc/shadow"),
            cat(&disk, "/etc/hosts"),
            disk.boot_file("cmdline.txt"),
            free(&disk),
        )
    };
    let run = || {
        verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::RaspberryPiOs))
            .report::<CustomiseReport>()
    };
    let first = (run(), look());
    for _ in 0..3 {
        assert_eq!((run(), look()), first);
    }
    disk.assert_clean();
}

#[test]
fn a_run_that_was_cut_off_is_repaired() {
    let disk = raspberry_pi_os();
    let name = crate::node::tool::ext4_name(&disk.path, crate::node::testing::ROOT.0).unwrap();
    // As the power leaves it: a file is linked, the counts are not yet right, the mark is set.
    for command in ["set_super_value state 0", "clri /etc/hosts", "set_super_value free_blocks_count 5"] {
        let arguments = ["-w", "-R", command, &name].map(std::ffi::OsStr::new);
        assert!(crate::node::tool::run("debugfs", &arguments).unwrap().status.success());
    }
    let said = verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::RaspberryPiOs));
    assert!(said.report::<CustomiseReport>().cmdline.contains("rootwait"));
    disk.assert_clean();
    assert!(disk.debugfs("stats").contains("Filesystem state:         clean"));
    assert!(cat(&disk, "/etc/hosts").contains("pi-07"));
}

/// Free blocks and inodes: what was replaced is freed.
fn free(disk: &Disk) -> Vec<String> {
    let stats = disk.debugfs("stats");
    stats.lines().filter(|line| line.starts_with("Free ")).map(str::to_owned).collect()
}

#[test]
fn a_run_without_script_removes_the_old_one() {
    let disk = raspberry_pi_os();
    let mut args = args(&disk, OsFamily::Debian);
    verb_at(Verb::Customise, &disk.path, &args).report::<CustomiseReport>();
    args.user_script = None;
    args.ssh_user = "pi".to_owned();
    verb_at(Verb::Customise, &disk.path, &args).report::<CustomiseReport>();
    assert!(!disk.debugfs("ls -p /var/lib/pimaster").contains("user-script"));
    assert!(disk.boot_file("cmdline.txt").unwrap().contains("firstboot"), "another Debian keeps its own");
}

#[test]
fn ubuntu_is_told_through_cloud_init_too() {
    let disk = Disk::new(
        TableKind::Mbr,
        &[
            ("cmdline.txt", "console=tty1 root=LABEL=writable rootwait\n"),
            (
                "user-data",
                "#cloud-config\nchpasswd:\n  expire: true\n  users:\n  - {name: ubuntu, password: ubuntu, type: text}\n",
            ),
            ("network-config", "version: 2\n"),
        ],
        &[
            ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
            ("etc/shadow", "root:*:19000:0:99999:7:::\n"),
            ("etc/ssh/sshd_config", "PermitRootLogin no\n"),
            ("etc/cloud/cloud.cfg.d/05_logging.cfg", "x\n"),
            ("usr/lib/systemd/system/ssh.service", "[Unit]\n"),
            ("etc/systemd/system/sockets.target.wants/ssh.socket", "->/usr/lib/systemd/system/ssh.socket"),
        ],
    );
    let report: CustomiseReport =
        verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::Ubuntu)).report();
    disk.assert_clean();
    assert_eq!(report.cmdline, "console=tty1 root=LABEL=writable rootwait");
    let user_data = disk.boot_file("user-data").unwrap();
    let (head, json) = user_data.split_once("# Written by pimaster.\n").unwrap();
    assert_eq!(head, "#cloud-config\n");
    let data: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(data["users"][0]["name"], "ubuntu");
    assert_eq!(data["users"][0]["hashed_passwd"], HASH);
    assert_eq!(data["users"][0]["ssh_authorized_keys"][0], USER);
    assert_eq!(data["ssh_deletekeys"], false);
    let meta: serde_json::Value = serde_json::from_str(&disk.boot_file("meta-data").unwrap()).unwrap();
    assert_eq!(meta["local-hostname"], "pi-07");
    assert_eq!(disk.boot_file("network-config").as_deref(), Some("version: 2\n"));
    assert!(cat(&disk, "/etc/cloud/cloud.cfg.d/99-pimaster.cfg").contains("\"preserve_hostname\": true"));
    let sshd = cat(&disk, "/etc/ssh/sshd_config");
    assert!(sshd.find("prohibit-password").unwrap() < sshd.find("PermitRootLogin no").unwrap());
    assert!(!disk.debugfs("ls -p /etc/systemd/system").contains("multi-user"), "started by its socket");
}

#[test]
fn picore_gets_its_files_through_its_backup() {
    let disk = picore(Some(&[
        ("opt/.filetool.lst", "opt\nhome\n"),
        ("usr/local/etc/ssh/ssh_host_rsa_key", "old"),
        ("opt/bootlocal.sh", "#!/bin/sh\n"),
    ]));
    let report: CustomiseReport =
        verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::PiCore)).report();
    disk.assert_clean();
    assert_eq!(report.cmdline, "tz=GMT loglevel=3 host=pi-07");
    assert_eq!(disk.boot_file("cmdline3.txt").as_deref(), Some("quiet host=pi-07\n"));
    let files = unpack(&disk);
    let get = |path: &str| {
        files.iter().find(|(name, ..)| name == path).unwrap_or_else(|| panic!("{path} in {files:?}"))
    };
    let (_, mode, uid, gid, keys) = get("home/tc/.ssh/authorized_keys");
    assert_eq!((*mode, *uid, *gid, keys.as_str()), (0o600, 1001, 50, format!("{USER}\n{MASTER}\n").as_str()));
    assert_eq!(get("home/tc/.ssh").1, 0o700);
    assert!(get("etc/shadow").4.contains(&format!("tc:{HASH}:")));
    assert!(get("usr/local/etc/ssh/ssh_host_ed25519_key").4.contains("\nnode\n"));
    assert_eq!(get("opt/bootlocal.sh").4, "#!/bin/sh\n");
    assert!(get("opt/.filetool.lst").4.contains("usr/local/etc/ssh\n"));
    assert_eq!(get("var/lib/pimaster/user-script").1, 0o700);
    assert!(!files.iter().any(|(name, ..)| name.contains("rsa")));
    let again: CustomiseReport =
        verb_at(Verb::Customise, &disk.path, &args(&disk, OsFamily::PiCore)).report();
    assert_eq!((again, unpack(&disk)), (report, files));

    let fresh = picore(None);
    verb_at(Verb::Customise, &fresh.path, &args(&fresh, OsFamily::PiCore)).report::<CustomiseReport>();
    assert!(unpack(&fresh).iter().any(|(name, ..)| name == "etc/shadow"));
}

fn picore(backup: Option<&[(&str, &str)]>) -> Disk {
    let boot = [("cmdline.txt", "tz=GMT loglevel=3\n"), ("cmdline3.txt", "quiet\n")];
    let disk = Disk::new(TableKind::Mbr, &boot, &[("tce/onboot.lst", "openssh.tcz\n")]);
    if let Some(files) = backup {
        let mut data = super::mydata::MyData::default();
        for (path, content) in files {
            data.put(path, *content, super::changes::Owner::root(0o644));
        }
        let archive = disk.folder.path().join("mydata.tgz");
        std::fs::write(&archive, data.encode().unwrap()).unwrap();
        let name = format!("{}?offset={}", disk.path.display(), super::super::testing::ROOT.0);
        let commands = disk.folder.path().join("commands");
        std::fs::write(&commands, format!("cd /tce\nwrite {} mydata.tgz\n", archive.display())).unwrap();
        let arguments = ["-w".as_ref(), "-f".as_ref(), commands.as_os_str(), name.as_ref()];
        assert!(super::super::tool::run("debugfs", &arguments).unwrap().status.success());
    }
    disk
}

fn unpack(disk: &Disk) -> Vec<(String, u32, u64, u64, String)> {
    let to = disk.folder.path().join("unpacked.tgz");
    disk.debugfs(&format!("dump /tce/mydata.tgz {}", to.display()));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(to).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let path = entry.path().unwrap().to_str().unwrap().trim_end_matches('/').to_owned();
        let header = entry.header();
        (path, header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap(), text)
    });
    entries.collect()
}

#[test]
fn what_cannot_be_customised_is_named() {
    let disk = Disk::new(TableKind::Mbr, &[], &[("etc/hostname", "x\n")]);
    let check = |family, change: &dyn Fn(&mut CustomiseArgs), part: &str| {
        let mut args = args(&disk, family);
        change(&mut args);
        let said = verb_at(Verb::Customise, &disk.path, &args);
        let (problem, retry) = said.problem();
        assert!(problem.to_string().contains(part), "{problem}");
        assert_eq!(retry, Retry::Pointless);
    };
    check(OsFamily::Debian, &|_| {}, "no /etc/passwd");
    check(OsFamily::PiCore, &|_| {}, "no folder tce/");
    check(OsFamily::Debian, &|args| args.host_name = "a b".to_owned(), "argument `host_name`");
    check(OsFamily::Debian, &|args| args.ssh_user = "a:b".to_owned(), "argument `ssh_user`");
    check(OsFamily::Debian, &|args| args.password_hash = "secret".to_owned(), "argument `password_hash`");
    check(OsFamily::Debian, &|args| args.host_key = String::new(), "argument `host_key`");
    check(OsFamily::Debian, &|args| args.layout.root = 9, "argument `layout.root`");
    assert_eq!(cat(&disk, "/etc/hostname"), "x\n");

    let disk = raspberry_pi_os();
    let mut args = args(&disk, OsFamily::Debian);
    args.ssh_user = "ubuntu".to_owned();
    let said = verb_at(Verb::Customise, &disk.path, &args);
    assert!(said.problem().0.expected.contains("root, pi"), "{said:?}");
}
