//! The router with a fake kernel's files and a fake `nft`: order, kills, mending. *Tests.*

use super::{Config, Error, Kernel, Nft, Router};
use crate::model::routing::Routing;
use crate::store::{Store, routing};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// Keeps the table in a file; writes down each change, with what was forwarded at that moment.
const FAKE: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
[ ! -e broken ] || { echo "Operation not permitted" >&2; exit 1; }
case $1 in
list) [ ! -e table ] || echo "table inet pimaster {" ;;
-f) rules=$(cat); on=$(cat sys/net/ipv4/conf/eth0/forwarding)
    case $rules in
    *forward*) [ ! -e closed ] || { echo "No such file or directory" >&2; exit 1; }
        echo "$rules" >table; echo "set, eth0 forwards: $on" >>log ;;
    *) rm -f table; echo "removed, eth0 forwards: $on" >>log ;;
    esac ;;
esac
"#;

struct Machine {
    folder: TempDir,
    store: Store,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::write(at("nft"), FAKE).unwrap();
        fs::set_permissions(at("nft"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(at("sys/kernel/random")).unwrap();
        for interface in ["eth0", "wlan0", "all"] {
            fs::create_dir_all(at("sys/net/ipv4/conf").join(interface)).unwrap();
        }
        let store = Store::open(&at("a.db")).unwrap();
        let machine = Self { folder, store };
        machine.boots("one");
        machine
    }

    /// Another run of the system: what the kernel was told is gone.
    fn boots(&self, number: &str) {
        fs::write(self.folder.path().join("sys/kernel/random/boot_id"), format!("{number}\n")).unwrap();
        drop(fs::remove_file(self.folder.path().join("table")));
        for interface in ["eth0", "wlan0", "all"] {
            self.forward(interface, false);
        }
    }

    fn forward(&self, interface: &str, on: bool) {
        let path = self.folder.path().join("sys/net/ipv4/conf").join(interface).join("forwarding");
        fs::write(path, if on { "1\n" } else { "0\n" }).unwrap();
    }

    /// Whether the interfaces forward, and whether the table is there.
    fn state(&self) -> (bool, bool, bool) {
        let conf = self.folder.path().join("sys/net/ipv4/conf");
        let on = |name: &str| fs::read_to_string(conf.join(name).join("forwarding")).unwrap().trim() == "1";
        (on("eth0"), on("wlan0"), self.folder.path().join("table").exists())
    }

    async fn start(&self, uplink: Option<&str>) -> Result<Router, Error> {
        let config = uplink.map(|uplink| Config {
            nodes: "eth0".parse().unwrap(),
            subnets: vec!["10.20.0.0/24".parse().unwrap()],
            routing: Routing { uplink: uplink.parse().unwrap(), masquerade: true },
        });
        let kernel = Kernel::at(self.folder.path().join("sys"));
        Router::start(config, self.store.clone(), kernel, Nft::at(self.folder.path().join("nft"))).await
    }

    fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

const ON: (bool, bool, bool) = (true, true, true);
const OFF: (bool, bool, bool) = (false, false, false);

#[tokio::test]
async fn nothing_is_forwarded_without_the_rules() {
    let machine = Machine::new();
    let router = machine.start(Some("wlan0")).await.unwrap();
    assert_eq!(machine.state(), ON);
    router.undo().await.unwrap();
    assert_eq!(machine.state(), OFF);
    assert_eq!(machine.log(), ["set, eth0 forwards: 0", "removed, eth0 forwards: 0"]);
}

#[tokio::test]
async fn what_was_before_survives_kills() {
    let machine = Machine::new();
    machine.forward("wlan0", true);
    for _ in 0..3 {
        drop(machine.start(Some("wlan0")).await.unwrap());
        assert_eq!(machine.state(), ON);
    }
    machine.start(None).await.unwrap();
    assert_eq!(machine.state(), (false, true, false));
    // Nothing to undo, and nft is not asked any more.
    fs::remove_file(machine.folder.path().join("nft")).unwrap();
    machine.start(None).await.unwrap();
}

#[tokio::test]
async fn another_run_of_the_system_left_nothing() {
    let machine = Machine::new();
    drop(machine.start(Some("wlan0")).await.unwrap());
    machine.boots("two");
    for interface in ["eth0", "wlan0", "all"] {
        machine.forward(interface, true);
    }
    machine.start(None).await.unwrap();
    assert_eq!(machine.state(), (true, true, false), "what the system set at its start stays");
    let router = machine.start(Some("wlan0")).await.unwrap();
    router.undo().await.unwrap();
    assert_eq!(machine.state(), (true, true, false));
}

#[tokio::test]
async fn what_others_took_away_is_set_up_again() {
    let machine = Machine::new();
    let router = machine.start(Some("wlan0")).await.unwrap();
    assert!(!router.mend().await.unwrap());
    fs::remove_file(machine.folder.path().join("table")).unwrap();
    assert!(router.mend().await.unwrap());
    machine.forward("wlan0", false);
    assert!(router.mend().await.unwrap());
    assert_eq!(machine.state(), ON);
    fs::remove_dir_all(machine.folder.path().join("sys/net/ipv4/conf/wlan0")).unwrap();
    assert!(matches!(router.mend().await, Err(Error::NoInterface { key: "routing.uplink", .. })));
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing() {
    let machine = Machine::new();
    let error = machine.start(Some("wlan7")).await.unwrap_err();
    assert!(error.to_string().contains("wlan7, which routing.uplink names"), "{error}");
    fs::write(machine.folder.path().join("broken"), "").unwrap();
    let error = machine.start(Some("wlan0")).await.unwrap_err();
    assert!(error.to_string().contains("Operation not permitted"), "{error}");
    assert_eq!((machine.state(), machine.log().len()), (OFF, 0));
    // The kernel has no NAT: what was saved before is forgotten again.
    fs::remove_file(machine.folder.path().join("broken")).unwrap();
    fs::write(machine.folder.path().join("closed"), "").unwrap();
    let error = machine.start(Some("wlan0")).await.unwrap_err();
    assert!(error.to_string().contains("modprobe nft_masq"), "{error}");
    assert_eq!((machine.state(), machine.store.read(routing::before).await.unwrap()), (OFF, None));
}
