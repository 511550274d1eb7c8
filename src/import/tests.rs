//! From files as they are found in racks to what is in the database.

use super::piseduce::{Record, Records};
use super::*;
use crate::model::board::{BoardModel, BoardSerial};
use crate::model::clock::from_millis;
use crate::model::net::MacAddr;
use crate::model::network::{Mode, Network, Networks};
use crate::model::observation::{Asker, Observation};
use crate::store::{Store, devices, nodes, sightings, switches};
use std::net::Ipv4Addr;
use std::path::Path;

const CONF: &str = "# the rack of the lab
interface=eth0
listen-address=48.48.0.254,127.0.0.1
bind-interfaces
dhcp-range=48.48.0.0,static,255.255.255.0
dhcp-option=23,64
dhcp-option=option:router,48.48.0.254
dhcp-option = 6,9.9.9.9,1.1.1.1
dhcp-option=tag:red,3,48.48.0.253
dhcp-option=tag:office,42,48.48.0.253
dhcp-option=tag:nobody,26,1400
dhcp-option=42,48.48.0.254 # clock
domain=rack.lab
server=192.0.2.53#5353
enable-tftp
dhcp-host=dc:a6:32:00:00:01,imt-1,48.48.0.1
dhcp-host=48.48.0.2,B8:27:EB:00:00:02,IMT-2,set:red,12h
dhcp-host=dc:a6:32:0:0:3,48.48.0.3
dhcp-host=00:11:22:00:00:04,switch,48.48.0.252,set:office
dhcp-host=00:11:22:00:00:05,ignore
dhcp-host=00:11:22:00:00:06,00:11:22:00:00:07,laptop
dhcp-host=printer,48.48.0.9
conf-dir=more,*.conf
addn-hosts=hosts
what-is-this=7
";

fn dnsmasq_found(folder: &Path) -> Found {
    std::fs::create_dir_all(folder.join("more")).unwrap();
    std::fs::write(folder.join("dnsmasq.conf"), CONF).unwrap();
    std::fs::write(
        folder.join("more/a.conf"),
        "conf-file=../dnsmasq.conf\ndhcp-host=dc:a6:32:00:00:08,imt-8\n",
    )
    .unwrap();
    std::fs::write(folder.join("more/b.bak"), "dhcp-host=dc:a6:32:00:00:09,old\n").unwrap();
    std::fs::write(folder.join("hosts"), "48.48.0.3 imt-3\n48.48.0.8\timt-8 # eight\n48.48.0.77 nas\n")
        .unwrap();
    dnsmasq::find(&read_dnsmasq(&folder.join("dnsmasq.conf")).unwrap())
}

fn choices(model: Option<BoardModel>, kind: Option<Kind>) -> Choices {
    let free = vec![[48, 48, 0, 100].into()];
    let networks = Networks {
        mode: Mode::Authoritative,
        interface: None,
        own: [48, 48, 0, 254].into(),
        home: Network::new("48.48.0.0/24".parse().unwrap(), Some([48, 48, 0, 253].into())),
        relayed: vec![Network::new("48.49.0.0/24".parse().unwrap(), None)],
        routing: None,
    };
    Choices { kind, model, networks, free }
}

async fn planned(store: &Store, found: &Found, choices: Choices) -> Plan {
    let found = found.clone();
    store.read(move |conn| Ok(plan(&found, &Known::read(conn)?, &choices))).await.unwrap()
}

async fn apply(store: &Store, plan: Plan) {
    store.write(move |tx| plan.apply(tx, from_millis(0))).await.unwrap();
}

fn shown(plan: &Plan) -> Vec<String> {
    let line = |entry: &Entry| {
        let Remark { origin, text, why } = &entry.about;
        format!("{:?} {origin} {text} {why}", entry.verdict).trim_end().to_owned()
    };
    plan.entries.iter().map(line).collect()
}

fn store(folder: &Path) -> Store {
    Store::open(&folder.join("pimaster.db")).unwrap()
}

