//! The few commands of a simulated board's own system. *Pure.*
//!
//! Nothing that a user brings is run on the machine of the simulator: a script's `echo`, `sleep` and `exit` lines
//! are played, the rest is passed over.

use crate::model::verb::USER_SCRIPT_PATH;
use std::time::Duration;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Nothing.
    Nothing,
    /// The host name.
    HostName,
    /// Name and release of the kernel.
    Uname,
    /// The account.
    Identity,
    /// How long the board is up.
    Uptime,
    /// A file of the card.
    Cat(String),
    /// The user's script.
    UserScript,
    /// Packages.
    Packages,
    /// Restart.
    Reboot,
    /// Power down.
    PowerOff,
    /// End a shell with that status.
    Exit(u32),
    /// A list of the commands.
    Help,
    /// Not played here.
    Unknown(String),
}

impl Command {
    /// Reads a command line; `sudo`, shells in front of a file, and redirections are passed over.
    pub(super) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line
            .split(|c: char| c.is_ascii_whitespace() || c == ';' || c == '\'' || c == '"')
            .filter(|word| !word.is_empty() && !word.contains(['>', '&']))
            .collect();
        let played = [
            "sudo",
            "-n",
            "exec",
            "export",
            "env",
            "sh",
            "bash",
            "/bin/sh",
            "/bin/bash",
            "-c",
            "-l",
            "-e",
            "--",
            "trap",
            "sync",
            "EXIT",
        ];
        let mut words = words.into_iter().skip_while(|word| played.contains(word) || word.contains('='));
        let Some(first) = words.next() else { return Self::Nothing };
        if first == USER_SCRIPT_PATH {
            return Self::UserScript;
        }
        match first.rsplit('/').next().unwrap_or(first) {
            "true" | ":" | "clear" => Self::Nothing,
            "hostname" => Self::HostName,
            "uname" => Self::Uname,
            "whoami" | "id" => Self::Identity,
            "uptime" => Self::Uptime,
            "cat" => words.next().map_or(Self::Nothing, |path| Self::Cat(path.to_owned())),
            "apt" | "apt-get" | "dpkg" => Self::Packages,
            "reboot" => Self::Reboot,
            "poweroff" | "halt" | "shutdown" => Self::PowerOff,
            "exit" | "logout" => Self::Exit(words.next().and_then(|word| word.parse().ok()).unwrap_or(0)),
            "help" => Self::Help,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// What a played line of a script does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Prints.
    Echo(String),
    /// Waits, as long as hardware would.
    Sleep(Duration),
    /// Ends.
    Exit(u32),
}

/// The longest `sleep` that is played.
const LONGEST_SLEEP: f64 = 600.0;

/// The played lines of a script.
pub(super) fn acts(script: &str) -> Vec<Act> {
    script.lines().filter_map(|line| act(line.trim())).collect()
}

fn act(line: &str) -> Option<Act> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match word {
        "echo" => Some(Act::Echo(unquoted(rest).to_owned())),
        "sleep" => {
            let seconds: f64 = rest.parse().ok()?;
            (0.0..=LONGEST_SLEEP).contains(&seconds).then(|| Act::Sleep(Duration::from_secs_f64(seconds)))
        }
        "exit" => Some(Act::Exit(rest.parse().unwrap_or(0))),
        "false" => Some(Act::Exit(1)),
        _ => None,
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read() {
        let check = |line: &str, expect| assert_eq!(Command::parse(line), expect, "{line}");
        check("true", Command::Nothing);
        check("", Command::Nothing);
        check("hostname", Command::HostName);
        check("uname -a", Command::Uname);
        check("cat /etc/os-release", Command::Cat("/etc/os-release".to_owned()));
        check("sh -c 'cat /proc/cmdline'", Command::Cat("/proc/cmdline".to_owned()));
        check(USER_SCRIPT_PATH, Command::UserScript);
        check(&format!("sh {USER_SCRIPT_PATH} 2>&1"), Command::UserScript);
        check(&format!("sudo -n /bin/sh {USER_SCRIPT_PATH}"), Command::UserScript);
        check(&format!("trap sync EXIT; {USER_SCRIPT_PATH}"), Command::UserScript);
        check("sync", Command::Nothing);
        check("export DEBIAN_FRONTEND=noninteractive; apt-get -y -q update && true", Command::Packages);
        check("sudo -n reboot || reboot", Command::Reboot);
        check("exit 3", Command::Exit(3));
        check("rm -rf /", Command::Unknown("rm".to_owned()));
    }

    #[test]
    fn scripts_are_played_not_run() {
        let script = "#!/bin/sh\nset -e\nrm -rf /\necho \"hello there\"\nsleep 2\necho it's\nexit 3\n";
        assert_eq!(
            acts(script),
            [
                Act::Echo("hello there".to_owned()),
                Act::Sleep(Duration::from_secs(2)),
                Act::Echo("it's".to_owned()),
                Act::Exit(3),
            ]
        );
    }
}
