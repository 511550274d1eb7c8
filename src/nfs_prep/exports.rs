//! Who may mount the installer root: the nodes that install, never one that may run a tenant's system.
//! *IO: the store; runs `exportfs`.*
//!
//! Called by `daemon` at the start and by `deploy` as deployments go on; `nodes::installing` is the rule. The list that the kernel
//! holds is compared with the database and brought in line, so that a call after a crash repairs what the crash
//! left. Nothing but single addresses is ever exported, and only exports of this root are touched.

use super::error::{Error, Result};
use super::settings::is_whole;
use super::{Config, Exports};
use crate::store::{Store, nodes};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::Mutex;

/// Root of the node reads files of root: host key, shadow. Nothing can be written.
const OPTIONS: &str = "ro,sync,no_root_squash,no_subtree_check";

/// `exportfs` tells the kernel in milliseconds; a hanging name server is the usual reason for more.
const PATIENCE: Duration = Duration::from_secs(30);

const ADVICE: &str = "install nfs-kernel-server, or set `nfs.exports` to another program or to \"off\"";

/// A large rack changes hundreds of times a second, and all its nodes are read; a board boots for seconds.
const PAUSE: Duration = Duration::from_millis(250);

/// The exports of the installer root; clones share one turn.
#[derive(Debug, Clone)]
pub struct ExportList {
    config: Config,
    store: Store,
    turn: Arc<Mutex<()>>,
}

impl ExportList {
    /// The exports of that root.
    pub fn new(config: Config, store: Store) -> Self {
        Self { config, store, turn: Arc::default() }
    }

    /// Makes the exports equal to the addresses of the nodes that install.
    pub async fn sync(&self) -> Result<()> {
        let Exports::Exportfs(program) = &self.config.exports else { return Ok(()) };
        let exportfs = Exportfs { program, root: &self.config.root };
        // One at a time: two that interleave could undo each other.
        let _turn = self.turn.lock().await;
        let wanted = self.wanted().await?;
        let listed = exportfs.list().await?;
        if listed == wanted {
            return Ok(());
        }
        // One address that exportfs refuses keeps no other node waiting.
        let mut failure = Ok(());
        for address in listed.difference(&wanted) {
            failure = failure.and(exportfs.withdraw(*address).await);
        }
        for address in wanted.difference(&listed) {
            failure = failure.and(exportfs.export(*address).await);
        }
        failure?;
        let seen = exportfs.list().await?;
        tracing::info!(exported = seen.len(), "the installer root's exports follow the deployments");
        if seen == wanted { Ok(()) } else { Err(mismatch(&self.config.root, &seen, &wanted)) }
    }

    /// Waits until a node that installs has an address that none had, as in proxy mode, where another DHCP server gives
    /// them while a board boots. Who installs no more is left to the steps: an installer needs its root to restart.
    pub async fn outdated(&self) {
        let Exports::Exportfs(_) = &self.config.exports else { return std::future::pending().await };
        let mut changes = self.store.changes();
        let Ok(now) = self.wanted().await else { return std::future::pending().await };
        while changes.changed().await.is_ok() {
            tokio::time::sleep(PAUSE).await;
            if self.wanted().await.is_ok_and(|wanted| !wanted.is_subset(&now)) {
                return;
            }
        }
        std::future::pending().await
    }

    async fn wanted(&self) -> Result<BTreeSet<Ipv4Addr>> {
        let nodes = self.store.read(nodes::installing).await?;
        Ok(nodes.into_iter().map(|node| node.address).collect())
    }
}

struct Exportfs<'a> {
    program: &'a Path,
    root: &'a Path,
}