#[test]
fn dnsmasq_is_read_with_what_it_includes() {
    let folder = tempfile::tempdir().unwrap();
    let found = dnsmasq_found(folder.path());
    let hosts: Vec<String> = (found.hosts.iter())
        .map(|host| {
            let address = host.address.map_or("-".to_owned(), |address| address.to_string());
            format!("{} {} {} {address}", host.origin, host.mac.unwrap(), host.name.as_deref().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        hosts,
        [
            "dnsmasq.conf:16 dc:a6:32:00:00:01 imt-1 48.48.0.1",
            "dnsmasq.conf:17 b8:27:eb:00:00:02 IMT-2 48.48.0.2",
            "dnsmasq.conf:18 dc:a6:32:00:00:03 imt-3 48.48.0.3",
            "dnsmasq.conf:19 00:11:22:00:00:04 switch 48.48.0.252",
            "a.conf:2 dc:a6:32:00:00:08 imt-8 48.48.0.8",
        ]
    );
    let remarks: Vec<String> =
        found.remarks.iter().map(|it| format!("{} {} | {}", it.origin, it.text, &it.why[..12])).collect();
    assert_eq!(
        remarks,
        [
            "dnsmasq.conf:4 bind-interfaces | not needed: ",
            "dnsmasq.conf:15 enable-tftp | not needed: ",
            "dnsmasq.conf:17 12h | not taken ov",
            "dnsmasq.conf:20 00:11:22:00:00:05,ignore | ignored by d",
            "dnsmasq.conf:21 00:11:22:00:00:06,00:11:22:00:00:07,laptop | has several ",
            "dnsmasq.conf:22 printer,48.48.0.9 | has no hardw",
            "dnsmasq.conf:25 what-is-this=7 | not understo",
            "hosts:3 48.48.0.77 nas | a name witho",
        ]
    );
    let fragment = "[network]\ninterface = \"eth0\"\nsubnet = \"48.48.0.0/24\"\naddress = \"48.48.0.254\"\n\
                    router = \"48.48.0.254\"\ndns = [\"9.9.9.9\", \"1.1.1.1\"]\nntp = [\"48.48.0.254\"]\n\
                    domain = \"rack.lab\"\n[dns]\nforward = [\"192.0.2.53:5353\"]\n";
    assert_eq!(found.settings.to_string(), fragment);
}

#[test]
fn what_has_no_place_in_the_settings_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str, settings: &str, left: &[&str]| {
        let file = folder.path().join("a.conf");
        std::fs::write(&file, text).unwrap();
        let found = dnsmasq::find(&read_dnsmasq(&file).unwrap());
        assert_eq!(found.settings.to_string(), settings, "{text}");
        let remarks: Vec<&str> = found.remarks.iter().map(|remark| remark.text.as_str()).collect();
        assert_eq!(remarks, left, "{text}");
    };
    let range = "dhcp-range=10.0.0.10,10.0.0.19\n";
    let network = "[network]\nsubnet = \"10.0.0.0/24\"\nnode_ranges = [\"10.0.0.10-10.0.0.19\"]\n";
    check(range, network, &[]);
    let second = "dhcp-range=10.0.0.30,10.0.0.39";
    check(&format!("{range}{second}\n"), network, &[second]);
    let forward = "[dns]\nforward = [\"9.9.9.9\", \"[2620:fe::fe]:5353\"]\n";
    check("server=9.9.9.9\nserver=2620:fe::fe#5353\n", forward, &[]);
    check("server=/lab/10.0.0.1\n", "", &["server=/lab/10.0.0.1"]);
    check("server=10.0.0.1@eth0\n", "", &["server=10.0.0.1@eth0"]);
    check("dhcp-option=6\n", "", &["dhcp-option=6"]);
    check("dhcp-option=66,10.0.0.1\n", "", &["dhcp-option=66,10.0.0.1"]);
}

#[test]
fn a_missing_file_is_named_with_the_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.conf"), "\nconf-file=gone.conf\n").unwrap();
    let error = read_dnsmasq(&folder.path().join("a.conf")).unwrap_err().to_string();
    assert!(error.contains("gone.conf, named in a.conf:2"), "{error}");
}

