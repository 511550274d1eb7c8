//! The kernel's command line on the boot partition. *Pure.*

/// The command line of all families.
pub(super) const FILE: &str = "cmdline.txt";
/// piCore's second one, for boards with four cores.
pub(super) const FILE_OF_PI3: &str = "cmdline3.txt";

/// Raspberry Pi OS without the words that resize and reconfigure it at its first boot: up to Bookworm `init=`
/// names a script, since Trixie the word `resize` tells the initramfs, and Imager runs a script by `systemd.run`.
pub(super) fn without_first_boot(cmdline: &str) -> String {
    let first_boot = |word: &str| {
        let script = word.strip_prefix("init=");
        script.is_some_and(|path| {
            path.contains("firstboot") || path.contains("init_resize") || path.contains("raspi-config")
        }) || word == "resize"
            || word.starts_with("systemd.run=")
            || word.starts_with("systemd.run_success_action=")
            || word.starts_with("systemd.run_failure_action=")
            || word == "systemd.unit=kernel-command-line.target"
    };
    words(cmdline, |word| !first_boot(word)).join(" ") + "\n"
}

/// piCore, which takes its host name from the command line.
pub(super) fn with_host(cmdline: &str, host: &str) -> String {
    let mut kept = words(cmdline, |word| !word.starts_with("host="));
    let host = format!("host={host}");
    kept.push(&host);
    kept.join(" ") + "\n"
}

fn words(cmdline: &str, keep: impl Fn(&str) -> bool) -> Vec<&str> {
    cmdline.split_ascii_whitespace().filter(|word| keep(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_boot_words_go_and_others_stay() {
        let check = |input: &str, expect: &str| {
            assert_eq!(without_first_boot(input), format!("{expect}\n"));
            assert_eq!(without_first_boot(expect), format!("{expect}\n"), "again");
        };
        let root = "console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait";
        check(
            &format!("{root} quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n"),
            &format!("{root} quiet"),
        );
        check(&format!("{root} quiet init=/usr/lib/raspi-config/init_resize.sh"), &format!("{root} quiet"));
        check(&format!("{root} resize"), root);
        check(
            &format!(
                "{root} systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"
            ),
            root,
        );
        check(&format!("{root} init=/sbin/init"), &format!("{root} init=/sbin/init"));
    }

    #[test]
    fn picore_gets_one_host_name() {
        assert_eq!(with_host("tz=GMT+1 loglevel=3\n", "pi-1"), "tz=GMT+1 loglevel=3 host=pi-1\n");
        assert_eq!(with_host("host=box quiet", "pi-1"), "quiet host=pi-1\n");
    }
}
