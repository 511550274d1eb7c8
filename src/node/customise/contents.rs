//! Texts that go into files. *Pure.*

use crate::model::ssh_key::PublicKey;

/// /etc/hosts in which the node's own name is `host` (127.0.1.1, hosts(5) as Debian uses it).
pub(super) fn hosts(old: &str, host: &str) -> String {
    let own = |line: &&str| line.split_ascii_whitespace().next() == Some("127.0.1.1");
    let mut lines: Vec<&str> = old.lines().filter(|line| !own(line)).collect();
    if lines.is_empty() {
        lines.push("127.0.0.1\tlocalhost");
    }
    let place = lines.iter().position(|line| line.starts_with("127.0.0.1")).map_or(0, |at| at + 1);
    let line = format!("127.0.1.1\t{host}");
    lines.insert(place, &line);
    lines.join("\n") + "\n"
}

/// An authorized_keys file with each key once.
pub(super) fn authorized_keys<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> String {
    let mut kept: Vec<&PublicKey> = Vec::new();
    for key in keys {
        if !kept.iter().any(|other| other.blob() == key.blob()) {
            kept.push(key);
        }
    }
    kept.iter().map(|key| format!("{key}\n")).collect()
}

/// A user's script as a system can run it: Unix line ends, and a shell where none is named.
pub(super) fn script(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_start_matches('\u{feff}');
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let shell = if text.starts_with("#!") { "" } else { "#!/bin/sh\n" };
    format!("{shell}{text}{end}")
}

/// What sshd must do, whatever its other settings say: the first value of a setting counts (sshd_config(5)).
pub(super) const SSHD: &str = "\
# Written by pimaster: root signs in with keys only, and the node keeps its host key.
PermitRootLogin prohibit-password
PubkeyAuthentication yes
HostKey /etc/ssh/ssh_host_ed25519_key
";

const BEGIN: &str = "# pimaster begin\n";
const END: &str = "# pimaster end\n";

/// An sshd_config that reads no folder of settings, with ours in front.
pub(super) fn sshd_config(old: &str) -> String {
    let rest = match (old.find(BEGIN), old.find(END)) {
        (Some(0), Some(end)) => old.get(end + END.len()..).unwrap_or_default(),
        (_, _) => old,
    };
    format!("{BEGIN}{SSHD}{END}{rest}")
}

/// Whether an sshd_config reads the folder of settings (Debian since 11).
pub(super) fn reads_folder(sshd_config: &str) -> bool {
    let include = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("include"))
            && words.any(|path| path.starts_with("/etc/ssh/sshd_config.d/"))
    };
    sshd_config.lines().any(include)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_has_one_own_name() {
        let check = |old: &str, expect: &str| {
            assert_eq!(hosts(old, "pi-1"), expect);
            assert_eq!(hosts(expect, "pi-1"), expect, "again");
        };
        check(
            "127.0.0.1 localhost\n127.0.1.1 raspberrypi\n::1 localhost\n",
            "127.0.0.1 localhost\n127.0.1.1\tpi-1\n::1 localhost\n",
        );
        check("", "127.0.0.1\tlocalhost\n127.0.1.1\tpi-1\n");
        check("# mine\n127.0.1.10 other\n", "127.0.1.1\tpi-1\n# mine\n127.0.1.10 other\n");
    }

    #[test]
    fn scripts_can_be_run() {
        let check = |text: &str, expect: &str| assert_eq!(script(text), expect);
        check("echo hi", "#!/bin/sh\necho hi\n");
        check("#!/usr/bin/python3\r\nprint(1)\r\n", "#!/usr/bin/python3\nprint(1)\n");
        check("\u{feff}#!/bin/bash\ntrue\n", "#!/bin/bash\ntrue\n");
        check("", "#!/bin/sh\n\n");
    }

    #[test]
    fn keys_appear_once() {
        let key = |comment: &str| {
            PublicKey::parse(&format!(
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA {comment}"
            ))
            .unwrap()
        };
        assert_eq!(authorized_keys([&key("a"), &key("b")]).lines().count(), 1);
    }

    #[test]
    fn old_sshd_settings_get_ours_in_front_once() {
        let once = sshd_config("PermitRootLogin yes\n");
        assert!(once.starts_with(BEGIN) && once.ends_with("PermitRootLogin yes\n"));
        assert_eq!(sshd_config(&once), once);
        assert!(reads_folder("Port 22\nInclude /etc/ssh/sshd_config.d/*.conf\n"));
        assert!(!reads_folder("#Include /etc/ssh/sshd_config.d/*.conf\n"));
    }
}
