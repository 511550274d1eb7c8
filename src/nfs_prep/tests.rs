//! Installer roots from made-up systems: a folder, and disk images of it.

use super::apply::{Event, Report, apply};
use super::{Config, Exports, Plan, Request, Step, plan};
use crate::keys::KeyFolder;
use crate::model::folder::DataFolder;
use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::io::{Cursor, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// Stands in everything that must not reach the installer root.
const SECRET: &str = "tell-nobody";

/// The head of a static program for that processor.
fn program(machine: u16) -> Vec<u8> {
    let mut head = vec![0; 64];
    head[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
    head[18..20].copy_from_slice(&machine.to_le_bytes());
    head
}
const ARM64: u16 = 183;

struct Bench {
    folder: TempDir,
    config: Config,
    keys: KeyFolder,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let config = Config {
            root: path.join("nfs/root"),
            data: DataFolder::new(path.join("data")),
            host_name: "installer".to_owned(),
            exports: Exports::Off,
        };
        fs::write(path.join("pimaster"), program(ARM64)).unwrap();
        let keys = KeyFolder::open(&path.join("data")).unwrap();
        let bench = Self { folder, config, keys };
        bench.make_system();
        bench
    }

    fn system(&self) -> PathBuf {
        self.folder.path().join("system")
    }

    fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.system().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
    }

    fn make_system(&self) {
        for (path, content) in [
            ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n"),
            ("etc/fstab", "PARTUUID=1-02 / ext4 defaults 0 1\n"),
            ("etc/hostname", "raspberrypi\n"),
            ("etc/ssh/sshd_config", "Port 2222\nPermitRootLogin yes\n"),
            ("etc/ssh/moduli", "1 2 3\n"),
            ("etc/os-release", "ID=raspbian\n"),
            ("usr/lib/systemd/system/ssh.service", "[Service]\n"),
            ("usr/lib/python3/test.pem", "-----BEGIN RSA PRIVATE KEY-----\na test of a package\n"),
            ("var/lib/dpkg/status", "Package: base\n"),
            ("etc/init.d/rcS", "#!/bin/sh\n"),
            ("boot/firmware/config.txt", "arm_64bit=1\n"),
            ("boot/firmware/cmdline.txt", "root=PARTUUID=1-02 init=/usr/lib/firstboot resize\n"),
            ("boot/firmware/bootcode.bin", "bootcode"),
            ("boot/firmware/start4.elf", "start4"),
            ("boot/firmware/overlays/a.dtbo", "overlay"),
        ] {
            self.put(path, content);
        }
        for name in
            ["usr/sbin/sshd", "usr/sbin/debugfs", "usr/sbin/resize2fs", "usr/sbin/e2fsck", "usr/sbin/init"]
        {
            self.put(name, program(ARM64));
            fs::set_permissions(self.system().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for path in [
            "etc/shadow-",
            "etc/ssh/ssh_host_rsa_key",
            "etc/wpa_supplicant/wpa_supplicant.conf",
            "etc/NetworkManager/system-connections/home.nmconnection",
            "etc/netplan/90.yaml",
            "root/.ssh/id_ed25519",
            "root/.ssh/authorized_keys",
            "root/.bash_history",
            "home/pi/.ssh/id_rsa",
            "var/log/journal/x",
            "var/backups/shadow.bak",
            "etc/ssl/private/a.key",
            "tmp/x",
            "srv/data",
            "etc/systemd/system/multi-user.target.wants/backup.service",
            "etc/rc3.d/S01x",
            "proc/1/environ",
            "boot/firmware/userconf.txt",
            "boot/firmware/wpa_supplicant.conf",
            "boot/firmware/pieeprom.upd",
            "etc/pimaster.toml",
            "var/lib/docker/x",
            "etc/systemd/network/10-static.network",
            "var/lib/tailscale/tailscaled.state",
            "etc/rancher/k3s/k3s.yaml",
            "etc/ppp/srp-secrets",
            "etc/nginx/site.p12",
            "etc/cifs-credentials",
        ] {
            self.put(path, SECRET);
        }
        self.put("etc/nginx/site.pem", format!("  -----BEGIN PRIVATE KEY-----\n{SECRET}\n"));
        self.put("etc/shadow", format!("root:{SECRET}:0:0:99999:7:::\npi:{SECRET}:1:0:99999:7:::\n"));
        self.put("etc/gshadow", format!("sudo:{SECRET}:root:pi\n"));
        symlink("usr/lib", self.system().join("lib")).unwrap();
        symlink("/proc/mounts", self.system().join("etc/mtab")).unwrap();
        let file = |name: &str| self.system().join(name);
        nix::unistd::mkfifo(&file("var/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::set_permissions(file("etc/shadow"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::set_permissions(file("root"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(file("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    }

    fn plan(&self, from: &Path) -> Plan {
        let node_binary = self.folder.path().join("pimaster");
        plan(&self.config, &Request { from: from.to_owned(), node_binary }).unwrap()
    }

    fn prepare(&self, from: &Path) -> Report {
        apply(&self.plan(from), &self.keys, &|_| {}).unwrap()
    }

    fn refusal(&self, from: &Path) -> String {
        apply(&self.plan(from), &self.keys, &|_| {}).unwrap_err().to_string()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.config.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.config.root.join(path)).is_ok()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::symlink_metadata(self.config.root.join(path)).unwrap().mode() & 0o7777
    }

    /// A disk image of the system: FAT boot partition, ext4 root.
    fn image(&self, label: &str) -> PathBuf {
        let image = self.folder.path().join("os.img");
        File::create(&image).unwrap().set_len(48 << 20).unwrap();
        let table = format!("label: {label}\nstart=2048, size=32768\nstart=40960, size=49152\n");
        let mut sfdisk =
            Command::new("sfdisk").arg("-q").arg(&image).stdin(std::process::Stdio::piped()).spawn().unwrap();
        sfdisk.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
        assert!(sfdisk.wait().unwrap().success());
        let mut boot = Cursor::new(vec![0u8; 16 << 20]);
        fatfs::format_volume(&mut boot, fatfs::FormatVolumeOptions::new()).unwrap();
        {
            let volume = fatfs::FileSystem::new(&mut boot, fatfs::FsOptions::new()).unwrap();
            fill(&volume.root_dir(), &self.system().join("boot/firmware"));
        }
        use std::os::unix::fs::FileExt;
        File::options().write(true).open(&image).unwrap().write_all_at(boot.get_ref(), 2048 * 512).unwrap();
        // In an image the boot files lie in their own partition.
        let tree = self.folder.path().join("image-root");
        let copied = Command::new("cp").arg("-a").arg(self.system()).arg(&tree).status().unwrap();
        assert!(copied.success());
        fs::remove_dir_all(tree.join("boot/firmware")).unwrap();
        fs::create_dir(tree.join("boot/firmware")).unwrap();
        let made = Command::new("mke2fs")
            .args(["-q", "-t", "ext4", "-d"])
            .arg(&tree)
            .args(["-E", "offset=20971520"])
            .arg(&image)
            .arg("24M")
            .status()
            .unwrap();
        assert!(made.success());
        image
    }
}

fn fill<T: fatfs::ReadWriteSeek>(folder: &fatfs::Dir<'_, T>, from: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            fill(&folder.create_dir(&name).unwrap(), &entry.path());
        } else {
            folder.create_file(&name).unwrap().write_all(&fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Everything below a folder: mode, owner, content or target.
fn tree(root: &Path) -> BTreeMap<String, (u32, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let seen = fs::symlink_metadata(&path).unwrap();
            let content = if seen.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if seen.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, (seen.mode(), seen.uid(), content));
        }
    }
    found
}

#[test]
fn a_system_becomes_an_installer() {
    let bench = Bench::new();
    let report = bench.prepare(&bench.system());
    assert_eq!(bench.read("etc/hostname"), "installer\n");
    assert_eq!(bench.read("etc/os-release"), "ID=raspbian\n");
    assert_eq!(bench.read("etc/init.d/rcS"), "#!/bin/sh\n");
    assert!(!bench.read("etc/fstab").contains("PARTUUID"));
    assert_eq!(bench.read("etc/shadow"), "root:*:19000:0:99999:7:::\npi:*:19000:0:99999:7:::\n");
    assert_eq!(bench.read("etc/gshadow"), "sudo:*::pi\n");
    let pair = bench.keys.installer_host().unwrap();
    assert_eq!(bench.read("etc/ssh/ssh_host_ed25519_key"), pair.private);
    assert_eq!(report.host_key, pair.public);
    assert_eq!(
        bench.read("root/.ssh/authorized_keys"),
        format!("{}\n", bench.keys.pimaster().unwrap().public)
    );
    assert!(bench.read("etc/ssh/sshd_config").contains("PermitRootLogin prohibit-password"));
    assert!(!bench.read("etc/ssh/sshd_config").contains("2222"));
    assert_eq!(bench.mode("etc/ssh/ssh_host_ed25519_key"), 0o600);
    assert_eq!((bench.mode("root"), bench.mode("root/.ssh"), bench.mode("tmp")), (0o700, 0o700, 0o1777));
    assert_eq!(bench.mode("usr/local/bin/pimaster"), 0o755);
    assert_eq!(bench.mode("usr/sbin/sshd"), 0o755);
    assert!(bench.read("usr/lib/pimaster/overlay-init").contains("node overlay-init"));
    let link = |path: &str| fs::read_link(bench.config.root.join(path)).unwrap();
    assert_eq!(link("etc/systemd/system/cloud-init.service"), Path::new("/dev/null"));
    assert_eq!(
        link("etc/systemd/system/multi-user.target.wants/ssh.service"),
        Path::new("/lib/systemd/system/ssh.service")
    );
    assert_eq!(link("lib"), Path::new("usr/lib"));
    assert!(bench.has("var/log/journal") && bench.has("proc") && bench.has("home") && !bench.has("var/pipe"));
    assert!(!bench.has("home/pi") && !bench.has("boot/firmware"));
    assert_eq!(report.system.keys_left_out, [PathBuf::from("etc/nginx/site.pem")]);
}

#[test]
fn boot_files_go_to_tftp() {
    let bench = Bench::new();
    bench.prepare(&bench.system());
    let installer = bench.config.data.tftp_installer();
    let names: Vec<String> = tree(&installer).into_keys().collect();
    assert_eq!(names, ["bootcode.bin", "config.txt", "overlays", "overlays/a.dtbo", "start4.elf"]);
    assert_eq!(fs::read(bench.config.data.tftp_shared().join("bootcode.bin")).unwrap(), b"bootcode");
}

#[test]
fn no_secret_is_in_what_nodes_can_read() {
    let bench = Bench::new();
    bench.prepare(&bench.system());
    for folder in [&bench.config.root, &bench.config.data.tftp_installer(), &bench.config.data.tftp_shared()]
    {
        for (path, (_, _, content)) in tree(folder) {
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains(SECRET), "{path}");
            let may_be_key = path.ends_with("ssh_host_ed25519_key") || path.starts_with("usr/lib/python3");
            assert!(may_be_key || !content.contains("PRIVATE KEY"), "{path}");
        }
    }
}

#[test]
fn doing_it_again_changes_nothing() {
    let bench = Bench::new();
    bench.prepare(&bench.system());
    let inode = |path: &str| fs::symlink_metadata(bench.config.root.join(path)).unwrap().ino();
    let paths =
        ["etc/shadow", "etc/os-release", "lib", "usr/local/bin/pimaster", "etc/ssh/ssh_host_ed25519_key"];
    let (before, inodes) = (tree(&bench.config.root), paths.map(inode));
    let again = bench.prepare(&bench.system());
    assert_eq!(
        (again.system.files, again.system.removed, again.boot.files, again.boot.removed),
        (0, 0, 0, 0)
    );
    assert!(again.system.unchanged > 10);
    assert!(before == tree(&bench.config.root));
    assert_eq!(paths.map(inode), inodes);
}

#[test]
fn changes_of_the_source_arrive_and_what_vanished_goes() {
    let bench = Bench::new();
    bench.prepare(&bench.system());
    bench.put("etc/os-release", "ID=raspbian\nVERSION_ID=13\n");
    bench.put("etc/motd/a", "a folder now");
    fs::remove_file(bench.system().join("etc/ssh/moduli")).unwrap();
    fs::remove_dir_all(bench.system().join("usr/lib/python3")).unwrap();
    fs::remove_file(bench.system().join("boot/firmware/overlays/a.dtbo")).unwrap();
    let root = &bench.config.root;
    fs::write(root.join("etc/motd"), "was a file").unwrap();
    fs::write(root.join("home/.pimaster-draft"), "left by an interruption").unwrap();
    fs::write(root.join("root/.ssh/id_rsa"), "stray").unwrap();
    fs::write(root.join("etc/systemd/system/stray.service"), "stray").unwrap();
    fs::set_permissions(root.join("usr/sbin/sshd"), fs::Permissions::from_mode(0o600)).unwrap();
    bench.prepare(&bench.system());
    assert!(bench.read("etc/os-release").contains("13"));
    assert_eq!(bench.read("etc/motd/a"), "a folder now");
    for gone in [
        "etc/ssh/moduli",
        "usr/lib/python3",
        "home/.pimaster-draft",
        "root/.ssh/id_rsa",
        "etc/systemd/system/stray.service",
    ] {
        assert!(!bench.has(gone), "{gone}");
    }
    assert_eq!(bench.mode("usr/sbin/sshd"), 0o755);
    assert!(!bench.config.data.tftp_installer().join("overlays/a.dtbo").exists());
}

#[test]
fn an_interruption_at_any_step_is_made_good() {
    let whole = Bench::new();
    whole.prepare(&whole.system());
    let steps = whole.plan(&whole.system()).steps.len();
    for done in 0..steps {
        let bench = Bench::new();
        // The same keys, so that the trees can be compared.
        for key in ["installer_host_ed25519", "pimaster_ed25519"] {
            let file = |bench: &Bench| bench.config.data.root().join("keys").join(key);
            fs::copy(file(&whole), file(&bench)).unwrap();
        }
        let mut plan = bench.plan(&bench.system());
        plan.steps.truncate(done);
        apply(&plan, &bench.keys, &|_| {}).unwrap();
        assert!(!bench.has(super::settings::PREPARED));
        bench.prepare(&bench.system());
        assert!(tree(&whole.config.root) == tree(&bench.config.root), "after {done} steps");
    }
}

#[test]
fn images_give_the_same_root_as_the_folder() {
    let bench = Bench::new();
    bench.prepare(&bench.system());
    let (from_folder, boot_from_folder) =
        (tree(&bench.config.root), tree(&bench.config.data.tftp_installer()));
    for label in ["dos", "gpt"] {
        let image = bench.image(label);
        let packed = bench.folder.path().join("os.img.xz");
        let mut encoder = liblzma::write::XzEncoder::new(File::create(&packed).unwrap(), 0);
        encoder.write_all(&fs::read(&image).unwrap()).unwrap();
        encoder.finish().unwrap();
        for image in [image, packed] {
            fs::remove_dir_all(&bench.config.root).unwrap();
            fs::remove_dir_all(bench.config.data.tftp_installer()).unwrap();
            let report = bench.prepare(&image);
            assert!(report.system.files > 10);
            let (mut root, folder) = (tree(&bench.config.root), from_folder.clone());
            // debugfs gives links no time, and the image's root folder has a lost+found.
            root.retain(|path, _| path != "lost+found");
            let differ = |path: &&String| root.get(*path) != folder.get(*path);
            let paths: Vec<&String> = root.keys().chain(folder.keys()).filter(differ).collect();
            assert!(paths.is_empty(), "{label} {}: {paths:?}", image.display());
            assert!(tree(&bench.config.data.tftp_installer()) == boot_from_folder);
            let again = bench.prepare(&image);
            assert_eq!((again.system.files, again.boot.files), (0, 0), "{:?}", again.system);
            assert!(!bench.folder.path().join("nfs/root.staging").exists());
        }
        fs::remove_dir_all(bench.folder.path().join("image-root")).unwrap();
    }
}

#[test]
fn what_cannot_become_an_installer_says_why_and_changes_nothing() {
    let bench = Bench::new();
    let system = bench.system();
    let check = |path: &str, expect: &str| {
        let away = bench.folder.path().join("away");
        fs::rename(system.join(path), &away).unwrap();
        let refusal = bench.refusal(&system);
        assert!(refusal.contains(expect), "{refusal}");
        assert!(!bench.config.root.exists());
        fs::rename(&away, system.join(path)).unwrap();
    };
    check("usr/sbin/sshd", "openssh-server");
    check("usr/sbin/resize2fs", "e2fsprogs");
    check("etc/passwd", "the root of a Linux system");
    check("boot/firmware/config.txt", "boot partition");
    fs::write(bench.folder.path().join("pimaster"), program(62)).unwrap();
    let refusal = bench.refusal(&system);
    assert!(
        refusal.contains("x86-64") && refusal.contains("64-bit ARM") && refusal.contains("--node-binary"),
        "{refusal}"
    );
    fs::write(bench.folder.path().join("pimaster"), "#!/bin/sh").unwrap();
    assert!(bench.refusal(&system).contains("is no program"));
    let file = bench.folder.path().join("os.zip");
    fs::write(&file, "PK").unwrap();
    let request = Request { from: file, node_binary: "/p".into() };
    assert!(plan(&bench.config, &request).unwrap_err().to_string().contains(".img.xz"));
    for (name, content) in [("a.img", vec![0; 4096]), ("b.img", vec![]), ("c.img.xz", b"no xz".to_vec())] {
        let file = bench.folder.path().join(name);
        fs::write(&file, content).unwrap();
        bench.refusal(&file);
    }
}

#[test]
fn an_image_without_boot_files_or_root_is_refused() {
    let bench = Bench::new();
    fs::remove_file(bench.system().join("boot/firmware/config.txt")).unwrap();
    let image = bench.image("dos");
    assert!(bench.refusal(&image).contains("config.txt"));
    use std::os::unix::fs::FileExt;
    File::options().write(true).open(&image).unwrap().write_all_at(&[0; 4096], 20_971_520).unwrap();
    assert!(bench.refusal(&image).contains("ext4 root"));
}

#[test]
fn a_truncated_image_is_called_so_and_leaves_nothing() {
    let bench = Bench::new();
    let image = bench.image("dos");
    let packed = bench.folder.path().join("os.img.xz");
    let mut encoder = liblzma::write::XzEncoder::new(File::create(&packed).unwrap(), 0);
    encoder.write_all(&fs::read(&image).unwrap()).unwrap();
    encoder.finish().unwrap();
    let cut = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    cut(&image);
    cut(&packed);
    for (image, expect) in [(image, "partition 2 of the image ends at byte"), (packed, "ends too early")] {
        let refusal = bench.refusal(&image);
        assert!(refusal.contains(expect) && refusal.contains("Download or copy it again"), "{refusal}");
        assert!(!bench.folder.path().join("nfs/root.staging").exists());
        assert!(!bench.config.root.exists());
    }
}

#[test]
fn one_at_a_time() {
    let bench = Bench::new();
    let plan = bench.plan(&bench.system());
    let refused = std::cell::Cell::new(false);
    let listener = |event| {
        if event == Event::Step(0) && !refused.get() {
            let error = apply(&plan, &bench.keys, &|_| {}).unwrap_err().to_string();
            assert!(error.contains("another"), "{error}");
            refused.set(true);
        }
    };
    apply(&plan, &bench.keys, &listener).unwrap();
    assert!(refused.get());
    assert_eq!(plan.steps.last(), Some(&Step::Finish));
}
