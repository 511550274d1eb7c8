//! The system that a simulated board boots from its card: what `write-image`, `grow` and `customise` left there
//! decides whether it boots, which host key it shows and which keys open it. *IO: reads the card.*

use super::board::{Board, Ending, fresh_boot_id};
use super::card::Table;
use super::commands::{Act, Command, acts};
use super::installer::authorised_keys;
use super::ssh::{System, Terminal};
use crate::model::ssh_key::PublicKey;
use crate::model::verb::USER_SCRIPT_PATH;
use async_trait::async_trait;
use russh::keys::PrivateKey;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

const HOST_NAME: &str = "/etc/hostname";
const PASSWD: &str = "/etc/passwd";
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key";
const SSHD: &str = "/usr/sbin/sshd";
const INIT: [&str; 3] = ["/sbin/init", "/usr/sbin/init", "/usr/lib/systemd/systemd"];
/// sshd starts if one of these is there.
const SSHD_ENABLED: [&str; 3] = [
    "/etc/systemd/system/multi-user.target.wants/ssh.service",
    "/etc/systemd/system/multi-user.target.wants/sshd.service",
    "/etc/systemd/system/sockets.target.wants/ssh.socket",
];
const FIRST_ORDINARY_UID: u32 = 1000;
/// How long a package update takes hardware.
const PACKAGE_UPDATE: Duration = Duration::from_secs(20);
/// A command's last words leave before the board goes down.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A system booted from a card.
pub(super) struct Local {
    board: Arc<Board>,
    root_bytes: u64,
    host_name: String,
    cmdline: String,
    boot_id: String,
    booted: Instant,
    logins: BTreeMap<String, Vec<PublicKey>>,
    down: watch::Sender<Option<Ending>>,
}

/// A system with the host key of its SSH server, if that runs; or why the card does not boot.
type Mounted = Result<(Local, Option<PrivateKey>), String>;

impl Local {
    /// Looks at the card as firmware and kernel do; `cmdline` comes from the card unless the network brought one.
    pub(super) fn mount(board: Arc<Board>, cmdline: Option<String>) -> io::Result<Mounted> {
        let Some(table) = board.card.table()? else { return Ok(Err("it has no partition table".to_owned())) };
        let cmdline = match cmdline {
            Some(cmdline) => cmdline,
            None => match boot_partition(&board, &table)? {
                Ok(cmdline) => cmdline,
                Err(why) => return Ok(Err(why)),
            },
        };
        let Some(root_bytes) = table.root_of(&cmdline) else {
            return Ok(Err(format!("no partition is the root of `{cmdline}`")));
        };
        let fixed = [HOST_NAME, PASSWD, HOST_KEY, SSHD].iter().chain(&INIT).chain(&SSHD_ENABLED);
        let fixed: Vec<String> = fixed.map(|path| (*path).to_owned()).collect();
        let files = board.card.root_files(root_bytes, &fixed)?;
        if !INIT.iter().any(|path| files.contains_key(*path)) {
            return Ok(Err("its root has no init".to_owned()));
        }
        let passwd = text(&files, PASSWD);
        let paths: Vec<(String, String)> = homes(&passwd);
        let asked: Vec<String> = paths.iter().map(|(_, path)| path.clone()).collect();
        let found = board.card.root_files(root_bytes, &asked)?;
        let login = |(user, path): (String, String)| (user, authorised_keys(&text(&found, &path)));
        let starts_sshd =
            files.contains_key(SSHD) && SSHD_ENABLED.iter().any(|path| files.contains_key(*path));
        let host_key = starts_sshd.then(|| PrivateKey::from_openssh(text(&files, HOST_KEY)).ok()).flatten();
        let local = Self {
            root_bytes,
            host_name: text(&files, HOST_NAME).trim().to_owned(),
            cmdline,
            boot_id: fresh_boot_id(),
            booted: Instant::now(),
            logins: paths.into_iter().map(login).collect(),
            down: watch::channel(None).0,
            board,
        };
        Ok(Ok((local, host_key)))
    }

