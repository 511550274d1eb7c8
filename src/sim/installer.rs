//! The installer as a simulated board boots it: "mounts" the NFS root by reading its folder, opens the door to
//! the keys in it, and runs node verbs on the board's card. *IO: the installer root; the verb's process.*

use super::board::{Board, Ending, fresh_boot_id};
use super::ssh::{System, Terminal};
use super::verb;
use crate::model::ssh_key::PublicKey;
use crate::model::verb::{After, Verb};
use async_trait::async_trait;
use russh::keys::PrivateKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

/// The last line of `finish` leaves before the board goes down.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A booted installer.
pub(super) struct Installer {
    board: Arc<Board>,
    keys: Vec<PublicKey>,
    boot_id: String,
    after: watch::Sender<After>,
}

impl Installer {
    /// Takes the root that the kernel command line names; the reason if there is nothing to boot.
    pub(super) fn mount(board: Arc<Board>, cmdline: &str) -> Result<(Self, PrivateKey), String> {
        let root = nfs_root(cmdline).ok_or("the command line has no nfsroot=ADDRESS:PATH")?;
        let read = |path: &str| {
            let path = root.join(path);
            std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let host_key = PrivateKey::from_openssh(read("etc/ssh/ssh_host_ed25519_key")?)
            .map_err(|error| format!("the installer's host key: {error}"))?;
        let keys = authorised_keys(&read("root/.ssh/authorized_keys")?);
        let after = watch::channel(After::Stay).0;
        Ok((Self { board, keys, boot_id: fresh_boot_id(), after }, host_key))
    }

    /// Resolves when `finish` was run.
    pub(super) async fn ending(&self) -> Ending {
        let mut after = self.after.subscribe();
        let last = after.wait_for(|after| *after != After::Stay).await.map(|after| *after);
        tokio::time::sleep(LAST_WORDS).await;
        match last {
            Ok(After::PowerOff) => Some("powered down".to_owned()),
            Ok(After::Reboot | After::Stay) | Err(_) => None,
        }
    }
}

#[async_trait]
impl System for Installer {
    fn keys(&self, user: &str) -> &[PublicKey] {
        if user == "root" { &self.keys } else { &[] }
    }

    async fn execute(&self, _user: &str, command: Option<&str>, terminal: &mut Terminal<'_>) -> u32 {
        let Some(verb) = command.and_then(node_verb) else {
            let said = "the simulated installer runs `pimaster node <verb>` and nothing else\n";
            drop(terminal.output.write_all(said.as_bytes()).await);
            return 127;
        };
        match verb::run(&self.board, verb, &self.boot_id, terminal).await {
            Ok(ended) => {
                if ended.after != After::Stay {
                    self.after.send_replace(ended.after);
                }
                ended.status
            }
            Err(error) => {
                tracing::debug!(board = %self.board.spec.name, verb = verb.as_str(), %error, "a verb broke off");
                255
            }
        }
    }
}

/// The verb of `[/path/]pimaster node VERB`.
fn node_verb(command: &str) -> Option<Verb> {
    let words: Vec<&str> = command.split_ascii_whitespace().collect();
    let [program, "node", word] = words.as_slice() else { return None };
    let name = Path::new(program).file_name()?.to_str()?;
    let verbs = [Verb::Probe, Verb::WriteImage, Verb::Grow, Verb::Customise, Verb::Finish, Verb::Wipe];
    verbs.into_iter().find(|verb| name == "pimaster" && verb.as_str() == *word)
}

/// The folder of `nfsroot=ADDRESS:PATH[,OPTIONS]`.
fn nfs_root(cmdline: &str) -> Option<PathBuf> {
    let word = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix("nfsroot="))?;
    let (_, path) = word.split_once(':')?;
    let path = path.split(',').next()?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// The keys of an `authorized_keys` file; options in front of a key are passed over.
pub(super) fn authorised_keys(text: &str) -> Vec<PublicKey> {
    let key = |line: &str| {
        let starts = line.match_indices(|c: char| c.is_ascii_whitespace()).map(|(at, _)| at + 1);
        let mut candidates = std::iter::once(0).chain(starts);
        candidates.find_map(|at| PublicKey::parse(line.get(at..)?).ok())
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verbs_are_verbs() {
        assert_eq!(node_verb("pimaster node write-image"), Some(Verb::WriteImage));
        assert_eq!(node_verb("/usr/lib/pimaster/pimaster node probe"), Some(Verb::Probe));
        for other in
            ["", "pimaster node", "pimaster node reboot", "sh -c pimaster", "pimaster node probe; reboot"]
        {
            assert_eq!(node_verb(other), None, "{other}");
        }
    }

    #[test]
    fn the_root_is_on_the_command_line() {
        let cmdline = "console=tty1 root=/dev/nfs nfsroot=10.0.0.1:/srv/root,vers=3,tcp ip=dhcp";
        assert_eq!(nfs_root(cmdline), Some(PathBuf::from("/srv/root")));
        assert_eq!(nfs_root("root=/dev/mmcblk0p2"), None);
    }

    #[test]
    fn keys_are_found_behind_options_and_between_comments() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUJ4PdLXeuFvbEcgOfcYoR/c7h2mtw6Xh2nHwxGxGAA a";
        let text = format!("# {key}\n\nno-pty,from=\"10.0.0.1\" {key}\n{key}\nrubbish\n");
        assert_eq!(authorised_keys(&text).len(), 2);
    }
}
