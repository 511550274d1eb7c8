//! Beside a demonstration rack: all well, and one thing wrong after the other.

use super::program::{examine, run};
use crate::demo::program::Demo;
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::net::MacAddr;
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, guests};
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};

#[test]
fn a_good_rack_is_good_and_each_fault_is_named() {
    let mut demo = Demo::start(2, 20);
    let config = demo.path("rack/pimaster.toml");

    let well = examine(&config, &[]);
    assert_eq!(well.status, Some(0), "{:#}", well.report);
    well.has("boot", "Pi 4", "ok", "kernel8.img");
    well.has("boot", "Pi 4", "ok", "from the running pimaster, over loopback");
    well.has("daemon", "pimaster", "ok", env!("CARGO_PKG_VERSION"));
    for role in ["DHCP", "TFTP", "pages"] {
        well.has("ports", role, "ok", "pimaster (process ");
    }
    well.has("database", "pimaster.db", "ok", "is sound");
    well.has("switches", "demo-switch", "ok", "2 ports can be read");
    well.has("environments", "raspios-demo", "ok", "chunks");
    well.has("installer", "rack/root", "ok", "host key");
    well.has("export", "export", "not_checked", "nfs.exports is off");
    // The guest has left, and the rack never saw it.
    let (_, nodes) = demo.api("GET", "/nodes", &serde_json::Value::Null);
    let names: Vec<&str> =
        nodes.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["pi-01", "pi-02"]);
    assert_eq!(addresses(&demo).len(), 2, "the guest left a row");

    let people = String::from_utf8(run(&config, &["--only", "disk", "ports"]).stdout).unwrap();
    assert!(people.lines().count() >= 6 && people.contains("UDP port"), "{people}");
    assert!(!people.contains("simulated Pi 4"), "{people}");

    assert_eq!(demo.simulator("PUT", "/api/switch", &json!({"unreachable": true})).0, 204);
    let silent = examine(&config, &["switches"]);
    assert_eq!(silent.status, Some(2), "{:#}", silent.report);
    silent.has("switches", "demo-switch", "failure", "gave no answer");

    fs::remove_file(demo.path("rack/data/tftp/installer/fixup4.dat")).unwrap();
    let lacking = examine(&config, &["installer", "boot"]);
    assert_eq!(lacking.status, Some(2), "{:#}", lacking.report);
    lacking.has("installer", "tftp/installer", "failure", "fixup4.dat");
    lacking.has("boot", "Pi 4", "failure", "/fixup4.dat");

    assert_eq!(demo.stop(), Some(0), "{}", demo.log());
    let stopped = examine(&config, &["daemon", "ports", "boot"]);
    stopped.has("daemon", "pimaster", "warning", "systemctl start");
    stopped.has("ports", "DHCP", "ok", "free");
    // The files are still lacking, whoever serves them.
    stopped.has("boot", "Pi 4", "failure", "started here for the moment");
    fs::write(demo.path("rack/data/tftp/installer/fixup4.dat"), "there again").unwrap();
    let stopped = examine(&config, &["boot"]);
    assert_eq!(stopped.status, Some(0), "{:#}", stopped.report);

    // A doctor was killed while its board booted: the daemon removes the guest when it starts.
    leave_guest(&demo);
    assert_eq!(addresses(&demo).len(), 3);
    demo.launch();
    assert_eq!(addresses(&demo).len(), 2, "{}", demo.log());
    assert_eq!(demo.stop(), Some(0));

    let ports: serde_json::Value =
        serde_json::from_slice(&fs::read(demo.path("rack/ports.json")).unwrap()).unwrap();
    let dhcp = u16::try_from(ports["dhcp"].as_u64().unwrap()).unwrap();
    let _other = UdpSocket::bind(("127.0.0.1", dhcp)).unwrap();
    let held = examine(&config, &["ports", "boot"]);
    assert_eq!(held.status, Some(2), "{:#}", held.report);
    held.has("ports", "DHCP", "failure", &format!("process {}) holds it", std::process::id()));
    held.has("boot", "Pi 4", "not_checked", "cannot listen for DHCP");
}

fn leave_guest(demo: &Demo) {
    let guest = NewNode {
        name: "doctor-left".parse().unwrap(),
        mac: MacAddr([2, 0x64, 0, 0, 0, 1]),
        address: [127, 9, 9, 9].into(),
        model: BoardModel::Pi4b,
        serial: None,
        port: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Store::open(&demo.path("rack/data/pimaster.db")).unwrap();
    runtime.block_on(store.write(move |tx| guests::insert(tx, &guest, clock::now()))).unwrap();
}

/// Every address that a node or a lease has.
fn addresses(demo: &Demo) -> HashSet<Ipv4Addr> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Store::open(&demo.path("rack/data/pimaster.db")).unwrap();
    runtime.block_on(store.read(guests::taken_addresses)).unwrap()
}
