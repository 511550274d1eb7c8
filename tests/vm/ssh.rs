//! The user's own SSH client and key. *IO: OpenSSH.*

use crate::rack::Rack;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A person with a new ed25519 key.
pub(crate) struct User {
    key: PathBuf,
    known_hosts: PathBuf,
}

impl User {
    /// Makes the key.
    pub(crate) fn with_new_key(rack: &Rack, name: &str) -> Result<Self> {
        let key = rack.run.join(name);
        let status = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&key)
            .status()
            .context("cannot run ssh-keygen")?;
        if !status.success() {
            bail!("ssh-keygen ended with {status}");
        }
        Ok(Self { known_hosts: rack.run.join(format!("{name}.known_hosts")), key })
    }

    /// The line to give to pimaster.
    pub(crate) fn public_key(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.key.with_extension("pub"))?.trim().to_owned())
    }

    /// Trusts exactly this host key for that address.
    pub(crate) fn know(&self, address: &str, host_key: &str) -> Result<()> {
        let known = std::fs::read_to_string(&self.known_hosts).unwrap_or_default();
        Ok(std::fs::write(&self.known_hosts, format!("{known}{address} {host_key}\n"))?)
    }

    /// Runs a command on a node; its output.
    pub(crate) fn run(&self, login: &str, command: &str) -> Result<String> {
        let output = Command::new("ssh")
            .arg("-i")
            .arg(&self.key)
            .args([
                "-F",
                "/dev/null",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "ConnectTimeout=10",
            ])
            .args(["-o", "StrictHostKeyChecking=yes", "-o"])
            .arg(format!("UserKnownHostsFile={}", self.known_hosts.display()))
            .args([login, command])
            .stdin(Stdio::null())
            .output()
            .context("cannot run ssh")?;
        if !output.status.success() {
            bail!("ssh {login}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
