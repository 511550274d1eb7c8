//! Notices when a node mounts the installer root. *IO: two tables of the NFS server, the store.*
//!
//! Run by the daemon. No program is asked: `rpc.mountd` keeps the mounts of NFS version 3 in `rmtab`
//! (`address:path:count`, where a count grows with each mount), and the kernel's server shows the clients of version 4
//! under `/proc/fs/nfsd/clients`. Where neither exists (another NFS server, the demonstration) nothing is noticed, and
//! the installer's SSH server alone tells that its root was mounted.
//!
//! The tables are read after changes of the database and, while a node is between its kernel's DHCP and SSH, each
//! second. They are read before the events are: an address is granted before its root is mounted, so that a mount in
//! the tables has its grant among the events.

use crate::model::boot_event::{BootEvent, BootRecord, DhcpAnswer, DhcpExchange, MountSource};
use crate::model::clock::{self, Timestamp, seconds_between};
use crate::model::ids::NodeId;
use crate::model::observation::Asker;
use crate::store::boot_events::{self, NewEvent};
use crate::store::{self, Store, nodes};
use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// A node that has not mounted its root by then does not, in seconds.
const PATIENCE: u64 = 600;

/// Where the NFS server keeps its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// The mount daemon's table.
    pub rmtab: PathBuf,
    /// The folder of the kernel server's clients.
    pub clients: PathBuf,
}

impl Default for Tables {
    fn default() -> Self {
        Self { rmtab: "/var/lib/nfs/rmtab".into(), clients: "/proc/fs/nfsd/clients".into() }
    }
}

/// Watches the tables.
#[derive(Debug)]
pub struct Mounts {
    tables: Tables,
    root: PathBuf,
    store: Store,
}

/// What the tables say: how often an address has mounted the root, and each client of version 4.
#[derive(Debug, Default, PartialEq, Eq)]
struct Look {
    counts: HashMap<Ipv4Addr, u64>,
    clients: HashSet<(String, Ipv4Addr)>,
}

impl Mounts {
    /// Watches for mounts of `root`.
    pub fn new(tables: Tables, root: PathBuf, store: Store) -> Self {
        Self { tables, root, store }
    }

    /// Watches until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut changes = self.store.changes();
        let (mut before, mut waiting) = (self.look().await, Waiting::default());
        let mut seen = self.store.read(boot_events::last_id).await.unwrap_or(0);
        loop {
            if waiting.0.is_empty() {
                let Some(Ok(())) = shutdown.run_until_cancelled(changes.changed()).await else { return };
            }
            if shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
            changes.mark_unchanged();
            let now = self.look().await;
            match self.take(&now, &before, &mut waiting, seen).await {
                Ok(last) => (seen, before) = (last, now),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "mounts cannot be recorded");
                }
            }
        }
    }

    /// Follows the events since `seen`, then notes who of those that are waited for has mounted.
    async fn take(&self, now: &Look, before: &Look, waiting: &mut Waiting, seen: i64) -> store::Result<i64> {
        let records = self.store.read(move |conn| boot_events::without_files_after(conn, seen)).await?;
        let last = records.last().map_or(seen, |(_, record)| record.id);
        records.iter().for_each(|(node, record)| waiting.follow(*node, record));
        let at = clock::now();
        waiting.0.retain(|_, since| seconds_between(*since, at) < PATIENCE);
        let mounted = now.since(before);
        if mounted.is_empty() || waiting.0.is_empty() {
            return Ok(last);
        }
        let candidates: HashSet<NodeId> = waiting.0.keys().copied().collect();
        let write = self.store.write(move |tx| {
            let mut events = Vec::new();
            for (address, noticed_in) in mounted {
                let node = nodes::by_address(tx, address)?.map(|node| node.id);
                if let Some(node) = node.filter(|node| candidates.contains(node)) {
                    events.push(NewEvent { node, at, event: BootEvent::NfsMount { noticed_in } });
                }
            }
            boot_events::add(tx, &events)?;
            Ok(events)
        });
        for event in write.await? {
            waiting.0.remove(&event.node);
        }
        Ok(last)
    }

    async fn look(&self) -> Look {
        let (tables, root) = (self.tables.clone(), self.root.clone());
        // A panic of the reader is a look that saw nothing.
        tokio::task::spawn_blocking(move || Look::at(&tables, &root)).await.unwrap_or_default()
    }
}

