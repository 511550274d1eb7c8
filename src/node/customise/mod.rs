//! `customise`: the system on the card becomes the user's own. *IO: the card.*
//!
//! ```text
//! boot (FAT) ──────────┐
//! tree (ext4) ── look ─┴─► debian or picore (pure planners) ──► changes ──► boot, tree
//! ```
//! Everything is written as it ought to be, whatever stood there before: a second run changes nothing.

mod accounts;
mod boot;
mod changes;
mod cloud;
mod cmdline;
mod contents;
mod debian;
mod mydata;
mod picore;
mod tree;

use super::card::Card;
use super::stop::Stop;
use crate::model::clock;
use crate::model::environment::OsFamily;
use crate::model::image::{FileSystem, Partition};
use crate::model::node::NodeName;
use crate::model::verb::{CustomiseArgs, CustomiseReport};
use boot::Boot;
use changes::Plan;
use tree::Tree;

/// The second stage of the Pi 3's ROM.
const BOOTCODE: &str = "bootcode.bin";

/// Customises the system on the card.
pub(crate) fn customise(card: &Card, args: &CustomiseArgs) -> Result<CustomiseReport, Stop> {
    judge(args)?;
    let layout = &args.layout;
    let root = layout.partition(layout.root).ok_or_else(|| {
        Stop::argument("layout.root", format!("partition {}", layout.root), "one of the layout's partitions")
    })?;
    let tree = Tree::open(card, root.start_bytes)?;
    let fat = layout.partition(layout.boot).filter(|boot| boot.file_system == FileSystem::Fat);
    let boot = fat.map(|boot| Boot::open(card, boot.start_bytes, boot.size_bytes)).transpose()?;
    let files = boot.as_ref().map_or_else(|| Ok(changes::Files::new()), |boot| boot.look(&boot_paths()))?;

    let mut plan = match args.family {
        OsFamily::PiCore => picore::plan(args, &files, &tree.look(&picore::PATHS)?)?,
        OsFamily::RaspberryPiOs | OsFamily::Ubuntu | OsFamily::Debian => {
            debian::plan(args, &files, &tree.look(&debian::paths())?, today())?
        }
    };
    if args.remove_bootcode && boot.is_some() {
        plan.remove_boot_file(BOOTCODE);
    }
    let cmdline = plan.boot_text(&files, cmdline::FILE).trim().to_owned();
    tree.apply(&plan.changes)?;
    if let Some(boot) = boot {
        boot.apply(&plan.boot)?;
    } else if !plan.boot.is_empty() {
        plan.note("the image has no FAT boot partition: nothing was changed in its boot files");
    }
    card.flush()?;
    Ok(CustomiseReport { cmdline, notes: plan.notes })
}

/// Takes `bootcode.bin` off a boot partition, without which the ROM of a Pi 3 goes on to the network.
pub(crate) fn remove_bootcode(card: &Card, boot: &Partition) -> Result<(), Stop> {
    let change = changes::BootChange::Remove { name: BOOTCODE.to_owned() };
    Boot::open(card, boot.start_bytes, boot.size_bytes)?.apply(&[change])
}

fn boot_paths() -> Vec<&'static str> {
    let mut paths = cloud::SEEDS.to_vec();
    paths.extend([cmdline::FILE, cmdline::FILE_OF_PI3, "ssh", BOOTCODE]);
    paths
}

/// Days since 1970, as /etc/shadow counts.
fn today() -> u64 {
    u64::try_from(clock::to_millis(clock::now()) / 86_400_000).unwrap_or(0)
}

/// Refuses what would break a file it is put into. The daemon has checked it before; this is the last door.
fn judge(args: &CustomiseArgs) -> Result<(), Stop> {
    if args.host_name.parse::<NodeName>().is_err() {
        return Err(Stop::argument(
            "host_name",
            format!("`{}`", args.host_name),
            "a host name such as pi-07",
        ));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = args.ssh_user.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if !starts || args.ssh_user.len() > 32 || !args.ssh_user.chars().all(plain) {
        return Err(Stop::argument("ssh_user", format!("`{}`", args.ssh_user), "an account's name"));
    }
    let hash = &args.password_hash;
    let in_hash = |c: char| c.is_ascii_graphic() && c != ':';
    if !hash.starts_with('$') || hash.len() < 20 || !hash.chars().all(in_hash) {
        // The hash itself is not repeated: what is wrong may be that it is the password.
        return Err(Stop::argument(
            "password_hash",
            format!("{} characters that are no hash", hash.len()),
            "a crypt(3) hash such as $6$salt$...",
        ));
    }
    if !args.host_key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Err(Stop::argument("host_key", "no private key", "an OpenSSH private key (ed25519)"));
    }
    Ok(())
}

impl Plan {
    /// A boot file as it will stand.
    fn boot_text(&self, files: &changes::Files, name: &str) -> String {
        let planned = self.boot.iter().rev().find_map(|change| match change {
            changes::BootChange::Put { name: put, content } if put == name => Some(content),
            changes::BootChange::Put { .. } | changes::BootChange::Remove { .. } => None,
        });
        let content = planned.or_else(|| files.get(name));
        content.map(|content| String::from_utf8_lossy(content).into_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
pub(in crate::node) mod tests;
