//! Simulated boards of each class boot from the real DHCP and TFTP servers, on loopback.

use pimaster::dhcp;
use pimaster::keys::{KeyFolder, KeyPair};
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::folder::DataFolder;
use pimaster::model::ids::SwitchId;
use pimaster::model::network::Mode;
use pimaster::model::node::BootTarget;
use pimaster::model::power::PowerState;
use pimaster::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PortRef, PowerDriver};
use pimaster::netconsole;
use pimaster::nfs_prep::{Mounts, Tables};
use pimaster::power::{self, Power};
use pimaster::sim::firmware::Pace;
use pimaster::sim::status::{Faults, Stage, Times};
use pimaster::sim::tree::{Bulk, write_boot, write_root};
use pimaster::sim::{Rack, Settings, Spec, rack, switch};
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, nodes, switches};
use pimaster::tftp;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

pub(crate) struct BootRack {
    folder: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) boards: Vec<Spec>,
    pub(crate) rack: rack::Handle,
    pub(crate) power: Power,
    switch: SwitchId,
    ssh_port: u16,
    stop: CancellationToken,
}

impl BootRack {
    /// Boards that get installer files from servers in this process.
    pub(crate) async fn new(count: u16) -> Self {
        Self::of(rack::specs(count)).await
    }

    /// The same with these boards, at ports 1 and so on.
    pub(crate) async fn of(boards: Vec<Spec>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        let store = {
            fs::create_dir_all(data.root()).unwrap();
            Store::open(&data.database()).unwrap()
        };
        let root = folder.path().join("root");
        let keys = KeyFolder::open(data.root()).unwrap();
        installer_root(&root, &keys);
        write_boot(&data.tftp_installer(), Bulk::NONE).unwrap();
        let stop = CancellationToken::new();
        let tables =
            Tables { rmtab: folder.path().join("rmtab"), clients: folder.path().join("no-nfs-clients") };
        tokio::spawn(Mounts::new(tables, root.clone(), store.clone()).run(stop.clone()));
        let (dhcp_server, tftp_port) = serve(&store, data, root, &stop).await;
        let ssh_port = free_port();
        let settings = Settings {
            folder: folder.path().join("boards"),
            dhcp_server,
            tftp_port,
            ssh_port,
            pace: Pace::new(200.0),
            node_program: env!("CARGO_BIN_EXE_pimaster").into(),
            card_bytes: 64 << 20,
        };
        let config = switch::Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            ports: u16::try_from(boards.len()).unwrap(),
            community: "private".into(),
            state_file: None,
        };
        let bound = Rack::bind(boards.clone(), settings, config).await.unwrap();
        let switch = enrol(&store, &boards, bound.switch_address().unwrap()).await;
        let rack = bound.handle();
        tokio::spawn(bound.run(stop.clone()));
        let config = power::Config { min_off: Duration::ZERO, timeout: Duration::from_millis(500) };
        let power = Power::new(config, store.clone());
        Self { folder, store, boards, rack, power, switch, ssh_port, stop }
    }

    pub(crate) fn port(&self, port: u16) -> PortRef {
        PortRef { switch: self.switch, port }
    }

    pub(crate) async fn power(&self, port: u16, power: PowerState) {
        self.power.set(self.port(port), power).await.unwrap();
    }

    /// Notes a mount as the NFS server's mount daemon does.
    pub(crate) fn mounted(&self, address: Ipv4Addr) {
        let line = format!("{address}:{}:0x00000001\n", self.root().display());
        let mut rmtab = fs::read_to_string(self.folder.path().join("rmtab")).unwrap_or_default();
        rmtab.push_str(&line);
        fs::write(self.folder.path().join("rmtab"), rmtab).unwrap();
    }

    /// The installer's root.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A board's card.
    pub(crate) fn card(&self, name: &str) -> PathBuf {
        self.folder.path().join("boards").join(name).join("card.img")
    }

    /// Waits until a board is at such a stage; says where it is if that takes too long.
    pub(crate) async fn reached(&self, name: &str, wanted: impl Fn(&Stage) -> bool) -> Stage {
        let limit = Duration::from_secs(30);
        match tokio::time::timeout(limit, self.rack.reached(name, wanted)).await {
            Ok(stage) => stage.unwrap(),
            Err(_) => panic!("{:#?}", self.rack.boards()),
        }
    }

    /// Runs a command on a board with OpenSSH's client, which accepts the installer's host key alone.
    async fn ssh(&self, board: &Spec, key: &KeyPair, command: &str) -> Output {
        let folder = self.folder.path();
        let identity = folder.join("identity");
        fs::write(&identity, &key.private).unwrap();
        fs::set_permissions(&identity, fs::Permissions::from_mode(0o600)).unwrap();
        let host = self.keys().installer_host().unwrap().public;
        let known = format!("[{}]:{} {} {}\n", board.address, self.ssh_port, host.algorithm(), host.blob());
        fs::write(folder.join("known_hosts"), known).unwrap();
        let known = format!("UserKnownHostsFile={}", folder.join("known_hosts").display());
        Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", &known])
            .args(["-o", "StrictHostKeyChecking=yes", "-p", &self.ssh_port.to_string(), "-i"])
            .arg(&identity)
            .args([&format!("root@{}", board.address), command])
            .output()
            .await
            .unwrap()
    }

    /// The boot files of the installer.
    pub(crate) fn installer(&self) -> PathBuf {
        DataFolder::new(self.folder.path().join("data")).tftp_installer()
    }

    fn keys(&self) -> KeyFolder {
        KeyFolder::open(&self.folder.path().join("data")).unwrap()
    }
}

