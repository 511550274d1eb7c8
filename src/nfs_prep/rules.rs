//! What of a system goes into the installer root. *Pure:* judges paths, touches nothing.
//!
//! Called by `copy` for each entry. Three reasons to leave something out: it is not part of the system at rest
//! (`/proc`, logs, caches), it is somebody's (homes, data), or it would act on a node (services, addresses) or
//! open a door elsewhere (keys, passwords). What `settings` writes is neither copied nor removed.

use super::settings;
use std::path::Path;

/// What happens to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is copied; a folder with what is in it.
    Copy,
    /// The folder is copied, nothing in it.
    Empty,
    /// The folder and its folders are copied, no files.
    FoldersAlone,
    /// It is not there.
    Leave,
    /// A later step writes it.
    Own,
}

/// Folders whose contents stay out.
const EMPTY: &[&str] = &[
    // Not on the disk, or only for a while.
    "dev",
    "media",
    "mnt",
    "proc",
    "run",
    "sys",
    "tmp",
    "var/tmp",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/crash",
    "var/lib/systemd/coredump",
    // Boot files go out by TFTP.
    "boot",
    // People's and other programs' data, with their keys.
    "home",
    "root",
    "srv",
    "snap",
    "var/backups",
    "var/mail",
    "var/snap",
    "var/spool",
    "var/www",
    "var/lib/containerd",
    "var/lib/containers",
    "var/lib/docker",
    "var/lib/grafana",
    "var/lib/influxdb",
    "var/lib/libvirt",
    "var/lib/lxc",
    "var/lib/lxd",
    "var/lib/mysql",
    "var/lib/postgresql",
    "var/lib/redis",
    "var/lib/snapd",
    // Networks, with Wi-Fi passwords, and the source's own address, which no node may take.
    "etc/NetworkManager/system-connections",
    "etc/iwd",
    "etc/netplan",
    "etc/network/interfaces.d",
    "etc/systemd/network",
    "var/lib/NetworkManager",
    "var/lib/bluetooth",
    "var/lib/dhcp",
    "var/lib/dhcpcd",
    "var/lib/dhcpcd5",
    "var/lib/iwd",
    // Services that were enabled on the source.
    "etc/rc0.d",
    "etc/rc1.d",
    "etc/rc2.d",
    "etc/rc3.d",
    "etc/rc4.d",
    "etc/rc5.d",
    "etc/rc6.d",
    "etc/rcS.d",
    "etc/systemd/system",
    "var/lib/cloud",
    // Keys and passwords.
    "etc/credstore",
    "etc/credstore.encrypted",
    "etc/cryptsetup-keys.d",
    "etc/ipsec.d/private",
    "etc/letsencrypt",
    "etc/munge",
    "etc/ssh/sshd_config.d",
    "etc/ssl/private",
    "etc/swanctl/private",
    "usr/lib/pimaster",
    "var/lib/private",
    "var/lib/samba/private",
    "var/lib/tor",
    // Who is a member of a private network, a cluster or a directory.
    "etc/cloudflared",
    "etc/corosync",
    "etc/gitlab-runner",
    "etc/kubernetes",
    "etc/nebula",
    "etc/netbird",
    "etc/openvpn",
    "etc/rancher",
    "etc/sssd",
    "etc/tinc",
    "etc/wireguard",
    "var/lib/cloudflared",
    "var/lib/etcd",
    "var/lib/k0s",
    "var/lib/kubelet",
    "var/lib/netbird",
    "var/lib/rancher",
    "var/lib/sss",
    "var/lib/tailscale",
    "var/lib/teleport",
    "var/lib/zerotier-one",
];

/// Folders whose files stay out: programs want the folders.
const FOLDERS_ALONE: &[&str] = &["var/lib/nfs", "var/log"];

/// Files and folders that stay out.
const LEFT: &[&str] = &[
    "lost+found",
    "swap.img",
    "swapfile",
    "var/swap",
    "forcefsck",
    "etc/crypttab",
    "etc/exports",
    "etc/exports.d",
    "etc/dnsmasq.conf",
    "etc/dnsmasq.d",
    "etc/pimaster",
    "etc/pimaster.toml",
    "etc/rc.local",
    "etc/udev/rules.d/70-persistent-net.rules",
    // Copies of the account files, and other programs' secrets.
    "etc/passwd-",
    "etc/group-",
    "etc/shadow-",
    "etc/gshadow-",
    "etc/security/opasswd",
    "etc/apt/auth.conf",
    "etc/apt/auth.conf.d",
    "etc/chrony/chrony.keys",
    "etc/docker/key.json",
    "etc/exim4/passwd.client",
    "etc/ipsec.secrets",
    "etc/iscsi/iscsid.conf",
    "etc/ldap.secret",
    "etc/mosquitto/passwd",
    "etc/msmtprc",
    "etc/pam_ldap.secret",
    "etc/postfix/sasl_passwd",
    "etc/postfix/sasl_passwd.db",
    "etc/rsyncd.secrets",
    "etc/snmp/snmpd.conf",
    "etc/ssh/sshd_not_to_be_run",
    "var/lib/dbus/machine-id",
    "var/lib/snmp/snmpd.conf",
    "var/lib/systemd/credential.secret",
    "var/lib/systemd/random-seed",
];

