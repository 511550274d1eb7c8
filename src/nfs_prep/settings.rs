//! The files that pimaster writes into the installer root instead of copying them. *Pure.*
//!
//! Called by `apply`, which reads what they are made from and places them; `rules` asks which paths they are,
//! so that a copy of the source's own version is never there, not even between two steps.

use super::accounts;
use crate::keys::KeyPair;
use crate::model::ssh_key::PublicKey;
use crate::model::verb::NODE_BINARY;
use std::fmt;
use std::path::{Path, PathBuf};

/// A group of files with one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// `/etc/fstab`.
    Mounts,
    /// Host name and machine id.
    Identity,
    /// Accounts without passwords.
    Accounts,
    /// sshd, its host key, and who may enter.
    Access,
    /// Interfaces.
    Network,
    /// Units that must not run on a node, and the target to boot to.
    Services,
    /// The node's copy of this binary.
    Program,
    /// The script that the kernel starts as process 1.
    Overlay,
}

impl Setting {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 8] = [
        Self::Mounts,
        Self::Identity,
        Self::Accounts,
        Self::Access,
        Self::Network,
        Self::Services,
        Self::Program,
        Self::Overlay,
    ];

    /// What is done, and why.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Mounts => ("empty /etc/fstab", "the node's card is not the installer's to mount"),
            Self::Identity => (
                "set the host name, empty the machine id",
                "nodes share this root; each makes a machine id of its own when it boots",
            ),
            Self::Accounts => ("lock every password", "only a key opens the installer"),
            Self::Access => (
                "install pimaster's public key and the installer's host key",
                "root signs in with that key alone, and pimaster pins that host key",
            ),
            Self::Network => (
                "leave the network to the kernel",
                "the root comes over it, and the source's own address is not a node's",
            ),
            Self::Services => (
                "start sshd, mask what resizes, reconfigures or serves",
                "an installer changes only what it is told to change",
            ),
            Self::Program => ("install the node's copy of pimaster", "its verbs do the installation"),
            Self::Overlay => (
                "install /usr/lib/pimaster/overlay-init",
                "the root is read-only; what nodes write goes to RAM",
            ),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

/// What the files are made from.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) host_name: String,
    pub(super) host_key: KeyPair,
    pub(super) pimaster: PublicKey,
    /// The source's account files.
    pub(super) passwd: String,
    pub(super) shadow: String,
    pub(super) gshadow: Option<String>,
    pub(super) node_binary: PathBuf,
}

/// A file to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    /// Below the root.
    pub(super) path: String,
    pub(super) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text { text: String, mode: u32 },
    Link(&'static str),
    CopyOf { file: PathBuf, mode: u32 },
}

/// Present when the root is whole.
pub(super) const PREPARED: &str = "usr/lib/pimaster/prepared";

/// Whether the installer root was prepared to the end.
pub fn is_whole(root: &Path) -> bool {
    root.join(PREPARED).is_file()
}

const HOST_KEY: &str = "etc/ssh/ssh_host_ed25519_key";
const SYSTEM_UNITS: &str = "etc/systemd/system";

/// Every file but the masks.
const OWN: &[&str] = &[
    "etc/cloud/cloud-init.disabled",
    "etc/fstab",
    "etc/gshadow",
    "etc/hostname",
    "etc/hosts",
    "etc/machine-id",
    "etc/network/interfaces",
    "etc/passwd",
    "etc/shadow",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "etc/ssh/sshd_config",
    "etc/systemd/system/default.target",
    "etc/systemd/system/multi-user.target.wants/ssh.service",
    "etc/systemd/system/multi-user.target.wants/sshd.service",
    "root/.ssh/authorized_keys",
    "usr/lib/pimaster/overlay-init",
    PREPARED,
    "usr/local/bin/pimaster",
];

/// Units that no node may start. Those that only the source's administrator enabled are gone already, with
/// `/etc/systemd/system`; these start by themselves, or are too harmful to rely on that.
const MASKED: &[&str] = &[
    "NetworkManager.service",
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "atftpd.service",
    "cloud-config.service",
    "cloud-final.service",
    "cloud-init-local.service",
    "cloud-init-main.service",
    "cloud-init-network.service",
    "cloud-init.service",
    "dhcpcd.service",
    "dnsmasq.service",
    "dphys-swapfile.service",
    "isc-dhcp-server.service",
    "isc-dhcp-server6.service",
    "kea-dhcp4-server.service",
    "kea-dhcp6-server.service",
    "networking.service",
    "nfs-server.service",
    "pimaster.service",
    "regenerate_ssh_host_keys.service",
    "resize2fs_once.service",
    "rpi-eeprom-update.service",
    "rpi-resize.service",
    "sshswitch.service",
    "systemd-firstboot.service",
    "systemd-growfs-root.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-repart.service",
    "tftpd-hpa.service",
    "userconfig.service",
    "wpa_supplicant.service",
];

/// sshd without anything of the source's own settings: another port, another list of users or a command for
/// keys would lock pimaster out or let others in. PAM is left out, since it refuses locked accounts.
const SSHD_CONFIG: &str = "\
# Written by `pimaster nfs prepare`; changes are lost.
HostKey /etc/ssh/ssh_host_ed25519_key
AllowUsers root
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
UsePAM no
UseDNS no
AllowTcpForwarding no
X11Forwarding no
Subsystem sftp internal-sftp
";

const OVERLAY_INIT: &str = "\
#!/bin/sh
# Written by `pimaster nfs prepare`. Started by the kernel as process 1: RAM over the read-only root, then init.
exec /usr/local/bin/pimaster node overlay-init \"$@\"
";

