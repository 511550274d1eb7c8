//! `pimaster ctl ssh`: OpenSSH's client with what pimaster knows of a node. *IO: a temporary file, ssh.*
//!
//! The node's host key is the only one accepted: it stands in a file of known hosts that lasts as long as ssh.

use super::answers::Deployment;
use super::api::Api;
use super::failure::Failure;
use super::run::say;
use crate::model::node::NodeName;
use serde_json::Value;
use std::ffi::OsString;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use tokio::signal::unix::{SignalKind, signal};

/// Signs in, or with `is_json` tells what ssh would be told; gives ssh's exit status.
pub(super) fn run(
    api: &Api,
    node: &NodeName,
    identity: Option<&Path>,
    command: &[String],
    is_json: bool,
) -> Result<u8, Failure> {
    let all: Vec<Value> = api.get_all("/deployments")?.read()?;
    let found = all.into_iter().filter(|it| it.get("name").and_then(Value::as_str) == Some(node.as_str()));
    // A node may be reserved for later, too: what runs now is meant.
    let found = found.max_by_key(|it| it.get("host_key").is_some_and(Value::is_string));
    let found = found.ok_or_else(|| {
        let seen = format!("{node} is on none of your reservations");
        Failure::Undone(format!("{seen}\n  See `pimaster ctl status` for those that are."))
    })?;
    if is_json {
        return say(&found.to_string()).map(|()| 0);
    }
    let deployment: Deployment = serde_json::from_value(found).map_err(|error| {
        Failure::Undone(format!("the answer on {node} is not that of this version of pimaster: {error}"))
    })?;
    let target = Target::of(node, &deployment)?;
    let failed = |cause| Failure::io("cannot make a temporary file of known hosts", cause);
    let mut known_hosts = tempfile::NamedTempFile::new().map_err(failed)?;
    writeln!(known_hosts, "{}", target.known_host()).map_err(failed)?;
    let status = execute(&target.arguments(known_hosts.path(), identity, command))?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Runs ssh to its end. Ctrl-C is for ssh alone: the file of known hosts is still removed.
fn execute(arguments: &[OsString]) -> Result<ExitStatus, Failure> {
    let failed = |cause| Failure::io("cannot run ssh; is OpenSSH's client installed?", cause);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let _entered = runtime.enter();
    // From here on the signal is caught, and programs that are started have its default again.
    let _caught = signal(SignalKind::interrupt()).map_err(failed)?;
    Command::new("ssh").args(arguments).status().map_err(failed)
}

/// Where ssh goes.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    node: NodeName,
    user: String,
    address: IpAddr,
    port: u16,
    host_key: String,
}

impl Target {
    /// Judged: nothing of an answer may become an option of ssh or a second line of known hosts.
    fn of(node: &NodeName, found: &Deployment) -> Result<Self, Failure> {
        let (Some(host_key), Some(user)) = (&found.host_key, &found.ssh_user) else {
            let seen = format!("{node} is {}; expected a system that runs", found.state);
            return Err(Failure::Later(format!("{seen}\n  Wait until it is deployed.")));
        };
        let strange = |what: &str| {
            Failure::Undone(format!(
                "the {what} of {node} cannot be used\n  Ask an administrator of pimaster."
            ))
        };
        let is_user = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if user.is_empty() || user.starts_with('-') || !user.chars().all(is_user) {
            return Err(strange("account"));
        }
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        if host_key.split(' ').count() != 2 || !host_key.split(' ').all(is_word) {
            return Err(strange("host key"));
        }
        let address = found.address.parse().map_err(|_| strange("address"))?;
        let (user, host_key) = (user.clone(), host_key.clone());
        Ok(Self { node: node.clone(), user, address, port: found.ssh_port, host_key })
    }

    /// The line of known hosts. The alias stands for address and port.
    fn known_host(&self) -> String {
        format!("{} {}", self.node, self.host_key)
    }

    fn arguments(&self, known_hosts: &Path, identity: Option<&Path>, command: &[String]) -> Vec<OsString> {
        // ssh_config(5): a value with blanks stands in quotes, and % begins a token.
        let known_hosts = known_hosts.display().to_string().replace('%', "%%");
        let settings = [
            format!("UserKnownHostsFile=\"{known_hosts}\""),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "UpdateHostKeys=no".to_owned(),
            format!("HostKeyAlias={}", self.node),
        ];
        let mut all: Vec<OsString> =
            settings.into_iter().flat_map(|setting| [OsString::from("-o"), setting.into()]).collect();
        if let Some(identity) = identity {
            all.extend(["-i".into(), identity.into()]);
        }
        all.extend(["-p".into(), self.port.to_string().into(), "-l".into(), self.user.clone().into()]);
        all.push(self.address.to_string().into());
        if !command.is_empty() {
            // ssh reads options after the host, too, up to this.
            all.push("--".into());
            all.extend(command.iter().map(OsString::from));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::answers::tests::with_states;

    fn deployed() -> Deployment {
        let mut node = with_states("active", &["deployed"]).nodes.remove(0);
        node.host_key = Some("ssh-ed25519 AAAAC3".into());
        node
    }

    fn name() -> NodeName {
        "pi-01".parse().unwrap()
    }

    #[test]
    fn ssh_is_told_the_one_host_key() {
        let target = Target::of(&name(), &deployed()).unwrap();
        assert_eq!(target.known_host(), "pi-01 ssh-ed25519 AAAAC3");
        let command = ["uname".to_owned(), "-a".to_owned()];
        let arguments = target.arguments(Path::new("/tmp/a b"), Some(Path::new("id")), &command);
        let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap()).collect();
        let expect = [
            "-o",
            "UserKnownHostsFile=\"/tmp/a b\"",
            "-o",
            "GlobalKnownHostsFile=/dev/null",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "UpdateHostKeys=no",
            "-o",
            "HostKeyAlias=pi-01",
            "-i",
            "id",
            "-p",
            "22",
            "-l",
            "root",
            "10.20.0.1",
            "--",
            "uname",
            "-a",
        ];
        assert_eq!(words, expect);
    }

    #[test]
    fn what_is_not_up_yet_may_be_later() {
        let node = with_states("active", &["env_copy"]).nodes.remove(0);
        let failure = Target::of(&name(), &node).unwrap_err();
        assert_eq!((failure.exit(), failure.to_string().contains("env_copy")), (75, true));
    }

    #[test]
    fn nothing_of_an_answer_becomes_an_option() {
        let check = |change: fn(&mut Deployment)| {
            let mut node = deployed();
            change(&mut node);
            assert_eq!(Target::of(&name(), &node).unwrap_err().exit(), 1, "{node:?}");
        };
        check(|node| node.ssh_user = Some("-oProxyCommand=x".into()));
        check(|node| node.ssh_user = Some("a b".into()));
        check(|node| node.ssh_user = Some(String::new()));
        check(|node| node.address = "-V".into());
        check(|node| node.host_key = Some("ssh-ed25519 A\n* ssh-rsa B".into()));
        check(|node| node.host_key = Some("@cert-authority * ssh-rsa B".into()));
    }
}