/// Endings of files that hold keys or passwords, in forms that cannot be told by a look inside.
const SECRET_ENDINGS: &[&str] =
    &[".jks", ".kdbx", ".key", ".keystore", ".keytab", ".ovpn", ".p12", ".pfx", ".smbcred"];

/// Files that programs read passwords from, wherever they lie.
const SECRET_NAMES: &[&str] =
    &[".htpasswd", ".my.cnf", ".netrc", ".pgpass", ".vault-token", "kubeconfig", "smbpasswd"];

/// Folders in which what is called credentials is somebody's, and not a part of a program.
const CREDENTIAL_FOLDERS: &[&str] = &["etc", "opt", "root", "usr/local/etc"];

/// Boot files that stay out: the command line is generated; EEPROM updates would flash each board that boots;
/// the rest are settings for a first boot, with Wi-Fi passwords and the like.
const BOOT_LEFT: &[&str] = &[
    "cmdline.txt",
    "custom.toml",
    "firstrun.sh",
    "meta-data",
    "network-config",
    "pieeprom.bin",
    "pieeprom.sig",
    "pieeprom.upd",
    "recovery.bin",
    "rpi-preseed.toml",
    "ssh",
    "ssh.txt",
    "user-data",
    "userconf",
    "userconf.txt",
    "vl805.bin",
    "vl805.sig",
    "wpa_supplicant.conf",
];

/// Judges a path below a system's root.
pub(super) fn of_root(path: &Path) -> Fate {
    let is = |other: &&&str| path == Path::new(other);
    if settings::is_own(path) {
        Fate::Own
    } else if EMPTY.iter().any(|it| is(&it)) {
        Fate::Empty
    } else if FOLDERS_ALONE.iter().any(|it| is(&it)) {
        Fate::FoldersAlone
    } else if LEFT.iter().any(|it| is(&it)) || is_left_by_name(path) {
        Fate::Leave
    } else {
        Fate::Copy
    }
}

/// Judges a path below the boot partition.
pub(super) fn of_boot(path: &Path) -> Fate {
    let name = path.to_str().unwrap_or_default().to_ascii_lowercase();
    let is_left = BOOT_LEFT.contains(&name.as_str()) || name.starts_with("cmdline.txt.");
    if is_left || name.starts_with('.') || is_rubbish(&name) { Fate::Leave } else { Fate::Copy }
}

/// Whether a small file there is looked into for a private key. Packages own `/usr` and bring no secrets, but
/// programs that speak of keys; elsewhere a private key is somebody's.
pub(super) fn may_hold_a_key(path: &Path) -> bool {
    !["usr", "lib", "bin", "sbin"].iter().any(|folder| path.starts_with(folder))
        || path.starts_with("usr/local")
}

/// Whether the text is, or contains, a private key: in one of the PEM-like forms, indented or not, or as the field
/// of a cluster's or a cloud's credentials.
pub(super) fn is_private_key(content: &[u8]) -> bool {
    let is_begin = |line: &[u8]| {
        let line = line.trim_ascii_start();
        (line.starts_with(b"-----BEGIN ") && contains(line, b"PRIVATE KEY"))
            || (line.starts_with(b"\"private_key\"") && contains(line, b"-----BEGIN "))
            || line.starts_with(b"PuTTY-User-Key-File-")
            || is_field(line, b"client-key-data:")
            || line.starts_with(b"AGE-SECRET-KEY-")
    };
    !content.contains(&0) && content.split(|byte| *byte == b'\n').any(is_begin)
}