impl Exportfs<'_> {
    async fn export(&self, address: Ipv4Addr) -> Result<()> {
        if !is_whole(self.root) {
            return Err(Error::refused(
                format!("the installer root {} is not there, or not whole", self.root.display()),
                "the system that nodes install from",
                "Run `pimaster nfs prepare --from / | DIR | IMAGE`, to its end.",
            ));
        }
        self.run(&["-o".into(), OPTIONS.into(), self.target(address)]).await.map(drop)
    }

    async fn withdraw(&self, address: Ipv4Addr) -> Result<()> {
        self.run(&["-u".into(), self.target(address)]).await.map(drop)
    }

    async fn list(&self) -> Result<BTreeSet<Ipv4Addr>> {
        let listing = parse_listing(&self.run(&["-v".into()]).await?, self.root);
        for client in &listing.others {
            tracing::warn!(
                client,
                "the installer root is exported to more than nodes, not by pimaster; look at /etc/exports"
            );
        }
        Ok(listing.addresses)
    }

    fn target(&self, address: Ipv4Addr) -> OsString {
        let mut target = OsString::from(format!("{address}:"));
        target.push(self.root);
        target
    }

    async fn run(&self, arguments: &[OsString]) -> Result<String> {
        let shown = || self.program.display().to_string();
        let failed = |source| Error::Program { program: shown(), advice: ADVICE, source };
        let child =
            Command::new(self.program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        let output = match tokio::time::timeout(PATIENCE, child).await {
            Ok(output) => output.map_err(failed)?,
            Err(_) => return Err(failed(std::io::ErrorKind::TimedOut.into())),
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(500).collect();
        Err(Error::refused(
            format!("`{} {}` ended with {}: {said}", shown(), arguments_shown(arguments), output.status),
            "the installer root to be exported",
            "Look at what it says, and whether the NFS server runs (`systemctl status nfs-server`).",
        ))
    }
}

fn arguments_shown(arguments: &[OsString]) -> String {
    arguments.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn mismatch(root: &Path, seen: &BTreeSet<Ipv4Addr>, wanted: &BTreeSet<Ipv4Addr>) -> Error {
    let shown = |set: BTreeSet<&Ipv4Addr>| {
        let words: Vec<_> = set.into_iter().map(Ipv4Addr::to_string).collect();
        if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
    };
    let (missing, more) = (wanted.difference(seen).collect(), seen.difference(wanted).collect());
    Error::refused(
        format!(
            "exportfs took all commands, but {} lacks {} and has {} too many",
            root.display(),
            shown(missing),
            shown(more)
        ),
        "exactly the nodes that install",
        "Look at `exportfs -v`; another program may change the exports.",
    )
}

/// What `exportfs -v` says of one root.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listing {
    /// Single addresses.
    addresses: BTreeSet<Ipv4Addr>,
    /// Names, networks, `<world>`: not from here.
    others: Vec<String>,
}

/// Reads lines of `PATH CLIENT(OPTIONS)`; after a long path the client stands on the next line.
fn parse_listing(text: &str, root: &Path) -> Listing {
    let mut listing = Listing::default();
    let mut is_ours = false;
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        if !line.starts_with(char::is_whitespace) {
            is_ours = words.next().is_some_and(|path| Path::new(path) == root);
        }
        for client in words.filter(|_| is_ours) {
            let client = client.split('(').next().unwrap_or(client);
            match client.strip_suffix("/32").unwrap_or(client).parse() {
                Ok(address) => drop(listing.addresses.insert(address)),
                Err(_) => listing.others.push(client.to_owned()),
            }
        }
    }
    listing
}

#[cfg(test)]
mod tests {
    use super::super::settings::PREPARED;
    use super::*;
    use crate::model::board::BoardModel;
    use crate::model::clock;
    use crate::model::folder::DataFolder;
    use crate::model::ids::NodeId;
    use crate::model::net::MacAddr;
    use crate::model::node::BootTarget;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    #[test]
    fn listings_of_nfs_utils() {
        let text = "/srv/other    \t10.20.0.9(ro,wdelay)\n\
                    /srv/pimaster/root\n\t\t10.20.0.7(sync,wdelay,hide,ro,secure)\n\
                    /srv/pimaster/root\n\t\t10.20.0.8/32(sync)\n\
                    /srv/pimaster/root\n\t\t<world>(sync)\n\
                    /srv/pimaster/rooted\n\t\t10.20.0.10(sync)\n";
        let listing = parse_listing(text, Path::new("/srv/pimaster/root"));
        assert_eq!(listing.addresses, BTreeSet::from([[10, 20, 0, 7].into(), [10, 20, 0, 8].into()]));
        assert_eq!(listing.others, ["<world>"]);
        assert_eq!(parse_listing("", Path::new("/x")), Listing::default());
        let short = parse_listing("/r            \t10.20.0.9(ro,wdelay)\n", Path::new("/r"));
        assert_eq!(short.addresses.len(), 1);
    }