impl Drop for BootRack {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn enrol(store: &Store, boards: &[Spec], address: SocketAddr) -> SwitchId {
    let boards = boards.to_vec();
    store
        .write(move |tx| {
            let driver = PowerDriver::Snmp {
                address,
                community: "private".into(),
                base_oid: PETH_PSE_PORT_ADMIN_ENABLE.into(),
                index_offset: 0,
            };
            let ports = u16::try_from(boards.len()).unwrap();
            let switch = switches::upsert(tx, "sw1", &driver, ports, None)?;
            for board in &boards {
                let new = NewNode {
                    name: board.name.clone(),
                    mac: board.identity.mac,
                    address: board.address,
                    model: board.identity.model,
                    serial: None,
                    port: Some(PortRef { switch, port: board.port }),
                };
                let id = nodes::insert(tx, &new, clock::now())?;
                nodes::set_boot_target(tx, id, BootTarget::Installer)?;
            }
            Ok(switch)
        })
        .await
        .unwrap()
}

pub(crate) fn installer_root(root: &Path, keys: &KeyFolder) {
    write_root(root, Bulk::NONE).unwrap();
    fs::write(root.join("etc/ssh/ssh_host_ed25519_key"), keys.installer_host().unwrap().private).unwrap();
    fs::create_dir_all(root.join("root/.ssh")).unwrap();
    fs::write(root.join("root/.ssh/authorized_keys"), keys.pimaster().unwrap().public.to_string()).unwrap();
}

pub(crate) async fn serve(
    store: &Store,
    data: DataFolder,
    nfs_root: PathBuf,
    stop: &CancellationToken,
) -> (SocketAddrV4, u16) {
    let address = Ipv4Addr::LOCALHOST;
    let dhcp = dhcp::Config {
        interface: None,
        server_address: address,
        port: 0,
        client_port: 68,
        subnet: "127.0.0.0/8".parse().unwrap(),
        router: None,
        dns: vec![],
        ntp: vec![],
        domain: None,
        lease_seconds: 3600,
        mode: Mode::Authoritative,
        beside_others: false,
        boot_port: 4011,
        relayed: Vec::new(),
        options: dhcp::extra::OptionTables::default(),
    };
    let tftp = tftp::Config {
        listen: (address, 0).into(),
        data,
        nfs_server: address,
        nfs_root,
        extra_cmdline: String::new(),
        netconsole: None,
        addresses: tftp::Addresses::Given,
        max_transfers: 50,
    };
    let console = netconsole::Config { listen: Some(SocketAddrV4::new(address, 0)) };
    let console = netconsole::Server::bind(console, store.clone()).await.unwrap();
    let tftp = tftp::Config { netconsole: console.local_addr().map(|address| address.port()), ..tftp };
    tokio::spawn(console.run(stop.clone()));
    let dhcp = dhcp::Server::bind(dhcp, store.clone()).unwrap();
    let tftp = tftp::Server::bind(tftp, store.clone()).await.unwrap();
    let ports = (dhcp.local_addr().unwrap().port(), tftp.local_addr().unwrap().port());
    tokio::spawn(dhcp.run(stop.clone()));
    tokio::spawn(tftp.run(stop.clone()));
    (SocketAddrV4::new(address, ports.0), ports.1)
}

/// A port below the range that the system gives to clients, so that nobody takes it meanwhile; another each time.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (start + GIVEN.fetch_add(1, Ordering::Relaxed)..32_000)
        .find(|port| std::net::TcpListener::bind(("0.0.0.0", *port)).is_ok())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_of_each_class_boot_the_installer() {
    let rack = BootRack::new(3).await;
    let models: Vec<BoardModel> = rack.boards.iter().map(|board| board.identity.model).collect();
    assert_eq!(models, [BoardModel::Pi4b, BoardModel::Pi3bPlus, BoardModel::Pi5]);
    for port in 1..=3 {
        rack.power(port, PowerState::On).await;
    }
    let pimaster = rack.keys().pimaster().unwrap();
    for board in &rack.boards {
        rack.reached(board.name.as_str(), |stage| *stage == Stage::Installer).await;
        let answer = rack.ssh(board, &pimaster, "pimaster node reboot").await;
        assert_eq!(answer.status.code(), Some(127), "{answer:?}");
        let answer = rack.ssh(board, &KeyPair::generate("stranger").unwrap(), "true").await;
        assert_eq!(answer.status.code(), Some(255), "{answer:?}");
    }
    // What the firmware told is known now.
    let seen = rack.store.read(nodes::list).await.unwrap();
    for (node, board) in seen.iter().zip(&rack.boards) {
        assert_eq!(node.serial, Some(board.identity.serial), "{node:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_card_is_not_booted() {
    let rack = BootRack::new(2).await;
    let ids = rack.store.read(nodes::list).await.unwrap().into_iter().map(|node| node.id);
    for id in ids {
        rack.store.write(move |tx| nodes::set_boot_target(tx, id, BootTarget::Local)).await.unwrap();
    }
    rack.power(1, PowerState::On).await;
    rack.power(2, PowerState::On).await;
    // The ROM of the 3B+ gives up; the EEPROM of the 4B goes round its boot order until there is something.
    let stage = rack.reached("pi-02", |stage| matches!(stage, Stage::Stuck(_))).await;
    assert_eq!(stage, Stage::Stuck("the boot ROM gave up: bootcode.bin was not found".to_owned()));
    let first = rack.store.read(nodes::list).await.unwrap()[0].id;
    rack.store.write(move |tx| nodes::set_boot_target(tx, first, BootTarget::Installer)).await.unwrap();
    rack.reached("pi-01", |stage| *stage == Stage::Installer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_ends_whatever_a_board_does() {
    let rack = BootRack::new(1).await;
    rack.rack.set_faults("pi-01", Faults { hang: Times::Once, ..Faults::default() });
    rack.power(1, PowerState::On).await;
    rack.reached("pi-01", |stage| matches!(stage, Stage::Stuck(_))).await;
    rack.power(1, PowerState::Off).await;
    rack.reached("pi-01", |stage| *stage == Stage::Off).await;
    rack.power(1, PowerState::On).await;
    rack.reached("pi-01", |stage| *stage == Stage::Installer).await;
    rack.power(1, PowerState::Off).await;
    rack.reached("pi-01", |stage| *stage == Stage::Off).await;
    let address = (rack.boards[0].address, rack.ssh_port);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