    /// Resolves when somebody restarted the board or powered it down.
    pub(super) async fn ending(&self) -> Ending {
        let mut down = self.down.subscribe();
        let ending = down.wait_for(Option::is_some).await.map(|ending| (*ending).clone());
        tokio::time::sleep(LAST_WORDS).await;
        ending.ok().flatten().flatten()
    }

    async fn play(
        &self,
        user: &str,
        command: Command,
        terminal: &mut Terminal<'_>,
    ) -> io::Result<Option<u32>> {
        let said = match command {
            Command::Nothing => String::new(),
            Command::HostName => format!("{}\n", self.host_name),
            Command::Uname => {
                format!("Linux {} 6.12.0-simulated #1 SMP PREEMPT aarch64 GNU/Linux\n", self.host_name)
            }
            Command::Identity => format!("{user}\n"),
            Command::Uptime => format!("up {} s\n", self.booted.elapsed().as_secs()),
            Command::Help => {
                "hostname uname whoami uptime cat reboot poweroff exit, and your user script\n".to_owned()
            }
            Command::Cat(path) => match self.read(&path).await? {
                Some(content) => content,
                None => {
                    say(terminal, &format!("cat: {path}: No such file or directory\n")).await?;
                    return Ok(Some(1));
                }
            },
            Command::Packages => {
                tokio::time::sleep(self.board.settings.pace.work(PACKAGE_UPDATE)).await;
                "All packages are up to date.\n".to_owned()
            }
            Command::UserScript => return self.play_script(terminal).await.map(Some),
            Command::Reboot | Command::PowerOff => {
                let ending = (command == Command::PowerOff).then(|| "powered down".to_owned());
                self.down.send_replace(Some(ending));
                String::new()
            }
            Command::Exit(status) => return Ok(Some(status)),
            Command::Unknown(name) => {
                say(terminal, &format!("{name}: not played by this simulated board; try `help`\n")).await?;
                return Ok(Some(127));
            }
        };
        say(terminal, &said).await?;
        Ok(None)
    }

    async fn play_script(&self, terminal: &mut Terminal<'_>) -> io::Result<u32> {
        let Some(script) = self.read(USER_SCRIPT_PATH).await? else { return Ok(127) };
        for act in acts(&script) {
            match act {
                Act::Echo(words) => say(terminal, &format!("{words}\n")).await?,
                Act::Sleep(real) => tokio::time::sleep(self.board.settings.pace.work(real)).await,
                Act::Exit(status) => return Ok(status),
            }
        }
        Ok(0)
    }

    /// A file of the running system, as text.
    async fn read(&self, path: &str) -> io::Result<Option<String>> {
        match path {
            "/proc/sys/kernel/random/boot_id" => return Ok(Some(format!("{}\n", self.boot_id))),
            "/proc/cmdline" => return Ok(Some(format!("{}\n", self.cmdline))),
            _ => {}
        }
        let (board, path, root_bytes) = (Arc::clone(&self.board), path.to_owned(), self.root_bytes);
        let read = move || -> io::Result<Option<String>> {
            let found = match path.strip_prefix("/boot/firmware/").or(path.strip_prefix("/boot/")) {
                Some(name) => match board.card.table()? {
                    Some(table) => board.card.boot_files(&table, &[name])?.into_values().next(),
                    None => None,
                },
                None => board.card.root_files(root_bytes, &[path])?.into_values().next(),
            };
            Ok(found.map(|content| String::from_utf8_lossy(&content).into_owned()))
        };
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    }

    /// A small shell: lines in, answers out, until `exit` or the end of the input.
    async fn shell(&self, user: &str, terminal: &mut Terminal<'_>) -> io::Result<u32> {
        if terminal.is_interactive {
            say(terminal, "A simulated Raspberry Pi: `help` lists what it can play.\n").await?;
        }
        let prompt = format!("{user}@{}:~# ", self.host_name);
        loop {
            if terminal.is_interactive {
                say(terminal, &prompt).await?;
            }
            let Some(line) = read_line(terminal).await? else { return Ok(0) };
            let command = Command::parse(&line);
            let ends = matches!(command, Command::Exit(_));
            if let (Some(status), true) = (self.play(user, command, terminal).await?, ends) {
                return Ok(status);
            }
        }
    }
}