#[tokio::test]
async fn hosts_become_nodes_when_they_are_boards_and_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (found, store) = (dnsmasq_found(folder.path()), store(folder.path()));
    let seen = Observation {
        asker: Asker::Firmware,
        vendor_class: None,
        architecture: None,
        machine_id: None,
        host_name: None,
        serial: None,
        revision: Some(crate::model::board::RevisionCode(0xc0_3112)),
        rom_3b: false,
        relay: None,
        is_board: true,
    };
    let mac = MacAddr([0xdc, 0xa6, 0x32, 0, 0, 1]);
    store.write(move |tx| sightings::record(tx, mac, &seen, from_millis(0))).await.unwrap();

    let first = planned(&store, &found, choices(None, None)).await;
    let lines = shown(&first);
    assert_eq!(lines[0], "Add dnsmasq.conf:16 node imt-1, dc:a6:32:00:00:01, 48.48.0.1, pi4b");
    assert!(lines[1].starts_with("Refused dnsmasq.conf:17 host imt-2 may be a Raspberry Pi"), "{lines:?}");
    assert_eq!(lines[3], "Add dnsmasq.conf:19 device switch, 00:11:22:00:00:04, 48.48.0.252");
    assert!(lines[5].starts_with("Refused dnsmasq.conf:9 option 3 ="), "its host is left: {lines:?}");
    assert!(lines[6].starts_with("Refused dnsmasq.conf:11 option 26 = 1400 for nobody"), "{lines:?}");
    assert!(store.read(nodes::list).await.unwrap().is_empty(), "a plan changes nothing");
    apply(&store, first).await;
    assert!(store.read(sightings::list).await.unwrap().is_empty(), "it is no unknown machine any more");

    let second = planned(&store, &found, choices(Some(BoardModel::Pi3bPlus), None)).await;
    let verdicts: Vec<Verdict> = second.entries.iter().map(|entry| entry.verdict).collect();
    let [same, add] = [Verdict::Same, Verdict::Add];
    assert_eq!(verdicts, [same, add, add, same, add, Verdict::Refused]);
    let options = "[dhcp.options]\n23 = 64\n[dhcp.options.device.switch]\n42 = [\"48.48.0.253\"]\n\
                   [dhcp.options.node.imt-2]\n3 = [\"48.48.0.253\"]\n";
    assert_eq!(second.options.to_string(), options);
    apply(&store, second).await;
    let third = planned(&store, &found, choices(Some(BoardModel::Pi3bPlus), None)).await;
    assert!(third.is_empty(), "{:?}", shown(&third));
    let names: Vec<String> = store
        .read(nodes::list)
        .await
        .unwrap()
        .iter()
        .map(|node| format!("{} {}", node.name, node.address))
        .collect();
    assert_eq!(names, ["imt-1 48.48.0.1", "imt-2 48.48.0.2", "imt-3 48.48.0.3", "imt-8 48.48.0.8"]);

    let known = store.read(devices::list).await.unwrap();
    let known: Vec<String> =
        known.iter().map(|it| format!("{} {} {}", it.name, it.mac, it.address)).collect();
    assert_eq!(known, ["switch 00:11:22:00:00:04 48.48.0.252"]);
}