    /// Keeps the exports in a file, one `PATH CLIENT` a line, and each call in another.
    const FAKE: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >>calls
[ ! -e broken ] || { echo "exportfs: no kernel server" >&2; exit 1; }
touch list
case $1 in
-v) while read -r path client; do printf '%s\n\t\t%s(ro)\n' "$path" "$client"; done <list ;;
-o) echo "${3#*:} ${3%%:*}" >>list ;;
-u) grep -vxF "${2#*:} ${2%%:*}" list >new; mv new list ;;
esac
"#;

    struct Fixture {
        folder: TempDir,
        list: ExportList,
        nodes: Vec<NodeId>,
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("exportfs");
        fs::write(&program, FAKE).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/lib/pimaster")).unwrap();
        fs::write(root.join(PREPARED), "").unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let mut nodes = Vec::new();
        for number in 1..=3u8 {
            let new = nodes::NewNode {
                name: format!("pi-{number}").parse().unwrap(),
                mac: MacAddr([2, 0, 0, 0, 0, number]),
                address: [10, 20, 0, number].into(),
                model: BoardModel::Pi4b,
                serial: None,
                port: None,
            };
            nodes.push(store.write(move |tx| nodes::insert(tx, &new, clock::now())).await.unwrap());
        }
        let config = Config {
            root,
            data: DataFolder::new(folder.path()),
            host_name: "installer".to_owned(),
            exports: Exports::Exportfs(program),
        };
        Fixture { folder, list: ExportList::new(config, store), nodes }
    }

    impl Fixture {
        async fn target(&self, node: usize, target: BootTarget) {
            let node = self.nodes[node];
            self.list.store.write(move |tx| nodes::set_boot_target(tx, node, target)).await.unwrap();
        }

        fn exported(&self) -> Vec<String> {
            let root = self.list.config.root.to_str().unwrap();
            let text = fs::read_to_string(self.folder.path().join("list")).unwrap();
            text.lines().filter_map(|line| line.strip_prefix(root)).map(|it| it.trim().to_owned()).collect()
        }

        fn calls(&self) -> Vec<String> {
            let text = fs::read_to_string(self.folder.path().join("calls")).unwrap();
            text.lines().map(str::to_owned).collect()
        }
    }

    #[tokio::test]
    async fn exports_follow_the_boot_targets() {
        let fixture = fixture().await;
        let list = fixture.folder.path().join("list");
        fs::write(&list, "/elsewhere 10.20.0.1\n").unwrap();
        fixture.target(0, BootTarget::Installer).await;
        fixture.target(2, BootTarget::Installer).await;
        fixture.list.sync().await.unwrap();
        assert_eq!(fixture.exported(), ["10.20.0.1", "10.20.0.3"]);
        fixture.target(0, BootTarget::Local).await;
        fixture.target(1, BootTarget::Environment).await;
        fixture.list.sync().await.unwrap();
        assert_eq!(fixture.exported(), ["10.20.0.3"]);
        let before = fixture.calls().len();
        fixture.list.sync().await.unwrap();
        assert_eq!(fixture.calls()[before..], ["-v"], "nothing to do");
        let root = fixture.list.config.root.display();
        let first = format!("-o ro,sync,no_root_squash,no_subtree_check 10.20.0.1:{root}");
        assert_eq!(fixture.calls()[1], first);
        assert!(fs::read_to_string(&list).unwrap().contains("/elsewhere 10.20.0.1"));
    }

    #[tokio::test]
    async fn what_a_crash_left_is_withdrawn() {
        let fixture = fixture().await;
        let left = format!("{} 10.20.0.99\n", fixture.list.config.root.display());
        fs::write(fixture.folder.path().join("list"), left).unwrap();
        fixture.list.sync().await.unwrap();
        assert!(fixture.exported().is_empty());
    }

    #[tokio::test]
    async fn failures_say_what_to_do() {
        let fixture = fixture().await;
        fixture.target(0, BootTarget::Installer).await;
        fs::write(fixture.folder.path().join("broken"), "").unwrap();
        let error = fixture.list.sync().await.unwrap_err().to_string();
        assert!(error.contains("no kernel server") && error.contains("systemctl"), "{error}");
        fs::remove_file(fixture.folder.path().join("broken")).unwrap();
        fs::remove_file(fixture.list.config.root.join(PREPARED)).unwrap();
        let error = fixture.list.sync().await.unwrap_err().to_string();
        assert!(error.contains("nfs prepare"), "{error}");
        let missing = Exports::Exportfs(fixture.folder.path().join("none"));
        let config = Config { exports: missing, ..fixture.list.config.clone() };
        let error = ExportList::new(config, fixture.list.store.clone()).sync().await.unwrap_err();
        assert!(error.to_string().contains("nfs-kernel-server"), "{error}");
        let config = Config { exports: Exports::Off, ..fixture.list.config.clone() };
        ExportList::new(config, fixture.list.store.clone()).sync().await.unwrap();
    }

    #[tokio::test]
    async fn many_at_once_end_in_the_same_list() {
        let fixture = fixture().await;
        for node in 0..3 {
            fixture.target(node, BootTarget::Installer).await;
        }
        let all = futures_util::future::join_all((0..8).map(|_| fixture.list.sync())).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(fixture.exported().len(), 3);
        assert_eq!(fixture.calls().iter().filter(|call| call.starts_with("-o")).count(), 3);
    }
}