#[async_trait]
impl System for Local {
    fn keys(&self, user: &str) -> &[PublicKey] {
        self.logins.get(user).map(Vec::as_slice).unwrap_or_default()
    }

    async fn execute(&self, user: &str, command: Option<&str>, terminal: &mut Terminal<'_>) -> u32 {
        let played = match command {
            Some(command) => {
                self.play(user, Command::parse(command), terminal).await.map(|status| status.unwrap_or(0))
            }
            None => self.shell(user, terminal).await,
        };
        played.unwrap_or(255)
    }
}

/// The card's own command line, if its boot partition can start a kernel.
fn boot_partition(board: &Board, table: &Table) -> io::Result<Result<String, String>> {
    let kernels = ["kernel8.img", "kernel_2712.img", "kernel7.img", "kernel7l.img", "kernel.img", "vmlinuz"];
    let names: Vec<&str> = ["config.txt", "cmdline.txt"].into_iter().chain(kernels).collect();
    let files = board.card.boot_files(table, &names)?;
    let has_kernel = kernels.iter().any(|name| files.contains_key(*name));
    Ok(match (files.contains_key("config.txt"), has_kernel, files.get("cmdline.txt")) {
        (true, true, Some(line)) => {
            Ok(String::from_utf8_lossy(line).lines().next().unwrap_or_default().trim().to_owned())
        }
        _ => Err("its boot partition lacks config.txt, cmdline.txt or a kernel".to_owned()),
    })
}

fn text(files: &BTreeMap<String, Vec<u8>>, path: &str) -> String {
    files.get(path).map(|content| String::from_utf8_lossy(content).into_owned()).unwrap_or_default()
}

/// The accounts that people may sign in to, each with its file of keys.
fn homes(passwd: &str) -> Vec<(String, String)> {
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (user, uid) = (fields.next()?, fields.nth(1)?.parse::<u32>().ok()?);
        let (home, shell) = (fields.nth(2)?, fields.next().unwrap_or_default());
        let signs_in = uid == 0 || uid >= FIRST_ORDINARY_UID;
        let has_shell = !shell.ends_with("nologin") && !shell.ends_with("false");
        (signs_in && has_shell).then(|| (user.to_owned(), format!("{home}/.ssh/authorized_keys")))
    };
    passwd.lines().filter_map(account).collect()
}

/// Prints; a terminal wants a carriage return with each line feed.
async fn say(terminal: &mut Terminal<'_>, text: &str) -> io::Result<()> {
    let text = if terminal.is_interactive { text.replace('\n', "\r\n") } else { text.to_owned() };
    terminal.output.write_all(text.as_bytes()).await?;
    terminal.output.flush().await
}

/// A typed line, shown while it is typed; none at the end of the input or at Ctrl-D on an empty line.
async fn read_line(terminal: &mut Terminal<'_>) -> io::Result<Option<String>> {
    let mut line = String::new();
    loop {
        let byte = match terminal.input.read_u8().await {
            Ok(byte) => byte,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok((!line.is_empty()).then_some(line));
            }
            Err(error) => return Err(error),
        };
        match byte {
            b'\r' | b'\n' => {
                if terminal.is_interactive {
                    say(terminal, "\n").await?;
                }
                return Ok(Some(line));
            }
            4 if line.is_empty() => return Ok(None),
            3 => line.clear(),
            8 | 127 => match line.pop() {
                Some(_) if terminal.is_interactive => say(terminal, "\u{8} \u{8}").await?,
                Some(_) | None => {}
            },
            b' '..=b'~' => {
                line.push(char::from(byte));
                if terminal.is_interactive {
                    say(terminal, &char::from(byte).to_string()).await?;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_may_sign_in() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n\
                      pi:x:1000:1000:,,,:/home/pi:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\nbroken\n";
        let users: Vec<String> = homes(passwd).into_iter().map(|(user, _)| user).collect();
        assert_eq!(users, ["root", "pi"]);
        assert_eq!(homes(passwd)[1].1, "/home/pi/.ssh/authorized_keys");
    }
}
