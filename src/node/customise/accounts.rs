//! /etc/passwd and /etc/shadow (passwd(5), shadow(5)). *Pure.*

use crate::node::stop::Stop;

/// An account of /etc/passwd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// Its name.
    pub(super) name: String,
    /// Its number.
    pub(super) uid: u32,
    /// Its group.
    pub(super) gid: u32,
    /// Its home folder.
    pub(super) home: String,
}

/// The accounts of a passwd file; lines that are no accounts are left out.
pub(super) fn parse(passwd: &str) -> Vec<Account> {
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let (_comment, home) = (fields.next()?, fields.next()?);
        Some(Account { name: name.to_owned(), uid, gid, home: home.to_owned() })
    };
    passwd.lines().filter_map(account).filter(|account| !account.name.is_empty()).collect()
}

/// The first ordinary account: uid 1000, as installers number it.
pub(super) fn ordinary(accounts: &[Account]) -> Option<&Account> {
    accounts.iter().find(|account| account.uid == 1000)
}

/// The account of that name, or a failure that lists those there are.
pub(super) fn by_name<'a>(accounts: &'a [Account], name: &str) -> Result<&'a Account, Stop> {
    accounts.iter().find(|account| account.name == name).ok_or_else(|| {
        let people =
            accounts.iter().filter(|account| account.uid == 0 || (1000..60000).contains(&account.uid));
        let names: Vec<&str> = people.map(|account| account.name.as_str()).collect();
        Stop::pointless(
            format!("the image has no account `{name}`"),
            format!("one of its accounts: {}", names.join(", ")),
            "Set the environment's SSH user to one of them.",
        )
    })
}

/// A shadow file in which that account has this password hash. A password that had to be changed at the first
/// login no longer has to: that day becomes today.
pub(super) fn with_password(shadow: &str, name: &str, hash: &str, today: u64) -> String {
    let mut found = false;
    let mut lines: Vec<String> = shadow
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(':').collect();
            if fields.first() != Some(&name) {
                return line.to_owned();
            }
            found = true;
            let day = today.to_string();
            if let Some(field) = fields.get_mut(1) {
                *field = hash;
            }
            if let Some(field) = fields.get_mut(2).filter(|field| matches!(**field, "" | "0")) {
                *field = &day;
            }
            fields.join(":")
        })
        .collect();
    if !found {
        lines.push(format!("{name}:{hash}:{today}:0:99999:7:::"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\nbroken\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n";

    #[test]
    fn accounts_are_found() {
        let accounts = parse(PASSWD);
        assert_eq!(accounts.len(), 3);
        assert_eq!(ordinary(&accounts).unwrap().home, "/home/pi");
        assert_eq!(by_name(&accounts, "root").unwrap().uid, 0);
        let Err(Stop::Failed { problem, .. }) = by_name(&accounts, "ubuntu") else { panic!() };
        assert!(problem.to_string().contains("no account `ubuntu`; expected one of its accounts: root, pi."));
    }

    #[test]
    fn one_password_changes() {
        let check = |shadow: &str, expect: &str| {
            assert_eq!(with_password(shadow, "pi", "$6$x", 20000), expect);
        };
        check("root:*:1:0:::::\npi:!:0:0:99999:7:::\n", "root:*:1:0:::::\npi:$6$x:20000:0:99999:7:::\n");
        check("pi:old:19000:0:99999:7:::\n", "pi:$6$x:19000:0:99999:7:::\n");
        check("root:*:1:0:::::\n", "root:*:1:0:::::\npi:$6$x:20000:0:99999:7:::\n");
        check("pip:!:5:0:::::\n", "pip:!:5:0:::::\npi:$6$x:20000:0:99999:7:::\n");
        check("pi:\n", "pi:$6$x\n");
    }
}
