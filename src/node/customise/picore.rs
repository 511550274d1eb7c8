//! What is changed in piCore (Tiny Core Linux), which runs from RAM. *Pure.*
//!
//! Its root partition holds only `tce/`: extensions and `mydata.tgz`, which is unpacked over the RAM system at each
//! boot and packed again by `filetool.sh -b`, from the paths that `opt/.filetool.lst` names.

use super::changes::{Files, Owner, Plan, Seen};
use super::mydata::MyData;
use super::{accounts, cmdline, contents};
use crate::model::verb::{CustomiseArgs, USER_SCRIPT_PATH};
use crate::node::stop::Stop;

const MYDATA: &str = "/tce/mydata.tgz";
/// Everything the plan depends on.
pub(super) const PATHS: [&str; 2] = ["/tce", MYDATA];

/// `tc` and the group `staff` are the same in every release.
const TC: Owner = Owner { mode: 0o600, uid: 1001, gid: 50 };
const SSH: &str = "usr/local/etc/ssh";
const LIST: &str = "opt/.filetool.lst";
/// Every release's own, when the archive has none yet.
const SHADOW: &str = "root:*:13525:0:99999:7:::\nlp:*:13510:0:99999:7:::\nnobody:*:13509:0:99999:7:::\n";

/// Plans the changes.
pub(super) fn plan(args: &CustomiseArgs, boot: &Files, seen: &Seen) -> Result<Plan, Stop> {
    if !seen.has("/tce") {
        return Err(Stop::pointless(
            "the image's second partition has no folder tce/",
            "the partition of a piCore image that holds tce/mydata.tgz",
            "Import an image of piCore, or set the environment's system to what it is.",
        ));
    }
    if args.ssh_user != "tc" {
        return Err(Stop::pointless(
            format!("the environment's SSH user is `{}`", args.ssh_user),
            "`tc`, the only account of piCore",
            "Set the environment's SSH user to tc.",
        ));
    }
    let broken = |error: std::io::Error| {
        Stop::pointless(
            format!("tce/mydata.tgz of the image is broken: {error}"),
            "a gzip archive made by filetool.sh",
            "Boot the image on a board, run `filetool.sh -b` and import it again.",
        )
    };
    let mut data = seen.bytes(MYDATA).map(MyData::decode).transpose().map_err(broken)?.unwrap_or_default();
    edit(&mut data, args);
    let mut plan = Plan::default();
    plan.put(MYDATA, data.encode().map_err(broken)?, Owner::root(0o644));
    for name in [cmdline::FILE, cmdline::FILE_OF_PI3] {
        if let Some(old) = boot.get(name) {
            let new = cmdline::with_host(&String::from_utf8_lossy(old), &args.host_name);
            plan.put_boot_file(name, new);
        }
    }
    plan.note(format!("host name {}", args.host_name));
    plan.note("account tc: keys and password set");
    plan.note("host key set, others removed");
    Ok(plan)
}

fn edit(data: &mut MyData, args: &CustomiseArgs) {
    let folder = |mode| Owner { mode, ..TC };
    data.folder("home", Owner { mode: 0o775, uid: 0, gid: 50 });
    data.folder("home/tc", folder(0o755));
    data.folder("home/tc/.ssh", folder(0o700));
    let keys = contents::authorized_keys(args.user_keys.iter().chain([&args.pimaster_key]));
    data.put("home/tc/.ssh/authorized_keys", keys, TC);

    // The day is fixed: the archive of a second run is the same as the first one's.
    let shadow = data.text("etc/shadow").unwrap_or_else(|| SHADOW.to_owned());
    let shadow = accounts::with_password(&shadow, "tc", &args.password_hash, 13_646);
    data.put("etc/shadow", shadow, Owner::root(0o640));

    for path in data.paths().iter().filter(|path| path.starts_with(&format!("{SSH}/ssh_host_"))) {
        data.remove(path);
    }
    data.put(&format!("{SSH}/ssh_host_ed25519_key"), args.host_key.as_str(), Owner::root(0o600));
    let public = format!("{}\n", args.host_public_key);
    data.put(&format!("{SSH}/ssh_host_ed25519_key.pub"), public, Owner::root(0o644));

    let script = USER_SCRIPT_PATH.trim_start_matches('/');
    match &args.user_script {
        Some(text) => {
            data.folder("var/lib/pimaster", Owner::root(0o700));
            data.put(script, contents::script(text), Owner::root(0o700));
        }
        None => data.remove(script),
    }
    let list = data.text(LIST).unwrap_or_else(|| "opt\nhome\n".to_owned());
    data.put(LIST, kept_paths(&list), Owner { mode: 0o664, uid: 0, gid: 50 });
}

/// What `filetool.sh -b` keeps: all that was, and what is set here.
fn kept_paths(list: &str) -> String {
    let mut lines: Vec<&str> = list.lines().filter(|line| !line.trim().is_empty()).collect();
    for path in ["opt", "home", "etc/shadow", SSH, "var/lib/pimaster"] {
        if !lines.contains(&path) {
            lines.push(path);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_keep_what_is_set() {
        let once = kept_paths("opt\nhome\nmy/own\n");
        assert_eq!(once, "opt\nhome\nmy/own\netc/shadow\nusr/local/etc/ssh\nvar/lib/pimaster\n");
        assert_eq!(kept_paths(&once), once);
    }
}