/// Whether pimaster writes that path itself.
pub(super) fn is_own(path: &Path) -> bool {
    let is_mask = || {
        path.parent() == Some(Path::new(SYSTEM_UNITS))
            && path.file_name().is_some_and(|name| MASKED.iter().any(|unit| name == *unit))
    };
    OWN.iter().any(|own| path == Path::new(own)) || is_mask()
}

/// Whether pimaster writes something below that folder.
pub(super) fn has_own_below(path: &Path) -> bool {
    OWN.iter().any(|own| Path::new(own).starts_with(path)) || Path::new(SYSTEM_UNITS).starts_with(path)
}

/// The files of one setting.
pub(super) fn files(setting: Setting, inputs: &Inputs) -> Vec<Own> {
    match setting {
        Setting::Mounts => vec![text("etc/fstab", 0o644, "# The root comes over NFS.\n")],
        Setting::Identity => identity(&inputs.host_name),
        Setting::Accounts => accounts(inputs),
        Setting::Access => access(inputs),
        Setting::Network => {
            let interfaces = "# The kernel has configured the network.\nauto lo\niface lo inet loopback\n";
            vec![text("etc/network/interfaces", 0o644, interfaces)]
        }
        Setting::Services => services(),
        Setting::Program => {
            let content = Content::CopyOf { file: inputs.node_binary.clone(), mode: 0o755 };
            vec![Own { path: NODE_BINARY.trim_start_matches('/').to_owned(), content }]
        }
        Setting::Overlay => vec![text("usr/lib/pimaster/overlay-init", 0o755, OVERLAY_INIT)],
    }
}

fn identity(name: &str) -> Vec<Own> {
    let hosts = format!("127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost ip6-localhost\n");
    vec![
        text("etc/hostname", 0o644, format!("{name}\n")),
        text("etc/hosts", 0o644, hosts),
        text("etc/machine-id", 0o444, ""),
    ]
}

fn accounts(inputs: &Inputs) -> Vec<Own> {
    let mut files = vec![
        text("etc/passwd", 0o644, accounts::without_hashes(&inputs.passwd)),
        text("etc/shadow", 0o600, accounts::locked(&inputs.shadow)),
    ];
    if let Some(gshadow) = &inputs.gshadow {
        files.push(text("etc/gshadow", 0o600, accounts::locked_groups(gshadow)));
    }
    files
}

fn access(inputs: &Inputs) -> Vec<Own> {
    vec![
        text("etc/ssh/sshd_config", 0o644, SSHD_CONFIG),
        text(HOST_KEY, 0o600, inputs.host_key.private.clone()),
        text("etc/ssh/ssh_host_ed25519_key.pub", 0o644, format!("{}\n", inputs.host_key.public)),
        text("root/.ssh/authorized_keys", 0o600, format!("{}\n", inputs.pimaster)),
    ]
}

fn services() -> Vec<Own> {
    let unit = |path: String, target| Own { path, content: Content::Link(target) };
    let masks = MASKED.iter().map(|name| unit(format!("{SYSTEM_UNITS}/{name}"), "/dev/null"));
    // Debian's name and everybody else's; the one that is not there is not missed.
    let ssh = [
        ("multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service"),
        ("multi-user.target.wants/sshd.service", "/lib/systemd/system/sshd.service"),
        ("default.target", "/lib/systemd/system/multi-user.target"),
    ];
    let links = ssh.map(|(name, target)| unit(format!("{SYSTEM_UNITS}/{name}"), target));
    let cloud = text("etc/cloud/cloud-init.disabled", 0o644, "Written by `pimaster nfs prepare`.\n");
    masks.chain(links).chain([cloud]).collect()
}

fn text(path: &str, mode: u32, text: impl Into<String>) -> Own {
    Own { path: path.to_owned(), content: Content::Text { text: text.into(), mode } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Inputs {
        Inputs {
            host_name: "installer".to_owned(),
            host_key: KeyPair::generate("host").unwrap(),
            pimaster: KeyPair::generate("pimaster").unwrap().public,
            passwd: "root:x:0:0:root:/root:/bin/bash\n".to_owned(),
            shadow: "root:$6$x:1:0:99999:7:::\n".to_owned(),
            gshadow: Some("adm:*::pi\n".to_owned()),
            node_binary: "/usr/bin/pimaster".into(),
        }
    }

    #[test]
    fn whatever_is_written_is_known_as_own() {
        let inputs = inputs();
        let files: Vec<Own> = Setting::ALL.into_iter().flat_map(|it| files(it, &inputs)).collect();
        for own in &files {
            assert!(is_own(Path::new(&own.path)), "{}", own.path);
            for folder in Path::new(&own.path).ancestors().skip(1) {
                assert!(has_own_below(folder), "{}", own.path);
            }
        }
        let written = |path: &str| files.iter().any(|own| own.path == path) || path == PREPARED;
        assert!(OWN.iter().all(|path| written(path)));
        assert!(!is_own(Path::new("etc/systemd/system/my.service")));
        assert!(!has_own_below(Path::new("usr/share")));
    }

    #[test]
    fn only_pimasters_key_opens_it() {
        let inputs = inputs();
        let access = files(Setting::Access, &inputs);
        let key = access.iter().find(|own| own.path == "root/.ssh/authorized_keys").unwrap();
        let expect = Content::Text { text: format!("{}\n", inputs.pimaster), mode: 0o600 };
        assert_eq!(key.content, expect);
        let private: Vec<&str> = Setting::ALL
            .into_iter()
            .flat_map(|it| files(it, &inputs))
            .filter(|own| matches!(&own.content, Content::Text { text, .. } if text.contains("PRIVATE")))
            .map(|own| if own.path == HOST_KEY { "host key" } else { "another" })
            .collect();
        assert_eq!(private, ["host key"]);
    }
}