/// Nodes whose kernel has an address and that have not mounted their root, since when.
#[derive(Debug, Default)]
struct Waiting(HashMap<NodeId, Timestamp>);

impl Waiting {
    fn follow(&mut self, node: NodeId, record: &BootRecord) {
        match &record.event {
            BootEvent::Dhcp(DhcpExchange {
                asker: Asker::System, answer: DhcpAnswer::Ack { .. }, ..
            }) => {
                self.0.insert(node, record.at);
            }
            BootEvent::Power { .. } | BootEvent::Ssh { .. } | BootEvent::NfsMount { .. } => {
                self.0.remove(&node);
            }
            BootEvent::Dhcp(_)
            | BootEvent::PowerRefused { .. }
            | BootEvent::Doubt { .. }
            | BootEvent::File(_)
            | BootEvent::Console { .. } => {}
        }
    }
}

impl Look {
    fn at(tables: &Tables, root: &Path) -> Self {
        let text = std::fs::read_to_string(&tables.rmtab).unwrap_or_default();
        let counts = text.lines().filter_map(|line| mount(line, root)).collect();
        let folders = std::fs::read_dir(&tables.clients).into_iter().flatten().flatten();
        let client = |folder: std::fs::DirEntry| {
            let shown = std::fs::read_to_string(folder.path().join("info")).ok()?;
            Some((folder.file_name().into_string().ok()?, client_address(&shown)?))
        };
        Self { counts, clients: folders.filter_map(client).collect() }
    }

    /// Who has mounted since the earlier look. Counts that fall are no mounts.
    fn since(&self, before: &Self) -> Vec<(Ipv4Addr, MountSource)> {
        let grown = self.counts.iter().filter(|(address, count)| before.counts.get(address) < Some(count));
        let new = self.clients.difference(&before.clients);
        let mounts = grown.map(|(address, _)| (*address, MountSource::MountTable));
        mounts.chain(new.map(|(_, address)| (*address, MountSource::ServerClients))).collect()
    }
}

/// A line of `rmtab` about the root: `address:path:0x00000001`.
fn mount(line: &str, root: &Path) -> Option<(Ipv4Addr, u64)> {
    let (rest, count) = line.rsplit_once(':')?;
    let (address, path) = rest.split_once(':')?;
    let count = u64::from_str_radix(count.trim().trim_start_matches("0x"), 16).ok()?;
    (Path::new(path) == root).then_some((address.parse().ok()?, count))
}

