//! What is changed in a Debian-like system: Raspberry Pi OS, Ubuntu, others. *Pure.*

use super::accounts::{self, Account};
use super::changes::{Entry, Existing, Files, Owner, Plan, Seen};
use super::{cloud, cmdline, contents};
use crate::model::environment::OsFamily;
use crate::model::ssh_key::PublicKey;
use crate::model::verb::{CustomiseArgs, USER_SCRIPT_PATH};
use crate::node::stop::Stop;

const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const HOSTS: &str = "/etc/hosts";
const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";
const SSHD_FOLDER: &str = "/etc/ssh/sshd_config.d";
const WANTS: &str = "/etc/systemd/system/multi-user.target.wants";
const SSH_SOCKET: &str = "/etc/systemd/system/sockets.target.wants/ssh.socket";

/// Units that reconfigure a system at its first boot: they resize it, make new host keys or ask for a user.
const FIRST_BOOT_UNITS: [&str; 5] = [
    "regenerate_ssh_host_keys.service",
    "resize2fs_once.service",
    "rpi-resize.service",
    "userconfig.service",
    "sshd-keygen.service",
];

/// Where units come from.
const UNIT_FOLDERS: [&str; 3] = ["/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system"];

/// Everything the plan depends on.
pub(super) fn paths() -> Vec<&'static str> {
    let mut paths = vec![
        PASSWD,
        SHADOW,
        HOSTS,
        SSHD_CONFIG,
        SSHD_FOLDER,
        SSH_SOCKET,
        cloud::FOLDER,
        "/etc/ssh",
        "/etc/init.d",
        "/etc/systemd/system",
        "/etc/systemd/system/ssh.service",
    ];
    paths.extend(["/lib/systemd/system", "/usr/lib/systemd/system"]);
    paths
}

/// Plans the changes.
pub(super) fn plan(args: &CustomiseArgs, boot: &Files, seen: &Seen, today: u64) -> Result<Plan, Stop> {
    let mut plan = Plan::default();
    let (passwd, _) = seen.text(PASSWD).ok_or_else(|| {
        Stop::pointless(
            "the image's root partition has no /etc/passwd",
            "the root file system of a Linux system",
            "Import the image again; if it holds several systems, its root partition was guessed wrong.",
        )
    })?;
    let known = accounts::parse(&passwd);
    let mut people: Vec<&Account> = accounts::ordinary(&known).into_iter().collect();
    match accounts::by_name(&known, &args.ssh_user) {
        Ok(account) if account.uid != 0 && !people.contains(&account) => people.push(account),
        Ok(_) => {}
        // cloud-init makes it at the first boot.
        Err(_) if args.family == OsFamily::Ubuntu => {}
        Err(stop) => return Err(stop),
    }
    name(&mut plan, args, seen);
    passwords(&mut plan, args, seen, &people, today);
    let root_keys = args.user_keys.iter().chain([&args.pimaster_key]);
    authorize(&mut plan, "/root", 0, 0, &root_keys.collect::<Vec<_>>());
    for account in &people {
        plan.folder(&account.home, Owner { mode: 0o755, uid: account.uid, gid: account.gid }, Existing::Kept);
        let keys: Vec<&PublicKey> = args.user_keys.iter().collect();
        authorize(&mut plan, &account.home, account.uid, account.gid, &keys);
        plan.note(format!("account {}: keys and password set", account.name));
    }
    host_key(&mut plan, args, seen);
    sshd(&mut plan, seen);
    first_boot(&mut plan, args, boot, seen);
    cloud_init(&mut plan, args, seen, &people);
    script(&mut plan, args);
    Ok(plan)
}

fn name(plan: &mut Plan, args: &CustomiseArgs, seen: &Seen) {
    let host = &args.host_name;
    plan.put("/etc/hostname", format!("{host}\n"), Owner::root(0o644));
    let (old, owner) = seen.text(HOSTS).unwrap_or((String::new(), Owner::root(0o644)));
    plan.put(HOSTS, contents::hosts(&old, host), owner);
    plan.note(format!("host name {host}"));
}

fn passwords(plan: &mut Plan, args: &CustomiseArgs, seen: &Seen, people: &[&Account], today: u64) {
    let (mut shadow, owner) = seen.text(SHADOW).unwrap_or((String::new(), Owner::root(0o600)));
    let root = (args.ssh_user == "root").then_some("root");
    for name in people.iter().map(|account| account.name.as_str()).chain(root) {
        shadow = accounts::with_password(&shadow, name, &args.password_hash, today);
    }
    if root.is_some() {
        plan.note("account root: password set for the console; over SSH root signs in with keys only");
    }
    plan.put(SHADOW, shadow, owner);
}

/// Exactly these keys open the account.
fn authorize(plan: &mut Plan, home: &str, uid: u32, gid: u32, keys: &[&PublicKey]) {
    plan.folder(format!("{home}/.ssh"), Owner { mode: 0o700, uid, gid }, Existing::Set);
    let content = contents::authorized_keys(keys.iter().copied());
    plan.put(format!("{home}/.ssh/authorized_keys"), content, Owner { mode: 0o600, uid, gid });
}