/// Whether a line of YAML is that field, with a value.
fn is_field(line: &[u8], field: &[u8]) -> bool {
    let line = line.strip_prefix(b"- ").unwrap_or(line).trim_ascii();
    line.strip_prefix(field).is_some_and(|value| !value.is_empty())
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

fn is_left_by_name(path: &Path) -> bool {
    let (folder, name) = (path.parent(), path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
    let in_folder = |other: &str| folder == Some(Path::new(other));
    (in_folder("etc/ssh") && name.starts_with("ssh_host_"))
        || (in_folder("etc/wpa_supplicant") && name.ends_with(".conf"))
        || (in_folder("etc/ppp") && name.ends_with("secrets"))
        || (may_hold_a_key(path) && is_called_a_secret(path, &name.to_ascii_lowercase()))
}

fn is_called_a_secret(path: &Path, name: &str) -> bool {
    SECRET_NAMES.contains(&name)
        || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || (name.contains("credential") && CREDENTIAL_FOLDERS.iter().any(|folder| path.starts_with(folder)))
}

/// What other systems leave on a FAT partition.
fn is_rubbish(name: &str) -> bool {
    matches!(name, "system volume information" | "lost+found") || name.ends_with(".rec")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: Fate, paths: &[&str]) {
        for path in paths {
            assert_eq!(of_root(Path::new(path)), expect, "{path}");
        }
    }

    #[test]
    fn the_system_goes_in_and_its_owner_stays_out() {
        check(Fate::Copy, &["etc", "etc/ssh", "usr/bin/bash", "var/lib/dpkg/status", "etc/sudoers", "homer"]);
        check(Fate::Empty, &["proc", "root", "home", "srv", "etc/netplan", "etc/systemd/system", "var/tmp"]);
        check(Fate::FoldersAlone, &["var/log"]);
        let left = ["etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_ed25519_key-cert.pub", "etc/shadow-"];
        check(Fate::Leave, &left);
        check(Fate::Leave, &["etc/wpa_supplicant/wpa_supplicant.conf", "swapfile", "etc/pimaster.toml"]);
        check(
            Fate::Own,
            &["etc/fstab", "etc/shadow", "etc/ssh/ssh_host_ed25519_key", "usr/local/bin/pimaster"],
        );
    }

    #[test]
    fn what_opens_other_things_stays_out() {
        check(
            Fate::Empty,
            &[
                "var/lib/tailscale",
                "var/lib/zerotier-one",
                "etc/kubernetes",
                "etc/rancher",
                "var/lib/rancher",
                "var/lib/kubelet",
                "var/lib/samba/private",
                "etc/sssd",
                "etc/wireguard",
                "etc/openvpn",
                "etc/letsencrypt",
                "etc/ssl/private",
                "etc/credstore",
                "root",
            ],
        );
        check(
            Fate::Leave,
            &[
                "etc/docker/key.json",
                "etc/ipsec.secrets",
                "etc/krb5.keytab",
                "etc/msmtprc",
                "etc/ppp/chap-secrets",
                "etc/ppp/srp-secrets",
                "etc/nginx/site.p12",
                "etc/nginx/site.PFX",
                "opt/app/tls.key",
                "usr/local/etc/tls.key",
                "etc/cifs-credentials",
                "etc/samba/.smbcredentials",
                "root/.aws/credentials",
                "opt/app/.netrc",
            ],
        );
        check(
            Fate::Copy,
            &[
                "etc/ppp/options",
                "etc/ssl/certs/ca.pem",
                "usr/share/dns/root.key",
                "usr/lib/git-core/git-credential-store",
                "var/lib/dpkg/info/git-credential-oauth.list",
                "etc/docker/daemon.json",
                "etc/keyboard",
            ],
        );
    }

    #[test]
    fn boot_files_without_command_line_and_flash_images() {
        for name in ["start4.elf", "overlays/a.dtbo", "config.txt", "kernel8.img", "current/cmdline.txt"] {
            assert_eq!(of_boot(Path::new(name)), Fate::Copy, "{name}");
        }
        for name in ["cmdline.txt", "CMDLINE.TXT", "cmdline.txt.bak", "pieeprom.upd", "userconf", ".Trash"] {
            assert_eq!(of_boot(Path::new(name)), Fate::Leave, "{name}");
        }
    }

    #[test]
    fn private_keys_are_known_by_their_first_line() {
        assert!(is_private_key(b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"));
        assert!(is_private_key(b"-----BEGIN CERTIFICATE-----\nx\n-----BEGIN RSA PRIVATE KEY-----\nx"));
        assert!(is_private_key(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n"));
        assert!(is_private_key(b"tls:\n  key: |\n    -----BEGIN EC PRIVATE KEY-----\n    x"));
        assert!(is_private_key(b"\t-----BEGIN PRIVATE KEY-----\r\nx"));
        assert!(is_private_key(b"users:\n- name: a\n  user:\n    client-key-data: LS0t\n"));
        assert!(is_private_key(b"{\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMII\"\n}"));
        assert!(!is_private_key(b"# client-key-data: goes here\nclient-key-data:\n"));
        assert!(!is_private_key(b"-----BEGIN PUBLIC KEY-----\nx"));
        assert!(!is_private_key(b"grep -q '-----BEGIN RSA PRIVATE KEY-----' file"));
        assert!(!is_private_key(b"\x7fELF\0\n-----BEGIN RSA PRIVATE KEY-----"));
        assert!(may_hold_a_key(Path::new("etc/nginx/site.key")));
        assert!(may_hold_a_key(Path::new("usr/local/etc/site.key")));
        assert!(!may_hold_a_key(Path::new("usr/lib/python3/ssl/test.pem")));
    }
}
