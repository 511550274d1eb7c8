//! The demonstration's folder and its ports. *IO: one folder, a lock in it, trial binds.*
//!
//! ```text
//! DIR/pimaster.toml    settings           DIR/boards/NAME/  a board's card and the log of its verbs
//! DIR/data/            pimaster's data    DIR/switch.json   power of the ports
//! DIR/root/            installer root     DIR/ports.json    chosen once
//! ```

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Ports are chosen from here on, below those that the system gives to clients (32768 and up).
const FIRST_PORT: u16 = 20_000;
const LAST_PORT: u16 = 32_000;

const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The folder, held by this process alone.
#[derive(Debug)]
pub struct Places {
    root: PathBuf,
    _lock: File,
}

/// Ports on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Pages and API.
    pub web: u16,
    /// DHCP of the daemon, and of the boards' relays.
    pub dhcp: u16,
    /// TFTP.
    pub tftp: u16,
    /// SSH of the boards.
    pub ssh: u16,
    /// SNMP of the switch.
    pub snmp: u16,
    /// The simulator's own page.
    pub control: u16,
}

impl Places {
    /// Opens the folder, by default one in the user's cache, and creates it if missing.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let folder = folder.map_or_else(usual_folder, Path::to_owned);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create the demonstration's folder {}", folder.display()))?;
        let root = folder.canonicalize()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '+');
        if !root.to_str().is_some_and(|text| text.chars().all(is_plain)) {
            bail!(
                "the folder is {}; expected a path of letters, digits and - _ . + alone, since it stands on a kernel command line; give another with --data",
                root.display()
            );
        }
        let lock = File::options().create(true).truncate(false).write(true).open(root.join("lock"))?;
        if !hold(&lock) {
            bail!(
                "another demonstration runs on {}; end it, or give another folder with --data",
                root.display()
            );
        }
        Ok(Self { root, _lock: lock })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in it.
    pub fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The ports of the last start if they are still free, else others. A web port of 0 means any.
    pub fn ports(&self, web: u16) -> anyhow::Result<Ports> {
        let file = self.at("ports.json");
        let kept = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Ports>(&text).ok());
        let ports = match kept.filter(Ports::are_free) {
            Some(kept) => kept,
            None => Ports::choose()?,
        };
        let ports = if web == 0 { ports } else { Ports { web, ..ports } };
        if !is_free(ports.web) {
            bail!("port {} is taken; give another with --port, or 0 for any", ports.web);
        }
        fs::write(&file, serde_json::to_vec(&ports)?).context("cannot write ports.json")?;
        Ok(ports)
    }
}

impl Ports {
    fn are_free(&self) -> bool {
        [self.dhcp, self.tftp, self.ssh, self.snmp, self.control].into_iter().all(is_free)
    }

    /// Free ports, from a place that two demonstrations rarely share.
    fn choose() -> anyhow::Result<Self> {
        let span = u32::from(LAST_PORT - FIRST_PORT) - 1_000;
        let offset = u16::try_from(std::process::id() * 37 % span)?;
        let mut free = (FIRST_PORT + offset..LAST_PORT).filter(|port| is_free(*port));
        let mut next = || free.next().context("no free ports between 20000 and 32000");
        Ok(Self { web: next()?, dhcp: next()?, tftp: next()?, ssh: next()?, snmp: next()?, control: next()? })
    }
}

/// Takes the lock. A demonstration that was killed while it started a program leaves it held for a moment.
fn hold(lock: &File) -> bool {
    (0..LOCK_TRIES).any(|number| {
        if number > 0 {
            std::thread::sleep(LOCK_PAUSE);
        }
        lock.try_lock().is_ok()
    })
}

/// Free at every address, for TCP and UDP.
fn is_free(port: u16) -> bool {
    let any = (Ipv4Addr::UNSPECIFIED, port);
    TcpListener::bind(any).is_ok() && UdpSocket::bind(any).is_ok()
}

fn usual_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("pimaster-demo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_held_once_and_keeps_its_ports() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::open(Some(folder.path())).unwrap();
        let ports = places.ports(0).unwrap();
        assert!(Places::open(Some(folder.path())).unwrap_err().to_string().contains("another demonstration"));
        drop(places);
        assert_eq!(Places::open(Some(folder.path())).unwrap().ports(0).unwrap(), ports);
    }

    #[test]
    fn a_taken_port_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = Places::open(Some(folder.path())).unwrap().ports(port).unwrap_err();
        assert!(error.to_string().contains(&port.to_string()), "{error}");
    }

    #[test]
    fn a_folder_that_no_command_line_can_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Places::open(Some(&folder.path().join("with space"))).unwrap_err();
        assert!(error.to_string().contains("letters, digits"), "{error}");
    }
}