fn host_key(plan: &mut Plan, args: &CustomiseArgs, seen: &Seen) {
    const KEPT: [&str; 2] = ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"];
    for name in seen.names("/etc/ssh").iter().filter(|name| name.starts_with("ssh_host_")) {
        if !KEPT.contains(&name.as_str()) {
            plan.remove(format!("/etc/ssh/{name}"));
        }
    }
    let end = if args.host_key.ends_with('\n') { "" } else { "\n" };
    plan.put("/etc/ssh/ssh_host_ed25519_key", format!("{}{end}", args.host_key), Owner::root(0o600));
    let public = format!("{}\n", args.host_public_key);
    plan.put("/etc/ssh/ssh_host_ed25519_key.pub", public, Owner::root(0o644));
    plan.note("host key set, others removed");
}

fn sshd(plan: &mut Plan, seen: &Seen) {
    match seen.text(SSHD_CONFIG) {
        Some((old, _)) if contents::reads_folder(&old) => {
            plan.put(format!("{SSHD_FOLDER}/00-pimaster.conf"), contents::SSHD, Owner::root(0o644));
        }
        Some((old, owner)) => plan.put(SSHD_CONFIG, contents::sshd_config(&old), owner),
        None => plan.note(
            "the image has no SSH server (no /etc/ssh/sshd_config): it cannot be reached after its boot",
        ),
    }
    // Raspberry Pi OS warns everybody who signs in until its first-boot wizard has run; ours takes its place.
    if seen.names(SSHD_FOLDER).iter().any(|name| name == "rename_user.conf") {
        plan.remove(format!("{SSHD_FOLDER}/rename_user.conf"));
    }
    if seen.names("/etc/ssh").iter().any(|name| name == "sshd_not_to_be_run") {
        plan.remove("/etc/ssh/sshd_not_to_be_run");
    }
    enable_sshd(plan, seen);
}

/// Ubuntu starts sshd by its socket: that and the service at once would fight for the port.
fn enable_sshd(plan: &mut Plan, seen: &Seen) {
    let own = "/etc/systemd/system/ssh.service";
    let masked = matches!(seen.0.get(own), Some(Entry::Link { target }) if target == "/dev/null");
    if masked {
        plan.remove(own);
    }
    let usable =
        |folder: &&&str| has_unit(seen, folder, "ssh.service") && !(masked && own.starts_with(**folder));
    if let Some(folder) = UNIT_FOLDERS.iter().rev().find(usable).filter(|_| !seen.has(SSH_SOCKET)) {
        plan.link(format!("{WANTS}/ssh.service"), &format!("{folder}/ssh.service"));
        plan.note("SSH server enabled");
    }
}

fn has_unit(seen: &Seen, folder: &str, unit: &str) -> bool {
    seen.names(folder).iter().any(|name| name == unit)
}

fn first_boot(plan: &mut Plan, args: &CustomiseArgs, boot: &Files, seen: &Seen) {
    let has_script = |unit: &str| {
        unit.strip_suffix(".service")
            .is_some_and(|name| seen.names("/etc/init.d").iter().any(|it| it == name))
    };
    for unit in FIRST_BOOT_UNITS {
        if UNIT_FOLDERS.iter().any(|folder| has_unit(seen, folder, unit)) || has_script(unit) {
            plan.link(format!("/etc/systemd/system/{unit}"), "/dev/null");
            plan.note(format!("{unit} disabled"));
        }
    }
    if args.family == OsFamily::RaspberryPiOs {
        if let Some(old) = boot.get(cmdline::FILE) {
            let new = cmdline::without_first_boot(&String::from_utf8_lossy(old));
            plan.put_boot_file(cmdline::FILE, new);
        }
        // sshswitch.service enables sshd where this file is, and removes it.
        plan.put_boot_file("ssh", "");
    }
}

fn cloud_init(plan: &mut Plan, args: &CustomiseArgs, seen: &Seen, people: &[&Account]) {
    if seen.has(cloud::FOLDER) {
        plan.put(format!("{}/99-pimaster.cfg", cloud::FOLDER), cloud::settings(), Owner::root(0o644));
        plan.note("cloud-init keeps its hands off host name, host keys and partitions");
    }
    if args.family == OsFamily::Ubuntu {
        let usual = people.first().map_or("ubuntu", |account| account.name.as_str());
        let account = if args.ssh_user == "root" { usual } else { args.ssh_user.as_str() };
        plan.put_boot_file("user-data", cloud::user_data(args, account));
        plan.put_boot_file("meta-data", cloud::meta_data(args));
        plan.note(format!("account {account}: made by cloud-init at the first boot, if it is not there"));
    }
}

fn script(plan: &mut Plan, args: &CustomiseArgs) {
    let Some(text) = &args.user_script else { return plan.remove(USER_SCRIPT_PATH) };
    if let Some((folder, _)) = USER_SCRIPT_PATH.rsplit_once('/') {
        plan.folder(folder, Owner::root(0o700), Existing::Set);
    }
    plan.put(USER_SCRIPT_PATH, contents::script(text), Owner::root(0o700));
    plan.note(format!("user script at {USER_SCRIPT_PATH}"));
}