#[tokio::test]
async fn what_nothing_tells_of_becomes_what_the_person_says() {
    let folder = tempfile::tempdir().unwrap();
    let (found, store) = (dnsmasq_found(folder.path()), store(folder.path()));
    let check = async |kind, expect: [&str; 5]| {
        let lines = shown(&planned(&store, &found, choices(None, kind)).await);
        let becomes: Vec<String> =
            lines.iter().take(5).map(|line| line.split(' ').nth(2).unwrap_or_default().to_owned()).collect();
        assert_eq!(becomes, expect, "{lines:?}");
    };
    check(Some(Kind::Node), ["node"; 5]).await;
    check(Some(Kind::Device), ["device", "device", "device", "device", "device"]).await;
    check(None, ["host", "host", "host", "device", "host"]).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let check = |line: &'static str, part: &'static str| {
        let (store, text) =
            (store.clone(), format!("dhcp-host=dc:a6:32:00:00:01,one,48.48.0.1\ndhcp-host={line}\n"));
        let file = folder.path().join("a.conf");
        async move {
            std::fs::write(&file, text).unwrap();
            let found = dnsmasq::find(&read_dnsmasq(&file).unwrap());
            let plan = planned(&store, &found, choices(None, Some(Kind::Node))).await;
            assert_eq!((plan.entries[0].verdict, plan.entries.len()), (Verdict::Add, 2));
            let second = &plan.entries[1];
            assert!(second.verdict == Verdict::Refused && second.about.why.contains(part), "{second:?}");
        }
    };
    check("dc:a6:32:00:00:02,one,48.48.0.2", "one has that name already").await;
    check("dc:a6:32:00:00:02,two,48.48.0.1", "one has that address already").await;
    check("dc:a6:32:00:00:01,two,48.48.0.2", "one has that hardware address already").await;
    check("dc:a6:32:00:00:02,two,10.0.0.2", "no host address of the nodes' networks").await;
    check("dc:a6:32:00:00:02,two,48.48.0.253", "a router's address").await;
    check("dc:a6:32:00:00:02,two,48.48.0.254", "pimaster's own address").await;
    check("dc:a6:32:00:00:02,two_2,48.48.0.2", "is no node name").await;
    check("dc:a6:32:00:00:02,48.48.0.2", "is no node name").await;
}

#[tokio::test]
async fn a_device_that_cannot_be_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let check = async |line: &str, part: &str| {
        let file = folder.path().join("a.conf");
        std::fs::write(&file, format!("dhcp-host=00:11:22:00:00:01,nas,48.48.0.9\ndhcp-host={line}\n"))
            .unwrap();
        let found = dnsmasq::find(&read_dnsmasq(&file).unwrap());
        let plan = planned(&store, &found, choices(None, None)).await;
        assert_eq!((plan.entries[0].verdict, plan.entries.len()), (Verdict::Add, 2));
        let second = &plan.entries[1];
        assert!(second.verdict == Verdict::Refused && second.about.why.contains(part), "{second:?}");
    };
    check("00:11:22:00:00:02,two", "a device needs an address").await;
    check("00:11:22:00:00:02,48.48.0.10", "is no node name").await;
    check("00:11:22:00:00:02,nas,48.48.0.10", "nas has that name already").await;
    check("00:11:22:00:00:02,two,48.48.0.9", "nas has that address already").await;
    check("00:11:22:00:00:02,two,48.48.0.253", "is a router's").await;
    check("00:11:22:00:00:02,two,10.0.0.1", "is no free host address").await;
    let first = dnsmasq::find(&read_dnsmasq(&folder.path().join("a.conf")).unwrap());
    apply(&store, planned(&store, &first, choices(None, None)).await).await;
    check_known(&store, folder.path(), "00:11:22:00:00:01,nas,48.48.0.12", "address 48.48.0.12").await;
    check_known(&store, folder.path(), "dc:a6:32:00:00:01,nas,48.48.0.12", "nas has that name already").await;
}

/// The same beside what is in the database.
async fn check_known(store: &Store, folder: &Path, line: &str, part: &str) {
    std::fs::write(folder.join("a.conf"), format!("dhcp-host={line}\n")).unwrap();
    let found = dnsmasq::find(&read_dnsmasq(&folder.join("a.conf")).unwrap());
    let plan = planned(store, &found, choices(Some(BoardModel::Pi4b), None)).await;
    let why = &plan.entries[0].about.why;
    assert!(plan.entries[0].verdict == Verdict::Refused && why.contains(part), "{why}");
}

