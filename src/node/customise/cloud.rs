//! What cloud-init is told (Ubuntu; Raspberry Pi OS since Trixie). *Pure.*
//!
//! Its files are YAML, and JSON is YAML: quoting is left to the JSON writer.

use super::contents::authorized_keys;
use crate::model::image::Digest;
use crate::model::verb::CustomiseArgs;
use serde_json::{Value, json};

/// Its settings folder, there if it is installed.
pub(super) const FOLDER: &str = "/etc/cloud/cloud.cfg.d";
/// Files that it reads from the boot partition (NoCloud).
pub(super) const SEEDS: [&str; 3] = ["user-data", "meta-data", "network-config"];

/// Settings that keep it from undoing what is set here.
fn hands_off() -> Value {
    json!({
        "preserve_hostname": true,
        "disable_root": false,
        "ssh_deletekeys": false,
        "ssh_genkeytypes": [],
        "growpart": { "mode": "off" },
        "resize_rootfs": false,
    })
}

/// A settings file for [`FOLDER`].
pub(super) fn settings() -> String {
    format!("# Written by pimaster.\n{:#}\n", hands_off())
}

/// `user-data` that makes one account, with the user's keys and password. It takes the place of the image's own,
/// which would make an account with a password that everybody knows.
pub(super) fn user_data(args: &CustomiseArgs, account: &str) -> String {
    let mut data = hands_off();
    let keys = authorized_keys(&args.user_keys);
    let user = json!({
        "name": account,
        "gecos": account,
        "groups": ["adm", "sudo", "video", "plugdev", "dialout", "gpio", "i2c", "spi"],
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "lock_passwd": false,
        "hashed_passwd": args.password_hash,
        "ssh_authorized_keys": keys.lines().collect::<Vec<_>>(),
    });
    if let Value::Object(fields) = &mut data {
        fields.insert("users".to_owned(), json!([user]));
        fields.insert("chpasswd".to_owned(), json!({ "expire": false }));
    }
    format!("#cloud-config\n# Written by pimaster.\n{data:#}\n")
}

/// `meta-data` with an identity of its own, so that cloud-init takes the system for a new one.
pub(super) fn meta_data(args: &CustomiseArgs) -> String {
    let keys = authorized_keys(&args.user_keys);
    let digest =
        Digest::of(format!("{}\n{}\n{keys}", args.host_name, args.password_hash).as_bytes()).to_string();
    let identity = digest.get(..16).unwrap_or_default();
    let data = json!({
        "dsmode": "local",
        "instance-id": format!("pimaster-{}-{identity}", args.host_name),
        "local-hostname": args.host_name,
    });
    format!("{data:#}\n")
}
