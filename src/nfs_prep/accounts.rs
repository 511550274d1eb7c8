//! Account files without a password in them. *Pure.*
//!
//! Called by `settings`. A `*` matches no password. `!` would also lock an account out of its keys with some
//! sshd, and an age of zero days would ask for a new password at the first sign-in.

/// `/etc/passwd` whose hashes, if it has any, are elsewhere.
pub(super) fn without_hashes(passwd: &str) -> String {
    each_line(passwd, |fields| with_field(fields, 1, "x"))
}

/// `/etc/shadow` with every password locked and no account expired.
pub(super) fn locked(shadow: &str) -> String {
    each_line(shadow, |fields| {
        let name = fields.first().copied().unwrap_or_default();
        format!("{name}:*:19000:0:99999:7:::")
    })
}

/// `/etc/gshadow` without passwords and administrators.
pub(super) fn locked_groups(gshadow: &str) -> String {
    each_line(gshadow, |fields| {
        let at = |index| fields.get(index).copied().unwrap_or_default();
        format!("{}:*::{}", at(0), at(3))
    })
}

fn each_line(text: &str, render: impl Fn(&[&str]) -> String) -> String {
    text.lines()
        .filter(|line| line.contains(':'))
        .map(|line| render(&line.split(':').collect::<Vec<_>>()) + "\n")
        .collect()
}

fn with_field(fields: &[&str], index: usize, value: &str) -> String {
    let replaced = fields.iter().enumerate().map(|(at, field)| if at == index { value } else { field });
    replaced.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hash_is_left() {
        let shadow = "root:$6$salt$hash:19000:0:99999:7:::\npi:$y$j9T$x:0:0:99999:7:::\ndaemon:*:1:0:99999:7:::\n\nrubbish\n";
        assert_eq!(
            locked(shadow),
            "root:*:19000:0:99999:7:::\npi:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"
        );
        let passwd = "root:abcdefghijklm:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n";
        assert_eq!(
            without_hashes(passwd),
            "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n"
        );
        assert_eq!(locked_groups("adm:$6$x:root:pi,syslog\nsudo:!::pi\n"), "adm:*::pi,syslog\nsudo:*::pi\n");
    }
}