fn record(origin: &str, fields: &[(&str, &str)]) -> Record {
    let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Record { origin: origin.to_owned(), fields }
}

fn rack() -> Records {
    let node = |name: &str, ip: &str, port: &str, model: &str, serial: &str| {
        let fields = [
            ("name", name),
            ("ip", ip),
            ("switch", "sw1"),
            ("port_number", port),
            ("model", model),
            ("serial", serial),
        ];
        record(&format!("rasp_node {name}"), &fields)
    };
    let switch = [
        ("name", "sw1"),
        ("ip", "48.48.0.252"),
        ("port_number", "8"),
        ("master_port", "8"),
        ("community", "very-secret"),
        ("poe_oid", "iso.3.6.1.2.1.105.1.1.1.3.1"),
        ("oid_offset", "48"),
    ];
    let environment =
        [("name", "tiny_core"), ("img_name", "picore.tar.gz"), ("ssh_user", "tc"), ("web", "0")];
    Records {
        nodes: vec![
            node("imt-1", "48.48.0.1", "1", "RPI4B4G", "bd989ae1"),
            node("imt-3", "48.48.0.3", "3", "RPI3B+1G", "12345678"),
            node("imt-5", "48.48.0.5", "5", "unknown", ""),
            node("pimaster", "48.48.0.254", "8", "master", ""),
            node("imt-6", "nonsense", "6", "RPI4B", ""),
        ],
        switches: vec![record("rasp_switch sw1", &switch)],
        environments: vec![record("rasp_environment tiny_core", &environment)],
    }
}

#[tokio::test]
async fn piseduce_brings_switches_nodes_and_environments() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let found = piseduce::find(&rack(), dnsmasq_found(folder.path()));
    let plan = planned(&store, &found, choices(None, None)).await;
    let lines = shown(&plan);
    assert_eq!(
        lines[..3],
        [
            "Add rasp_switch sw1 switch sw1, 8 ports",
            "Add rasp_node imt-1 node imt-1, dc:a6:32:00:00:01, 48.48.0.1, pi4b",
            "Add rasp_node imt-3 node imt-3, dc:a6:32:00:00:03, 48.48.0.3, pi3b+",
        ]
    );
    assert!(lines[3].starts_with("Refused rasp_node imt-5 host imt-5 has no hardware address"), "{lines:?}");
    assert!(lines[4].starts_with("Refused dnsmasq.conf:17 "), "hosts of dnsmasq alone follow: {lines:?}");
    let remarks: Vec<&str> = found.remarks.iter().map(|it| it.origin.as_str()).collect();
    assert!(remarks.contains(&"rasp_node pimaster") && remarks.contains(&"rasp_node imt-6"), "{remarks:?}");
    assert_eq!(found.environments[0].file, "picore.tar.gz");
    assert!(lines.iter().all(|line| !line.contains("very-secret")));

    apply(&store, plan).await;
    let switch = store.read(|conn| switches::by_name(conn, "sw1")).await.unwrap().unwrap();
    let driver = serde_json::to_string(&switch.driver).unwrap();
    assert_eq!((switch.ports, switch.protected_port), (8, Some(8)));
    let parts = ["48.48.0.252:161", "very-secret", "\"1.3.6.1.2.1.105.1.1.1.3.1\"", "\"index_offset\":48"];
    assert!(parts.iter().all(|part| driver.contains(part)), "{driver}");
    let node = store.read(|conn| nodes::by_name(conn, "imt-3")).await.unwrap().unwrap();
    assert_eq!((node.address, node.serial), (Ipv4Addr::new(48, 48, 0, 3), Some(BoardSerial(0x1234_5678))));
    assert_eq!(node.port.map(|port| (port.switch, port.port)), Some((switch.id, 3)));

    let again = planned(&store, &found, choices(None, None)).await;
    assert!(again.is_empty(), "{:?}", shown(&again));
}