/// The address in a client's `info`: `address: "10.20.0.7:834"`.
fn client_address(shown: &str) -> Option<Ipv4Addr> {
    let line = shown.lines().find_map(|line| line.trim().strip_prefix("address:"))?;
    let (address, _) = line.trim().trim_matches('"').rsplit_once(':')?;
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::boot_event::{DhcpAsked, SshSeen, System};
    use crate::model::clock::from_millis;

    const PI: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 7);

    #[test]
    fn the_tables_are_read() {
        let root = Path::new("/srv/pimaster/root");
        assert_eq!(mount("10.20.0.7:/srv/pimaster/root:0x00000002", root), Some((PI, 2)));
        for other in ["10.20.0.7:/srv/other:0x00000001", "pi:/srv/pimaster/root:0x00000001", "", "::", "a:b"]
        {
            assert_eq!(mount(other, root), None, "{other}");
        }
        let info = "clientid: 0x123\naddress: \"10.20.0.7:834\"\nstatus: confirmed\n";
        assert_eq!(client_address(info), Some(PI));
        assert_eq!(client_address("address: \"[fe80::1]:834\"\n"), None);
    }

    #[test]
    fn only_what_is_more_than_before_is_a_mount() {
        let look = |count: Option<u64>, client: Option<&str>| Look {
            counts: count.map(|count| (PI, count)).into_iter().collect(),
            clients: client.map(|id| (id.to_owned(), PI)).into_iter().collect(),
        };
        let check = |now: Look, before: Look, expect: &[MountSource]| {
            let found: Vec<_> = now.since(&before).into_iter().map(|(_, source)| source).collect();
            assert_eq!(found, expect);
        };
        check(look(Some(1), None), look(None, None), &[MountSource::MountTable]);
        check(look(Some(3), None), look(Some(2), None), &[MountSource::MountTable]);
        check(look(Some(2), None), look(Some(2), None), &[]);
        check(look(Some(1), None), look(Some(2), None), &[]);
        check(look(None, Some("4")), look(None, Some("3")), &[MountSource::ServerClients]);
        check(look(None, Some("3")), look(None, Some("3")), &[]);
        check(look(None, None), look(Some(2), Some("3")), &[]);
    }

    fn granted() -> BootEvent {
        let answer = DhcpAnswer::Ack { address: PI, options: Vec::new() };
        let (asker, asked, why) = (Asker::System, DhcpAsked::Request, String::new());
        BootEvent::Dhcp(DhcpExchange { asker, asked, options: Vec::new(), answer, why })
    }

    #[test]
    fn nodes_are_waited_for_from_their_address_to_their_answer() {
        let mut waiting = Waiting::default();
        let record = |event| BootRecord { id: 1, at: from_millis(0), event };
        waiting.follow(NodeId(1), &record(granted()));
        waiting.follow(NodeId(2), &record(granted()));
        assert_eq!(waiting.0.len(), 2);
        let answered = BootEvent::Ssh { expected: System::Installer, seen: SshSeen::Expected };
        waiting.follow(NodeId(1), &record(answered));
        assert_eq!(waiting.0.keys().collect::<Vec<_>>(), [&NodeId(2)]);
    }

    async fn has_mounted(store: &Store, node: NodeId) -> bool {
        let events = store.read(move |conn| boot_events::by_node(conn, node)).await.unwrap();
        events.iter().any(|it| matches!(it.event, BootEvent::NfsMount { .. }))
    }

    #[tokio::test]
    async fn a_mount_becomes_an_event_of_its_node() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let new = |number: u8| nodes::NewNode {
            name: format!("pi-{number}").parse().unwrap(),
            mac: crate::model::net::MacAddr([2, 0, 0, 0, 0, number]),
            address: [10, 20, 0, number].into(),
            model: crate::model::board::BoardModel::Pi4b,
            serial: None,
            port: None,
        };
        let (pi, other) = (new(7), new(8));
        let insert = store.write(move |tx| {
            Ok((nodes::insert(tx, &pi, from_millis(0))?, nodes::insert(tx, &other, from_millis(0))?))
        });
        let (pi, other) = insert.await.unwrap();
        let rmtab = folder.path().join("rmtab");
        std::fs::write(&rmtab, "10.20.0.8:/srv/root:0x00000001\n").unwrap();
        let tables = Tables { rmtab: rmtab.clone(), clients: folder.path().join("none") };
        let shutdown = CancellationToken::new();
        let watching =
            tokio::spawn(Mounts::new(tables, "/srv/root".into(), store.clone()).run(shutdown.clone()));
        let mut changes = store.changes();
        // Each time round it is granted anew, until the watcher, which starts when it likes, has seen the mount.
        for count in 1u64.. {
            let event = NewEvent { node: pi, at: clock::now(), event: granted() };
            store.write(move |tx| boot_events::add(tx, &[event])).await.unwrap();
            let table = format!("10.20.0.8:/srv/root:0x00000001\n10.20.0.7:/srv/root:{count:#010x}\n");
            std::fs::write(&rmtab, table).unwrap();
            let noticed = async {
                while !has_mounted(&store, pi).await {
                    changes.changed().await.unwrap();
                }
            };
            if tokio::time::timeout(PAUSE * 2, noticed).await.is_ok() {
                break;
            }
            assert!(count < 20, "no mount was seen");
        }
        assert!(store.read(move |conn| boot_events::by_node(conn, other)).await.unwrap().is_empty());
        shutdown.cancel();
        watching.await.unwrap();
    }
}
